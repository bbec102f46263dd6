"""Words that a caesura breaks, in Chinese lines of five and of seven characters.

A line of five has its caesura after the second character, a line of seven after the second and the fourth. Human poets
seldom let a word of two characters stand across it. Which pairs are words is learned from human poems: a pair of
neighbours is a word if it occurs MIN_COUNT times or more, and at least MIN_SHARE of these times within a metrical unit.
By chance 72% would lie within one. Both numbers were chosen by what they find: in 10,000 Tang poems 明月, 春風, 南北
and 天下 are words, 風吹 and 人不 are not, and about one human line in a hundred breaks a word.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textgen.judging.poems import Verse

# The places of the pairs that stand across a caesura, by the length of the line; the first place is 0.
ACROSS = {5: (1,), 7: (1, 3)}
MIN_COUNT, MIN_SHARE = 5, 0.9


class Broken(NamedTuple):
    """A line and the word that it breaks."""

    line: str
    word: str


@dataclass(frozen=True)
class Lexicon:
    """Words of two characters."""

    words: frozenset[str]

    @classmethod
    def learn(cls, poems: Iterable[Verse]) -> "Lexicon":
        """Learn which pairs of characters are words from poems; lines of other lengths are left out."""
        within: Counter[str] = Counter()
        across: Counter[str] = Counter()
        for poem in poems:
            for line in poem.texts:
                for place in range(len(line) - 1) if len(line) in ACROSS else ():
                    (across if place in ACROSS[len(line)] else within)[line[place : place + 2]] += 1
        return cls(
            frozenset(
                pair
                for pair, count in within.items()
                if count + across[pair] >= MIN_COUNT and count >= MIN_SHARE * (count + across[pair])
            )
        )

    def breaks(self, line: str) -> list[str]:
        """The words that a line breaks: they stand across a caesura, and neither pair beside them is a word."""
        return [
            line[place : place + 2]
            for place in ACROSS.get(len(line), ())
            if line[place : place + 2] in self.words
            and line[place - 1 : place + 1] not in self.words
            and line[place + 1 : place + 3] not in self.words
        ]

    def broken(self, poems: Sequence[Verse]) -> list[Broken]:
        """The lines of poems that break a word, with each word, in the order of the poems."""
        return [Broken(line, word) for poem in poems for line in poem.texts for word in self.breaks(line)]


class Shares(NamedTuple):
    """The share of lines that break a word, and of first lines."""

    lines: float
    first_lines: float


def shares(lexicon: Lexicon, poems: Sequence[Verse]) -> Shares | None:
    """How many lines of five and seven characters break a word; None without such lines."""
    lines = [(place, line) for poem in poems for place, line in enumerate(poem.texts) if len(line) in ACROSS]
    first = [line for place, line in lines if place == 0]
    if not lines:
        return None
    broken = sum(bool(lexicon.breaks(line)) for _, line in lines)
    return Shares(broken / len(lines), sum(bool(lexicon.breaks(line)) for line in first) / max(len(first), 1))
