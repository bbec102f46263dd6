"""A theme to a plan: which words of the poems belong to it, and one keyword for each line.

The plan goes before the poem, as in Wang et al. (2016, Chinese Poetry Generation with Planning based Neural Network):
each line is then written to carry or suggest its keyword. Associations are learned from titles and the poems under
them, and from poems as a whole; a theme of words that no title has still has the associations of its words in poems.
Knows nothing of models.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.memory import symbols_of
from textgen.verse.meaning.association import Floats, factors, pair_counts, ppmi
from textgen.verse.meaning.coherence import Coherence
from textgen.verse.sounds.function_words import FUNCTION_WORDS

# Numbers in a symbol's vector, and how often a symbol must occur in titles.
RANK, MIN_TITLES = 48, 3
# Symbols of a title, and of the poem under it, that are counted.
MAX_TITLE, MAX_POEM = 16, 128
# A word of two characters may be a keyword if poems have it so often.
MIN_WORD = 20
# A keyword occurs in so many poems, or else the model seldom writes it; and in no larger share, or else it says nothing
# of what a poem is about (不, 人, 無, 一).
MIN_POEMS, MAX_SHARE = 30, 0.25
# The log of poems / poems with a symbol at which the symbol counts half: common ones belong to every theme.
HALF_RARITY = 1.5
# How much a keyword must differ from those before it, beside how well it fits the theme; and how much chance counts.
VARIETY, CHANCE = 0.4, 0.12
# A word of the theme itself fits so many times better than another word that belongs to the theme as much.
OWN_WORD = 1.7
# A symbol of a title belongs to the theme wholly if this share of the poems under titles with it have it too. Half of
# those about a river or a plum do, and few under the words of occasions: "inscribed on" (題, 3%), "offered" (奉, 7%).
# How much a symbol belongs to it that hardly any title has; and the usual share, which counts as so many titles.
REPEATED, UNTOLD, USUAL_SHARE, PRIOR = 0.12, 0.9, 0.2, 5.0
# A keyword belongs to the theme at least so much.
MIN_FIT = 0.15
# The letters of an English keyword that is no word of the theme.
MIN_LETTERS = 3
# Keywords among which chance chooses, and orders of the keywords that are compared.
CHOICES, ORDERS = 60, 256


@dataclass(frozen=True)
class Themes:
    """What titles call for.

    Attributes:
        title, body: float32, shape (symbols + 1, rank): the product of one of each is large where poems under titles
            with the first symbol have the second more often than other poems do. Symbols are those of the Coherence.
        counts: uint32, shape (symbols + 1,): in how many poems each symbol occurs; the last is the number of poems.
        titled, repeated: uint32, shape (symbols,): in how many titles each symbol occurs, and how many of the poems
            under them have it too.
        words: words of two characters that may be keywords; none in other scripts.
    """

    title: Floats
    body: Floats
    counts: NDArray[np.uint32]
    titled: NDArray[np.uint32]
    repeated: NDArray[np.uint32]
    words: tuple[str, ...]

    @classmethod
    def learn(
        cls,
        coherence: Coherence,
        poems: Sequence[tuple[str, Sequence[str]]],
        is_word: Callable[[str], bool],
        max_words: int,
        seed: int = 0,
    ) -> "Themes":
        """Learn from titles and poems.

        Args:
            coherence: the scorer of lines that was learned from the same poems; its symbols are used.
            poems: each poem's title, empty if it has none, and its lines without marks.
            is_word: whether two characters are a word.
            max_words: how many words are kept.
            seed: of the random numbers; the same poems and seed give the same themes.
        """
        ids, size = coherence.ids, len(coherence.symbols)
        bodies = [
            [ids[one] for one in symbols_of(" ".join(lines), coherence.chinese) if one in ids] for _, lines in poems
        ]
        counts = np.zeros(size + 1, np.uint32)
        counts[size] = len(poems)
        for body in bodies:
            counts[list(set(body))] += 1
        titles = [[ids[one] for one in symbols_of(text, coherence.chinese) if one in ids] for text, _ in poems]
        titled, repeated = np.zeros((2, size), np.uint32)
        for title, body in zip(titles, bodies, strict=True):
            titled[list(set(title))] += 1
            repeated[list(set(title) & set(body))] += 1
        rank = min(RANK, max(size // 4, 1))
        if titled.any():
            pairs = [(title, body) for title, body in zip(titles, bodies, strict=True) if title]
            first, second = (
                _table([list(dict.fromkeys(each)) for each in side], most, size)
                for side, most in zip(zip(*pairs, strict=True), (MAX_TITLE, MAX_POEM), strict=True)
            )
            found = pair_counts(first, second, size)
            found[np.bincount(first[first < size], minlength=size) < MIN_TITLES] = 0
            vectors = factors(ppmi(found), rank, np.random.default_rng(seed))
        else:
            vectors = np.zeros((size + 1, 0), np.float32), np.zeros((size + 1, 0), np.float32)
        return cls(*vectors, counts, titled, repeated, _words(poems, is_word)[:max_words] if coherence.chinese else ())

    def affinity(self, coherence: Coherence, theme: str) -> Floats:
        """How much each symbol belongs to a theme.

        Args:
            coherence: the scorer of lines, whose symbols these are.
            theme: a text; symbols that no poem has are left out.

        Returns:
            float32, shape (symbols,), from 0 to 1; all 0 where no symbol of the theme is known.
        """
        ids = _own(theme, coherence)
        counts = self.counts[:-1]
        found = np.zeros(len(counts), np.float32)
        if not ids:
            return found
        topic = coherence.vectors.topic
        for first, second in ((self.title, self.body), (topic, topic)):
            part = np.maximum(first[ids] @ second[:-1].T, 0).mean(0)
            found += part / max(float(np.sqrt((part * part).mean())), 1e-9)
        rarity = np.log(max(int(self.counts[-1]), 1) / np.maximum(counts, 1)).astype(np.float32)
        found *= rarity / (rarity + HALF_RARITY)
        found /= max(float(np.quantile(found, 0.999)), 1e-9)
        found[ids] = self._belonging(ids)
        clipped: Floats = np.clip(found, 0, 1)
        return clipped

    def _belonging(self, ids: Sequence[int]) -> Floats:
        """How much symbols belong to a theme that has them: float32, shape (symbols,), from 0 to 1."""
        titled, repeated = self.titled[ids].astype(np.float32), self.repeated[ids].astype(np.float32)
        shares = (repeated + USUAL_SHARE * PRIOR) / (titled + PRIOR)
        found: Floats = np.where(titled < MIN_TITLES, UNTOLD, np.minimum(shares / REPEATED, 1)).astype(np.float32)
        return found

    def plan(
        self,
        coherence: Coherence,
        theme: str,
        lines: int,
        random: np.random.Generator,
        keywords: Sequence[str] = (),
        lengths: Sequence[int] = (),
    ) -> tuple[str, ...]:
        """Choose a keyword for each line.

        Args:
            coherence: the scorer of lines.
            theme: a text.
            lines: how many keywords are wanted.
            random: chance chooses among keywords that fit well.
            keywords: those that must be among them, at most `lines`.
            lengths: the characters of each line, which hold its keyword where some order allows it; empty for any.

        Returns:
            the keywords, each of one symbol or a word of two characters, none twice; fewer than `lines` where the poems
            know too few; in the order in which such words follow each other in poems, and those that are given in
            their own order where no other joins them.
        """
        fits = self.affinity(coherence, theme)
        if len(keywords) >= lines or not fits.any():
            return tuple(keywords)
        counts = self.counts[:-1]
        usable = (counts >= min(MIN_POEMS, self.counts[-1] // 20)) & (counts <= MAX_SHARE * self.counts[-1])
        own = _own(theme, coherence)
        usable[own] |= counts[own] > 0
        found = {
            coherence.symbols[at]: float(fits[at]) * (OWN_WORD if at in own else 1)
            for at in np.flatnonzero(usable & (fits >= MIN_FIT)).tolist()
            if at in own or coherence.chinese or _says_something(coherence.symbols[at])
        }
        for word in self.words:
            parts = [coherence.ids.get(one, -1) for one in word]
            if min(parts) >= 0 and usable[parts].all():
                found[word] = float(fits[parts].mean()) * (OWN_WORD if word in theme else 1)
        found = {word: fit for word, fit in found.items() if fit >= MIN_FIT}
        choices = sorted(found, key=lambda one: (-found[one], one))[:CHOICES]
        chosen = list(keywords)
        taken = set(symbols_of(" ".join(chosen), coherence.chinese))
        choices = [one for one in choices if not taken & set(symbols_of(one, coherence.chinese))]
        vectors = {one: _vector(coherence.vectors.topic, coherence, one) for one in [*chosen, *choices]}
        noise = dict(zip(choices, random.gumbel(size=len(choices)), strict=True))
        while choices and len(chosen) < lines:
            best = max(
                choices,
                key=lambda one: found[one] + CHANCE * noise[one] - VARIETY * _likeness(vectors, one, chosen),
            )
            chosen.append(best)
            taken = set(symbols_of(best, coherence.chinese))
            choices = [one for one in choices if not taken & set(symbols_of(one, coherence.chinese))]
        return self._ordered(coherence, chosen, random, lengths)

    def _ordered(
        self, coherence: Coherence, chosen: Sequence[str], random: np.random.Generator, lengths: Sequence[int]
    ) -> tuple[str, ...]:
        """Keywords in the order, of some, in which the poems most often have such words in lines after each other."""
        if len(chosen) < 2:
            return tuple(chosen)
        before = np.stack([_vector(coherence.vectors.before, coherence, one) for one in chosen])
        after = np.stack([_vector(coherence.vectors.after, coherence, one) for one in chosen])
        follows = before @ after.T
        orders = [np.arange(len(chosen)), *(random.permutation(len(chosen)) for _ in range(ORDERS))]
        too_long = np.array([[len(one) > length for length in lengths[: len(chosen)]] for one in chosen], bool)
        places = range(too_long.shape[1])
        best = max(
            orders,
            key=lambda order: (
                -int(too_long[order[: len(places)], places].sum()),
                float(follows[order[:-1], order[1:]].sum()),
            ),
        )
        return tuple(chosen[at] for at in best.tolist())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name: vectors in float16."""
        vectors = {"title": self.title.astype(np.float16), "body": self.body.astype(np.float16)}
        return vectors | {"counts": self.counts, "titled": self.titled, "repeated": self.repeated}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], known: Sequence[str]) -> "Themes":
        """The themes whose arrays and words these are."""
        title, body = (np.asarray(arrays[name], np.float32) for name in ("title", "body"))
        counts = np.asarray(arrays["counts"], np.uint32)
        # Runs of older versions did not count these.
        titled, repeated = (
            np.asarray(arrays.get(name, np.zeros(len(counts) - 1)), np.uint32) for name in ("titled", "repeated")
        )
        return cls(title, body, counts, titled, repeated, tuple(known))


def _says_something(word: str) -> bool:
    """Whether an English word may be a keyword: no function word, and no ending that stands alone (heaven 'd)."""
    return len(word) >= MIN_LETTERS and word not in FUNCTION_WORDS


def _own(theme: str, coherence: Coherence) -> list[int]:
    """The ids of the symbols of a theme; of English words those that say something, where there are any."""
    known = [one for one in symbols_of(theme, coherence.chinese) if one in coherence.ids]
    told = [one for one in known if one not in FUNCTION_WORDS] or known
    return [coherence.ids[one] for one in told]


def _likeness(vectors: Mapping[str, Floats], word: str, others: Sequence[str]) -> float:
    """The largest cosine between the vectors of a word and of others."""
    return max((float(vectors[word] @ vectors[other]) for other in others), default=0.0)


def _vector(vectors: Floats, coherence: Coherence, word: str) -> Floats:
    """The vector of a symbol, or the sum of those of a word, of length 1."""
    ids = [coherence.ids[one] for one in symbols_of(word, coherence.chinese) if one in coherence.ids]
    found = vectors[ids].sum(0)
    unit: Floats = found / max(float(np.linalg.norm(found)), 1e-9)
    return unit


def _words(poems: Sequence[tuple[str, Sequence[str]]], is_word: Callable[[str], bool]) -> tuple[str, ...]:
    counts = Counter(first + second for _, lines in poems for line in lines for first, second in pairwise(line))
    return tuple(pair for pair, count in counts.most_common() if count >= MIN_WORD and is_word(pair))


def _table(rows: Sequence[Sequence[int]], width: int, fill: int) -> NDArray[np.int64]:
    """Rows of ids of one width; longer rows lose their end."""
    width = max(1, min(width, max(map(len, rows))))
    found = np.full((len(rows), width), fill, np.int64)
    for at, row in enumerate(rows):
        found[at, : len(row)] = row[:width]
    return found
