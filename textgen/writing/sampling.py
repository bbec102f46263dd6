"""Logits to ids: which options there are, and the draw itself.

The transforms of `textgen.writing.transforms` change the logits; here one number from each text's own random stream
turns them into a symbol. This module knows nothing of models or of how text is put together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textgen.errors import ModelError, NothingLeftError, UsageError
from textgen.options import option, texts
from textgen.writing.transforms import TransformConfig

# A hair below the whole, so that rounding can never put a number beyond the last symbol.
BELOW = 1 - 2**-50

# Numbers taken from a random stream at a time.
BLOCK = 256

# Where only documents are counted, this many symbols each are the most: a model may never come to an end.
LONGEST_DOCUMENT = 10_000
DEFAULT_LENGTH = 500


@dataclass(frozen=True)
class SamplingConfig(TransformConfig):
    """How text is drawn from a model: the transforms, and where to begin and end."""

    length: int | None = option(
        None,
        f"Symbols to write. [default: {DEFAULT_LENGTH}; with --documents at most {LONGEST_DOCUMENT} each]",
        low=0,
        high=2**63 - 1,
    )
    documents: int | None = option(
        None, "Write this many whole documents (poems, headlines) in place of a length.", low=1, high=2**31
    )
    stop: tuple[str, ...] = option((), "End before this text; it is not printed.", parse=texts, metavar="TEXT")
    seed: int | None = option(None, "Same seed, same text. [default: a new one, printed]", low=0, high=2**63 - 1)
    count: int = option(1, "How many texts; each has a random stream of its own.", low=1, high=1_000_000)
    include_prompt: bool = option(True, "Write the prompt before the text that follows it.")
    unknown: str = option(
        "error",
        "What to do about symbols of the prompt that the model never saw: refuse, skip, or read the nearest it has.",
        choices=("error", "skip", "nearest"),
    )
    best_of: int = option(
        1, "Write N texts for each one wanted and keep the one of the highest mean log-probability.", low=1, high=1000
    )
    beam: int | None = option(
        None,
        "Beam search of this width: no chance, the likeliest texts found. --count takes the best.",
        low=1,
        high=512,
    )
    max_copy: int | None = option(
        None, "Never write more than N characters in a row that stand in the text given by --corpus.", low=1, high=1000
    )

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.temperature, str) and self.length is None and self.documents is not None:
            raise UsageError(f"--temperature {self.temperature} goes along a length: give --length too")
        if self.beam is not None:
            for flag, clash in (("--best-of", self.best_of > 1), ("--max-copy", self.max_copy is not None)):
                if clash:
                    raise UsageError(f"--beam and {flag} each choose among texts in a way of their own: give one")
            if self.count > self.beam:
                raise UsageError(f"--count {self.count} wants more texts than --beam {self.beam} keeps")

    @property
    def limit(self) -> int:
        """The most symbols that are written."""
        if self.length is not None:
            return self.length
        return DEFAULT_LENGTH if self.documents is None else LONGEST_DOCUMENT * self.documents


class Uniforms:
    """Numbers in [0, 1) for rows of texts, each row's from a stream of its own.

    The k-th number of a row depends on the seed and the row's key only, not on which rows stand beside it.

    Args:
        seed: int.
        keys: for each row, a tuple of int.
    """

    def __init__(self, seed: int, keys: Sequence[tuple[int, ...]]):
        self._streams = [np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=k))) for k in keys]
        self._numbers, self._next = None, BLOCK

    def __call__(self):
        """The next number of each row: float64, shape (rows, 1)."""
        if self._next == BLOCK:
            self._numbers, self._next = np.stack([stream.random(BLOCK) for stream in self._streams])[:, :, None], 0
        self._next += 1
        return self._numbers[:, self._next - 1]


def transformed(logits, context, transforms: Sequence[Callable]):
    """The logits that are drawn from, float64 (rows, vocabulary).

    Args:
        logits: float32, shape (rows, vocabulary).
        context: what the transforms see.
        transforms: as `textgen.writing.transforms.chain` makes them; the first gives float64.

    Raises:
        UsageError: a transform that gives something else than logits.
    """
    given = logits
    for transform in transforms:
        logits = transform(logits, context)
    if getattr(logits, "shape", None) != given.shape:
        raise UsageError(f"a transform gave an array of shape {np.shape(logits)}; wanted {given.shape}")
    return logits


def draw(logits, uniforms):
    """One id for each row.

    Args:
        logits: float64, shape (rows, vocabulary).
        uniforms: float64 in [0, 1), shape (rows, 1).

    Returns:
        int, shape (rows,): the first symbol whose cumulative probability is above the row's number.

    Raises:
        NothingLeftError: a row where everything is forbidden.
        ModelError: logits that are not numbers.
    """
    if len(logits) == 1:
        # The same numbers as below, in half the time.
        row = logits[0]
        cumulative = np.add.accumulate(np.exp(row - _above(row[row.argmax()])))
        number = uniforms.item() * (cumulative.item(-1) * BELOW)
        return np.array([cumulative.searchsorted(number, "right")])
    highest = highest_of(logits)
    cumulative = np.add.accumulate(np.exp(logits - highest), axis=1)
    return (cumulative > uniforms * (cumulative[:, -1:] * BELOW)).argmax(axis=1)


def highest_of(logits):
    """The highest logit of each row, shape (rows, 1). Raises as `draw` does."""
    highest = np.maximum.reduce(logits, axis=1, keepdims=True)
    _above(highest.min())
    return highest


def _above(highest):
    """The highest logit, where there is one."""
    if not highest > -np.inf:
        if highest != highest:
            raise ModelError("logits that are not numbers: damaged weights, or a transform of your own gone wrong")
        raise NothingLeftError("no symbol is left to draw: the sampling options forbid them all; ask for less")
    return highest
