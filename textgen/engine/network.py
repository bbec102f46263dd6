"""Networks that are stepped: a step takes a state and the ids just read, and returns logits and the next state.

The network keeps nothing between calls: the state is a value that can be kept, copied, branched and retried. For each
layer, with x its input and h, c its state, the step computes (Hochreiter and Schmidhuber 1997; Gers et al. 2000):

    i = sigmoid(x Wi + h Ri + bi)      f = sigmoid(x Wf + h Rf + bf)      o = sigmoid(x Wo + h Ro + bo)
    g = tanh(x Wg + h Rg + bg)         c' = f * c + i * g                 h' = o * tanh(c')

and where the layers are projected, h' = (o * tanh(c')) P (Sak et al. 2014).

This module does not know text, files or random numbers.
"""

import copy
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from textgen.engine.blas import BlasForward
from textgen.engine.compiled import VARIANTS, CompiledForward
from textgen.engine.forward import Forward, Workspace
from textgen.engine.holding import Hold, held
from textgen.engine.label_weights import LabelWeights, Plain
from textgen.engine.probability import log_probabilities
from textgen.engine.weights import Floats, arrange, restore
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig
from textgen.tokens.labels import LabelShares
from textgen.tokens.layout import IGNORED, Ids

# Which rows of a batch: their numbers, a mask, or a slice.
RowIndex: TypeAlias = Ids | NDArray[np.bool_] | Sequence[int] | slice

# The environment variable that chooses how steps are computed, and the loop of training, for tests and to find out why
# two machines differ: NUMPY or a variant of the compiled step. Without it, the fastest is taken.
VARIABLE, NUMPY = "TEXTGEN_KERNEL", "numpy"


class NetworkState(Protocol):
    """A network's state: a value with one row for each text of the batch."""

    def rows(self, index: RowIndex) -> Self:
        """Select rows of the batch."""

    @classmethod
    def stack(cls, states: Sequence[Self]) -> Self:
        """Concatenate the rows of several states, in their order."""


class State(NamedTuple):
    """The state of an Engine.

    Attributes:
        h: float32, (layers, batch, output).
        c: float32, (layers, batch, units). The sizes are those of `ModelConfig.sizes`; they are equal unless the layers
            are projected.
        offsets: float32, (batch, 4 x units): what each text's labels add to the gates; None where no text has labels.
    """

    h: Floats
    c: Floats
    offsets: Floats | None = None

    def rows(self, index: RowIndex) -> "State":
        """Select rows of the batch."""
        return State(self.h[:, index], self.c[:, index], None if self.offsets is None else self.offsets[index])

    @classmethod
    def stack(cls, states: Sequence["State"]) -> "State":
        """Concatenate the rows of several states, in their order."""
        h, c = (np.concatenate(parts, axis=1) for parts in zip(*(state[:2] for state in states), strict=True))
        if all(state.offsets is None for state in states):
            return cls(h, c)
        width = 4 * c.shape[2]
        offsets = [np.zeros((s.c.shape[1], width), np.float32) if s.offsets is None else s.offsets for s in states]
        return cls(h, c, np.concatenate(offsets))


class Told(NamedTuple):
    """The labels at each place of a text.

    Attributes:
        offsets: float32, shape (kinds, 4 x units): what each kind of labels adds to the gates (`LabelWeights.offset`).
        places: integers, the kind at each place of the text.
    """

    offsets: Floats
    places: Ids


S = TypeVar("S", bound=NetworkState)
W = TypeVar("W")


class Network(ABC, Generic[S, W]):
    """What can be stepped: one network, or several as one.

    S is the type of its state, W that of its workspace.
    """

    @abstractmethod
    def initial_state(self, batch: int = 1) -> S:
        """Return the state before any text, with `batch` rows."""

    @abstractmethod
    def workspace(self, batch: int) -> W:
        """Return the arrays that a loop over steps of `batch` rows writes into."""

    @abstractmethod
    def step(self, state: S, ids: Ids, work: W | None = None) -> tuple[Floats, S]:
        """Read one symbol in each row.

        A row's logits and state have the same bits however many rows are read with it, whichever place it has among
        them, and whatever the others hold. So a text does not depend on the texts that are written beside it.

        Args:
            state: the state before, with as many rows as `ids`; it is not changed.
            ids: integers, shape (batch,).
            work: the workspace of a loop. The logits are then an array of it, which the next step overwrites.

        Returns:
            logits of the next symbol, float32, shape (batch, vocabulary), and the state after.
        """

    def read(self, ids: Ids | Sequence[int], state: S | None = None) -> tuple[Floats, S]:
        """Read one row of ids in order.

        Args:
            ids: integers, shape (symbols,), at least one.
            state: the state to start from, of batch 1; None for the initial state.

        Returns:
            the logits after the last id, float32, shape (vocabulary,), and the state, of batch 1.
        """
        ids, work = np.asarray(ids), self.workspace(1)
        logits, state = self.step(self.initial_state(1) if state is None else state, ids[:1], work)
        for index in ids[1:]:
            logits, state = self.step(state, index[None], work)
        return logits[0], state

    def tell(self, state: S, offsets: Floats) -> S:
        """Return the state of texts whose labels change.

        Args:
            state: the state.
            offsets: float32, shape (batch, 4 x units): what each text's labels add to the gates from now on.

        Raises:
            UsageError: a network that takes no labels.
        """
        raise UsageError("labels that change within a text need one run, without a cache or guidance")

    def log_likelihood(self, inputs: Ids, targets: Ids, told: Told | None = None) -> float:
        """Read rows side by side from the initial state; return the log-probability of their targets, in all.

        Args:
            inputs: integers, shape (rows, time): what is read.
            targets: integers of the same shape: what follows each symbol; IGNORED where it does not count.
            told: the labels at each place, of the same shape; None leaves them as they are.

        Returns:
            the sum over all targets that count, nats; 0 or less.
        """
        state, work, total = self.initial_state(len(inputs)), self.workspace(len(inputs)), 0.0
        for time, (now, next_ones) in enumerate(zip(inputs.T, targets.T, strict=True)):
            if told is not None:
                state = self.tell(state, told.offsets[told.places[:, time]])
            logits, state = self.step(state, now, work)
            (rows,) = np.nonzero(next_ones != IGNORED)
            if len(rows):
                total += float(log_probabilities(logits[rows], next_ones[rows]).sum())
        return total


# A network of any state and workspace.
AnyNetwork: TypeAlias = Network[Any, Any]


class Engine(Network[State, Workspace]):
    """One LSTM language model.

    Args:
        config: its ModelConfig.
        weights: name to float32 array, the names and shapes of `ModelConfig.weight_shapes`.

    Attributes:
        config: its ModelConfig.
        variant: how its steps are computed: one of `textgen.engine.compiled.VARIANTS`, or NUMPY.
        labels: what labels mean to it; None where it knows none.

    Raises:
        UsageError: the environment variable TEXTGEN_KERNEL names no way to compute a step.
    """

    def __init__(self, config: ModelConfig, weights: Mapping[str, Floats]) -> None:
        self.config = config
        self.labels = LabelWeights.of(config, weights)
        self._shares: LabelShares = {}
        self._offset: Floats | None = None  # what each text's labels add to the gates
        self.variant = _variant()
        arranged = arrange(config, weights)
        self._forward: Forward[Any] = (
            BlasForward(config, arranged) if self.variant == NUMPY else CompiledForward(config, arranged, self.variant)
        )

    def named_weights(self) -> dict[str, Floats]:
        """Return the weights as they were given: name to float32 array, as in `ModelConfig.weight_shapes`."""
        named = restore(self.config, self._forward.weights())
        return named | dict(self.labels.named if self.labels else {})

    def told(self, shares: LabelShares) -> "Engine":
        """Return the same network with texts that have these labels; they share their weights.

        Args:
            shares: for each name its labels and their shares; of a name that is missing nothing is told.
        """
        engine = copy.copy(self)
        engine._offset = self.labels.offset(shares) if self.labels and shares else None
        engine._shares = shares
        return engine

    @property
    def is_told(self) -> bool:
        """Whether its texts have labels."""
        return bool(self._shares)

    def held(self, holds: Sequence[Hold]) -> "Engine":
        """Return the same network with gates that are held at a value (`textgen.engine.holding`)."""
        return Engine(*held(self.config, self.named_weights(), holds)).told(self._shares) if holds else self

    def plain(self, shares: LabelShares) -> Plain:
        """The configuration and the weights of a network that knows no labels, and whose texts all have these."""
        weights = self.named_weights()
        return Plain(self.config, weights) if self.labels is None else self.labels.folded(self.config, weights, shares)

    def offset(self, shares: LabelShares) -> Floats:
        """What labels add to the gates, float32, shape (4 x units,). Raises UsageError: it knows no labels."""
        if self.labels is None:
            raise UsageError("this run knows no labels; it was trained without `label`")
        return self.labels.offset(shares)

    def tell(self, state: State, offsets: Floats) -> State:
        """Return the state of texts whose labels change; see `Network.tell`."""
        return state._replace(offsets=offsets)

    def initial_state(self, batch: int = 1) -> State:
        """Return the state before any text: zeros, and what is told of its labels."""
        sizes = self.config.sizes
        h, c = (np.zeros((sizes.layers, batch, size), dtype=np.float32) for size in (sizes.output, sizes.units))
        if self._offset is None:
            return State(h, c)
        return State(h, c, np.broadcast_to(self._offset, (batch, len(self._offset))).copy())

    def workspace(self, batch: int) -> Workspace:
        """Return a Workspace for a loop over steps of `batch` rows."""
        work: Workspace = self._forward.workspace(batch)
        return work

    def step(self, state: State, ids: Ids, work: Workspace | None = None) -> tuple[Floats, State]:
        """Read one symbol in each row; see `Network.step`."""
        ids = np.asarray(ids)
        work = work or self.workspace(len(ids))
        h, c = self._forward.step(state.h, state.c, ids, work, state.offsets)
        return work.logits, State(h, c, state.offsets)


def _variant() -> str:
    """The fastest way to compute a step, or the one that the environment names."""
    ways = [*VARIANTS, NUMPY]
    way = os.environ.get(VARIABLE) or ways[0]
    if way not in ways:
        raise UsageError(f"{VARIABLE} is {way!r}; set it to one of: {', '.join(ways)}")
    return way
