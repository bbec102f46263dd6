"""Whether a poem is about its title: a ranker of titles, learned from human poems that have titles.

A title is a query, a poem a document (TF-IDF, Salton and Buckley 1988). Titles and poems seldom share words, so each
word t of a title stands for itself and for the words w that poems under such titles use more than others: those with a
positive log of p(w | t) / p(w), with p(w | t) smoothed by PRIOR poems of the average kind.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.memory import symbols_of
from textgen.judging.poems import Verse

Floats: TypeAlias = NDArray[np.float32]

# Titles among which a poem's own is looked for.
CHOICES = 20
# A word of titles is known if so many titles have it; the commonest are kept, and the commonest words of poems.
MIN_TITLES, MAX_TITLE_WORDS, MAX_WORDS = 3, 3000, 6000
PRIOR = 20.0
# How much a word of the title counts that the poem has itself, beside the words that it stands for.
OWN_WORD = 3.0


@dataclass(frozen=True)
class Ranker:
    """Ranks titles for a poem.

    Attributes:
        words: the id of each word of poems.
        weights: float32, shape (words,): how rare each is, log(poems / poems that have it).
        titles: the number of each word of titles.
        stands_for: float32, shape (title words, words).
        rarity: float32, shape (title words,): how rare each is in titles.
    """

    words: dict[str, int]
    weights: Floats
    titles: dict[str, int]
    stands_for: Floats
    rarity: Floats

    @classmethod
    def learn(cls, poems: Sequence[Verse]) -> "Ranker | None":
        """Learn from the poems that have titles; None if they are too few."""
        titled = [(set(symbols_of(poem.title, poem.is_chinese)), set(poem.symbols)) for poem in poems if poem.title]
        in_titles = Counter(word for title, _ in titled for word in title)
        in_poems = Counter(word for _, poem in titled for word in poem)
        titles = [word for word, count in in_titles.most_common(MAX_TITLE_WORDS) if count >= MIN_TITLES]
        known = [word for word, _ in in_poems.most_common(MAX_WORDS)]
        if not titles:
            return None
        rows, columns = ({word: at for at, word in enumerate(each)} for each in (titles, known))
        keys = [
            rows[word] * len(known) + columns[own]
            for title, poem in titled
            for word in title
            if word in rows
            for own in poem
            if own in columns
        ]
        counts = np.bincount(keys, minlength=len(rows) * len(known)).reshape(len(rows), len(known)).astype(np.float32)
        share = np.array([in_poems[word] for word in known], np.float32) / len(titled)
        of_titles = np.array([in_titles[word] for word in titles], np.float32)
        smooth = (counts + PRIOR * share) / (of_titles + PRIOR)[:, None]
        stands_for = np.maximum(np.log(smooth / share), 0).astype(np.float32)
        return cls(columns, -np.log(share), rows, stands_for, np.log(len(titled) / of_titles).astype(np.float32))

    def document(self, poem: Verse) -> Floats:
        """A poem as a vector of words: float32, shape (words,), of length 1."""
        found = np.zeros(len(self.words), np.float32)
        known = [self.words[word] for word in set(poem.symbols) if word in self.words]
        found[known] = self.weights[known]
        return found / max(float(np.linalg.norm(found)), 1e-9)

    def query(self, title: str, chinese: bool) -> Floats:
        """A title as a vector of words: float32, shape (words,), of length 1. It fits a poem by their product."""
        found = np.zeros(len(self.words), np.float32)
        for word in sorted(set(symbols_of(title, chinese))):
            if word in self.titles:
                row = self.titles[word]
                found += self.rarity[row] * self.stands_for[row]
            if word in self.words:
                found[self.words[word]] += OWN_WORD * self.weights[self.words[word]]
        return found / max(float(np.linalg.norm(found)), 1e-9)


def first_share(ranker: Ranker, poems: Sequence[Verse], seed: int = 0) -> float | None:
    """The share of poems whose own title fits best among CHOICES: its own and those of other poems.

    Args:
        ranker: the ranker.
        poems: each title counts once, with the first of the poems that have it.
        seed: of the choice of the other titles.

    Returns:
        the share; one of several titles that fit equally well counts as its part. None if fewer than CHOICES poems have
        titles of their own.
    """
    titled = list({poem.title: poem for poem in reversed(poems) if poem.title}.values())
    if len(titled) < CHOICES:
        return None
    random = np.random.default_rng(seed)
    queries = np.stack([ranker.query(poem.title, poem.is_chinese) for poem in titled])
    hits = 0.0
    for number, poem in enumerate(titled):
        others = random.choice(len(titled) - 1, CHOICES - 1, replace=False)
        scores = queries[[number, *(others + (others >= number))]] @ ranker.document(poem)
        if scores[0] >= scores.max():
            hits += 1 / int((scores == scores[0]).sum())
    return hits / len(titled)
