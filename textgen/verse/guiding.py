"""A poem's theme in its run's own symbols: the plan, how lines turn to it, and which of several lines is best.

This module knows nothing of forms or of the network.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from textgen.corpus.forms import Form
from textgen.corpus.memory import symbols_of, without_marks
from textgen.verse.decoder import Leaning, Line
from textgen.verse.masks.base import P
from textgen.verse.meaning.association import Floats
from textgen.verse.meaning.knowledge import Knowledge, tones
from textgen.verse.meaning.terms import CHINESE_WEIGHTS, ENGLISH_WEIGHTS, Situation, values

# What is added to the logits, in nats: to a symbol as far as it belongs to the theme; to the line's keyword, at the
# beginning of the line and more with each symbol; and to the second character of a keyword after the first.
TO_THEME, TO_KEYWORD, TO_SECOND = 1.5, (4.5, 1.0), 5.0


@dataclass(frozen=True)
class Subject:
    """What the poems of a series are about, and how their lines are chosen.

    Attributes:
        knowledge: what the run knows of its poems.
        spell: ids to the lines that they spell.
        printed: each id's text.
        form: the Form.
        affinity: how much each symbol belongs to the theme, by symbol; empty without a theme.
        weights: of the terms; empty to take the likeliest line.
        meter_rule: as of `textgen.verse.config.Rules`.
        has_words: whether ids stand for words, or for single characters of Chinese, so that logits can turn to them.
    """

    knowledge: Knowledge
    spell: Callable[[list[int]], list[str]]
    printed: Sequence[str]
    form: Form
    affinity: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    meter_rule: str = "substitutions"
    has_words: bool = True

    @cached_property
    def ids(self) -> dict[str, list[int]]:
        """The ids of each symbol, by its text in lower case."""
        found: dict[str, list[int]] = {}
        for index, text in enumerate(self.printed):
            found.setdefault(text.strip().lower(), []).append(index)
        return found

    @cached_property
    def to_theme(self) -> Floats:
        """What is added to the logits of each symbol: float32, shape (vocabulary,)."""
        found = np.zeros(len(self.printed), np.float32)
        for symbol, share in self.affinity.items():
            found[self.ids.get(symbol, [])] = TO_THEME * share
        return found

    @cached_property
    def tones(self) -> Callable[[str], int] | None:
        """The tones of a character as bits; None without a rhyme book."""
        return tones() if self.knowledge.coherence.chinese else None


@dataclass
class Guide:
    """Guides the lines of one poem (`textgen.verse.decoder.Guide`).

    Attributes:
        subject: what the poem is about.
        first: the lines that the user gave, without marks.
        plan: for each line its keyword, or an empty text; shorter where the model decides how many lines there are.
        noted: of the lines that were candidates, by their number and text, the terms of their score.
    """

    subject: Subject
    first: Sequence[str] = ()
    plan: tuple[str, ...] = ()
    noted: dict[tuple[int, str], dict[str, float]] = field(default_factory=dict)

    def leaning(self, line: int) -> Leaning | None:
        """How a line turns to the theme and to its keyword."""
        word = self._keyword(line)
        subject, ids = self.subject, self.subject.ids
        if not subject.has_words or not (word or subject.affinity):
            return None
        parts = symbols_of(word, subject.knowledge.coherence.chinese)
        after = {
            index: (second, TO_SECOND)
            for one, other in pairwise(parts)
            for index in ids.get(one, [])
            for second in ids.get(other, [])
        }
        return Leaning(subject.to_theme, tuple(ids.get(parts[0], [])) if parts else (), TO_KEYWORD, after)

    def ordered(self, before: Sequence[Sequence[int]], found: list[Line[P]]) -> list[Line[P]]:
        """The candidates by the score, the best first."""
        subject, form = self.subject, self.subject.form
        if not subject.weights or not found:
            return found
        earlier = [*self.first, *(self._spelled(list(ids)) for ids in before)]
        spelled = [self._spelled(line.ids) for line in found]
        texts = list(map(without_marks, spelled))
        number = len(earlier)
        situation = Situation(
            subject.knowledge,
            before=list(map(without_marks, earlier)),
            candidates=texts,
            likelihood=np.array([line.score / max(len(line.ids), 1) for line in found], np.float32),
            keyword=self._keyword(number),
            affinity=subject.affinity,
            tones=subject.tones,
            lines=form.lines,
            answers=number in form.parallel,
            texts=() if subject.knowledge.coherence.chinese else spelled,
            patterns=form.meters[number] if number < len(form.meters) else (),
            meter_rule=subject.meter_rule,
        )
        terms = values(situation, subject.weights)
        total = np.sum(list(terms.values()), axis=0)
        for at, text in enumerate(texts):
            self.noted[number, text] = {name: float(own[at]) for name, own in terms.items()}
        return [found[at] for at in np.argsort(-total, kind="stable").tolist()]

    def terms(self, lines: Sequence[str]) -> tuple[dict[str, float], ...]:
        """The terms of the score of each line of the poem, empty for one that the user gave; none without a score."""
        if not self.subject.weights:
            return ()
        return tuple(self.noted.get((number, without_marks(line)), {}) for number, line in enumerate(lines))

    def _spelled(self, ids: list[int]) -> str:
        return "".join(self.subject.spell(ids))

    def _keyword(self, line: int) -> str:
        return self.plan[line] if line < len(self.plan) else ""


def weights_for(chinese: bool) -> Mapping[str, float]:
    """The weights of the terms in a language."""
    return CHINESE_WEIGHTS if chinese else ENGLISH_WEIGHTS
