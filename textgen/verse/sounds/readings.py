"""What a rhyme book says of a character. Knows nothing of particular books."""

from collections.abc import Iterable
from typing import NamedTuple


class Readings(NamedTuple):
    """All readings of a character together.

    Attributes:
        groups: the rhyme groups of its level readings.
        other_groups: the rhyme groups of its oblique readings.
        level, oblique: whether it has a reading of that tone; both are False where the book lacks the character.
    """

    groups: frozenset[str]
    other_groups: frozenset[str]
    level: bool
    oblique: bool

    def union(self, others: Iterable["Readings"]) -> "Readings":
        """These readings and others'."""
        every = [self, *others]
        return Readings(
            frozenset[str]().union(*(one.groups for one in every)),
            frozenset[str]().union(*(one.other_groups for one in every)),
            any(one.level for one in every),
            any(one.oblique for one in every),
        )

    @property
    def mark(self) -> str:
        """平 level, 仄 oblique, 中 either, ？ unknown."""
        return {(True, False): "平", (False, True): "仄", (True, True): "中"}.get((self.level, self.oblique), "？")


UNKNOWN = Readings(frozenset(), frozenset(), False, False)
