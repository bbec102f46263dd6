"""Meter: whether words, in their order, can be read to a pattern, by dynamic programming over all pronunciations.

A word of one syllable stands anywhere; a longer one never has its primary stress on a weak place. Places are counted
in syllables from the line's beginning; a set of places is an int, bit p for the place after p syllables. Knows nothing
of models.

    reachable(places, word) = union over p in places, and over the word's pronunciations that fit at p, of p + syllables
"""

from collections.abc import Iterable, Sequence

import numpy as np

from textgen.verse.sounds import cmudict as cmu


def shape(word: str) -> frozenset[str]:
    """A word's stress patterns, one digit a syllable; those of one syllable all alike."""
    return frozenset(one.stress if len(one.stress) > 1 else "0" for one in cmu.spoken(word) if one.stress)


def stands(stress: str, pattern: str, place: int) -> bool:
    """Whether a pronunciation can stand at a place of a pattern."""
    covered = pattern[place : place + len(stress)]
    return len(covered) == len(stress) and all(
        len(stress) == 1 or digit != "1" or sign != "w" for digit, sign in zip(stress, covered, strict=True)
    )


def reachable(stresses: Iterable[str], pattern: str, place: int) -> int:
    """The places after one word that begins at a place, as a set."""
    return sum({1 << (place + len(stress)) for stress in stresses if stands(stress, pattern, place)})


def readable(words: Sequence[str], pattern: str) -> bool | None:
    """Whether a line of words can be read to a pattern; None where a word's sound is not known."""
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
    """How many syllables a line may have; None where a word's sound is not known."""
    counts = {0}
    for word in words:
        lengths = {len(one.stress) for one in cmu.spoken(word)}
        if not lengths:
            return None
        counts = {count + length for count in counts for length in lengths}
    return counts


def bits(places: int):
    """The members of a set of places, lowest first."""
    return (place for place in range(places.bit_length()) if places >> place & 1)


class Meter:
    """A pattern, with what each word of a vocabulary does in it, as arrays.

    Args:
        shapes: a frozenset of stress patterns for each word (`shape`).
        pattern: of the line.
        backward: whether the line is written from its end; patterns and stresses are then turned about.
    """

    def __init__(self, shapes: Sequence[frozenset[str]], pattern: str, backward: bool = False):
        turn = slice(None, None, -1 if backward else 1)
        self.pattern = pattern[turn]
        self.end = 1 << len(pattern)
        kinds = {kind: index for index, kind in enumerate(dict.fromkeys(shapes))}
        self._kind_of = np.array([kinds[kind] for kind in shapes], np.intp)
        self._table = np.array(
            [
                [reachable({stress[turn] for stress in kind}, self.pattern, place) for kind in kinds]
                for place in range(len(pattern) + 1)
            ],
            np.int64,
        )
        self._known = {}

    def onward(self, places: int):
        """For each word the set of places after it, int64 (words,)."""
        if places not in self._known:
            rows = self._table[list(bits(places & (2 * self.end - 1)))]
            self._known[places] = np.bitwise_or.reduce(rows, axis=0)[self._kind_of]
        return self._known[places]

    def hopeful(self, last) -> int:
        """The places from which a line can still be finished by words, the last of which is one of some.

        Args:
            last: bool (words,), the words that may come last.
        """
        found = 0
        for place in range(len(self.pattern) - 1, -1, -1):
            onward = self.onward(1 << place)
            if np.any(onward[last] & self.end) or np.any(onward & found):
                found |= 1 << place
        return found
