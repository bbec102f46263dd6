"""Arrays that are used again and again, so that the operating system need not clear fresh memory for each step."""

import sys
import threading
from math import prod

import numpy as np

from textgen.engine.compiled import LINE
from textgen.engine.weights import Floats


def _references(pieces: list[Floats]) -> list[int]:
    """What Python counts of each: one more for each array that holds it."""
    return [sys.getrefcount(piece) for piece in pieces]


# What it counts of a piece that nothing but its list holds; this differs between versions of Python.
_UNUSED = _references([np.empty(0, np.float32)])[0]


class Buffers:
    """Memory for arrays that someone else, TensorFlow, lets go of at some time.

    An array is a view of a piece of memory. As long as anybody holds it, or a view of it, the piece has more than the
    one reference of this object, and is not given out again.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, list[Floats]] = {}
        self._lock = threading.Lock()

    def array(self, shape: tuple[int, ...]) -> Floats:
        """A float32 array that begins with a line of the cache and holds anything."""
        size = prod(shape)
        with self._lock:
            pieces = self._pieces.setdefault(size, [])
            counts = _references(pieces)
            if _UNUSED not in counts:
                pieces.append(np.empty(size + LINE // 4, np.float32))
                return _part(pieces[-1], size).reshape(shape)
            return _part(pieces[counts.index(_UNUSED)], size).reshape(shape)

    def __len__(self) -> int:
        """Pieces of memory, used or not."""
        return sum(map(len, self._pieces.values()))


def _part(piece: Floats, size: int) -> Floats:
    """The floats of a piece of memory from the first line of the cache on."""
    begin = -piece.ctypes.data % LINE // piece.itemsize
    return piece[begin : begin + size]
