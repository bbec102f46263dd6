"""Words whose sound is known, as arrays: their shapes for the meter, their rhymes. Knows nothing of forms or models."""

from functools import cached_property

import numpy as np

from textgen.corpus.memory import words as words_of
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds.meter import Meter, shape


class Lexicon:
    """A list of words in lower case, each of a known sound.

    Attributes:
        words: the words.
        index: a dict from a word to its place in the list.
    """

    def __init__(self, words):
        self.words = [word for word in words if _is_word(word) and shape(word)]
        self.index = {word: place for place, word in enumerate(self.words)}
        self._meters, self._rhyming = {}, {}

    def __len__(self):
        return len(self.words)

    def meter(self, pattern, backward):
        """The Meter of a pattern for these words."""
        if (pattern, backward) not in self._meters:
            self._meters[pattern, backward] = Meter(self._shapes, pattern, backward)
        return self._meters[pattern, backward]

    @cached_property
    def _shapes(self):
        return [shape(word) for word in self.words]

    @cached_property
    def rhymes(self):
        """Each word's rhymes, frozensets."""
        return [cmu.rhymes(word) for word in self.words]

    @cached_property
    def members(self):
        """Each rhyme's words, a dict to int arrays."""
        found = {}
        for place, rhymes in enumerate(self.rhymes):
            for rhyme in rhymes:
                found.setdefault(rhyme, []).append(place)
        return {rhyme: np.array(places) for rhyme, places in found.items()}

    def rhyming(self, rhymes):
        """The words that share any of some rhymes, bool (words,)."""
        if rhymes not in self._rhyming:
            mask = np.zeros(len(self), bool)
            for rhyme in rhymes:
                mask[self.members.get(rhyme, [])] = True
            self._rhyming[rhymes] = mask
        return self._rhyming[rhymes]

    def rich(self, count):
        """The rhymes that so many words share."""
        return frozenset(rhyme for rhyme, places in self.members.items() if len(places) >= count)

    def beginning(self, letter):
        """The words that begin with a letter, bool (words,)."""
        return np.array([word.startswith(letter.lower()) for word in self.words], bool)


def _is_word(text):
    """Whether the checker reads a text as the one word that it is: the dictionary has abbreviations too (in., a.m.)."""
    return words_of(text) == [text] and (len(text) > 1 or text in "aio")
