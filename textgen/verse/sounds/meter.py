"""Meter: whether words in their order can be read to a pattern, by dynamic programming over all pronunciations.

A longer word never has its primary stress on a weak place. A word of one syllable fits anywhere, except that an article
never stands on a strong place. A place is a number of syllables from the line's beginning; a set of places is an int,
whose bit p stands for the place after p syllables. This module knows nothing of models.

Signs of a pattern: w weak; s strong; x either; S strong and stressed by itself, so that no function word stands there;
e weak and the end of a longer word, as in a feminine ending.

    reachable(places, word) = union over p in places, and over the word's pronunciations that fit at p, of p + syllables
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from textgen.verse.bounded import BoundedCache
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds.function_words import ARTICLES, FUNCTION_WORDS

# The longest pattern of a Meter: sets of places are signed numbers of 64 bits. The file of a form has shorter ones,
# since a feminine ending and an anapest add a syllable each.
MAX_PLACES = 62

# What stands for the stress of a word of one syllable: of an article, of another function word, of any other word.
ARTICLE, FUNCTION, CONTENT = "a", "f", "0"


def shape(word: str) -> frozenset[str]:
    """A word's stress patterns, one digit per syllable; one of one syllable is ARTICLE, FUNCTION or CONTENT."""
    single = ARTICLE if word in ARTICLES else FUNCTION if word in FUNCTION_WORDS else CONTENT
    found = frozenset(one.stress if len(one.stress) > 1 else single for one in cmu.spoken(word) if one.stress)
    return cmu.shared(found)


# For each sign the stresses that may not stand there: of words of one syllable, and of syllables of longer words.
_BARRED = {
    "w": ("", "1"),
    "s": (ARTICLE, ""),
    "S": (ARTICLE + FUNCTION, "0"),
    "e": (ARTICLE + FUNCTION + CONTENT, "12"),
    "x": ("", ""),
}


def fits(stress: str, pattern: str, place: int) -> bool:
    """Whether a pronunciation fits a pattern at a place."""
    covered, is_long = pattern[place : place + len(stress)], len(stress) > 1
    return len(covered) == len(stress) and all(
        digit not in _BARRED[sign][is_long] for digit, sign in zip(stress, covered, strict=True)
    )


def reachable(stresses: Iterable[str], pattern: str, place: int) -> int:
    """The set of places after a word that begins at a place."""
    return sum({1 << (place + len(stress)) for stress in stresses if fits(stress, pattern, place)})


def readable(words: Sequence[str], pattern: str) -> bool | None:
    """Whether a line of words can be read to a pattern; None where the dictionary lacks a word."""
    shapes = [shape(word) for word in words]
    if not all(shapes):
        return None
    places = 1
    for stresses in shapes:
        onward = 0
        for place in bits(places):
            onward |= reachable(stresses, pattern, place)
        places = onward
    return bool(places >> len(pattern) & 1)


def syllables(words: Sequence[str]) -> set[int] | None:
    """How many syllables a line may have; None where the dictionary lacks a word."""
    counts = {0}
    for word in words:
        lengths = {len(one.stress) for one in cmu.spoken(word)}
        if not lengths:
            return None
        counts = {count + length for count in counts for length in lengths}
    return counts


def bits(places: int) -> Iterator[int]:
    """The members of a set of places, lowest first."""
    return (place for place in range(places.bit_length()) if places >> place & 1)


class Shapes:
    """The shapes of the words of a vocabulary, each distinct one once.

    Args:
        shapes: for each word its stress patterns (`shape`).

    Attributes:
        kinds: the distinct shapes.
        of_word: the number of each word's shape, int (words,).
    """

    def __init__(self, shapes: Sequence[frozenset[str]]) -> None:
        numbers = {kind: index for index, kind in enumerate(dict.fromkeys(shapes))}
        self.kinds = tuple(numbers)
        self.of_word = np.array([numbers[kind] for kind in shapes], np.intp)


class Meter:
    """A line's pattern and what each word of a vocabulary does in it, as arrays.

    Args:
        shapes: of the words.
        pattern: the pattern.
        backward: whether the line is written from its end; the pattern and the stresses are then reversed.
        caesura: the number of syllables after which a word must end that is no single function word; 0 for none.

    Attributes:
        size: the number of words.
        pattern: the pattern in the order of writing.
        end: the set that holds only the place at the line's end.

    Raises:
        ValueError: a pattern of more than MAX_PLACES signs.
    """

    def __init__(self, shapes: Shapes, pattern: str, backward: bool = False, caesura: int = 0) -> None:
        if len(pattern) > MAX_PLACES:
            raise ValueError(f"a pattern of {len(pattern)} places; at most {MAX_PLACES} fit")
        turn = slice(None, None, -1 if backward else 1)
        self.size, self.pattern = len(shapes.of_word), pattern[turn]
        self.end = 1 << len(pattern)
        self._kind_of = shapes.of_word
        after = {
            stress: self._after(stress[turn], caesura, backward) for stress in frozenset[str]().union(*shapes.kinds)
        }
        # Shape (places, shapes): the places after a word of a shape that begins at a place.
        self._table = np.zeros((len(pattern) + 1, len(shapes.kinds)), np.int64)
        for number, kind in enumerate(shapes.kinds):
            for stress in kind:
                self._table[:, number] |= after[stress]
        self._known = BoundedCache[int, NDArray[np.int64]]()

    def _after(self, stress: str, caesura: int, backward: bool) -> NDArray[np.int64]:
        """The place after a pronunciation that begins at each place, as a set; 0 where it does not fit.

        Args:
            stress: in the order of writing.
            caesura, backward: as of Meter.

        Returns:
            int64, shape (places,).
        """
        size, is_long = len(self.pattern), len(stress) > 1
        found = np.zeros(size + 1, np.int64)
        begins = np.arange(max(size - len(stress) + 1, 0))
        fitting = np.ones(len(begins), bool)
        for at, digit in enumerate(stress):
            may = np.array([digit not in _BARRED[sign][is_long] for sign in self.pattern], bool)
            fitting &= may[begins + at]
        if caesura:
            # Places in the order of reading.
            first = size - begins - len(stress) if backward else begins
            last = first + len(stress)
            fitting &= ~((first < caesura) & (caesura < last))
            fitting &= (last != caesura) | (stress not in (ARTICLE, FUNCTION))
        found[begins[fitting]] = np.int64(1) << (begins[fitting] + len(stress))
        return found

    def onward(self, places: int) -> NDArray[np.int64]:
        """For each word the set of places after it, where it begins at one of some places; int64 (words,)."""

        def make() -> NDArray[np.int64]:
            rows = self._table[list(bits(places & (2 * self.end - 1)))]
            of_kinds: NDArray[np.int64] = np.bitwise_or.reduce(rows, axis=0)
            return of_kinds[self._kind_of]

        return self._known.get(places, make)

    def kinds(self, words: NDArray[np.bool_]) -> NDArray[np.intp]:
        """The distinct shapes of some words, by number: int (shapes,).

        Args:
            words: bool (words,).
        """
        return np.flatnonzero(np.bincount(self._kind_of[words], minlength=self._table.shape[1]))

    def leads(self, kinds: NDArray[np.intp], place: int, into: int) -> bool:
        """Whether a word of one of some shapes that begins at a place ends at one of some places.

        Args:
            kinds: of `kinds`.
            into: a set of places.
        """
        return bool((self._table[place, kinds] & into).any())

    def reached(self, kinds: NDArray[np.intp], place: int) -> int:
        """The places after a word of one of some shapes that begins at a place."""
        return int(np.bitwise_or.reduce(self._table[place, kinds], initial=0))
