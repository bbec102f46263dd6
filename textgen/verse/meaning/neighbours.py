"""Neighbours in the lines of Chinese poems: which pairs are words, how lines end, how a character is read.

A line of five has its caesura after the second character, a line of seven after the second and the fourth (2|3 and
2|2|3). Poets seldom let a word stand across it, so a pair that nearly always stands within a unit is a word. Knows
nothing of models.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.forms.linetypes import LINE5, LINE7, VARIANTS5, VARIANTS7

Counts = NDArray[np.uint16]
Keys = NDArray[np.uint64]

# The places of the pairs that stand across a caesura, by the length of the line; the first place is 0.
ACROSS = {5: (1,), 7: (1, 3)}
# A pair is a word if it occurs so often, and at least this share of the times within a unit. By chance 72% would. The
# numbers were chosen by what they find in 10,000 Tang poems: 明月, 春風 and 天下 are words, 風吹 and 人不 are not.
MIN_COUNT, MIN_SHARE = 5, 0.9
# How a character is read is known from so many places whose tone the line's pattern fixes; in a pair, from so many.
MIN_READINGS, MIN_PAIR_READINGS = 5, 3
MAX_COUNT = 65_535
# Pairs that count as stock diction.
STOCK = 100

# A character's tones as bits.
LEVEL, OBLIQUE = 1, 2
_BITS = {"P": LEVEL, "Z": OBLIQUE, "N": LEVEL | OBLIQUE}
_PATTERNS = {
    length: sorted({pattern for table in tables for own in table.values() for pattern in own})
    for length, tables in {5: (LINE5, VARIANTS5), 7: (LINE7, VARIANTS7)}.items()
}
# In the key of a pair of which one character has two readings: whether it is the second.
_SECOND = 1 << 63


@dataclass(frozen=True)
class Neighbours:
    """What was counted in lines of five and seven characters.

    Attributes:
        pairs: uint64, shape (pairs,), sorted: two code points of neighbours, the first in the upper half.
        within, across: uint16, shape (pairs,): how often they stand within a unit, and across a caesura.
        ends: uint64, shape (ends,), sorted: the last three characters of lines, 21 bits each.
        read: uint64, shape (read,), sorted: characters of two tones, alone and in pairs (see `_readings`).
        level: float32, shape (read,): the share of their places whose tone is level.
    """

    pairs: Keys
    within: Counts
    across: Counts
    ends: Keys
    read: Keys
    level: NDArray[np.float32]

    @classmethod
    def learn(cls, lines: Iterable[str], tones: Callable[[str], int] | None = None) -> "Neighbours":
        """Count neighbours.

        Args:
            lines: lines of Chinese poems without marks; those of other lengths than five and seven are left out.
            tones: the tones of a character as bits, LEVEL and OBLIQUE; None where no rhyme book is at hand.
        """
        within: list[Keys] = []
        across: list[Keys] = []
        ends: list[Keys] = []
        by_length = _by_length(lines)
        for length, rows in by_length.items():
            for place in range(length - 1):
                keys = _pair(rows[:, place], rows[:, place + 1])
                (across if place in ACROSS[length] else within).append(keys)
            ends.append(_triple(rows[:, -3], rows[:, -2], rows[:, -1]))
        inside, outside = _joined(within), _joined(across)
        pairs = np.unique(np.concatenate([inside, outside]))
        return cls(
            pairs,
            _counted(pairs, inside),
            _counted(pairs, outside),
            np.unique(_joined(ends)),
            *_readings(by_length, tones),
        )

    def is_word(self, pair: str) -> bool:
        """Whether two characters are a word of two characters."""
        inside, outside = self.counts(pair)
        return inside + outside >= MIN_COUNT and inside >= MIN_SHARE * (inside + outside)

    def counts(self, pair: str) -> tuple[int, int]:
        """How often two neighbours stand within a unit, and across a caesura."""
        at = _place(self.pairs, (ord(pair[0]) << 32) + ord(pair[1]))
        return (0, 0) if at is None else (int(self.within[at]), int(self.across[at]))

    @cached_property
    def stock(self) -> frozenset[str]:
        """The STOCK commonest pairs: phrases that stand in every other poem."""
        total = self.within.astype(np.int64) + self.across
        keys = self.pairs[np.argsort(-total, kind="stable")[:STOCK]].tolist()
        return frozenset(chr(key >> 32) + chr(key & 0xFFFFFFFF) for key in keys)

    def broken(self, line: str) -> list[str]:
        """The words that a line breaks: they stand across a caesura, and neither pair beside them is a word."""
        return [
            line[place : place + 2]
            for place in ACROSS.get(len(line), ())
            if self.is_word(line[place : place + 2])
            and not self.is_word(line[place - 1 : place + 1])
            and not self.is_word(line[place + 1 : place + 3])
        ]

    def has_end(self, line: str) -> bool:
        """Whether some line that was learned ends in the same three characters."""
        if len(line) < 3:
            return False
        return _place(self.ends, (ord(line[-3]) << 42) + (ord(line[-2]) << 21) + ord(line[-1])) is not None

    def surprise(self, line: str, tones: Callable[[str], int]) -> float:
        """How unusual the readings are that the line's pattern asks of its characters of two tones.

        Args:
            line: the line, without marks.
            tones: as of `learn`.

        Returns:
            the sum of -log of the share of such places, nats; 0 for lines of other lengths than five and seven, or of
            no pattern.
        """
        bits = [tones(one) for one in line]
        wanted = _wanted(np.array([bits], np.int64), len(line))
        total = 0.0
        if wanted is None:
            return total
        for place, tone in enumerate(wanted[0].tolist()):
            share = (
                self._level_share(line, place) if bits[place] == LEVEL | OBLIQUE and tone in (LEVEL, OBLIQUE) else None
            )
            if share is not None:
                total -= np.log(max(share if tone == LEVEL else 1 - share, 0.02))
        return float(total)

    def _level_share(self, line: str, place: int) -> float | None:
        """How often the character at a place is read level: in the pair of its unit, or else alone."""
        keys = [ord(line[place])]
        if place and place - 1 not in ACROSS[len(line)]:
            keys.insert(0, _SECOND + (ord(line[place - 1]) << 32) + ord(line[place]))
        if place + 1 < len(line) and place not in ACROSS[len(line)]:
            keys.insert(0, (ord(line[place]) << 32) + ord(line[place + 1]))
        places = (_place(self.read, key) for key in keys)
        return next((float(self.level[at]) for at in places if at is not None), None)

    def fits(self) -> bool:
        """Whether the sizes of its arrays fit each other, its keys are in order, and its pairs are characters."""
        halves = np.concatenate([self.pairs >> np.uint64(32), self.pairs & np.uint64(0xFFFFFFFF)])
        return (
            len(self.pairs) == len(self.within) == len(self.across)
            and len(self.read) == len(self.level)
            and all(bool((keys[:-1] < keys[1:]).all()) for keys in (self.pairs, self.ends, self.read))
            and bool((halves < sys.maxunicode + 1).all())
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Neighbours":
        """The counts whose arrays these are."""
        return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})


def _by_length(lines: Iterable[str]) -> dict[int, Keys]:
    """The code points of lines of five and of seven characters, uint64 of shape (lines, length)."""
    found: dict[int, list[str]] = {length: [] for length in ACROSS}
    for line in lines:
        if len(line) in found:
            found[len(line)].append(line)
    return {
        length: np.frombuffer("".join(own).encode("utf-32-le"), "<u4").reshape(-1, length).astype(np.uint64)
        for length, own in found.items()
    }


def _place(keys: Keys, key: int) -> int | None:
    """Where a key is among sorted keys; None where it is not."""
    at = int(np.searchsorted(keys, np.uint64(key)))
    return at if at < len(keys) and int(keys[at]) == key else None


def _pair(first: Keys, second: Keys) -> Keys:
    found: Keys = (first << np.uint64(32)) + second
    return found


def _triple(first: Keys, second: Keys, third: Keys) -> Keys:
    found: Keys = (first << np.uint64(42)) + (second << np.uint64(21)) + third
    return found


def _joined(parts: list[Keys]) -> Keys:
    return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def _counted(keys: Keys, found: Keys) -> Counts:
    """How often each key occurs."""
    counts = np.bincount(np.searchsorted(keys, found), minlength=len(keys))
    return np.minimum(counts, MAX_COUNT).astype(np.uint16)


def _wanted(bits: NDArray[np.int64], length: int) -> NDArray[np.int64] | None:
    """The tones that the patterns of lines ask for, at each place: LEVEL, OBLIQUE, both, or 0 for lines of no pattern.

    Args:
        bits: shape (lines, length): the tones of each character.
        length: of the lines; None is returned for other lengths than five and seven.
    """
    if length not in _PATTERNS:
        return None
    found = np.zeros(bits.shape, np.int64)
    for pattern in _PATTERNS[length]:
        own = np.array([_BITS[tone] for tone in pattern])
        found |= np.where(((bits & own) > 0).all(1, keepdims=True), own, 0)
    return found


def _readings(by_length: Mapping[int, Keys], tones: Callable[[str], int] | None) -> tuple[Keys, NDArray[np.float32]]:
    """How characters of two tones are read.

    The pattern of a line tells, where all patterns that its other characters allow ask for the same tone. A key is the
    character's code point; in a pair within a unit it is that of the pair, with the highest bit where the second of
    the pair is meant: a character's reading may depend on its compound (中 in 中央 and in 中酒).
    """
    keys: list[Keys] = []
    is_level: list[NDArray[np.bool_]] = []
    if tones is not None:
        for length, rows in by_length.items():
            for own, of_own in _read_places(rows, length, tones):
                keys.append(own)
                is_level.append(of_own)
    found = _joined(keys)
    known = np.unique(found)
    place = np.searchsorted(known, found)
    counts = np.bincount(place, minlength=len(known))
    level = np.bincount(place, np.concatenate(is_level) if is_level else None, minlength=len(known))
    kept = counts >= np.where(known < np.uint64(1 << 32), MIN_READINGS, MIN_PAIR_READINGS)
    share = (level[kept] + 0.5) / (counts[kept] + 1)
    return known[kept], share.astype(np.float32)


def _read_places(rows: Keys, length: int, tones: Callable[[str], int]) -> Iterator[tuple[Keys, NDArray[np.bool_]]]:
    """Keys of characters of two tones at places whose tone is fixed, and whether it is level."""
    characters, inverse = np.unique(rows, return_inverse=True)
    bits = np.array([tones(chr(int(one))) for one in characters], np.int64)[inverse.reshape(rows.shape)]
    wanted = _wanted(bits, length)
    assert wanted is not None
    for place in range(length):
        fixed = (bits[:, place] == LEVEL | OBLIQUE) & ((wanted[:, place] == LEVEL) | (wanted[:, place] == OBLIQUE))
        own, level = rows[fixed], wanted[fixed, place] == LEVEL
        yield own[:, place], level
        if place and place - 1 not in ACROSS[length]:
            yield _pair(own[:, place - 1], own[:, place]) + np.uint64(_SECOND), level
        if place + 1 < length and place not in ACROSS[length]:
            yield _pair(own[:, place], own[:, place + 1]), level
