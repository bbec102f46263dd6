"""Chinese verse as masks: which symbols may come next in a line of a form, by tone, rhyme and place.

A state is a value; a mask is computed once for each combination of what it depends on. Knows nothing of models beside
their vocabulary.
"""

from dataclasses import dataclass, replace

import numpy as np

from textgen.tokens.characters import ENDING, is_ideograph

# How the book of Pingshui names the groups of the entering tone.
ENTERING = "入"


class Sounds:
    """What a rhyme book says of a vocabulary, as arrays.

    Attributes:
        ideographs: bool (vocabulary,).
        tones: for "P", "Z" and "N" the symbols that can be read so, bool (vocabulary,).
        groups: each symbol's level rhyme groups, a frozenset, by id.
        members: each level rhyme group's symbols, bool (vocabulary,), but for those whose other reading has an entering
            tone (不, 咽): they are read level in few words, and a line that ends in one reads as if broken off.
    """

    def __init__(self, printed, readings):
        told = [readings(symbol) if len(symbol) == 1 and is_ideograph(symbol) else None for symbol in printed]
        self.ideographs = np.array([one is not None for one in told])
        level = np.array([one is not None and one.level for one in told])
        oblique = np.array([one is not None and one.oblique for one in told])
        self.tones = {"P": level, "Z": oblique, "N": self.ideographs}
        self.groups = [one.groups if one else frozenset() for one in told]
        rare = np.array(
            [one is not None and any(name.startswith(ENTERING) for name in one.other_groups) for one in told]
        )
        names = sorted(frozenset().union(*self.groups))
        self.members = {name: np.array([name in groups for groups in self.groups]) & ~rare for name in names}

    def rhyming(self, groups):
        """The symbols in any of some groups, bool (vocabulary,)."""
        found = np.zeros(len(self.ideographs), bool)
        for name in groups & self.members.keys():
            found |= self.members[name]
        return found


@dataclass(frozen=True)
class Place:
    """Where a poem stands.

    Attributes:
        line: lines that are done.
        slot: symbols of the line that are done.
        patterns: the tone patterns that what stands of the line agrees with.
        used: the ids in the poem. None comes twice, as regulated verse would have it (避重字): of 8,122 Tang quatrains
            of seven characters a line four in five keep to it.
        groups: the rhyme groups that all rhymes so far share, before the first those to choose from; None where
            rhyme is off.
        over: whether the poem is done.
    """

    line: int = 0
    slot: int = 0
    patterns: tuple = ()
    used: tuple = ()
    groups: frozenset | None = None
    over: bool = False


class Regulated:
    """A poem of one template: what may come next, and where that leads.

    Args:
        form: the Form, of Chinese verse.
        template: a letter a line, from the form.
        tones: "strict", "variants", "relaxed" or "off" (`Form.patterns`).
        sounds: the vocabulary's Sounds.
        id_of: a dict from a symbol to its id.
        heads: line to the id that it must begin with.
        groups: the rhyme groups that may be chosen; None where rhyme is off.
    """

    def __init__(self, form, template, tones, sounds, id_of, heads=None, groups=None):
        self.form, self.template, self.sounds, self.id_of = form, template, sounds, id_of
        self.heads, self.groups = heads or {}, groups
        self._patterns = [tuple(form.patterns(kind, tones)) for kind in template]
        self._masks = {}
        size = len(sounds.ideographs)

        def only(symbols):
            mask = np.zeros(size, bool)
            mask[[id_of[symbol] for symbol in symbols if symbol in id_of]] = True
            return mask

        self._comma, self._ending, self._newline = only("，"), only(ENDING), only("\n")

    marks, even = None, True

    @property
    def lines(self):
        """How many lines the poem has."""
        return self.form.lines

    def begin(self):
        """The Place before anything is written."""
        return self.at(0)

    def at(self, line):
        """The Place before a line of which nothing is known but its number."""
        return Place(line=line, patterns=self._patterns[line], groups=self.groups)

    def turn(self, place, row):
        """The same place: rows begin alike."""
        return place

    def is_rhyme(self, place):
        """Whether the next symbol is one that must rhyme."""
        return self.groups is not None and place.slot == self.form.length - 1 and self.template[place.line].isupper()

    def mask(self, place):
        """The symbols that may come next, bool (vocabulary,); not to be changed."""
        if place.slot > self.form.length:
            return self._newline
        if place.slot == self.form.length:
            return self._ending if place.line % 2 else self._comma
        wanted = frozenset(pattern[place.slot] for pattern in place.patterns)
        head = self.heads.get(place.line) if place.slot == 0 else None
        key = wanted, head, place.groups if self.is_rhyme(place) else None
        if key not in self._masks:
            mask = np.logical_or.reduce([self.sounds.tones[tone] for tone in wanted])
            if head is not None:
                mask = mask & (np.arange(len(mask)) == head)
            if key[2] is not None:
                mask = mask & self.sounds.rhyming(place.groups)
            self._masks[key] = mask
        mask = self._masks[key]
        if place.used and head is None:
            mask = mask.copy()
            mask[list(place.used)] = False
        return mask

    def admits(self, place, index):
        """Whether a symbol that somebody gave may stand: it may then come twice, and rhyme by a rare reading."""
        if place.slot >= self.form.length:
            return bool(self.mask(place)[index])
        tones, head = self.sounds.tones, self.heads.get(place.line) if place.slot == 0 else None
        return (
            any(tones[pattern[place.slot]][index] for pattern in place.patterns)
            and head in (None, index)
            and (not self.is_rhyme(place) or bool(place.groups & self.sounds.groups[index]))
        )

    def after(self, place, index):
        """The Place after a symbol that the mask allowed."""
        length = self.form.length
        if place.slot > length:
            return self._next_line(place)
        if place.slot == length:
            if place.line + 1 == self.lines:
                return replace(place, line=place.line + 1, over=True)
            return replace(place, slot=place.slot + 1) if place.line % 2 else self._next_line(place)
        tones = self.sounds.tones
        patterns = tuple(pattern for pattern in place.patterns if tones[pattern[place.slot]][index])
        moved = replace(place, slot=place.slot + 1, patterns=patterns, used=(*place.used, index))
        if self.is_rhyme(place):
            moved = replace(moved, groups=place.groups & self.sounds.groups[index])
        return moved

    def _next_line(self, place):
        line = place.line + 1
        return replace(place, line=line, slot=0, patterns=self._patterns[line])
