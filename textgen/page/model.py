"""A run's model as a page holds it: plain JSON values, and the bytes of its numbers.

What the network needs is here, and nothing else of the run: no learned text, and hashes of learned poems only where
they are asked for. This module knows nothing of HTML.
"""

from typing import Any, NamedTuple

import numpy as np

from textgen.engine.network import Engine
from textgen.engine.weights import Floats, gate_columns
from textgen.errors import UsageError
from textgen.page.numbers import WHOLE, Numbers
from textgen.page.verse import verse_tables
from textgen.runs.config import ModelConfig
from textgen.writing.generator import Generator


class PageModel(NamedTuple):
    """A model in a page.

    Attributes:
        values: plain JSON values: the sizes, the tokenizer, what never follows what, and where each array is.
        numbers: the bytes of the arrays.
    """

    values: dict[str, Any]
    numbers: bytes


def page_model(generator: Generator, name: str, bits: int = WHOLE, memory: bool = False) -> PageModel:
    """The model of a generator, for a page.

    Args:
        generator: of one run.
        name: what the page calls the run.
        bits: of each stored weight: one of `textgen.page.numbers.BITS`.
        memory: whether the hashes of learned lines of poems are part of it, so that none is written.

    Raises:
        UsageError: a generator that mixes several runs, has a cache or follows labels.
    """
    engine = generator.engine
    if not isinstance(engine, Engine):
        raise UsageError("a page holds one run: give a Generator without a mixture, a cache or guidance")
    if engine.is_told:
        raise UsageError("the reader of a page chooses labels: give a Generator without them")
    if memory and "lines" not in generator.memory:
        raise UsageError("`memory`: this run learned no poems, so it remembers no lines")
    config, numbers = engine.config, Numbers(bits)
    for array_name, array in _arrays(config, engine).items():
        numbers.add(array_name, array)
    if memory:
        numbers.add_hashes("memory", generator.memory["lines"])
    sizes = config.sizes
    tokenizer = generator.tokenizer.to_json()
    kinds, masks = generator.tokenizer.following(generator.direction == "backward")
    return PageModel(
        {
            "name": name,
            "run": name,
            "sizes": {
                "vocabulary": sizes.vocabulary,
                "units": sizes.units,
                "layers": sizes.layers,
                "output": sizes.output,
            },
            "tokenizer": tokenizer,
            "noun": generator.tokenizer.noun,
            "documents": generator.documents,
            "direction": generator.direction,
            "separator": generator.separator,
            "following": {
                "kinds": kinds.tolist(),
                "never": [np.flatnonzero(mask == -np.inf).tolist() for mask in masks],
            },
            "verse": verse_tables(generator),
            "labels": [{"name": each.name, "values": list(each.values)} for each in config.labels],
            "bits": bits,
            "arrays": numbers.arrays,
        },
        numbers.whole(),
    )


def _arrays(config: ModelConfig, engine: Engine) -> dict[str, Floats]:
    """The weights by the names that engine.js has for them. The gates' columns stand in the engine's order, whole."""
    named = engine.named_weights()
    units, layers = config.sizes.units, config.sizes.layers
    _, order = gate_columns(units)
    found: dict[str, Floats] = {}
    if "embedding" in named:
        found["lookup"] = named["embedding"]
    for layer in range(layers):
        kernel = named[f"lstm.{layer}.kernel"][:, order]
        is_lookup = not layer and "embedding" not in named
        found["lookup" if is_lookup else f"{layer}.kernel"] = kernel
        found[f"{layer}.recurrent"] = named[f"lstm.{layer}.recurrent_kernel"][:, order]
        found[f"{layer}.bias"] = named[f"lstm.{layer}.bias"][order] if config.bias else np.zeros(4 * units, np.float32)
        if f"lstm.{layer}.projection" in named:
            found[f"{layer}.projection"] = named[f"lstm.{layer}.projection"]
    if not config.tie:
        found["output"] = named["output.kernel"]
    found["output.bias"] = named["output.bias"]
    if engine.labels:
        for place, labels in enumerate(config.labels):
            rows = named[f"label.{place}.embedding"] @ named["label.kernel"]
            found[f"label.{labels.name}"] = rows[:, order]
    return found
