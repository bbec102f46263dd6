"""Verse without a form: lines as the model ends them, with given first characters where an acrostic asks for them.

A poem ends where a line ends: where the model ends it there, or after the acrostic's last line. Knows nothing of models
beside their vocabulary.
"""

from dataclasses import dataclass, replace

import numpy as np

from textgen.tokens.characters import CLOSING, ENDING
from textgen.tokens.layout import BOUNDARY, UNKNOWN

# Symbols after which a poem that does not end is ended, at the next end of a line, as in the poem example; and symbols
# after which a line is.
LONGEST, LONGEST_LINE = 200, 100


@dataclass(frozen=True)
class Spot:
    """Where a poem stands: lines done, symbols of the line, symbols in all, the last symbol, whether it is over."""

    line: int = 0
    slot: int = 0
    length: int = 0
    last: int = BOUNDARY
    over: bool = False


class Free:
    """A poem of no form.

    Args:
        printed: each id's text.
        chinese: whether marks end lines, or line feeds.
        heads: line to the ids that it may begin with, an int array.
        lines: how many; 0 for as many as the model writes.
    """

    def __init__(self, printed, chinese, heads=None, lines=0):
        self.heads, self.lines = heads or {}, lines
        texts = np.array(printed, dtype=object)
        size = len(printed)
        ideas = np.ones(size, bool)
        ideas[[BOUNDARY, UNKNOWN]] = False
        self._breaks = np.isin(texts, list(CLOSING) if chinese else ["\n"]) & ideas
        # After these a poem may end: a sentence's end, or in other scripts any line's.
        self._endings = np.isin(texts, list(ENDING)) if chinese else ~self._breaks & ideas
        self._feeds = np.isin(texts, ["\n"]) & ideas
        self._chinese = chinese
        self._inside = ideas & ~self._breaks & ~self._feeds
        self._boundary = np.arange(size) == BOUNDARY

    marks, even = None, False

    def turn(self, spot, row):
        """The same place: rows begin alike."""
        return spot

    def begin(self):
        """The Spot before anything is written."""
        return Spot()

    def mask(self, spot):
        """The symbols that may come next, bool (vocabulary,)."""
        is_long = spot.slot > LONGEST_LINE
        if spot.slot:
            ends = self._chinese_ends(spot) if self._chinese else self._other_ends(spot)
            return ends if is_long else self._inside | ends
        if self._chinese and spot.last != BOUNDARY and self._endings[spot.last]:
            # A row ends after a sentence, or the poem does.
            if self.lines:
                return self._feeds if spot.line < self.lines else self._boundary
            return self._boundary if spot.length >= LONGEST else self._feeds | self._boundary
        if spot.line in self.heads:
            mask = np.zeros_like(self._inside)
            mask[self.heads[spot.line]] = True
            return mask
        return self._inside

    def _chinese_ends(self, spot):
        # The last line ends a sentence, and so does one that is long enough to be the last.
        is_last = spot.line + 1 >= self.lines if self.lines else spot.length >= LONGEST
        return self._endings if is_last else self._breaks

    def _other_ends(self, spot):
        if self.lines:
            return self._boundary if spot.line + 1 == self.lines else self._breaks
        return self._boundary if spot.length >= LONGEST else self._boundary | self._breaks

    def admits(self, spot, index):
        """Whether a symbol that somebody gave may stand."""
        return bool(self.mask(spot)[index])

    def after(self, spot, index):
        """The Spot after a symbol that the mask allowed."""
        if index == BOUNDARY:
            return replace(spot, line=spot.line + (not self._chinese), over=True)
        moved = replace(spot, slot=spot.slot + 1, length=spot.length + 1, last=index)
        if self._chinese and self._feeds[index]:
            return replace(spot, length=spot.length + 1, last=index, slot=0)
        if self._breaks[index]:
            return replace(moved, line=spot.line + 1, slot=0)
        return moved
