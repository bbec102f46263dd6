"""Meter: whether words in their order can be read to a pattern, by dynamic programming over all pronunciations.

A word of one syllable fits anywhere. A longer word never has its primary stress on a weak place. A place is a number of
syllables from the line's beginning; a set of places is an int, whose bit p stands for the place after p syllables. This
module knows nothing of models.

    reachable(places, word) = union over p in places, and over the word's pronunciations that fit at p, of p + syllables
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from textgen.verse.bounded import BoundedCache
from textgen.verse.sounds import cmudict as cmu


def shape(word: str) -> frozenset[str]:
    """A word's stress patterns, one digit per syllable; all patterns of one syllable count as "0"."""
    found = frozenset(one.stress if len(one.stress) > 1 else "0" for one in cmu.spoken(word) if one.stress)
    return cmu.shared(found)


def fits(stress: str, pattern: str, place: int) -> bool:
    """Whether a pronunciation fits a pattern at a place."""
    covered = pattern[place : place + len(stress)]
    return len(covered) == len(stress) and all(
        len(stress) == 1 or digit != "1" or sign != "w" for digit, sign in zip(stress, covered, strict=True)
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


class Meter:
    """A line's pattern and what each word of a vocabulary does in it, as arrays.

    Args:
        shapes: for each word its stress patterns (`shape`).
        pattern: the pattern.
        backward: whether the line is written from its end; the pattern and the stresses are then reversed.
        caesura: the number of syllables after which a word must end; 0 for none.

    Attributes:
        size: the number of words.
        pattern: the pattern in the order of writing.
        end: the set that holds only the place at the line's end.
    """

    def __init__(
        self, shapes: Sequence[frozenset[str]], pattern: str, backward: bool = False, caesura: int = 0
    ) -> None:
        turn = slice(None, None, -1 if backward else 1)
        self.size, self.pattern = len(shapes), pattern[turn]
        across = len(pattern) - caesura if backward else caesura
        self.end = 1 << len(pattern)
        kinds = {kind: index for index, kind in enumerate(dict.fromkeys(shapes))}
        self._kind_of = np.array([kinds[kind] for kind in shapes], np.intp)
        self._table = np.array(
            [
                [
                    reachable(
                        {stress[turn] for stress in kind if not caesura or not place < across < place + len(stress)},
                        self.pattern,
                        place,
                    )
                    for kind in kinds
                ]
                for place in range(len(pattern) + 1)
            ],
            np.int64,
        )
        self._known = BoundedCache[int, NDArray[np.int64]]()

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
