"""How the words of a lexicon are written in subwords: each by one symbol or several, along a sorted list of the words.

A symbol with the space before it begins a word; a bare one begins the line's first word or goes on with a word. Lines
are written from their beginning. This module knows nothing of models except their vocabulary.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.layout import RESERVED
from textgen.verse.bounded import BoundedCache
from textgen.verse.masks.base import Mask
from textgen.verse.masks.metrical import Metrical
from textgen.verse.masks.position import MARK, START, WORD, MetricalPosition, Span
from textgen.verse.masks.spelling import SymbolSpelling
from textgen.verse.sounds.lexicon import Lexicon

# Greater than any letter: the words that begin with some letters come before these and this.
_LAST = "\U0010ffff"


class _Parts(NamedTuple):
    """Symbols of one kind, and the letters that each stands for, in lower case: int and str, (symbols,)."""

    ids: NDArray[np.intp]
    letters: NDArray[np.str_]


class _Reach(NamedTuple):
    """The symbols that lead from a span of words to a smaller one: their ids, and that span, int (symbols,)."""

    ids: NDArray[np.intp]
    lows: NDArray[np.intp]
    highs: NDArray[np.intp]


class SubwordSpelling(SymbolSpelling):
    """For a model whose symbols are subwords. While a word is written, `MetricalPosition.spelled` is its Span.

    Args:
        printed: each id's text.
        lexicon: the words.

    Attributes:
        first, later: all words of the lexicon, bool (words,).
    """

    def __init__(self, printed: Sequence[str], lexicon: Lexicon) -> None:
        super().__init__(printed, lexicon, backward=False)
        self.first = self.later = np.ones(len(lexicon), bool)
        self._order = np.array(sorted(range(len(lexicon)), key=lexicon.words.__getitem__), np.intp)
        self._words = np.array([lexicon.words[place] for place in self._order], np.str_)
        found: dict[str, list[tuple[int, str]]] = {"first": [], "spaced": [], "inside": []}
        for index, text in enumerate(printed[RESERVED:], RESERVED):
            bare = text[text.startswith(" ") :]
            letters = bare.lower().replace("\u2019", "'")
            if not bare or index in self.mark_ids or not all(each.isalpha() or each == "'" for each in letters):
                continue
            if bare[1:] == bare[1:].lower():  # a capital begins a word, and is nowhere else
                found["spaced" if text != bare else "first"].append((index, letters))
            if text == bare == bare.lower():
                found["inside"].append((index, letters))
        self._parts = {
            kind: _Parts(np.array([index for index, _ in rows], np.intp), np.array([part for _, part in rows], np.str_))
            for kind, rows in found.items()
        }
        self._letters = {index: part for rows in found.values() for index, part in rows}
        self._is_spaced = {index for index, _ in found["spaced"]}
        self._all = Span(0, len(self._words), 0, False)
        self._reached = BoundedCache[tuple[Span, str], _Reach]()

    def key(self, position: MetricalPosition) -> Hashable:
        """What the mask at a position depends on."""
        return position

    def mask(self, verse: Metrical, position: MetricalPosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,)."""
        mask = np.zeros(self.size, bool)
        if position.closed:
            return self.close(verse, position)
        span = position.spelled
        if span is None:
            if position.status == START:
                return self._add(mask, verse, position, self._all, "first")
            return self._add_next(mask, verse, position)  # after a mark
        self._add(mask, verse, position, span, "inside")
        word = self._whole(span)
        if word is not None:
            goes_on, ends = verse.choices(position)
            if (goes_on | ends)[word]:
                self._add_next(mask, verse, verse.written(position, word))
                mask |= self.marks & verse.may_be_marked(word)
        return mask

    def _add_next(self, mask: Mask, verse: Metrical, position: MetricalPosition) -> Mask:
        """Add what may follow a word or a mark: another word, or the line's end."""
        if verse.may_go_on(position):
            self._add(mask, verse, position, self._all, "spaced")
        if verse.may_end(position):
            mask |= self.close(verse, position)
        return mask

    def _add(self, mask: Mask, verse: Metrical, position: MetricalPosition, span: Span, kind: str) -> Mask:
        """Add the symbols of a kind that lead from a span to words that may come next."""
        ids, lows, highs = self._reached.get((span, kind), lambda: self._reach(span, kind))
        goes_on, ends = verse.choices(position)
        hopeful = (goes_on | ends)[self._order[span.low : span.high]]
        before = np.concatenate([[0], np.cumsum(hopeful)])  # hopeful words before each place of the span
        mask[ids[before[highs - span.low] > before[lows - span.low]]] = True
        return mask

    def _reach(self, span: Span, kind: str) -> _Reach:
        parts, words = self._parts[kind], self._words[span.low : span.high]
        if not len(words) or not len(parts.ids):
            none = np.zeros(0, np.intp)
            return _Reach(none, none, none)
        begun = str(words[0])[: span.depth]
        wanted = np.char.add(begun, parts.letters)
        lows = np.searchsorted(words, wanted)
        highs = np.searchsorted(words, np.char.add(wanted, _LAST))
        lead = np.flatnonzero(highs > lows)
        return _Reach(parts.ids[lead], span.low + lows[lead], span.low + highs[lead])

    def _whole(self, span: Span) -> int | None:
        """The word whose letters are all written; None where the letters are the beginning of words only."""
        is_whole = span.depth and len(str(self._words[span.low])) == span.depth
        return int(self._order[span.low]) if is_whole else None

    def after(self, verse: Metrical, position: MetricalPosition, index: int) -> MetricalPosition:
        """The position after a symbol."""
        span, letters = position.spelled, self._letters.get(index)
        if letters is not None and not (index in self._is_spaced or position.status == START or span is None):
            return self._narrowed(position, span, letters)
        word = None if span is None else self._whole(span)
        if word is not None:
            position = verse.written(position, word)
        if index in self.mark_ids:
            return replace(position, status=MARK, spelled=None)
        if letters is None:
            return verse.next_line(position)
        return self._narrowed(replace(position, status=WORD), self._all, letters)

    def _narrowed(self, position: MetricalPosition, span: Span | None, letters: str) -> MetricalPosition:
        """The position after more letters of a word."""
        low, high, depth, _ = span or self._all
        words = self._words[low:high]
        wanted = str(words[0])[:depth] + letters if depth else letters
        begin, end = np.searchsorted(words, [wanted, wanted + _LAST])
        return replace(position, spelled=Span(low + int(begin), low + int(end), depth + len(letters), False))
