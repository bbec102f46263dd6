"""How the words of a lexicon are written in a model's symbols: one symbol per word, or letter by letter along a trie.

Turns what `textgen.verse.masks.metrical` says of words into masks over symbols. This module knows nothing of models
except their vocabulary.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.memory import words as words_of
from textgen.tokens.layout import BOUNDARY
from textgen.verse.bounded import BoundedCache
from textgen.verse.masks.base import Mask
from textgen.verse.masks.metrical import Metrical
from textgen.verse.masks.position import MARK, START, WORD, MetricalPosition, Span
from textgen.verse.sounds.lexicon import Lexicon

MARKS = ",;:.!?"


class SymbolSpelling:
    """What both kinds share: punctuation marks, and how lines end.

    Args:
        printed: each id's text.
        lexicon: the words.
        backward: whether lines are written from their end.
    """

    def __init__(self, printed: Sequence[str], lexicon: Lexicon, backward: bool) -> None:
        self.lexicon, self.backward, self._printed = lexicon, backward, printed
        self.size = len(printed)
        self.marks = self.only(MARKS, printed)
        self._newline = self.only(["\n"], printed)
        self._boundary: Mask = np.arange(self.size) == BOUNDARY
        self.mark_ids: set[int] = set(np.flatnonzero(self.marks).tolist())

    def only(self, texts: Iterable[str], printed: Sequence[str]) -> Mask:
        """The symbols whose text is one of some texts, bool (vocabulary,)."""
        wanted = set(texts)
        return np.array([text in wanted for text in printed], bool)

    def close(self, verse: Metrical, position: MetricalPosition) -> Mask:
        """The symbols that end a line: a line feed, or after the last line the end of the poem."""
        return self._boundary if position.line + 1 == verse.lines else self._newline

    def closing(self, is_last: bool) -> int:
        """The id that ends a line: a line feed, or after the last line the end of the poem."""
        return BOUNDARY if is_last else int(self._newline.argmax())

    def words_of(self, ids: tuple[int, ...]) -> list[str]:
        """The words of a line in the order of reading."""
        return words_of("".join(self._printed[index] for index in (ids[::-1] if self.backward else ids)))

    def beginning(self, ids: tuple[int, ...], words: int) -> tuple[int, ...]:
        """The ids of a line's first words, without the marks after them; in the order of writing, as `ids` are."""
        wanted = self.words_of(ids)[:words]
        parts = (ids[-size:] if self.backward else ids[:size] for size in range(1, len(ids) + 1))
        return next(part for part in parts if self.words_of(part) == wanted)


def _may_be_marked(verse: Metrical, position: MetricalPosition) -> bool:
    """Whether a mark may follow the word that was written last."""
    return position.previous is None or verse.may_be_marked(position.previous)


class WordSpelling(SymbolSpelling):
    """For a model whose symbols are words: the first word of a line is bare, each other has the space before it.

    Attributes:
        first, later: the words of the lexicon with a bare symbol, and with a spaced one, bool (words,).
    """

    def __init__(self, printed: Sequence[str], lexicon: Lexicon, backward: bool = False) -> None:
        super().__init__(printed, lexicon, backward)
        words = [lexicon.index.get(text.lower().lstrip(" ").replace("\u2019", "'"), -1) for text in printed]
        self.word_of = np.array(words, np.intp)
        spaced = np.array([text.startswith(" ") for text in printed])
        self._bare: Mask = (self.word_of >= 0) & ~spaced
        self._spaced: Mask = (self.word_of >= 0) & spaced
        self.first, self.later = (np.zeros(len(lexicon), bool) for _ in range(2))
        self.first[self.word_of[self._bare]] = True
        self.later[self.word_of[self._spaced]] = True

    @staticmethod
    def words(printed: Iterable[str]) -> set[str]:
        """The words that such a vocabulary can write, in lower case."""
        return {text.lower().strip().replace("\u2019", "'") for text in printed}

    def key(self, position: MetricalPosition) -> Hashable:
        """What the mask at a position depends on."""
        return (
            position.line,
            position.meter,
            position.places,
            position.status,
            position.closed,
            position.last is None,
            position.previous,
            position.rhymes,
            position.ends,
        )

    def mask(self, verse: Metrical, position: MetricalPosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,)."""
        if position.closed:
            return self.close(verse, position)
        mask = np.zeros(self.size, bool)
        if verse.may_go_on(position):
            goes_on, ends = verse.choices(position)
            if self.backward:
                mask |= self._spaced & goes_on[self.word_of]
                mask |= self._bare & ends[self.word_of]
                if position.status != MARK:
                    mask |= self.marks
            elif position.status == START:
                mask |= self._bare & goes_on[self.word_of]
            else:
                mask |= self._spaced & (goes_on | ends)[self.word_of]
        if not self.backward and position.status == WORD and _may_be_marked(verse, position):
            mask |= self.marks
        if verse.may_end(position):
            mask |= self.close(verse, position)
        return mask

    def after(self, verse: Metrical, position: MetricalPosition, index: int) -> MetricalPosition:
        """The position after a symbol."""
        if index in self.mark_ids:
            return replace(position, status=MARK)
        word = int(self.word_of[index])
        if word < 0:
            return verse.next_line(position)
        return verse.written(position, word, finishes=bool(self.backward and self._bare[index]))


class LetterSpelling(SymbolSpelling):
    """For a model whose symbols are characters: words along a trie, kept as a sorted list and spans of it.

    While a word is being spelled, `MetricalPosition.spelled` is its Span. Written backward, words are spelled from
    their last letter.

    Attributes:
        first, later: all words of the lexicon, bool (words,).
    """

    def __init__(self, printed: Sequence[str], lexicon: Lexicon, backward: bool = False) -> None:
        super().__init__(printed, lexicon, backward)
        self.first = self.later = np.ones(len(lexicon), bool)
        spelled = [word[::-1] if backward else word for word in lexicon.words]
        self._order = np.array(sorted(range(len(spelled)), key=spelled.__getitem__), np.intp)
        # One letter more than the longest word has is looked at, and one after that for the capitals of words reversed.
        width = max(map(len, spelled), default=0) + 2
        letters = np.array([spelled[place] for place in self._order], f"U{width}")
        # Code points, shape (words, width); 0 after a word's last letter.
        self._letters: NDArray[np.uint32] = letters.view(np.uint32).reshape(len(spelled), width)
        ids = {text: index for index, text in enumerate(printed) if len(text) == 1}
        self._small = {ord(text): index for text, index in ids.items() if text == text.lower()}
        self._large = {ord(text.lower()): index for text, index in ids.items() if text.isupper()}
        self._letter_of = {index: point for table in (self._small, self._large) for point, index in table.items()}
        self._space = self.only([" "], printed)
        self._space_id = int(self._space.argmax())
        self._all = Span(0, len(spelled), 0, False)
        self._branches = BoundedCache[Span, _Branches]()

    def key(self, position: MetricalPosition) -> Hashable:
        """What the mask at a position depends on."""
        return position

    def mask(self, verse: Metrical, position: MetricalPosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,)."""
        mask = np.zeros(self.size, bool)
        if position.closed:
            return self.close(verse, position)
        if position.spelled is None:
            # Forward after a mark: a space, or the line's end. Backward, and at a line's beginning, a word begins.
            if position.status == MARK and not self.backward:
                mask |= self._space & verse.may_go_on(position)
                mask |= self.close(verse, position) & verse.may_end(position)
                return mask
            if self.backward and position.status != MARK:
                mask |= self.marks
            return self._add_letters(mask, verse, position, self._all)
        goes_on, ends = verse.choices(position)
        low, _, depth, is_complete = position.spelled
        if not is_complete:
            mask = self._add_letters(mask, verse, position, position.spelled)
        if depth and self._letters[low, depth] == 0:
            word = int(self._order[low])
            if self.backward:
                mask |= self._space & goes_on[word]
                mask |= self.close(verse, position) & ends[word]
            elif (goes_on | ends)[word]:
                written = verse.written(position, word)
                mask |= self._space & verse.may_go_on(written)
                mask |= self.close(verse, position) & verse.may_end(written)
                mask |= self.marks & verse.may_be_marked(word)
        return mask

    def _add_letters(self, mask: Mask, verse: Metrical, position: MetricalPosition, span: Span) -> Mask:
        """Add the letters that begin, or continue, a word that may come next."""
        goes_on, ends = verse.choices(position)
        small, large, lows = self._branches_of(span)
        if len(lows):
            order = self._order[span.low : span.high]
            hopeful = np.logical_or.reduceat(goes_on[order] | ends[order], lows - span.low)
            for ids in (small, large):
                mask[ids[hopeful & (ids >= 0)]] = True
        return mask

    def _branches_of(self, span: Span) -> "_Branches":
        """The letters that continue a span."""

        def make() -> _Branches:
            low, high, depth, _ = span
            points, lows = np.unique(self._letters[low:high, depth], return_index=True)
            real = points > 0  # a word that ends here is the first of the span
            points, lows = points[real], lows[real] + low
            small = np.array([self._small.get(int(point), -1) for point in points], np.intp)
            large = np.array([self._large.get(int(point), -1) for point in points], np.intp)
            # A capital begins a word: forward the letter written first, backward the letter written last.
            can = self._letters[lows, depth + 1] == 0 if self.backward else np.full(len(points), depth == 0)
            return _Branches(small, np.where(can, large, -1), lows)

        return self._branches.get(span, make)

    def after(self, verse: Metrical, position: MetricalPosition, index: int) -> MetricalPosition:
        """The position after a symbol."""
        if index in self.mark_ids:
            if position.spelled is not None and position.spelled.depth:
                position = self._written(verse, position, position.spelled)
            return replace(position, status=MARK)
        if index == self._space_id:
            # Forward after a mark the word is already counted.
            if position.spelled is not None:
                position = self._written(verse, position, position.spelled)
            return replace(position, status=WORD, spelled=None if self.backward else self._all)
        point = self._letter_of.get(index)
        if point is None or index == BOUNDARY or self._newline[index]:
            if position.spelled is not None and position.spelled.depth:
                position = self._written(verse, position, position.spelled, finishes=True)
            return verse.next_line(position)
        low, high, depth, _ = position.spelled or self._all
        column = self._letters[low:high, depth]
        begin, end = np.searchsorted(column, [point, point + 1])
        is_complete = self.backward and index == self._large.get(point)
        return replace(position, spelled=Span(low + int(begin), low + int(end), depth + 1, is_complete))

    def _written(
        self, verse: Metrical, position: MetricalPosition, spelled: Span, finishes: bool = False
    ) -> MetricalPosition:
        return verse.written(position, int(self._order[spelled.low]), finishes=finishes and self.backward)


class _Branches(NamedTuple):
    """The letters that continue a span of words.

    Attributes:
        small, large: their ids in lower case and as capitals, int (letters,); -1 where there is none.
        lows: where the spans that they lead to begin, int (letters,). Each ends where the next begins, the last where
            the span ends.
    """

    small: NDArray[np.intp]
    large: NDArray[np.intp]
    lows: NDArray[np.intp]
