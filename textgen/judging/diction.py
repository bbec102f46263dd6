"""How varied the words of poems are, how many are stock phrases, and which are over-used.

A bigram is a pair of neighbours within a line: two characters, or two English words.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from textgen.engine.measure import distinct
from textgen.judging.poems import Verse

Bigram: TypeAlias = tuple[str, str]

# How many of the commonest bigrams of human poems count as stock diction.
STOCK = 100
# Bigrams that occur less often in the poems are never called over-used.
MIN_COUNT = 3


@dataclass(frozen=True)
class Overused:
    """A bigram that poems use more than human poems do.

    Attributes:
        text: the two characters, or the two words with a space between them.
        z: how many standard deviations the log-odds ratio is above 0.
        count: how often it occurs in the poems.
        per_thousand: how often among a thousand bigrams of the poems.
        human_per_thousand: the same of the human poems that statistics are learned from.
    """

    text: str
    z: float
    count: int
    per_thousand: float
    human_per_thousand: float


def bigrams(poems: Iterable[Verse]) -> Counter[Bigram]:
    """How often each bigram occurs in poems."""
    return Counter(pair for poem in poems for line in poem.lines for pair in pairwise(line))


def distinct_share(poems: Sequence[Verse], n: int) -> float:
    """Distinct-n (Li et al. 2016): the share of distinct n-grams among all n-grams within the lines of poems.

    It falls as poems become more: compare equally many.
    """
    return distinct([line for poem in poems for line in poem.lines], n)


def stock_of(human: Counter[Bigram]) -> frozenset[Bigram]:
    """The STOCK commonest bigrams of human poems; of equally common ones the first by their characters."""
    commonest = sorted(human, key=lambda pair: (-human[pair], pair))
    return frozenset(commonest[:STOCK])


def stock_share(stock: frozenset[Bigram], poems: Iterable[Verse]) -> float:
    """The share of poems' bigrams that are stock diction.

    Args:
        stock: as of `stock_of`.
        poems: the poems.
    """
    own = bigrams(poems)
    return sum(number for pair, number in own.items() if pair in stock) / max(own.total(), 1)


def overused(human: Counter[Bigram], poems: Iterable[Verse], count: int = 10) -> list[Overused]:
    """The bigrams that poems over-use most, by log-odds with an informative Dirichlet prior.

    Monroe, Colaresi and Quinn (2008, Fightin' Words): with the counts y of the poems and h of human poems,

        d = log((y + a) / (n + A - y - a)) - log((h + a) / (m + A - h - a)),    z = d / sqrt(1 / (y + a) + 1 / (h + a))

    where n and m are the numbers of bigrams, A = n, and a is A times the bigram's share in both together.

    Args:
        human: the bigrams of human poems.
        poems: the poems.
        count: how many to return.
    """
    own = bigrams(poems)
    pairs = [pair for pair, number in own.items() if number >= MIN_COUNT]
    if not pairs or not human:
        return []
    n, m = own.total(), human.total()
    y, h = (np.array([counts[pair] for pair in pairs], float) for counts in (own, human))
    prior = n * (y + h) / (n + m)
    # Where nearly all bigrams are one, nothing is left below the line.
    others, human_others = np.maximum(2 * n - y - prior, 0.5), np.maximum(m + n - h - prior, 0.5)
    ratio = np.log((y + prior) / others) - np.log((h + prior) / human_others)
    z = ratio / np.sqrt(1 / (y + prior) + 1 / (h + prior))
    # Of equal bigrams the first by its characters, so that the order never depends on the order of the poems.
    order = sorted(range(len(pairs)), key=lambda at: (-z[at], pairs[at]))[:count]
    return [
        Overused(_written(pairs[at]), float(z[at]), int(y[at]), 1000 * y[at] / n, 1000 * h[at] / m)
        for at in order
        if z[at] > 0
    ]


def _written(pair: Bigram) -> str:
    return (" " if any(symbol.isascii() for symbol in pair) else "").join(pair)
