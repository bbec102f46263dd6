"""Logits to ids: the sampling options, and the draw itself.

The transforms of `textgen.writing.transforms` change the logits. Here one number from each text's own random stream
turns them into a symbol. This module knows nothing of models or of how text is put together.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.errors import ModelError, NothingLeftError, UsageError
from textgen.options import option, texts
from textgen.system.wording import did_you_mean
from textgen.writing.context import Logits
from textgen.writing.schedules import Ramp
from textgen.writing.transforms import TransformConfig, TransformOptions

# Just below 1, so that rounding never puts a number beyond the last symbol.
BELOW = 1 - 2**-50

# Numbers taken from a random stream at a time.
NUMBERS = 256

# Where only documents are counted, each gets at most this many symbols: a model may never end one.
MAX_DOCUMENT_SYMBOLS = 10_000
DEFAULT_LENGTH = 500  # symbols


@dataclass(frozen=True)
class SamplingConfig(TransformConfig):
    """How text is drawn from a model: the transforms, and where texts begin and end."""

    length: int | None = option(
        None,
        f"Write N symbols. [default: {DEFAULT_LENGTH}; with documents, at most {MAX_DOCUMENT_SYMBOLS} for each]",
        low=0,
        high=2**63 - 1,
        group="Text",
    )
    documents: int | None = option(
        None, "Write N whole documents (poems, headlines) instead of a length.", low=1, high=2**31, group="Text"
    )
    stop: tuple[str, ...] = option(
        (), "End before this text, which is not printed itself.", parse=texts, metavar="TEXT", group="Text"
    )
    seed: int | None = option(
        None,
        "Set the random seed: the same seed gives the same text. [default: a new one]",
        low=0,
        high=2**63 - 1,
        group="Text",
    )
    count: int = option(1, "Write N texts, each from a random stream of its own.", low=1, high=1_000_000, group="Text")
    include_prompt: bool = option(True, "Print the prompt before the text that follows it.", group="Text")
    unknown: str = option(
        "error",
        "Handle prompt symbols that are not in the vocabulary: refuse the prompt, skip them, or read the nearest known "
        "ones.",
        choices=("error", "skip", "nearest"),
        group="Text",
    )
    best_of: int = option(
        1,
        "Write N candidates for each text and keep the one with the highest mean log-probability.",
        low=1,
        high=1000,
        group="Advanced",
    )
    beam: int | None = option(
        None,
        "Run a beam search of width N: it is deterministic and returns the likeliest texts found.",
        low=1,
        high=512,
        group="Advanced",
    )
    max_copy: int | None = option(
        None, "Never copy more than N characters in a row from the corpus.", low=1, high=1000, group="Advanced"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.schedule, Ramp) and self.length is None and self.documents is not None:
            raise UsageError(f"`temperature={self.temperature}` changes over the length: give `length` too")
        if self.beam is not None:
            for name, is_given in (("best_of", self.best_of > 1), ("max_copy", self.max_copy is not None)):
                if is_given:
                    raise UsageError(f"`beam` and `{name}` cannot be combined: give one of them")
            if self.count > self.beam:
                raise UsageError(f"`count={self.count}` is more than the texts that `beam={self.beam}` keeps")

    @property
    def limit(self) -> int:
        """The most symbols to write in each text."""
        if self.length is not None:
            return self.length
        return DEFAULT_LENGTH if self.documents is None else MAX_DOCUMENT_SYMBOLS * self.documents


class SamplingOptions(TransformOptions, total=False):
    """The fields of SamplingConfig as keyword arguments: what a caller may give for each."""

    length: int | None
    documents: int | None
    stop: str | Sequence[str]
    seed: int | None
    count: int
    include_prompt: bool
    unknown: str
    best_of: int
    beam: int | None
    max_copy: int | None


def with_options(config: SamplingConfig, options: SamplingOptions) -> SamplingConfig:
    """A configuration with some fields replaced by keyword options.

    Raises:
        UsageError: an unknown option, or one out of its range.
    """
    known = [field.name for field in dataclasses.fields(SamplingConfig)]
    for name in options:
        if name not in known:
            raise UsageError(f"there is no option {name!r}; {did_you_mean(name, sorted(known))}")
    values: dict[str, Any] = {**options}
    return dataclasses.replace(config, **values)


class Uniforms:
    """Random numbers in [0, 1) for rows of texts, each row's from its own stream.

    The k-th number of a row depends only on the seed and the row's key, not on the other rows.

    Args:
        seed: the seed of all streams.
        keys: for each row, what tells its stream from others.
    """

    def __init__(self, seed: int, keys: Sequence[tuple[int, ...]]) -> None:
        self._streams = [np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=k))) for k in keys]
        self._numbers: NDArray[np.float64] = np.empty((len(keys), 0, 1))
        self._next = NUMBERS

    def __call__(self) -> NDArray[np.float64]:
        """The next number of each row: float64, shape (rows, 1)."""
        if self._next == NUMBERS:
            self._numbers = np.stack([stream.random(NUMBERS) for stream in self._streams])[:, :, None]
            self._next = 0
        self._next += 1
        return self._numbers[:, self._next - 1]


def draw(logits: Logits, uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """Draw one id for each row.

    Args:
        logits: float64, shape (rows, vocabulary).
        uniforms: float64 in [0, 1), shape (rows, 1).

    Returns:
        int, shape (rows,): the first symbol whose cumulative probability is above the row's number.

    Raises:
        NothingLeftError: every symbol of a row is forbidden.
        ModelError: the logits are not numbers.
    """
    if len(logits) == 1:
        # A single row has its own path because it takes 3 us where the path for any number of rows takes 8, beside a
        # network step of 27 us (1x256; docs/log.md): it searches where the other compares. Both must draw the same id,
        # or a text would depend on how many others are written; tests/writing/test_sampling.py compares them.
        row = logits[0]
        cumulative = np.add.accumulate(np.exp(row - _checked(row[row.argmax()])))
        number = uniforms.item() * (cumulative.item(-1) * BELOW)
        return np.array([cumulative.searchsorted(number, "right")])
    highest = highest_of(logits)
    cumulative = np.add.accumulate(np.exp(logits - highest), axis=1)
    ids: NDArray[np.intp] = (cumulative > uniforms * (cumulative[:, -1:] * BELOW)).argmax(axis=1)
    return ids


def highest_of(logits: Logits) -> NDArray[np.float64]:
    """The highest logit of each row, shape (rows, 1). Raises as `draw` does."""
    highest: NDArray[np.float64] = np.maximum.reduce(logits, axis=1, keepdims=True)
    _checked(highest.min())
    return highest


def _checked(highest: np.float64) -> np.float64:
    """The highest logit of a row, when a symbol is left. Raises as `draw` does."""
    if not highest > -np.inf:
        if highest != highest:
            raise ModelError("the logits are not numbers: the weights are damaged, or one of your transforms is wrong")
        raise NothingLeftError("no symbol is left to draw: the sampling options forbid them all; relax one of them")
    return highest
