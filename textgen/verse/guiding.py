"""A poem's theme in its run's own symbols: the plan, how lines turn to it, and which of several lines is best.

This module knows nothing of forms or of the network.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from textgen.corpus.memory import without_marks
from textgen.verse.decoder import Leaning, Line
from textgen.verse.masks.base import P
from textgen.verse.meaning.knowledge import Knowledge, tones
from textgen.verse.meaning.terms import CHINESE_WEIGHTS, ENGLISH_WEIGHTS, Situation, values

# What is added to the logits, in nats: to a symbol as far as it belongs to the theme; to the line's keyword, at the
# beginning of the line and more with each symbol; and to the second character of a keyword after the first.
TO_THEME, TO_KEYWORD, TO_SECOND = 1.2, (3.5, 1.0), 5.0


@dataclass
class Guide:
    """Guides the lines of one poem (`textgen.verse.decoder.Guide`).

    Attributes:
        knowledge: what the run knows of its poems.
        spell: ids to the lines that they spell.
        printed: each id's text.
        first: the lines that the user gave.
        plan: for each line its keyword, or an empty text; shorter where the model decides how many lines there are.
        affinity: how much each symbol belongs to the theme, by symbol; empty without a theme.
        weights: of the terms; empty to take the likeliest line.
        lines: the number of lines; 0 where the model decides.
        parallel: the lines that must answer the line before them.
        meters: in English, the patterns of meter of each line; empty for any.
        meter_rule: as of `textgen.verse.config.Rules`.
        has_words: whether ids stand for words, or for single characters of Chinese, so that logits can turn to them.
        noted: of the lines that were chosen, by their text, the terms of their score.
    """

    knowledge: Knowledge
    spell: Callable[[list[int]], list[str]]
    printed: Sequence[str]
    first: Sequence[str] = ()
    plan: tuple[str, ...] = ()
    affinity: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    lines: int = 0
    parallel: frozenset[int] = frozenset()
    meters: Sequence[Sequence[str]] = ()
    meter_rule: str = "substitutions"
    has_words: bool = True
    noted: dict[str, dict[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tones = tones()
        self._ids: dict[str, list[int]] = {}
        for index, text in enumerate(self.printed):
            self._ids.setdefault(text.strip().lower(), []).append(index)
        self._to_theme = np.zeros(len(self.printed), np.float32)
        for symbol, share in self.affinity.items():
            self._to_theme[self._ids.get(symbol, [])] = TO_THEME * share

    def leaning(self, line: int) -> Leaning | None:
        """How a line turns to the theme and to its keyword."""
        word = self._keyword(line)
        if not self.has_words or not (word or self.affinity):
            return None
        after: dict[int, tuple[int, float]] = {}
        parts = list(word) if self.knowledge.coherence.chinese else word.split()
        first = tuple(self._ids.get(parts[0], [])) if parts else ()
        for one, other in pairwise(parts):
            for index in self._ids.get(one, []):
                for second in self._ids.get(other, []):
                    after[index] = second, TO_SECOND
        return Leaning(self._to_theme, first, TO_KEYWORD, after)

    def ordered(self, before: Sequence[Sequence[int]], found: list[Line[P]]) -> list[Line[P]]:
        """The candidates by the score, the best first."""
        if not self.weights or not found:
            return found
        earlier = [*self.first, *(without_marks("".join(self.spell(list(ids)))) for ids in before)]
        spelled = ["".join(self.spell(line.ids)) for line in found]
        texts = list(map(without_marks, spelled))
        likelihood = np.array([line.score / max(len(line.ids), 1) for line in found], np.float32)
        situation = Situation(
            self.knowledge,
            earlier,
            texts,
            likelihood,
            self._keyword(len(earlier)),
            self.affinity,
            self._tones,
            self.lines,
            len(earlier) in self.parallel,
            () if self.knowledge.coherence.chinese else spelled,
            self.meters[len(earlier)] if len(earlier) < len(self.meters) else (),
            self.meter_rule,
        )
        terms = values(situation, self.weights)
        total = np.sum(list(terms.values()), axis=0)
        for at, text in enumerate(texts):
            self.noted[text] = {name: float(own[at]) for name, own in terms.items()}
        return [found[at] for at in np.argsort(-total, kind="stable").tolist()]

    def terms(self, line: str) -> dict[str, float]:
        """The terms of the score of a line that was chosen; empty for one that the user gave."""
        return self.noted.get(without_marks(line), {})

    def _keyword(self, line: int) -> str:
        return self.plan[line] if line < len(self.plan) else ""


def weights_for(chinese: bool) -> Mapping[str, float]:
    """The weights of the terms in a language."""
    return CHINESE_WEIGHTS if chinese else ENGLISH_WEIGHTS
