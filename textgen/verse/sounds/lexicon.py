"""Words of known sound as arrays: their shapes for the meter, their rhymes. Knows nothing of forms or models."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.memory import words as words_of
from textgen.verse.bounded import BoundedCache
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds import rhyming
from textgen.verse.sounds.meter import Meter, Shapes, shape


class Lexicon:
    """A list of words in lower case, each of known sound.

    Args:
        words: candidates; those of unknown sound, abbreviations and single consonants are left out.
        rhyme_kind: which rhymes count, as `textgen.verse.sounds.rhyming.rhymes` takes it.

    Attributes:
        words: the words.
        index: each word's place in the list.
    """

    def __init__(self, words: Iterable[str], rhyme_kind: str = rhyming.PERFECT) -> None:
        self._rhyme_kind = rhyme_kind
        self.words = [word for word in words if _is_word(word) and shape(word)]
        self.index = {word: place for place, word in enumerate(self.words)}
        self._meters: dict[tuple[str, bool, int], Meter] = {}
        self._rhyming = BoundedCache[frozenset[str], NDArray[np.bool_]]()

    def __len__(self) -> int:
        return len(self.words)

    def meter(self, pattern: str, backward: bool, caesura: int = 0) -> Meter:
        """The Meter of a pattern for these words; arguments as of Meter."""
        key = pattern, backward, caesura
        if key not in self._meters:
            self._meters[key] = Meter(self._distinct, *key)
        return self._meters[key]

    @cached_property
    def shapes(self) -> list[frozenset[str]]:
        """Each word's stress patterns."""
        return [shape(word) for word in self.words]

    @cached_property
    def _distinct(self) -> Shapes:
        """The distinct shapes, which all meters share."""
        return Shapes(self.shapes)

    @cached_property
    def rhymes(self) -> list[frozenset[str]]:
        """Each word's rhymes."""
        return [rhyming.rhymes(word, self._rhyme_kind) for word in self.words]

    @cached_property
    def members(self) -> dict[str, NDArray[np.intp]]:
        """Each rhyme's words, by number."""
        found: dict[str, list[int]] = {}
        for place, rhymes in enumerate(self.rhymes):
            for rhyme in rhymes:
                found.setdefault(rhyme, []).append(place)
        return {rhyme: np.array(places, np.intp) for rhyme, places in found.items()}

    @cached_property
    def of_two_syllables(self) -> frozenset[str]:
        """The rhymes of two syllables (feminine: candle, handle)."""
        return frozenset(rhyme for rhyme in self.members if cmu.syllables(rhyme) == 2)

    def rhyming(self, rhymes: frozenset[str]) -> NDArray[np.bool_]:
        """The words that have one of some rhymes, bool (words,). Do not modify it."""

        def make() -> NDArray[np.bool_]:
            mask = np.zeros(len(self), bool)
            for rhyme in rhymes & self.members.keys():
                mask[self.members[rhyme]] = True
            return mask

        return self._rhyming.get(rhymes, make)

    def rich(self, count: int, among: NDArray[np.bool_]) -> frozenset[str]:
        """The rhymes that at least `count` of some words, bool (words,), share; some of them may sound alike."""
        return frozenset(rhyme for rhyme, places in self.members.items() if among[places].sum() >= count)

    def is_rich(self, rhyme: str, count: int, among: NDArray[np.bool_]) -> bool:
        """Whether at least `count` of some words, bool (words,), share a rhyme and sound different."""
        places = self.members[rhyme]
        different: list[int] = []
        for place in places[among[places]].tolist():
            if not any(other in self.homophones(place) for other in different):
                different.append(place)
            if len(different) == count:
                return True
        return False

    def homophones(self, place: int) -> list[int]:
        """The words that sound as a word does, by number, with the word itself."""
        return self.sounding_as(self.words[place])

    def sounding_as(self, word: str) -> list[int]:
        """The words that sound as some word does, by number. They rhyme, so that only its rhymes are looked at."""
        own = rhyming.sounds(word)
        rhymes = rhyming.rhymes(word) & self.members.keys()
        places = {int(place) for rhyme in rhymes for place in self.members[rhyme]}
        return sorted(place for place in places if own & rhyming.sounds(self.words[place]))

    def among(self, words: frozenset[str]) -> NDArray[np.bool_]:
        """Which words are among some, bool (words,)."""
        return np.array([word in words for word in self.words], bool)

    def beginning(self, letter: str) -> NDArray[np.bool_]:
        """The words that begin with a letter, bool (words,)."""
        return np.array([word.startswith(letter.lower()) for word in self.words], bool)


def _is_word(text: str) -> bool:
    """Whether the checker reads a text as this one word: the dictionary also has abbreviations (in., a.m.)."""
    return words_of(text) == [text] and (len(text) > 1 or text in "aio")
