"""What a judgement of poems is: measures of the poems beside those of human poems, and what stands out.

Knows nothing of how the measures are found.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from textgen.judging.caesura import Broken
from textgen.judging.diction import Overused
from textgen.system.wording import count

# How far a figure must lie from that of human poems before a sentence is made of it.
_SURPRISAL, _COHERENCE, _TOO_COHERENT, _STOCK, _DISTINCT, _THEME, _Z = 0.25, 85, 125, 1.4, 0.85, 0.75, 7.0


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name: for programs, such as "surprisal".
        label: for readers.
        value: of the poems that are judged; None where it cannot be found.
        human: of the human poems that were held out.
        shuffled: of human poems whose lines were shuffled among them; None where that says nothing.
        unit: "share" of 1, "percent", or "" for a plain number.
        why: why there is no value; empty where there is one.
    """

    name: str
    label: str
    value: float | None
    human: float | None = None
    shuffled: float | None = None
    unit: str = ""
    why: str = ""


@dataclass(frozen=True, repr=False)
class Judgement:
    """Poems beside human poems.

    Attributes:
        measures: the measures.
        overused: the bigrams that the poems over-use most, the first most of all.
        broken: the lines that break a word at the caesura, and the words.
        language: "chinese" or "english".
        form: the name of the form that was asked for; empty for any.
        poems: how many poems were judged.
        human: how many human poems were held out for comparison.
        learned: how many human poems statistics were learned from.
        notes: what was left out, and what the figures depend on.
    """

    measures: tuple[Measure, ...]
    overused: tuple[Overused, ...]
    broken: tuple[Broken, ...]
    language: str
    form: str
    poems: int
    human: int
    learned: int
    notes: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<Judgement of {count(self.poems, 'poem')}: {len(self.measures)} measures>"

    def measure(self, name: str) -> Measure:
        """The measure of a name. Raises KeyError."""
        return next((one for one in self.measures if one.name == name), None) or _missing(name)

    @property
    def findings(self) -> tuple[str, ...]:
        """What stands out, in plain sentences."""
        return tuple(_findings(self))

    def to_json(self) -> dict[str, Any]:
        """The judgement as plain JSON values."""
        return {
            "poems": self.poems,
            "human": self.human,
            "learned": self.learned,
            "language": self.language,
            "form": self.form or None,
            "measures": {one.name: {key: getattr(one, key) for key in _SHOWN} for one in self.measures},
            "overused": [vars(one) for one in self.overused],
            "broken": [one._asdict() for one in self.broken],
            "findings": list(self.findings),
            "notes": list(self.notes),
        }


_SHOWN = ("label", "value", "human", "shuffled", "unit", "why")


def _missing(name: str) -> Measure:
    raise KeyError(name)


def _findings(found: Judgement) -> Iterator[str]:
    by_name = {one.name: one for one in found.measures}
    known = {name: one for name, one in by_name.items() if one.value is not None}
    sentences = list(_sentences(found, known))
    yield from sentences or ["Nothing stands out: by these measures the poems are like human poems of their form."]


def _sentences(found: Judgement, known: dict[str, Measure]) -> Iterator[str]:
    unit = "character" if found.language == "chinese" else "word"
    if one := known.get("accuracy"):
        # Two standard deviations of chance.
        chance = 1 / math.sqrt(2 * max(found.human, 1))
        if _value(one) > 0.5 + chance:
            yield f"A classifier tells the two kinds of poems apart in {_value(one):.0%} of cases; chance is 50%."
    if (one := known.get("surprisal")) and one.human is not None and abs(_value(one) - one.human) > _SURPRISAL:
        how = "more predictable" if _value(one) < one.human else "less predictable"
        yield f"The {unit}s are {how} than those of human poems: {_value(one):.2f} nats each, not {one.human:.2f}."
    if (one := known.get("coherence_percent")) and _value(one) < _COHERENCE:
        yield (
            f"Lines follow each other less well than in human poems: {max(_value(one), 0):.0f}% of the way from "
            "shuffled lines to human ones."
        )
    if (one := known.get("coherence_percent")) and _value(one) > _TOO_COHERENT:
        yield f"Lines follow each other more closely than in human poems: {_value(one):.0f}% of the way to human ones."
    if (one := known.get("broken_words")) and one.human is not None and _value(one) > 2 * one.human + 0.01:
        yield f"{_value(one):.1%} of the lines break a word at the caesura; of human lines {one.human:.1%}."
    if (one := known.get("distinct_2")) and one.human and _value(one) < _DISTINCT * one.human:
        yield f"The poems repeat themselves: {_value(one):.0%} of their bigrams are distinct, not {one.human:.0%}."
    if (one := known.get("stock")) and one.human and _value(one) > _STOCK * one.human:
        yield f"Stock phrases are {_value(one) / one.human:.1f} times as frequent as in human poems."
    if (one := known.get("theme")) and one.human and _value(one) < _THEME * one.human:
        yield f"The poems keep to their titles less than human poems: {_value(one):.0%} against {one.human:.0%}."
    if strong := [one.text for one in found.overused if one.z >= _Z][:5]:
        yield f"Over-used most: {', '.join(strong)}."


def _value(measure: Measure) -> float:
    return measure.value or 0.0
