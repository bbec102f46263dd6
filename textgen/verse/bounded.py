"""A cache of bounded size. Knows nothing of verse."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

import numpy as np

# What a cache keeps: entries, and bytes of their arrays. A mask takes one byte per symbol, or per word of a dictionary.
MAX_ENTRIES, MAX_BYTES = 4096, 16 << 20

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """A cache of at most MAX_ENTRIES entries whose arrays have at most MAX_BYTES bytes together.

    A full cache drops the entry that was used least recently.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()  # threads that write poems share what belongs to a dictionary

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key. `make()` computes it where the cache lacks it."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        value = make()
        with self._lock:
            if key not in self._entries:
                self._entries[key] = value
                self._bytes += _bytes(value)
            while len(self._entries) > MAX_ENTRIES or (self._bytes > MAX_BYTES and len(self._entries) > 1):
                _, dropped = self._entries.popitem(last=False)
                self._bytes -= _bytes(dropped)
        return value


def _bytes(value: object) -> int:
    """The bytes of an array, or of the arrays in a tuple."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    return sum(map(_bytes, value)) if isinstance(value, tuple) else 0
