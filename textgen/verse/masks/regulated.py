"""Chinese regulated verse as masks: which symbols may come next in a line, by tone, rhyme and slot.

A position is a value, and each mask is computed once for each combination of what it depends on. This module knows
nothing of models except their vocabulary.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from textgen.corpus.forms import Form
from textgen.tokens.characters import ENDING, is_ideograph
from textgen.verse.masks.base import Mask, Position
from textgen.verse.sounds.readings import Readings

# The prefix of the entering tone's groups in the rhyme book of Pingshui.
ENTERING = "入"

Groups = frozenset[str]


class Sounds:
    """What a rhyme book says of a vocabulary, as arrays.

    Attributes:
        ideographs: bool (vocabulary,).
        tones: for "P", "Z" and "N" the symbols with a reading of that tone, bool (vocabulary,).
        groups: the level rhyme groups of each symbol, by id.
        members: the symbols of each level rhyme group, bool (vocabulary,). Symbols that also have a reading in the
            entering tone (不, 咽) are left out: they are rarely read level, and a line that ends in one sounds broken
            off.
    """

    def __init__(self, printed: Sequence[str], readings: Callable[[str], Readings]) -> None:
        found = [readings(symbol) if len(symbol) == 1 and is_ideograph(symbol) else None for symbol in printed]
        self.ideographs: Mask = np.array([one is not None for one in found])
        level = np.array([one is not None and one.level for one in found])
        oblique = np.array([one is not None and one.oblique for one in found])
        self.tones: dict[str, Mask] = {"P": level, "Z": oblique, "N": self.ideographs}
        self.groups: list[Groups] = [one.groups if one else frozenset() for one in found]
        rare = np.array(
            [one is not None and any(name.startswith(ENTERING) for name in one.other_groups) for one in found]
        )
        names = sorted(frozenset[str]().union(*self.groups))
        self.members: dict[str, Mask] = {
            name: np.array([name in groups for groups in self.groups]) & ~rare for name in names
        }

    def rhyming(self, groups: Groups) -> Mask:
        """The symbols in any of some groups, bool (vocabulary,)."""
        found = np.zeros(len(self.ideographs), bool)
        for name in groups & self.members.keys():
            found |= self.members[name]
        return found


@dataclass(frozen=True, kw_only=True)
class RegulatedPosition(Position):
    """A position in regulated verse.

    Attributes:
        slot: symbols written in the line.
        patterns: the line's tone patterns that agree with the symbols written in it.
        used: the ids in the poem. Regulated verse repeats no character (避重字): of 8,122 Tang quatrains of seven
            characters a line, four in five keep to it.
        groups: the rhyme groups that all rhymes so far share; before the first rhyme, those to choose from; None where
            rhyme is off.
    """

    slot: int = 0
    patterns: tuple[str, ...] = ()
    used: tuple[int, ...] = ()
    groups: Groups | None = None


class Regulated:
    """The masks of a poem of one template.

    Args:
        form: a Form of Chinese verse.
        template: one of the form's templates, one letter per line.
        tones: "strict", "variants", "relaxed" or "off" (`Form.patterns`).
        sounds: the vocabulary's Sounds.
        id_of: symbol to id.
        heads: line to the id that it must begin with.
        groups: the rhyme groups to choose from; None where rhyme is off.
    """

    def __init__(
        self,
        form: Form,
        template: str,
        tones: str,
        sounds: Sounds,
        id_of: Mapping[str, int],
        heads: Mapping[int, int] | None = None,
        groups: Groups | None = None,
    ) -> None:
        self.form, self.template, self.sounds = form, template, sounds
        self.heads, self.groups = heads or {}, groups
        self._patterns = [tuple(form.patterns(kind, tones)) for kind in template]
        self._masks: dict[tuple[frozenset[str], int | None, Groups | None], Mask] = {}
        self._is_careful = False
        size = len(sounds.ideographs)

        def only(symbols: str) -> Mask:
            mask = np.zeros(size, bool)
            mask[[id_of[symbol] for symbol in symbols if symbol in id_of]] = True
            return mask

        self._comma, self._ending, self._newline = only("，"), only(ENDING), only("\n")

    marks, even = None, True

    @property
    def lines(self) -> int:
        """Number of lines."""
        return self.form.lines

    def begin(self) -> RegulatedPosition:
        """The position before the first symbol."""
        return self.at(0)

    def at(self, line: int) -> RegulatedPosition:
        """The position at the beginning of a line, where nothing is known of the lines before it."""
        return RegulatedPosition(line=line, patterns=self._patterns[line], groups=self.groups)

    def careful(self) -> Self:
        """The same poem; it leaves enough characters of a rhyme group for the rhymes to come."""
        other = copy.copy(self)
        other._is_careful = True
        return other

    def is_settled(self, position: RegulatedPosition) -> bool:
        """No line repeats another."""
        return False

    def turn(self, position: RegulatedPosition, row: int) -> RegulatedPosition:
        """The same position for every row."""
        return position

    def is_rhyme(self, position: RegulatedPosition) -> bool:
        """Whether the next symbol must rhyme."""
        return (
            self.groups is not None and position.slot == self.form.length - 1 and self.template[position.line].isupper()
        )

    def mask(self, position: RegulatedPosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,). Do not modify it."""
        if position.slot > self.form.length:
            return self._newline
        if position.slot == self.form.length:
            return self._ending if position.line % 2 else self._comma
        wanted = frozenset(pattern[position.slot] for pattern in position.patterns)
        head = self.heads.get(position.line) if position.slot == 0 else None
        groups = position.groups if self.is_rhyme(position) else None
        key = wanted, head, groups
        if key not in self._masks:
            mask: Mask = np.logical_or.reduce([self.sounds.tones[tone] for tone in wanted])
            if head is not None:
                mask = mask & (np.arange(len(mask)) == head)
            if groups is not None:
                mask = mask & self.sounds.rhyming(groups)
            self._masks[key] = mask
        mask = self._masks[key]
        if position.used and head is None:
            mask = mask.copy()
            mask[list(position.used)] = False
        if self._is_careful and head is None and position.groups is not None:
            mask = mask & ~self._reserved(position, position.groups)
        return mask

    def _reserved(self, position: RegulatedPosition, groups: Groups) -> Mask:
        """The symbols after which too few characters would be left for the rhymes to come, bool (vocabulary,).

        Before the end of a line these are the characters of a group that has none to spare, unless another group has
        some. Where a rhyme is chosen, they are those of the groups that are too small.
        """
        to_come = sum(kind.isupper() for kind in self.template[position.line :])
        taken = [*position.used, *(head for line, head in self.heads.items() if line > position.line)]
        left = {name: np.delete(self.sounds.members[name], taken).sum() for name in groups & self.sounds.members.keys()}
        nothing = np.zeros(len(self.sounds.ideographs), bool)
        if self.is_rhyme(position):
            enough = frozenset(name for name, count in left.items() if count >= to_come)
            return ~self.sounds.rhyming(enough)
        if not to_come or any(count > to_come for count in left.values()):
            return nothing
        return self.sounds.rhyming(frozenset(name for name, count in left.items() if count == to_come))

    def admits(self, position: RegulatedPosition, index: int) -> bool:
        """Whether a symbol of the user's own beginning may come next: it may repeat, and rhyme by a rare reading."""
        if position.slot >= self.form.length:
            return bool(self.mask(position)[index])
        tones, head = self.sounds.tones, self.heads.get(position.line) if position.slot == 0 else None
        return (
            any(tones[pattern[position.slot]][index] for pattern in position.patterns)
            and head in (None, index)
            and (
                not self.is_rhyme(position)
                or position.groups is None
                or bool(position.groups & self.sounds.groups[index])
            )
        )

    def after(self, position: RegulatedPosition, index: int) -> RegulatedPosition:
        """The position after a symbol that the mask allows."""
        length = self.form.length
        if position.slot > length:
            return self._next_line(position)
        if position.slot == length:
            if position.line + 1 == self.lines:
                return replace(position, line=position.line + 1, over=True)
            return replace(position, slot=position.slot + 1) if position.line % 2 else self._next_line(position)
        tones = self.sounds.tones
        patterns = tuple(pattern for pattern in position.patterns if tones[pattern[position.slot]][index])
        moved = replace(position, slot=position.slot + 1, patterns=patterns, used=(*position.used, index))
        if self.is_rhyme(position) and position.groups is not None:
            moved = replace(moved, groups=position.groups & self.sounds.groups[index])
        return moved

    def _next_line(self, position: RegulatedPosition) -> RegulatedPosition:
        line = position.line + 1
        return replace(position, line=line, slot=0, patterns=self._patterns[line])
