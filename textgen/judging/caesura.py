"""Words that a caesura breaks, in Chinese lines of five and of seven characters (`textgen.verse.meaning.neighbours`).

Which pairs of characters are words is learned from human poems. About one human line in a hundred breaks a word.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textgen.judging.poems import Verse
from textgen.verse.meaning.neighbours import ACROSS, Neighbours


class Broken(NamedTuple):
    """A line and the word that it breaks."""

    line: str
    word: str


def learn(poems: Iterable[Verse]) -> Neighbours:
    """Learn which pairs of characters are words from human poems; lines of other lengths than five and seven are left
    out."""
    return Neighbours.learn(line for poem in poems for line in poem.texts)


def broken(known: Neighbours, poems: Sequence[Verse]) -> list[Broken]:
    """The lines of poems that break a word, with each word, in the order of the poems."""
    return [Broken(line, word) for poem in poems for line in poem.texts for word in known.broken(line)]


class Shares(NamedTuple):
    """The share of lines that break a word, and of first lines."""

    lines: float
    first_lines: float


def shares(known: Neighbours, poems: Sequence[Verse]) -> Shares | None:
    """How many lines of five and seven characters break a word; None without such lines."""
    lines = [(place, line) for poem in poems for place, line in enumerate(poem.texts) if len(line) in ACROSS]
    first = [line for place, line in lines if place == 0]
    if not lines:
        return None
    broken = sum(bool(known.broken(line)) for _, line in lines)
    return Shares(broken / len(lines), sum(bool(known.broken(line)) for line in first) / max(len(first), 1))
