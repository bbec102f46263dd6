"""A judgement as text: what `textgen poem judge` prints. Knows nothing of the command line."""

from collections.abc import Iterator
from unicodedata import east_asian_width

from textgen.judging.judgement import Judgement, Measure
from textgen.system.wording import count

# Lines that break a word, of which so many are shown.
MAX_BROKEN = 4


def judgement_lines(found: Judgement) -> Iterator[str]:
    """A judgement as a table, the over-used bigrams, and what stands out."""
    rows = [("", "these poems", "human", "shuffled"), *map(_row, found.measures)]
    widths = [max(_width(row[column]) for row in rows) for column in range(4)]
    for label, *cells in rows:
        padded = [" " * (width - _width(cell)) + cell for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([label + " " * (widths[0] - _width(label)), *padded]).rstrip()
    if found.overused:
        yield ""
        yield "over-used bigrams: z, times, in a thousand bigrams of these poems and of human ones"
        for one in found.overused:
            rates = f"{one.per_thousand:6.2f}  {one.human_per_thousand:6.2f}"
            yield f"  {one.text}{' ' * max(12 - _width(one.text), 1)}{one.z:6.1f}  {one.count:5,}  {rates}"
    if found.broken:
        shown = "  ".join(f"{one.line} ({one.word})" for one in found.broken[:MAX_BROKEN])
        yield ""
        yield f"lines that break a word: {shown}"
    yield ""
    yield from found.findings


def notes_of(found: Judgement) -> Iterator[str]:
    """What the figures depend on, a line each."""
    yield (
        f"{count(found.poems, 'poem')} beside {count(found.human, 'human poem')} that were held out; statistics from "
        f"{count(found.learned, 'other human poem')}"
    )
    yield from (f"note: {text}" for text in found.notes)
    yield from (f"note: no figure for {one.label.strip()}: {one.why}" for one in found.measures if one.why)


def _row(measure: Measure) -> tuple[str, str, str, str]:
    own, human, shuffled = (_written(value, measure.unit) for value in (measure.value, measure.human, measure.shuffled))
    return measure.label, own or "-", human, shuffled


def _written(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "percent":
        return f"{value:.0f}%"
    return f"{100 * value:.1f}%" if unit == "share" else f"{value:.3f}"


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: two for a Chinese character."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)
