"""What a rhyme book says of a vocabulary, as arrays. Knows nothing of forms or models."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from textgen.tokens.characters import is_ideograph
from textgen.verse.masks.base import Mask
from textgen.verse.sounds.readings import Readings

# The prefix of the entering tone's groups in the rhyme books of Pingshui and of the tunes.
ENTERING = "入"

Groups = frozenset[str]


class RhymeTable:
    """The rhymes of a vocabulary in one tone.

    Args:
        groups: the rhyme groups of each symbol, by id.
        allowed: the symbols that a rhyme may take, bool (vocabulary,).

    Attributes:
        groups: as given.
        members: the symbols of each group that a rhyme may take, bool (vocabulary,).
        sizes: how many these are.
    """

    def __init__(self, groups: list[Groups], allowed: Mask) -> None:
        self.groups = groups
        names = sorted(frozenset[str]().union(*groups))
        rows = np.array([[name in own for own in groups] for name in names], bool)
        self._rows: Mask = rows.reshape(len(names), len(groups)) & allowed
        self.members = dict(zip(names, self._rows, strict=True))
        self.sizes = {name: int(row.sum()) for name, row in self.members.items()}

    def rhyming(self, groups: Groups) -> Mask:
        """The symbols in any of some groups, bool (vocabulary,)."""
        found = np.zeros(len(self.groups), bool)
        for name in groups & self.members.keys():
            found |= self.members[name]
        return found

    def left(self, groups: Groups, taken: Iterable[int]) -> dict[str, int]:
        """How many symbols of each group are left without those that are taken."""
        gone = self._rows[:, list(set(taken))].sum(axis=1).tolist()
        return {name: self.sizes[name] - lost for name, lost in zip(self.sizes, gone, strict=True) if name in groups}


class Sounds:
    """What a rhyme book says of a vocabulary.

    Attributes:
        ideographs: bool (vocabulary,).
        tones: for "P", "Z" and "N" the symbols with a reading of that tone, bool (vocabulary,).
        rhymes: for "P" the level rhymes, for "Z" the oblique ones, for "N" all of them. The members of level groups
            leave out symbols that also have a reading in the entering tone (不, 咽): they are rarely read level, and a
            line that ends in one sounds broken off.
    """

    def __init__(self, printed: Sequence[str], readings: Callable[[str], Readings]) -> None:
        found = [readings(symbol) if len(symbol) == 1 and is_ideograph(symbol) else None for symbol in printed]
        self.ideographs: Mask = np.array([one is not None for one in found])
        level = np.array([one is not None and one.level for one in found])
        oblique = np.array([one is not None and one.oblique for one in found])
        self.tones: dict[str, Mask] = {"P": level, "Z": oblique, "N": self.ideographs}
        rare = np.array(
            [one is not None and any(name.startswith(ENTERING) for name in one.other_groups) for one in found]
        )
        levels: list[Groups] = [one.groups if one else frozenset() for one in found]
        obliques: list[Groups] = [one.other_groups if one else frozenset() for one in found]
        # In one tone: an oblique group whose name tells no tone gets another than the level group's.
        either = [
            one | {name if name[0] in "上去入" else f"仄{name}" for name in other}
            for one, other in zip(levels, obliques, strict=True)
        ]
        self.rhymes = {
            "P": RhymeTable(levels, ~rare),
            "Z": RhymeTable(obliques, np.ones_like(rare)),
            "N": RhymeTable(either, np.ones_like(rare)),
        }

    @property
    def groups(self) -> list[Groups]:
        """The level rhyme groups of each symbol, by id."""
        return self.rhymes["P"].groups

    @property
    def members(self) -> dict[str, Mask]:
        """The symbols of each level rhyme group, bool (vocabulary,)."""
        return self.rhymes["P"].members
