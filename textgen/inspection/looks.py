"""A Look: one part of a text as a network read it, and the units to show for it.

`look` reads a text once and collects what the pictures (`textgen.inspection.plots`) and the page
(`textgen.inspection.page`) show: the Trace of some steps, the units to watch, and notes for the user. This module knows
nothing of pictures, files or the command line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.engine.network import Engine
from textgen.errors import UsageError
from textgen.inspection.tracing import Text, Trace, engine_of, layout_of, trace
from textgen.inspection.units import PROPERTIES, Follower, followers
from textgen.runs.config import ModelConfig
from textgen.system.keywords import answers_keywords
from textgen.system.wording import ascii_safe
from textgen.system.wording import count as counted
from textgen.writing.generator import Generator

# Symbols in a Look, by default and at most.
DEFAULT_COUNT, MAX_COUNT = 500, 5000
# Units are searched in this many symbols at most: some seconds of reading.
MAX_SEARCHED = 50_000
# Correlations over fewer symbols are mostly chance.
MIN_SEARCHED = 300
# A note names this many unknown symbols at most.
MAX_NAMED = 10


@dataclass(frozen=True)
class Watched:
    """A unit to watch. The layer and the unit are counted from 0.

    Attributes:
        layer, unit: which unit.
        follows: the Follower that found the unit, or None if the caller asked for the unit.
    """

    layer: int
    unit: int
    follows: Follower | None = None

    def __str__(self) -> str:
        return f"layer {self.layer} unit {self.unit}"


@dataclass(frozen=True)
class Look:
    """What the pictures and the page show of a text.

    Attributes:
        name: the name of the run.
        generator: the Generator of the run.
        trace: the Trace of the shown steps.
        start: the first shown step, counted from 0.
        total: the number of symbols in the whole text.
        watched: the units to watch: first those that the caller asked for, then those that follow a property.
        notes: one line for each thing that may surprise the user.
        followed: the properties that have a Follower, by name: float, shape (time,), at the shown steps.
    """

    name: str
    generator: Generator
    trace: Trace
    start: int
    total: int
    watched: list[Watched]
    notes: list[str]
    followed: dict[str, NDArray[np.float64]]

    @property
    def config(self) -> ModelConfig:
        """The ModelConfig of the network."""
        return engine_of(self.generator).config

    @property
    def layers(self) -> int:
        """The number of layers."""
        return int(self.trace.cell.shape[1])

    @property
    def units(self) -> int:
        """The number of units in a layer."""
        return int(self.trace.cell.shape[2])

    @property
    def noun(self) -> str:
        """What one step reads: "character", "word" or "subword"."""
        return self.generator.tokenizer.noun

    @property
    def of_characters(self) -> bool:
        """Whether one step reads one character."""
        return self.generator.tokenizer.of_characters


@answers_keywords
def look(
    generator: Generator,
    text: Text,
    name: str = "",
    start: int = 0,
    count: int = DEFAULT_COUNT,
    units: Sequence[tuple[int, int]] = (),
) -> Look:
    """Read a text and collect what to show of it.

    Args:
        generator: a Generator of one run.
        text: one document, or several.
        name: the name of the run.
        start: the first shown step, counted from 0.
        count: the number of shown steps, 1 to MAX_COUNT.
        units: units to watch, pairs of layer and unit, counted from 0.

    Raises:
        PromptError: the text is empty, or ends before `start`.
        UsageError: a layer or unit does not exist, `count` is out of range, or the generator is a mixture of runs.
    """
    pairs = _checked_units(units, engine_of(generator))
    name, start = arguments.text("name", name), arguments.whole_number("start", start, 0, arguments.MAX_STEP)
    count = arguments.whole_number("count", count)
    if not 1 <= count <= MAX_COUNT:
        raise UsageError(
            f"`count` takes 1 to {MAX_COUNT}; got {arguments.shown(count)}; move the part that is shown with `start`"
        )
    layout = layout_of(generator, text)
    seen = trace(generator, layout, start, start + count)
    found = followers(generator, layout, MAX_SEARCHED)
    stop = start + len(seen)
    return Look(
        name,
        generator,
        seen,
        start,
        len(layout.symbols),
        watched=[Watched(*pair) for pair in pairs] + [Watched(each.layer, each.unit, each) for each in found],
        notes=list(_notes(generator, seen, start, len(layout.symbols))),
        followed={each.name: PROPERTIES[each.name](layout.symbols[:stop])[start:] for each in found},
    )


def _checked_units(watched: Sequence[tuple[int, int]], engine: Engine) -> list[tuple[int, int]]:
    layers, _, units = engine.initial_state().c.shape
    wanted, pairs = "pairs of a layer and a unit, counted from 0", []
    for pair in arguments.items("units", watched, wanted):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise arguments.refused("units", wanted, pair)
        layer, unit = (arguments.whole_number("units", each) for each in pair)
        given = ":".join(map(arguments.shown, (layer, unit)))
        if not 0 <= layer < layers:
            allowed = "one layer, 0" if layers == 1 else f"layers 0 to {layers - 1}"
            raise UsageError(f"`units={given}`: this run has {allowed}")
        if not 0 <= unit < units:
            raise UsageError(f"`units={given}`: each layer of this run has units 0 to {units - 1}")
        pairs.append((layer, unit))
    return pairs


def _notes(generator: Generator, seen: Trace, start: int, total: int) -> Iterator[str]:
    noun = generator.tokenizer.noun
    if len(seen) < total:
        yield (
            f"shown: {noun}s {start + 1:,} to {start + len(seen):,} of {total:,}; "
            "choose others with `start` and `count`"
        )
    if total > MAX_SEARCHED:
        yield f"only the first {MAX_SEARCHED:,} {noun}s were searched for units that follow a property"
    if total < MIN_SEARCHED:
        yield (
            f"{counted(total, noun)}: too few to tell which units follow a property; "
            f"a text of some thousand {noun}s tells more"
        )
    if seen.unknown.any():
        unknown = list(dict.fromkeys(np.array(seen.symbols, object)[seen.unknown]))
        listed = ", ".join(map(ascii_safe, unknown[:MAX_NAMED])) + (", ..." if len(unknown) > MAX_NAMED else "")
        yield f"not in the model's vocabulary, read as the unknown symbol: {listed}"
    if generator.direction == "backward":
        yield "this run reads each line from its end; the text is shown in that order"
