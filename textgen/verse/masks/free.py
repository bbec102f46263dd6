"""Verse without a form: lines end where the model ends them; an acrostic may fix their first characters.

A poem ends at the end of a line: where the model ends it, or after the acrostic's last line. This module knows nothing
of models except their vocabulary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.characters import CLOSING, ENDING
from textgen.tokens.layout import BOUNDARY, UNKNOWN, Ids
from textgen.verse.masks.base import Mask, Position

# A poem of this many symbols ends at the next line end, as in the poem example of the PyTorch book; a line of more
# than this many ends as soon as it can.
MAX_POEM_SYMBOLS, MAX_LINE_SYMBOLS = 200, 100


@dataclass(frozen=True, kw_only=True)
class FreePosition(Position):
    """A position in a poem without a form.

    Attributes:
        slot: symbols written in the line.
        length: symbols written in the poem.
        last: the last symbol.
    """

    slot: int = 0
    length: int = 0
    last: int = BOUNDARY


class Free:
    """The masks of a poem without a form.

    Args:
        printed: each id's text.
        chinese: whether punctuation ends lines; else line feeds do, and no line begins with a space.
        heads: line to the ids that it may begin with.
        lines: number of lines; 0 for as many as the model writes.
        following: which symbols may follow which, as `Tokenizer.following` gives it; None for any.
        backward: whether each line is written from its end.
    """

    def __init__(
        self,
        printed: Sequence[str],
        chinese: bool,
        heads: Mapping[int, Ids] | None = None,
        lines: int = 0,
        following: tuple[NDArray[np.intp], NDArray[np.float64]] | None = None,
        backward: bool = False,
    ) -> None:
        self.heads, self.lines, self._backward = heads or {}, lines, backward
        texts = np.array(printed, dtype=object)
        size = len(printed)
        writable = np.ones(size, bool)
        writable[[BOUNDARY, UNKNOWN]] = False
        self._breaks: Mask = np.isin(texts, list(CLOSING) if chinese else ["\n"]) & writable
        # A poem may end after these: the end of a sentence, or in other scripts the end of any line.
        self._endings: Mask = np.isin(texts, list(ENDING)) if chinese else ~self._breaks & writable
        self._feeds: Mask = np.isin(texts, ["\n"]) & writable
        self._chinese = chinese
        self._inside: Mask = writable & ~self._breaks & ~self._feeds
        self._boundary: Mask = np.arange(size) == BOUNDARY
        spaced = [not chinese and text.startswith(" ") for text in printed]
        self._spaced: Mask = np.array(spaced, bool)
        kinds, masks = following or (np.zeros(size, np.intp), np.zeros((1, size)))
        self._kinds, self._may_follow = kinds, masks == 0

    template, marks, even = "", None, False

    def careful(self) -> Self:
        """This verse: no line constrains a later one."""
        return self

    def turn(self, position: FreePosition, row: int) -> FreePosition:
        """The same position for every row."""
        return position

    def is_settled(self, position: FreePosition) -> bool:
        """No line repeats another."""
        return False

    def begin(self) -> FreePosition:
        """The position before the first symbol."""
        return FreePosition()

    def mask(self, position: FreePosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,). Do not modify it."""
        wanted = self._of_form(position)
        if self._chinese:
            return wanted
        may_follow = self._may_follow[self._kinds[position.last]]
        if self._backward and position.slot and self._spaced[position.last]:
            may_follow = may_follow & self._inside  # this symbol would begin the line
        elif not self._backward and not position.slot:
            may_follow = may_follow & ~self._spaced
        # A line that is too long goes on where it cannot end; whatever else leaves nothing is not asked for.
        kept = (each & may_follow for each in (wanted, self._inside | wanted))
        return next((each for each in kept if each.any()), wanted)

    def _of_form(self, position: FreePosition) -> Mask:
        """The symbols that may come next, whatever the last one is."""
        is_long = position.slot > MAX_LINE_SYMBOLS
        if position.slot:
            ends = self._chinese_ends(position) if self._chinese else self._other_ends(position)
            return ends if is_long else self._inside | ends
        if self._chinese and position.last != BOUNDARY and self._endings[position.last]:
            # After a sentence the row ends, or the poem.
            if self.lines:
                return self._feeds if position.line < self.lines else self._boundary
            return self._boundary if position.length >= MAX_POEM_SYMBOLS else self._feeds | self._boundary
        if position.line in self.heads:
            mask = np.zeros_like(self._inside)
            mask[self.heads[position.line]] = True
            return mask
        return self._inside

    def _chinese_ends(self, position: FreePosition) -> Mask:
        # The last line ends a sentence, and so does the line in which a poem reaches its greatest length.
        is_last = position.line + 1 >= self.lines if self.lines else position.length >= MAX_POEM_SYMBOLS
        return self._endings if is_last else self._breaks

    def _other_ends(self, position: FreePosition) -> Mask:
        if self.lines:
            return self._boundary if position.line + 1 == self.lines else self._breaks
        return self._boundary if position.length >= MAX_POEM_SYMBOLS else self._boundary | self._breaks

    def admits(self, position: FreePosition, index: int) -> bool:
        """Whether a symbol of the user's own beginning may come next."""
        return bool(self._of_form(position)[index])

    def after(self, position: FreePosition, index: int) -> FreePosition:
        """The position after a symbol that the mask allows."""
        if index == BOUNDARY:
            return replace(position, line=position.line + (not self._chinese), over=True)
        moved = replace(position, slot=position.slot + 1, length=position.length + 1, last=index)
        if self._chinese and self._feeds[index]:
            return replace(moved, slot=0)
        if self._breaks[index]:
            return replace(moved, line=position.line + 1, slot=0)
        return moved
