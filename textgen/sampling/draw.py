"""Logits to ids: the draw itself.

The transforms of `textgen.sampling.transforms` change the logits. Here one number from each text's own random stream
turns them into a symbol. This module knows nothing of models or of how text is put together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textgen.errors import ModelError, NothingLeftError
from textgen.sampling.context import Logits

# Just below 1, so that rounding never puts a number beyond the last symbol.
BELOW = 1 - 2**-50

# Numbers taken from a random stream at a time.
NUMBERS = 256


class Uniforms:
    """Random numbers in [0, 1) for rows of texts, each row's from its own stream.

    The k-th number of a row depends only on the seed and the row's key, not on the other rows.

    Args:
        seed: the seed of all streams.
        keys: for each row, what tells its stream from others.
    """

    def __init__(self, seed: int, keys: Sequence[tuple[int, ...]]) -> None:
        self._streams = [_stream(seed, key) for key in keys]
        self._numbers: NDArray[np.float64] = np.empty((len(keys), NUMBERS, 1))
        self._next = NUMBERS

    def __call__(self) -> NDArray[np.float64]:
        """The next number of each row: float64, shape (rows, 1)."""
        if self._next == NUMBERS:
            self._numbers = np.stack([stream.random(NUMBERS) for stream in self._streams])[:, :, None]
            self._next = 0
        self._next += 1
        return self._numbers[:, self._next - 1]

    def add(self, seed: int, key: tuple[int, ...]) -> None:
        """Add a row at the end. Its stream begins now, whatever the others have used of theirs."""
        stream = _stream(seed, key)
        self._streams.append(stream)
        row = np.empty((1, NUMBERS, 1))
        row[0, self._next :, 0] = stream.random(NUMBERS - self._next)
        self._numbers = np.concatenate([self._numbers, row])

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order."""
        self._streams = [self._streams[row] for row in rows]
        self._numbers = self._numbers[list(rows)]


def _stream(seed: int, key: tuple[int, ...]) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


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
        # or a text would depend on how many others are written; tests/sampling/test_draw.py compares them.
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
