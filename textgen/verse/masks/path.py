"""How the words of a line may follow each other: a small automaton that is run together with the meter.

The automaton reads the line's words in the order of writing. Where a line can be is a tuple `places`: for each state of
the automaton the set of places (numbers of syllables, as in `textgen.verse.sounds.meter`) that the words so far reach.
This module knows nothing of models or symbols.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from textgen.verse.masks.base import Mask
from textgen.verse.sounds.meter import Meter

# Before the first word: state 0, no syllable.
BEGINNING = (1,)


class Step(NamedTuple):
    """One step of the automaton.

    Attributes:
        before, after: the states.
        words: the words that lead from one to the other, bool (words,).
    """

    before: int
    words: Mask
    after: int


class Choices(NamedTuple):
    """The words that may be written next, each array bool (words,).

    Attributes:
        goes_on: those after which the line goes on.
        ends: those that finish the line.
    """

    goes_on: Mask
    ends: Mask


class LineWords(NamedTuple):
    """The words that may stand in the parts of a line, each array bool (words,).

    Attributes:
        first: at its beginning.
        later: elsewhere.
        last: at its end.
        mates: right before the last word; None for any word.
        inner: words of which one must stand in the line before the last word; None for none. Not beside `mates`.
    """

    first: Mask
    later: Mask
    last: Mask
    mates: Mask | None = None
    inner: Mask | None = None


# The places in `steps` of the step to a line's last word, and of the step to the word before it where `mates` names it.
LAST, MATES = 0, 1


def steps(words: LineWords, backward: bool) -> tuple[Step, ...]:
    """The automaton of a line: two words at least, with `words` in their places."""
    first, later, last = words.first, words.later, words.last & words.later
    if words.mates is not None:
        mates = words.mates & later
        if backward:
            return Step(0, last, 1), Step(1, mates, 2), Step(2, later, 2), Step(2, first, 3)
        return Step(2, last, 3), Step(1, mates, 2), Step(0, first, 1), Step(1, later, 1)
    if words.inner is not None:
        # State 1: the inner word is still to come.
        begun, inside = words.inner & first, words.inner & later
        if backward:
            after = Step(1, inside, 2), Step(1, begun, 3), Step(1, later, 1), Step(2, later, 2), Step(2, first, 3)
            return Step(0, last, 1), *after
        before = Step(1, inside, 2), Step(0, begun, 2), Step(0, first, 1), Step(1, later, 1), Step(2, later, 2)
        return Step(2, last, 3), *before
    if backward:
        return Step(0, last, 1), Step(1, later, 1), Step(1, first, 2)
    return Step(1, last, 2), Step(0, first, 1), Step(1, later, 1)


class Path(NamedTuple):
    """The words of a line, in the order of writing.

    Attributes:
        meter: the line's pattern.
        steps: of the automaton; the last of its states is after the line's last word in the order of writing.
        alive: for each state the places from which words can finish the line.
    """

    meter: Meter
    steps: tuple[Step, ...]
    alive: tuple[int, ...]

    @property
    def can_be_written(self) -> bool:
        """Whether the words suffice for the line."""
        return bool(self.alive[0] & 1)

    def choices(self, places: Sequence[int]) -> Choices:
        """The words that may be written next."""
        goes_on, ends = np.zeros((2, self.meter.size), bool)
        final = len(self.alive) - 1
        for before, words, after in self.steps:
            begin = places[before] if before < len(places) else 0
            if begin and self.alive[after]:
                found = goes_on if after < final else ends
                found |= words & ((self.meter.onward(begin) & self.alive[after]) != 0)
        return Choices(goes_on, ends)

    def usable(self, number: int) -> Mask:
        """The words of one of the steps that some whole line has there, bool (words,)."""
        reached = [1] + [0] * (len(self.alive) - 1)
        kinds = [self.meter.kinds(step.words) for step in self.steps]
        for place in range(len(self.meter.pattern)):
            for step, own in zip(self.steps, kinds, strict=True):
                if reached[step.before] >> place & 1:
                    reached[step.after] |= self.meter.reached(own, place)
        before, words, after = self.steps[number]
        usable: Mask = words & ((self.meter.onward(reached[before]) & self.alive[after]) != 0)
        return usable

    def after(self, places: Sequence[int], word: int) -> tuple[int, ...]:
        """The places after a word, for each state those from which the line can be finished."""
        found = [0] * len(self.alive)
        for before, words, after in self.steps:
            begin = places[before] if before < len(places) else 0
            if begin and words[word]:
                found[after] |= int(self.meter.onward(begin)[word]) & self.alive[after]
        return tuple(found)

    def is_over(self, places: Sequence[int]) -> bool:
        """Whether the line may end."""
        return len(places) == len(self.alive) and bool(places[-1])

    def goes_on(self, places: Sequence[int]) -> bool:
        """Whether another word may follow."""
        return any(places[: len(self.alive) - 1])


def path(meter: Meter, steps: Sequence[Step]) -> Path:
    """The Path of a line.

    Args:
        meter: its pattern.
        steps: of the automaton. Its greatest state is the last one, from which no step leads.
    """
    kinds = [meter.kinds(step.words) for step in steps]
    alive = [0] * max(step.after for step in steps) + [meter.end]
    for place in range(len(meter.pattern) - 1, -1, -1):  # a word has a syllable or more: later places are known
        for step, own in zip(steps, kinds, strict=True):
            if alive[step.after] and meter.leads(own, place, alive[step.after]):
                alive[step.before] |= 1 << place
    return Path(meter, tuple(steps), tuple(alive))
