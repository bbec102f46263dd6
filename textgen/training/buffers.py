"""Arrays that are used again and again, so that the operating system need not clear fresh memory for each step."""

import sys
import threading
from math import prod

import numpy as np

from textgen.engine.compiled import LINE
from textgen.engine.weights import Floats

# What `sys.getrefcount` counts of an array that only this module knows: the list, the loop's name, its own argument.
_OWN_REFERENCES = 3


class Buffers:
    """Memory for arrays that someone else, TensorFlow, lets go of at some time.

    An array is a view of a piece of memory. As long as anybody holds it, or a view of it, the piece has a reference more
    than those of this object, and is not given out again.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, list[Floats]] = {}
        self._lock = threading.Lock()

    def array(self, shape: tuple[int, ...]) -> Floats:
        """A float32 array that begins with a line of the cache and holds anything."""
        size = prod(shape)
        with self._lock:
            pieces = self._pieces.setdefault(size, [])
            for piece in pieces:
                if sys.getrefcount(piece) == _OWN_REFERENCES:
                    return _part(piece, size).reshape(shape)
            pieces.append(np.empty(size + LINE // 4, np.float32))
            return _part(pieces[-1], size).reshape(shape)

    def __len__(self) -> int:
        """Pieces of memory, used or not."""
        return sum(map(len, self._pieces.values()))


def _part(piece: Floats, size: int) -> Floats:
    """The floats of a piece of memory from the first line of the cache on."""
    begin = -piece.ctypes.data % LINE // piece.itemsize
    return piece[begin : begin + size]
