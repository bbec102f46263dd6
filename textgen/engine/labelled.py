"""A network that is told a text's labels, and one that follows them more strongly than it learned to.

Classifier-free guidance (Ho and Salimans 2022; for language models Sanchez et al. 2023): with the logits of the text
with its labels and without them, the guided ones are

    free + guidance (told - free)

so a guidance of 1 follows the labels as they were learned, 0 not at all, and one above 1 prefers what the labels make
likelier. This module does not know files.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from textgen import arguments
from textgen.engine.forward import Workspace
from textgen.engine.network import Engine, Network, RowIndex, State, Told
from textgen.engine.weights import Floats
from textgen.errors import UsageError
from textgen.system.wording import did_you_mean
from textgen.tokens.labels import LabelSet, LabelShares
from textgen.tokens.layout import BOUNDARY, Ids


class GuidedState(NamedTuple):
    """The states of a text with its labels and without them."""

    told: State
    free: State

    def rows(self, index: RowIndex) -> "GuidedState":
        """Select rows of the batch."""
        return GuidedState(self.told.rows(index), self.free.rows(index))

    @classmethod
    def stack(cls, states: Sequence["GuidedState"]) -> "GuidedState":
        """Concatenate the rows of several states, in their order."""
        return cls(State.stack([each.told for each in states]), State.stack([each.free for each in states]))


class GuidedNetwork(Network[GuidedState, tuple[Workspace, Workspace]]):
    """A network that reads each text twice, with its labels and without, and goes further from one to the other.

    Args:
        engine: the network.
        shares: the labels, as of `Engine.told`.
        guidance: how far.
    """

    def __init__(self, engine: Engine, shares: LabelShares, guidance: float) -> None:
        self.free, self.told, self.guidance = engine.told({}), engine.told(shares), guidance

    def initial_state(self, batch: int = 1) -> GuidedState:
        """Return the state before any text, with `batch` rows."""
        return GuidedState(self.told.initial_state(batch), self.free.initial_state(batch))

    def workspace(self, batch: int) -> tuple[Workspace, Workspace]:
        """Return a workspace for each of the two."""
        return self.told.workspace(batch), self.free.workspace(batch)

    def step(
        self, state: GuidedState, ids: Ids, work: tuple[Workspace, Workspace] | None = None
    ) -> tuple[Floats, GuidedState]:
        """Read one symbol in each row; see `Network.step`."""
        told, after = self.told.step(state.told, ids, work and work[0])
        free, after_free = self.free.step(state.free, ids, work and work[1])
        logits: Floats = free + self.guidance * (told - free)
        return logits, GuidedState(after, after_free)


def read_shares(sets: Sequence[LabelSet], given: Mapping[str, object] | Sequence[str]) -> LabelShares:
    """Which labels a text has, from what a program or a person gives.

    Args:
        sets: the labels that the model knows.
        given: for each name a label, or labels and their weights; or texts as on the command line, NAME=LABEL or
            NAME=LABEL:WEIGHT,LABEL:WEIGHT.

    Returns:
        for each name its labels and their shares.

    Raises:
        UsageError: a name or a label that the model does not know, with the nearest that it does; or weights that are
            not numbers of 0 or more, or all 0.
    """
    known = {labels.name: labels for labels in sets}
    if given and not known:
        _check_name("", known)
    pairs = list(given.items()) if isinstance(given, Mapping) else [_parted(each, known) for each in given]
    shares: dict[str, Mapping[str, float]] = {}
    for name, wanted in pairs:
        _check_name(name, known)
        if name in shares:
            raise UsageError(f"`label`: {name!r} is there twice; give its labels together, as {name}=A:0.5,B:0.5")
        shares[name] = _shares(known[name], wanted)
    return shares


def told_of(
    engine: Engine,
    ids: Ids,
    names: Sequence[str],
    labels: Sequence[Sequence[str]],
    shares: LabelShares | None = None,
) -> Told:
    """The labels at each place of a laid-out text.

    Args:
        engine: the network.
        ids: the text, integers, shape (symbols,), a BOUNDARY before each document.
        names: of the documents' own labels.
        labels: those of each document. One that the network does not know is not told.
        shares: labels of other names, which all documents have.

    Raises:
        UsageError: the network knows no label of a name.
    """
    known = {each.name: each.values for each in engine.config.labels}
    for name in names:
        _check_name(name, known)
    kinds: dict[tuple[str, ...], int] = {}
    of_document = np.array([kinds.setdefault(tuple(each), len(kinds)) for each in labels], np.intp)
    own = [{name: label for name, label in zip(names, kind, strict=True) if label in known[name]} for kind in kinds]
    told = [{**(shares or {}), **{name: {label: 1.0} for name, label in each.items()}} for each in own]
    document = np.cumsum(np.asarray(ids) == BOUNDARY) - 1
    return Told(np.array([engine.offset(each) for each in told]), of_document[document])


def _check_name(name: str, known: Mapping[str, object]) -> None:
    """Raise UsageError where a run knows no labels, or none of a name."""
    if not known:
        raise UsageError("`label`: this run knows no labels; it was trained without `label`")
    if name not in known:
        raise UsageError(f"`label`: this run knows no label {name!r}; {did_you_mean(str(name), known)}")


def _parted(text: str, known: Mapping[str, LabelSet]) -> tuple[str, object]:
    """The name and the labels of a text as on the command line."""
    name, equals, rest = text.partition("=")
    if not equals:
        example = next(iter(known.values()))
        raise UsageError(f"`label`: {text!r} has no =; write for instance {example.name}={example.values[0]}")
    if name not in known or rest in known[name].values:
        return name, rest
    parts = [part.rpartition(":") for part in rest.split(",")]
    if not all(colon for _, colon, _ in parts):
        return name, rest
    return name, {label: weight for label, _, weight in parts}


def _shares(labels: LabelSet, wanted: object) -> Mapping[str, float]:
    """The shares of some labels of one name."""
    weights = wanted if isinstance(wanted, Mapping) else {wanted: 1}
    found: dict[str, float] = {}
    for label, weight in weights.items():
        if label not in labels.values:
            near = did_you_mean(str(label), labels.values)
            raise UsageError(f"`label`: this run knows no {labels.name} {label!r}; {near}")
        found[label] = _weight(label, weight)
    total = sum(found.values())
    if not 0 < total < float("inf"):
        raise UsageError(f"`label`: the weights of {labels.name} sum to {total:g}; give one above 0")
    return {label: weight / total for label, weight in found.items()}


def _weight(label: str, value: object) -> float:
    """The weight of a label: a number, perhaps as text."""
    try:
        weight = float(value) if isinstance(value, str) else arguments.as_float(value)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise UsageError(f"`label`: the weight of {label!r} is {value!r}; give a number of 0 or more")
    return weight
