"""What the masks of all forms share: a position in a poem, the protocol of a verse, and a bounded cache.

A mask says which symbols of the vocabulary may come next. This module knows nothing of forms or models.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

# Whether each symbol, or each word, is in a set: bool, shape (vocabulary,) or (words,).
Mask: TypeAlias = NDArray[np.bool_]

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

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key. `make()` computes it where the cache lacks it."""
        if key in self._entries:
            self._entries.move_to_end(key)
            return self._entries[key]
        value = make()
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


@dataclass(frozen=True, kw_only=True)
class Position:
    """A position in a poem: an immutable value.

    Attributes:
        line: number of finished lines.
        over: whether the poem is finished.
    """

    line: int = 0
    over: bool = False


P = TypeVar("P", bound=Position)


class Verse(Protocol[P]):
    """Which symbols may come next in a poem. P is the type of its positions."""

    @property
    def lines(self) -> int:
        """Number of lines; 0 where the model decides."""

    @property
    def template(self) -> str:
        """The template of regulated verse, one letter per line; else empty."""

    @property
    def marks(self) -> Mask | None:
        """The punctuation marks that take up no slot in a line; None where there are none."""

    @property
    def even(self) -> bool:
        """Whether all lines at one position have the same extent, so that total log-probabilities compare them."""

    def begin(self) -> P:
        """The position before the first symbol."""

    def mask(self, position: P) -> Mask:
        """The symbols that may come next, bool (vocabulary,). Do not modify it."""

    def after(self, position: P, index: int) -> P:
        """The position after a symbol that the mask allows."""

    def turn(self, position: P, row: int) -> P:
        """The position from which one of several parallel rows samples a line."""

    def admits(self, position: P, index: int) -> bool:
        """Whether a symbol of the user's own beginning may come next."""

    def careful(self) -> Self:
        """The same poem under masks that also look ahead to later lines. Its positions are those of this verse."""


@dataclass(frozen=True)
class Opening(Generic[P]):
    """A poem about to be sampled.

    Attributes:
        verse: its masks.
        position: where sampling begins.
        forced: the ids of the user's beginning.
        opened: the last of these ids, those of the unfinished line where sampling begins.
    """

    verse: Verse[P]
    position: P
    forced: tuple[int, ...] = ()
    opened: tuple[int, ...] = ()

    @property
    def done(self) -> tuple[int, ...]:
        """The ids of the finished lines."""
        return self.forced[: len(self.forced) - len(self.opened)]


# An opening of any verse, whatever its positions are.
AnyOpening: TypeAlias = Opening[Any]
