"""Whether a line follows from the lines before it: a scorer that learns from poems.

    coherence = Coherence.learn(poems)
    coherence.scores(["白日依山盡", "黃河入海流"], ["欲窮千里目", "明月松間照"])

It learns what real next lines have that others lack. The others are lines of other poems in the same place, lines of
other poems that end alike, lines of the same poem in the wrong order, and false second couplets. Its features are
associations between the symbols of two lines (`textgen.verse.meaning.association`): in lines that follow each other, in
lines of one poem, and in the same place of the two lines of a couplet (antithesis). Knows nothing of sounds or forms.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.memory import symbols_of
from textgen.errors import UsageError
from textgen.tokens.characters import is_chinese
from textgen.verse.meaning import examples
from textgen.verse.meaning.line_pairs import MAX_SYMBOLS, Pairs, Vectors, features, vectors_of
from textgen.verse.meaning.perceptron import Perceptron

# Symbols that are learned: the commonest, each at least so often. More words than this teach nothing.
MAX_VOCABULARY, MAX_WORDS, MIN_COUNT = 5000, 4000, 3
# Fewer poems than this, each of two lines or more, teach nothing.
MIN_POEMS = 20
# The share of the poems that associations are learned from. The perceptron learns from the others: in poems that the
# associations have seen, real next lines look better than they will in new ones.
SHARE = 0.65


@dataclass(frozen=True)
class Coherence:
    """A scorer of lines.

    Attributes:
        symbols: what it knows: Chinese characters, or words in lower case.
        vectors: the symbols' vectors.
        perceptron: log-odds from the features of a pair of lines.
        chinese: whether its symbols are characters.
        ids: each symbol's number.
    """

    symbols: tuple[str, ...]
    vectors: Vectors
    perceptron: Perceptron
    chinese: bool
    ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", {symbol: index for index, symbol in enumerate(self.symbols)})

    @classmethod
    def learn(cls, poems: Sequence[Sequence[str]], seed: int = 0) -> "Coherence":
        """Learn from poems.

        Args:
            poems: the lines of each, with or without marks.
            seed: of the random numbers; the same poems and seed give the same scorer.

        Raises:
            UsageError: poems of which no two have one shape, or fewer than MIN_POEMS poems of two lines or more.
        """
        kept = [poem for poem in poems if len(poem) > 1]
        if len(kept) < MIN_POEMS:
            raise UsageError(f"`poems`: at least {MIN_POEMS} poems of two lines or more are needed; got {len(kept)}")
        random = np.random.default_rng(seed)
        chinese = is_chinese("".join(line for poem in kept[:100] for line in poem))
        split_up = [[_symbols(line, chinese) for line in poem] for poem in kept]
        counts = Counter(symbol for poem in split_up for line in poem for symbol in line)
        most = MAX_VOCABULARY if chinese else MAX_WORDS
        symbols = tuple(symbol for symbol, count in counts.most_common(most) if count >= MIN_COUNT)
        if not symbols:
            raise UsageError(f"`poems`: no word or character occurs {MIN_COUNT} times; more poems are needed")
        ids = {symbol: index for index, symbol in enumerate(symbols)}
        order = random.permutation(len(split_up))
        cut = int(len(order) * SHARE)
        parts = ([split_up[at] for at in part] for part in (order[:cut], order[cut:]))
        first, second = (examples.table(part, ids, has_lengths=chinese) for part in parts)
        vectors = vectors_of(first, len(symbols), random, chinese)
        found = examples.examples(second, vectors, random)
        if len(set(found[1].tolist())) < 2:
            raise UsageError("`poems`: no two of them are alike in shape, so that no line could follow another's")
        return cls(symbols, vectors, Perceptron.learn(*found, random), chinese)

    def scores(self, before: Sequence[str], candidates: Sequence[str]) -> NDArray[np.float32]:
        """How well each of several lines follows the lines before it.

        Args:
            before: the lines before, the first one first.
            candidates: the lines.

        Returns:
            float32, shape (candidates,): log-odds of being the next line, where as many others were tried as real
            ones; 0 where there is no line before.
        """
        if not before or not candidates:
            return np.zeros(len(candidates), np.float32)
        ids = self._rows([*before, *candidates])
        count = len(before)
        lines = self.vectors.lines(ids)
        so_far = np.broadcast_to(lines.topic[:count].mean(0), (len(candidates), lines.topic.shape[1]))
        previous, following = np.full(len(candidates), count - 1), np.arange(count, len(ids))
        index = np.full(len(candidates), count)
        return self.perceptron.scores(features(self.vectors, lines, Pairs(previous, following, index), so_far))

    def poem(self, lines: Sequence[str]) -> float:
        """The mean score of a poem's lines after the first; 0 for a poem of one line."""
        if len(lines) < 2:
            return 0.0
        rows = self.vectors.lines(self._rows(lines))
        index = np.arange(1, len(lines))
        so_far = (np.cumsum(rows.topic, 0)[:-1] / index[:, None]).astype(np.float32)
        return float(
            self.perceptron.scores(features(self.vectors, rows, Pairs(index - 1, index, index), so_far)).mean()
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name, for a file of tensors: vectors in float16, the perceptron in float32."""
        vectors = {f"vectors.{name}": value.astype(np.float16) for name, value in vars(self.vectors).items()}
        return vectors | {f"perceptron.{name}": value for name, value in self.perceptron.arrays().items()}

    def facts(self) -> dict[str, Any]:
        """What belongs to its arrays, as plain JSON values."""
        return {"symbols": list(self.symbols), "chinese": self.chinese}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> "Coherence":
        """The scorer whose arrays and facts these are."""
        vectors = Vectors(*(np.asarray(arrays[f"vectors.{name}"], np.float32) for name in Vectors.__dataclass_fields__))
        own = {name.removeprefix("perceptron."): value for name, value in arrays.items() if name.startswith("perc")}
        return cls(tuple(facts["symbols"]), vectors, Perceptron.from_arrays(own), bool(facts["chinese"]))

    def _rows(self, lines: Sequence[str]) -> NDArray[np.int64]:
        ids = self.ids
        return examples.rows([_symbols(line, self.chinese) for line in lines], ids)


def _symbols(line: str, chinese: bool) -> list[str]:
    """The symbols of a line, of a very long one the last."""
    return symbols_of(line, chinese)[-MAX_SYMBOLS:]
