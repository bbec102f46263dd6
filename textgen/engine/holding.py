"""A network whose gates are held at a value: all of a gate, those of a layer, or that of one unit.

A held gate has no weights but a constant bias, whose activation is the value. So no step is computed in another way,
and 0, 0.5 and 1 are held exactly. An output gate at 0 silences a unit: its hidden state is 0. This module does not know
text or files.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from textgen import arguments
from textgen.engine.weights import Floats
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig

# The gates in the order of Keras's columns, and the lowest value of each; the highest is 1.
GATES = {"input": 0, "forget": 0, "candidate": -1, "output": 0}
MAX_DIGITS = 12  # of a layer's or unit's number: more than any run has


class Hold(NamedTuple):
    """A gate that is held.

    Attributes:
        gate: one of GATES.
        value: from 0 to 1; of the candidate from -1 to 1.
        layer: None for all layers.
        unit: None for all units.
    """

    gate: str
    value: float
    layer: int | None = None
    unit: int | None = None


def read_holds(given: Mapping[str, float] | Sequence[str], config: ModelConfig) -> list[Hold]:
    """Which gates are held, from what a program or a person gives.

    Args:
        given: values by what is held: {"forget": 0.5}, {"forget:0": 0.5} of layer 0, {"forget:0:17": 0.5} of its unit
            17. Or texts as on the command line, "forget=0.5".
        config: the network's ModelConfig.

    Raises:
        UsageError: no such gate, layer or unit, or a value that the gate cannot have.
    """
    wanted = 'gates and their values, such as {"forget": 0.5}, or texts such as "forget=0.5"'
    if isinstance(given, (str, bytes)) or not isinstance(given, (Mapping, Sequence)):
        raise arguments.refused("hold", wanted, given)
    pairs: list[tuple[object, object]]
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        texts = [arguments.instance("hold", each, str, wanted) for each in given]
        pairs = [(key, value) for key, _, value in (text.partition("=") for text in texts)]
    return [_hold(str(arguments.instance("hold", key, str, wanted)), value, config) for key, value in pairs]


def _hold(key: str, value: object, config: ModelConfig) -> Hold:
    gate, *numbers = key.split(":")
    if gate not in GATES:
        raise UsageError(f"`hold`: no gate {gate!r}; the gates are {', '.join(GATES)}")
    number = arguments.spelled_number(value)
    if not GATES[gate] <= number <= 1:
        raise UsageError(f"`hold`: {gate} is {arguments.shown(value)}; give a number from {GATES[gate]} to 1")
    if len(numbers) > 2 or not all(each.isdecimal() and len(each) <= MAX_DIGITS for each in numbers):
        raise UsageError(f"`hold`: {key!r} is none of {gate}, {gate}:LAYER, {gate}:LAYER:UNIT")
    places = [int(each) for each in numbers]
    for name, place, size in zip(("layer", "unit"), places, (config.sizes.layers, config.sizes.units), strict=False):
        if place >= size:
            raise UsageError(f"`hold`: no {name} {place} in this run; its {name}s go from 0 to {size - 1}")
    return Hold(gate, number, *places)


def held(
    config: ModelConfig, weights: Mapping[str, Floats], holds: Sequence[Hold]
) -> tuple[ModelConfig, dict[str, Floats]]:
    """The network whose gates are held: its ModelConfig and its weights.

    Args:
        config: the network's ModelConfig.
        weights: name to float32 array, as of `ModelConfig.weight_shapes`; they stay as they are.
        holds: what is held; of two that concern a gate, the later one counts.
    """
    units, layers = config.sizes.units, config.sizes.layers
    changed = dict(weights)
    for layer in range(layers):
        own = [hold for hold in holds if hold.layer in (None, layer)]
        if not own:
            continue
        names = [f"lstm.{layer}.kernel", f"lstm.{layer}.recurrent_kernel", f"lstm.{layer}.bias"]
        if not layer and "label.kernel" in weights:
            names.append("label.kernel")
        if not config.bias:
            for each in range(layers):
                changed.setdefault(f"lstm.{each}.bias", np.zeros(4 * units, np.float32))
        for name in names:
            changed[name] = changed[name].copy()
        for hold in own:
            first = list(GATES).index(hold.gate) * units
            columns = slice(first, first + units) if hold.unit is None else first + hold.unit
            for name in names:
                changed[name][..., columns] = 0
            changed[names[2]][columns] = preactivation(hold)
    return (config if config.bias else dataclasses.replace(config, bias=True)), changed


def preactivation(hold: Hold) -> float:
    """The sum whose activation is the value: of a sigmoid, twice the inverse of tanh of 2 value - 1."""
    if hold.gate == "candidate":
        return _inverse_tanh(hold.value)
    return 2 * _inverse_tanh(2 * hold.value - 1)


def _inverse_tanh(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) == 1 else math.atanh(value)
