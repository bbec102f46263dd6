"""What a rhyme book says of a character. Knows nothing of any book."""

from collections.abc import Iterable
from typing import NamedTuple


class Readings(NamedTuple):
    """A character's readings, all together.

    Attributes:
        groups: the rhyme groups of its level readings.
        other_groups: those of its oblique readings.
        level, oblique: whether it has a reading of that tone; neither where the book does not know it.
    """

    groups: frozenset
    other_groups: frozenset
    level: bool
    oblique: bool

    def union(self, others: Iterable["Readings"]) -> "Readings":
        """These and others' readings."""
        every = [self, *others]
        return Readings(
            frozenset().union(*(one.groups for one in every)),
            frozenset().union(*(one.other_groups for one in every)),
            any(one.level for one in every),
            any(one.oblique for one in every),
        )

    @property
    def mark(self) -> str:
        """平 level, 仄 oblique, 中 either, ？ unknown."""
        return {(True, False): "平", (False, True): "仄", (True, True): "中"}.get((self.level, self.oblique), "？")


UNKNOWN = Readings(frozenset(), frozenset(), False, False)
