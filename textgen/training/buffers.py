"""Arrays that are used again and again, so that the operating system need not clear fresh memory for each step."""

import sys
import threading
from math import prod

import numpy as np

from textgen.engine.compiled import SPARE, from_line
from textgen.engine.weights import Floats

# Pieces of memory have sizes of which each is at most an eighth larger than the one before: tables of the symbols that
# occur have other sizes at each step, and would otherwise have a piece each.
STEPS_PER_DOUBLING = 8


class Buffers:
    """Memory for arrays that someone else, TensorFlow, lets go of at some time.

    An array is a view of a piece of memory. As long as anybody holds it, or a view of it, Python counts more references
    to the piece than to one that nobody has, and the piece is not given out again.
    """

    def __init__(self) -> None:
        # By size; the first piece of a list is never given out, so that its count is that of an unused one.
        self._pieces: dict[int, list[Floats]] = {}
        self._lock = threading.Lock()

    def array(self, shape: tuple[int, ...]) -> Floats:
        """A float32 array that begins with a line of the cache and holds anything."""
        floats = prod(shape)
        size = _rounded(floats)
        with self._lock:
            pieces = self._pieces.setdefault(size, [np.empty(0, np.float32)])
            counts = [sys.getrefcount(piece) for piece in pieces]
            unused = next((at for at, own in enumerate(counts) if at and own == counts[0]), len(pieces))
            if unused == len(pieces):
                pieces.append(np.empty(size + SPARE, np.float32))
            return from_line(pieces[unused], floats).reshape(shape)

    def __len__(self) -> int:
        """Pieces of memory, used or not."""
        return sum(len(pieces) - 1 for pieces in self._pieces.values())


def _rounded(floats: int) -> int:
    """The size of the piece for so many floats."""
    step = max(1 << (floats.bit_length() - 1), STEPS_PER_DOUBLING) // STEPS_PER_DOUBLING if floats else 1
    return -(-floats // step) * step
