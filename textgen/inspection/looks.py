"""What is looked at: a text as a network read it, the part of it that is shown, and the units worth watching.

`textgen.inspection.plots` and `textgen.inspection.page.build` draw a Look. Knows nothing of pictures, files or the
command line.
"""

from dataclasses import dataclass

import numpy as np

from textgen.errors import UsageError
from textgen.inspection.tracing import Trace, laid_out, network, trace
from textgen.inspection.units import PROPERTIES, Follower, followers
from textgen.system.wording import ascii_safe
from textgen.writing.generator import Generator

# Symbols that are shown unless told otherwise, and the most that can be.
SHOWN, MOST = 500, 5000
# Symbols in which units are looked for: some seconds of reading.
SEARCHED = 50_000
# Below so many symbols, correlations are more chance than fact.
FEW = 300


@dataclass(frozen=True)
class Watched:
    """A unit worth watching, counted from 0, and why; `follows` is its Follower where it was found by one."""

    layer: int
    unit: int
    follows: Follower | None = None

    def __str__(self):
        return f"layer {self.layer} unit {self.unit}"


@dataclass(frozen=True)
class Look:
    """A text as a network read it.

    Attributes:
        name: of the run.
        generator: its Generator.
        trace: the steps that are shown.
        start: the first of them.
        total: symbols of the whole text.
        watched: units worth watching: those that were asked for, then those that follow a property.
        notes: one line for each thing that the user might not expect.
        followed: the properties that units were found to follow, by name: float, shape (time,), at the steps shown.
    """

    name: str
    generator: Generator
    trace: Trace
    start: int
    total: int
    watched: list[Watched]
    notes: list[str]
    followed: dict[str, np.ndarray]

    @property
    def config(self):
        """The network's ModelConfig."""
        return self.generator.engine.config

    @property
    def noun(self):
        """What a step reads, "character" or "word"."""
        return self.generator.tokenizer.noun


def look(generator, text, name="", start=0, count=SHOWN, units=()) -> Look:
    """Read a text and find what is worth seeing in it.

    Args:
        generator: a Generator of one run.
        text: one document, or several.
        name: of the run.
        start, count: the steps that are shown.
        units: units to watch, pairs of layer and unit.

    Raises:
        PromptError: an empty text, or none of it between start and start + count.
        UsageError: a unit or layer that does not exist; a mixture of runs; more than MOST steps.
    """
    config = network(generator).config
    for layer, unit in units:
        if not 0 <= layer < config.layers:
            there_are = "one layer, 0" if config.layers == 1 else f"layers 0 to {config.layers - 1}"
            raise UsageError(f"--unit {layer}:{unit}: this run has {there_are}")
        if not 0 <= unit < config.units:
            raise UsageError(f"--unit {layer}:{unit}: its layers have units 0 to {config.units - 1}")
    if not 1 <= count <= MOST:
        raise UsageError(f"--length takes 1 to {MOST}; got {count}; show the rest with --from")
    laid = laid_out(generator, text)
    seen = trace(generator, laid, start, start + count)
    noun, total = generator.tokenizer.noun, len(laid.symbols)
    found = followers(generator, laid, SEARCHED)
    notes = []
    if len(seen) < total:
        notes.append(
            f"shown: {noun}s {start + 1:,} to {start + len(seen):,} of {total:,}; others with --from and --length"
        )
    if total > SEARCHED:
        notes.append(f"units are looked for in the first {SEARCHED:,} {noun}s")
    if total < FEW:
        notes.append(f"{total} {noun}s tell little of what units follow; give a text of thousands")
    if seen.unknown.any():
        never = list(dict.fromkeys(np.array(seen.symbols, object)[seen.unknown]))
        listed = ", ".join(map(ascii_safe, never[:10])) + (", ..." if len(never) > 10 else "")
        notes.append(f"the model never saw {listed}; read as the unknown symbol")
    if generator.direction == "backward":
        notes.append("this run reads each line from its end, and so it is shown")
    watched = [Watched(*pair) for pair in units] + [Watched(each.layer, each.unit, each) for each in found]
    stop = start + len(seen)
    followed = {each.name: PROPERTIES[each.name](laid.symbols[:stop])[start:] for each in found}
    return Look(name, generator, seen, start, total, watched, notes, followed)
