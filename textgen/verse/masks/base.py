"""What the masks of all forms share: a position in a poem, and the protocol of a verse.

A mask says which symbols of the vocabulary may come next. This module knows nothing of forms or models.
"""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

# Whether each symbol, or each word, is in a set: bool, shape (vocabulary,) or (words,).
Mask: TypeAlias = NDArray[np.bool_]


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

    def is_settled(self, position: P) -> bool:
        """Whether only one line can follow, because it repeats an earlier one."""

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
