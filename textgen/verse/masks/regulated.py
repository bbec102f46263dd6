"""Chinese verse as masks: which symbols may come next in a line, by tone, rhyme, repetition and slot.

A poem's lines are a Layout: those of regulated verse, of a tune, of old verse or of a couplet. A position is a value,
and each mask is computed once for each combination of what it depends on. This module knows nothing of models except
their vocabulary.
"""

import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from textgen.corpus.forms.layout import Layout, VerseLine
from textgen.tokens.characters import ENDING
from textgen.verse.masks.base import Mask, Position
from textgen.verse.masks.sounds import Groups, Sounds


@dataclass(frozen=True, kw_only=True)
class RegulatedPosition(Position):
    """A position in Chinese verse.

    Attributes:
        slot: symbols written in the line.
        patterns: the line's tone patterns that agree with the symbols written in it.
        used: the ids in the poem.
        groups: for each letter of the layout the rhyme groups that all its rhymes so far share; before the first
            rhyme, those to choose from. Empty where rhyme is off.
    """

    slot: int = 0
    patterns: tuple[str, ...] = ()
    used: tuple[int, ...] = ()
    groups: tuple[Groups, ...] = ()


class Later(NamedTuple):
    """What a later line asks of a character that it repeats.

    Attributes:
        tones: the tones that it may have there.
        letter: the letter of the rhyme that it must make there, by number; None for none.
        tone: the tone of that rhyme.
    """

    tones: frozenset[str]
    letter: int | None
    tone: str


def letters_of(layout: Layout) -> list[str]:
    """The letters of a layout's rhymes, in the order in which they come."""
    return list(dict.fromkeys(line.rhyme for line in layout.lines if line.rhyme))


def needed(layout: Layout, letter: str, start: int = 0) -> Counter[str]:
    """How many different characters a letter needs in each tone, from a line on."""
    return Counter(line.tone for line in layout.lines[start:] if line.rhyme == letter and not line.echoes)


def needed_in_all(layout: Layout, letter: str) -> Counter[str]:
    """How many different characters a letter needs in each tone: one where all its lines repeat earlier ones."""
    return needed(layout, letter) or Counter({line.tone: 1 for line in layout.lines if line.rhyme == letter})


def rich(layout: Layout, letter: str, sounds: Sounds) -> Groups:
    """The rhyme groups that have enough characters for a letter of a layout."""
    wanted = needed_in_all(layout, letter)
    names = frozenset.intersection(*(frozenset(sounds.rhymes[tone].members) for tone in wanted))
    return frozenset(
        name
        for name in names
        if all(sounds.rhymes[tone].members[name].sum() >= number for tone, number in wanted.items())
    )


class Regulated:
    """The masks of a poem of one layout.

    Args:
        layout: the lines.
        sounds: the vocabulary's Sounds.
        id_of: symbol to id.
        heads: line to the id that it must begin with. `is_possible` tells whether they agree with what lines repeat.
        groups: for each letter of the layout the rhyme groups to choose from; None where rhyme is off.
        repeats: whether a character may return in another line. Regulated verse repeats none (避重字): of 8,122 Tang
            quatrains of seven characters a line, four in five keep to it.
    """

    def __init__(
        self,
        layout: Layout,
        sounds: Sounds,
        id_of: Mapping[str, int],
        heads: Mapping[int, int] | None = None,
        groups: Mapping[str, Groups] | None = None,
        repeats: bool = False,
    ) -> None:
        self.layout, self.sounds, self.heads, self.repeats = layout, sounds, heads or {}, repeats
        letters = letters_of(layout) if groups is not None else []
        self._letters = {letter: place for place, letter in enumerate(letters)}
        self._groups = tuple((groups or {})[letter] for letter in letters)
        lengths = [line.length for line in layout.lines]
        # Where each line begins among the ids of the poem.
        self._starts = [sum(lengths[:line]) for line in range(len(lengths) + 1)]
        self._later = self._echoed()
        self._fixed, self.is_possible = self._fix()
        self._masks: dict[tuple[frozenset[str], int | None, Groups | None, str], Mask] = {}
        self._is_careful = False
        size = len(sounds.ideographs)

        def only(symbols: str) -> Mask:
            mask = np.zeros(size, bool)
            mask[[id_of[symbol] for symbol in symbols if symbol in id_of]] = True
            return mask

        self._newline = only("\n")
        # A mark that the run does not know becomes a comma.
        marks = {line.mark for line in layout.lines}
        found = {mark: only(ENDING if mark in ENDING else mark) for mark in marks}
        self._marks = {mark: mask if mask.any() else only("，") for mark, mask in found.items()}

    marks, even = None, True

    @property
    def template(self) -> str:
        """The layout's name."""
        return self.layout.name

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.layout.lines)

    def _echoed(self) -> dict[int, list[Later]]:
        """For each place of the poem what later lines that repeat its character ask of it."""
        found: dict[int, list[Later]] = {}
        for line in self.layout.lines:
            for place, (other, slot) in enumerate(line.echoes):
                tones = frozenset(pattern[place] for pattern in line.patterns)
                is_end = place == line.length - 1
                later = Later(tones, self._letters.get(line.rhyme) if is_end else None, line.tone)
                found.setdefault(self._starts[other] + slot, []).append(later)
        return found

    def _fix(self) -> tuple[dict[int, int], bool]:
        """The ids that are fixed, by their place in the poem, and whether no place must have two: what begins a line
        that repeats another stands there too."""
        found: dict[int, int] = {}
        is_possible = True
        for line, head in self.heads.items():
            places = [self._starts[line]]
            while echoes := self.layout.lines[line].echoes:
                line, slot = echoes[0]
                places.append(self._starts[line] + slot)
                if slot:
                    break
            is_possible = is_possible and all(found.setdefault(place, head) == head for place in places)
        return found, is_possible

    def begin(self) -> RegulatedPosition:
        """The position before the first symbol."""
        return self.at(0)

    def at(self, line: int) -> RegulatedPosition:
        """The position at the beginning of a line, where nothing is known of the lines before it."""
        return RegulatedPosition(line=line, patterns=self.layout.lines[line].patterns, groups=self._groups)

    def careful(self) -> Self:
        """The same poem; it leaves enough characters of a rhyme group for the rhymes to come."""
        other = copy.copy(self)
        other._is_careful = True
        return other

    def is_settled(self, position: RegulatedPosition) -> bool:
        """Never: characters that a tune repeats are among others that are sampled."""
        return False

    def turn(self, position: RegulatedPosition, row: int) -> RegulatedPosition:
        """The same position for every row."""
        return position

    def _rhyme(self, position: RegulatedPosition) -> int | None:
        """The number of the letter with which the next symbol must rhyme; None where it need not."""
        line = self.layout.lines[position.line]
        return self._letters.get(line.rhyme) if position.slot == line.length - 1 else None

    def mask(self, position: RegulatedPosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,). Do not modify it."""
        line = self.layout.lines[position.line]
        if position.slot > line.length:
            return self._newline
        if position.slot == line.length:
            return self._marks[line.mark]
        head = self._fixed.get(self._starts[position.line] + position.slot)
        if (echo := self._echo(position, line)) is not None:
            mask = np.zeros(len(self.sounds.ideographs), bool)
            mask[echo] = head in (None, echo)
            return mask
        letter = self._rhyme(position)
        mask = self._sounding(
            frozenset(pattern[position.slot] for pattern in position.patterns),
            head,
            None if letter is None else position.groups[letter],
            line.tone,
        )
        for later in self._later.get(self._starts[position.line] + position.slot, ()):
            groups = None if later.letter is None else position.groups[later.letter]
            mask = mask & self._sounding(later.tones, None, groups, later.tone)
        if head is not None:
            return mask
        if used := self._taken(position, is_rhyme=letter is not None):
            mask = mask.copy()
            mask[used] = False
        # Where characters may return, the rhymes of a letter do not know of each other's: they always look ahead.
        if position.groups and (self._is_careful or self.repeats):
            mask = mask & ~self._reserved(position, letter)
        return mask

    def _sounding(self, wanted: frozenset[str], head: int | None, groups: Groups | None, tone: str) -> Mask:
        """The symbols of some tones, and of some rhyme groups."""
        key = wanted, head, groups, tone
        if key not in self._masks:
            mask: Mask = np.logical_or.reduce([self.sounds.tones[one] for one in wanted])
            if head is not None:
                mask = mask & (np.arange(len(mask)) == head)
            if groups is not None:
                mask = mask & self.sounds.rhymes[tone].rhyming(groups)
            self._masks[key] = mask
        return self._masks[key]

    def _echo(self, position: RegulatedPosition, line: VerseLine) -> int | None:
        """The id that must be repeated; None where none must, or where it is not known."""
        if not line.echoes:
            return None
        other, slot = line.echoes[position.slot]
        at = self._starts[other] + slot
        return position.used[at] if at < len(position.used) else None

    def _taken(self, position: RegulatedPosition, is_rhyme: bool) -> list[int]:
        """The ids that may not come again."""
        if not self.repeats:
            return list(position.used)
        # Nothing comes twice in a line, and no rhyme twice in a poem.
        rhymes = self._rhymes_of(position) if is_rhyme else []
        return [*position.used[self._starts[position.line] :], *rhymes]

    def _rhymes_of(self, position: RegulatedPosition) -> list[int]:
        """The ids in which the lines so far rhyme."""
        ends = (self._starts[line + 1] - 1 for line in range(position.line) if self.layout.lines[line].rhyme)
        return [position.used[end] for end in ends if end < len(position.used)]

    def _reserved(self, position: RegulatedPosition, letter: int | None) -> Mask:
        """The symbols after which too few characters would be left for the rhymes to come, bool (vocabulary,).

        Before the end of a line these are the characters of a group that has none to spare, unless another group has
        some. Where a rhyme is chosen, they are those of the groups that are too small.
        """
        if self.repeats:
            own = self.layout.lines[position.line].rhyme
            names = [own] if own else []
            used = self._rhymes_of(position)
            taken = [*used, *position.used[self._starts[position.line] :]] if letter is None else used
        else:
            names = list(self._letters)
            taken = [*position.used, *(head for line, head in self.heads.items() if line > position.line)]
        nothing = np.zeros(len(self.sounds.ideographs), bool)
        for name in names:
            groups = position.groups[self._letters[name]]
            # Where a character may return, only the rhyme of this line can be lost to it.
            until = position.line + 1 if self.repeats and letter is None else self.lines
            to_come = needed(Layout("", self.layout.lines[:until]), name, position.line)
            left = {tone: self.sounds.rhymes[tone].left(groups, taken) for tone in to_come}
            if letter == self._letters[name]:
                tone = self.layout.lines[position.line].tone
                enough = frozenset(
                    group
                    for group in groups
                    if all(left[each].get(group, 0) >= number for each, number in to_come.items())
                )
                nothing = nothing | ~self.sounds.rhymes[tone].rhyming(enough)
                continue
            for tone, number in to_come.items():
                if not any(count > number for count in left[tone].values()):
                    scarce = frozenset(group for group, count in left[tone].items() if count == number)
                    nothing = nothing | self.sounds.rhymes[tone].rhyming(scarce)
        return nothing

    def admits(self, position: RegulatedPosition, index: int) -> bool:
        """Whether a symbol of the user's own beginning may come next: it may repeat, and rhyme by a rare reading."""
        line = self.layout.lines[position.line]
        if position.slot >= line.length:
            return bool(self.mask(position)[index])
        tones, head = self.sounds.tones, self._fixed.get(self._starts[position.line] + position.slot)
        letter = self._rhyme(position)
        return (
            any(tones[pattern[position.slot]][index] for pattern in position.patterns)
            and head in (None, index)
            and self._echo(position, line) in (None, index)
            and (letter is None or bool(position.groups[letter] & self.sounds.rhymes[line.tone].groups[index]))
        )

    def after(self, position: RegulatedPosition, index: int) -> RegulatedPosition:
        """The position after a symbol that the mask allows."""
        line = self.layout.lines[position.line]
        if position.slot > line.length:
            return self._next_line(position)
        if position.slot == line.length:
            if position.line + 1 == self.lines:
                return replace(position, line=position.line + 1, over=True)
            ends_row = line.mark in ENDING
            return replace(position, slot=position.slot + 1) if ends_row else self._next_line(position)
        tones = self.sounds.tones
        patterns = tuple(pattern for pattern in position.patterns if tones[pattern[position.slot]][index])
        moved = replace(position, slot=position.slot + 1, patterns=patterns, used=(*position.used, index))
        letter = self._rhyme(position)
        if letter is not None:
            own = self.sounds.rhymes[line.tone].groups[index]
            groups = list(position.groups)
            groups[letter] &= own
            moved = replace(moved, groups=tuple(groups))
        return moved

    def _next_line(self, position: RegulatedPosition) -> RegulatedPosition:
        line = position.line + 1
        return replace(position, line=line, slot=0, patterns=self.layout.lines[line].patterns)
