"""Arrays of numbers as a page stores them: whole, or as integers of 8 or 16 bits with a scale for each row.

This module knows nothing of networks or of HTML.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# The integer types that a number may be stored as, by their bits.
INTEGERS: dict[int, type[np.signedinteger[Any]]] = {8: np.int8, 16: np.int16}
WHOLE = 32
BITS = (WHOLE, 16, 8)


class Numbers:
    """Arrays in one row of bytes.

    Args:
        bits: of each number of a matrix: one of BITS. A vector is stored whole, since it is short.

    Attributes:
        arrays: where each array is, as plain JSON values: `shape`, `bits`, `at` (its first byte) and, of integers,
            `scales` (the first byte of the scales of its rows).
    """

    def __init__(self, bits: int = WHOLE) -> None:
        self._bits = bits
        self._bytes = bytearray()
        self.arrays: dict[str, dict[str, Any]] = {}

    def add(self, name: str, array: NDArray[np.float32]) -> None:
        """Add an array, float32, with one dimension or two."""
        bits = self._bits if array.ndim > 1 else WHOLE
        place = {"shape": list(array.shape), "bits": bits}
        if bits == WHOLE:
            self.arrays[name] = place | {"at": self._put(array.astype("<f4"))}
            return
        numbers, scales = quantised(array, bits)
        self.arrays[name] = place | {
            "at": self._put(numbers.astype(f"<i{bits // 8}")),
            "scales": self._put(scales.astype("<f4")),
        }

    def add_hashes(self, name: str, hashes: NDArray[np.uint64]) -> None:
        """Add hashes, uint64, shape (hashes,), sorted."""
        self.arrays[name] = {"shape": [len(hashes)], "bits": 64, "at": self._put(hashes.astype("<u8"))}

    def _put(self, array: NDArray[Any]) -> int:
        at = len(self._bytes)
        self._bytes += array.tobytes()
        return at

    def whole(self) -> bytes:
        """The bytes of all arrays."""
        return bytes(self._bytes)


def quantised(array: NDArray[np.float32], bits: int) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """The nearest multiples of a scale, which each row has for itself.

    Args:
        array: float32, shape (rows, columns), finite.
        bits: of each integer: 8 or 16.

    Returns:
        integers, shape (rows, columns), and the scales, float32, shape (rows,). Their product is the array, to half a
        scale; a scale is the largest number of the row divided by the largest integer.
    """
    kind, limit = INTEGERS[bits], 2 ** (bits - 1) - 1
    scales = (np.abs(array).max(axis=1) / limit).astype(np.float32)
    divided = array.astype(np.float64) / np.where(scales > 0, scales, 1)[:, None]
    return np.rint(divided).clip(-limit, limit).astype(kind), scales
