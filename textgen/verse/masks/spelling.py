"""How the words of a lexicon are written in a model's symbols: a word each, or letter by letter along a trie.

Turns what `textgen.verse.masks.metrical` says of words into masks over symbols. Knows nothing of models beside their
vocabulary.
"""

from dataclasses import replace

import numpy as np

from textgen.tokens.layout import BOUNDARY
from textgen.verse.masks.base import Memo
from textgen.verse.masks.metrical import MARK, START, WORD

MARKS = ",;:.!?"


class Spelling:
    """What both kinds share: marks, and how lines end.

    Args:
        printed: each id's text.
    """

    def __init__(self, printed):
        self.size = len(printed)
        self.marks = self.only(MARKS, printed)
        self._newline = self.only(["\n"], printed)
        self._boundary = np.arange(self.size) == BOUNDARY
        self.mark_ids = set(np.flatnonzero(self.marks).tolist())

    def only(self, texts, printed):
        """The symbols that are one of some texts, bool (vocabulary,)."""
        wanted = set(texts)
        return np.array([text in wanted for text in printed], bool)

    def close(self, verse, foot):
        """The symbols that end a line: a line feed, or after the last the end of the poem."""
        return self._boundary if foot.line + 1 == verse.lines else self._newline


class WordSpelling(Spelling):
    """Of a model whose symbols are words: the first of a line bare, each other with the space before it.

    Attributes:
        first, later: the lexicon's words that can be written so, bool (words,).
    """

    def __init__(self, printed, lexicon, backward=False):
        super().__init__(printed)
        self.lexicon, self.backward = lexicon, backward
        words = [lexicon.index.get(text.lower().lstrip(" ").replace("\u2019", "'"), -1) for text in printed]
        self.word_of = np.array(words, np.intp)
        spaced = np.array([text.startswith(" ") for text in printed])
        self._bare, self._spaced = (self.word_of >= 0) & ~spaced, (self.word_of >= 0) & spaced
        self.first, self.later = (np.zeros(len(lexicon), bool) for _ in range(2))
        self.first[self.word_of[self._bare]] = True
        self.later[self.word_of[self._spaced]] = True
        self._masks = Memo()

    @staticmethod
    def words(printed):
        """The words that such a vocabulary can write, in lower case."""
        return {text.lower().strip().replace("\u2019", "'") for text in printed}

    def mask(self, verse, foot):
        """The symbols that may come next."""
        key = (
            foot.line,
            foot.meter,
            foot.places,
            foot.status,
            foot.closed,
            foot.last is None,
            foot.previous,
            foot.rhymes,
        )
        return self._masks.of(key, lambda: self._mask(verse, foot))

    def _mask(self, verse, foot):
        if foot.closed:
            return self.close(verse, foot)
        mask = np.zeros(self.size, bool)
        if verse.may_go_on(foot):
            goes_on, ends = verse.choices(foot)
            if self.backward:
                mask |= self._spaced & goes_on[self.word_of]
                mask |= self._bare & ends[self.word_of]
                if foot.status != MARK:
                    mask |= self.marks
            elif foot.status == START:
                mask |= self._bare & goes_on[self.word_of]
            else:
                mask |= self._spaced & (goes_on | ends)[self.word_of]
        if not self.backward and foot.status == WORD:
            mask |= self.marks
        if verse.may_end(foot):
            mask |= self.close(verse, foot)
        return mask

    def after(self, verse, foot, index):
        """The Foot after a symbol."""
        if index in self.mark_ids:
            return replace(foot, status=MARK)
        word = self.word_of[index]
        if word < 0:
            return verse.next_line(foot)
        return verse.written(foot, int(word), finishes=bool(self.backward and self._bare[index]))


class LetterSpelling(Spelling):
    """Of a model whose symbols are characters: words along a trie, which is a sorted list and spans of it.

    While a word is spelled, `Foot.spelled` is (low, high, depth, done): the span of words that begin with what stands,
    how many letters stand, and whether no more may follow. Written backward, words are spelled from their last letter.
    """

    def __init__(self, printed, lexicon, backward=False):
        super().__init__(printed)
        self.lexicon, self.backward = lexicon, backward
        self.first = self.later = np.ones(len(lexicon), bool)
        spelled = [word[::-1] if backward else word for word in lexicon.words]
        self._order = np.array(sorted(range(len(spelled)), key=spelled.__getitem__), np.intp)
        width = max(map(len, spelled), default=0) + 1
        letters = np.array([spelled[place] for place in self._order], f"U{width}")
        self._letters = letters.view(np.uint32).reshape(len(spelled), width)
        ids = {text: index for index, text in enumerate(printed)}
        self._small = {ord(text): index for text, index in ids.items() if len(text) == 1 and text == text.lower()}
        self._large = {ord(text.lower()): index for text, index in ids.items() if len(text) == 1 and text.isupper()}
        self._letter_of = {index: point for table in (self._small, self._large) for point, index in table.items()}
        self._space = self.only([" "], printed)
        self._space_id = int(self._space.argmax())
        self._children, self._sums, self._masks = {}, Memo(), Memo()

    def mask(self, verse, foot):
        """The symbols that may come next."""
        return self._masks.of(foot, lambda: self._mask(verse, foot))

    def _mask(self, verse, foot):
        mask = np.zeros(self.size, bool)
        if foot.closed:
            return self.close(verse, foot)
        if foot.spelled is None:
            # Forward after a mark: a space, or the line's end. Backward, and at a line's beginning, a word begins.
            if foot.status == MARK and not self.backward:
                mask |= self._space & verse.may_go_on(foot)
                mask |= self.close(verse, foot) & verse.may_end(foot)
                return mask
            if self.backward and foot.status != MARK:
                mask |= self.marks
            return self._begin(mask, verse, foot, (0, len(self._order), 0, False))
        goes_on, ends = verse.choices(foot)
        low, _, depth, done = foot.spelled
        if not done:
            mask = self._begin(mask, verse, foot, foot.spelled)
        if depth and self._letters[low, depth] == 0:
            word = self._order[low]
            if self.backward:
                mask |= self._space & goes_on[word]
                mask |= self.close(verse, foot) & ends[word]
            elif (goes_on | ends)[word]:
                written = verse.written(foot, int(word))
                mask |= self._space & verse.may_go_on(written)
                mask |= self.close(verse, foot) & verse.may_end(written)
                mask |= self.marks
        return mask

    def _begin(self, mask, verse, foot, span):
        """Add the letters with which a word that may come can begin, or go on."""
        goes_on, ends = verse.choices(foot)
        key = id(goes_on), id(ends)
        # The arrays are kept with their sum, so that no other ever has their identity.
        sums, *_ = self._sums.of(key, lambda: (self._summed(goes_on | ends), goes_on, ends))
        small, large, lows, highs = self._children_of(span)
        for ids in (small, large):
            hopeful = (sums[highs] > sums[lows]) & (ids >= 0)
            mask[ids[hopeful]] = True
        return mask

    def _summed(self, allowed):
        """How many allowed words stand before each place of the sorted list."""
        return np.concatenate([[0], np.cumsum(allowed[self._order], dtype=np.int32)])

    def _children_of(self, span):
        """The letters after a span: their small ids, their capital ids (or -1), and the spans they lead to."""
        if span not in self._children:
            low, high, depth, _ = span
            points, lows = np.unique(self._letters[low:high, depth], return_index=True)
            lows = lows + low
            highs = np.concatenate([lows[1:], [high]])
            real = points > 0
            points, lows, highs = points[real], lows[real], highs[real]
            small = np.array([self._small.get(int(point), -1) for point in points], np.intp)
            large = np.array([self._large.get(int(point), -1) for point in points], np.intp)
            # A capital begins a word: forward the first letter, backward the last that is written.
            can = self._letters[lows, depth + 1] == 0 if self.backward else np.full(len(points), depth == 0)
            self._children[span] = small, np.where(can, large, -1), lows, highs
        return self._children[span]

    def after(self, verse, foot, index):
        """The Foot after a symbol."""
        if index in self.mark_ids:
            if foot.spelled is not None and foot.spelled[2]:
                foot = self._written(verse, foot)
            return replace(foot, status=MARK)
        if index == self._space_id:
            # Forward after a mark the word has been taken note of already.
            if foot.spelled is not None:
                foot = self._written(verse, foot)
            return replace(foot, status=WORD, spelled=None if self.backward else (0, len(self._order), 0, False))
        point = self._letter_of.get(index)
        if point is None or index in (BOUNDARY,) or self._newline[index]:
            if foot.spelled is not None and foot.spelled[2]:
                foot = self._written(verse, foot, finishes=True)
            return verse.next_line(foot)
        low, high, depth, _ = foot.spelled or (0, len(self._order), 0, False)
        column = self._letters[low:high, depth]
        begin, end = np.searchsorted(column, [point, point + 1])
        done = self.backward and index == self._large.get(point)
        return replace(foot, spelled=(low + int(begin), low + int(end), depth + 1, done))

    def _written(self, verse, foot, finishes=False):
        return verse.written(foot, int(self._order[foot.spelled[0]]), finishes=finishes and self.backward)
