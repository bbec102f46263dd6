"""The LSTM forward step in NumPy: it takes a state and the ids just read, and returns logits and the next state.

The network keeps nothing between calls: the state is a value that can be kept, copied, branched and retried. For each
layer, with x its input and h, c its state, the step computes (Hochreiter and Schmidhuber 1997; Gers et al. 2000):

    i = sigmoid(x Wi + h Ri + bi)      f = sigmoid(x Wf + h Rf + bf)      o = sigmoid(x Wo + h Ro + bo)
    g = tanh(x Wg + h Rg + bg)         c' = f * c + i * g                 h' = o * tanh(c')

Keras orders the gates' columns i, f, g, o; here the order is i, f, o, g, so that the three sigmoids are one block of
memory. This module does not know text, files or random numbers.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from textgen.runs.config import ModelConfig
from textgen.system import threads
from textgen.tokens.layout import Ids

Floats: TypeAlias = NDArray[np.float32]

# Which rows of a batch: their numbers, a mask, or a slice.
RowIndex: TypeAlias = Ids | NDArray[np.bool_] | Sequence[int] | slice

# With at most this many symbols in the vocabulary, the first layer's input product of every symbol is computed once
# and kept: 4 x units floats a symbol.
MAX_TABLE_SYMBOLS = 4096

# The columns of a large output kernel are filled up to a multiple of this with zeros: whole vectors for each of several
# threads, so that a product has the same bits on any number of them.
COLUMNS = 64

# Numbers as arrays: NumPy converts a Python number to such an array at every call.
_ONE, _HALF = np.ones((), np.float32), np.full((), 0.5, np.float32)


class NetworkState(Protocol):
    """A network's state: a value with one row for each text of the batch."""

    def rows(self, index: RowIndex) -> Self:
        """Select rows of the batch."""

    @classmethod
    def stack(cls, states: Sequence[Self]) -> Self:
        """Concatenate the rows of several states, in their order."""


class State(NamedTuple):
    """The state of an Engine: `h` and `c`, float32, each of shape (layers, batch, units)."""

    h: Floats
    c: Floats

    def rows(self, index: RowIndex) -> "State":
        """Select rows of the batch."""
        return State(self.h[:, index], self.c[:, index])

    @classmethod
    def stack(cls, states: Sequence["State"]) -> "State":
        """Concatenate the rows of several states, in their order."""
        return cls(*(np.concatenate(parts, axis=1) for parts in zip(*states, strict=True)))


S = TypeVar("S", bound=NetworkState)
W = TypeVar("W")


class Gates(NamedTuple):
    """Views of one layer's gates, float32, shape (batch, units) for a single gate."""

    all: Floats
    sigmoids: Floats
    i: Floats
    f: Floats
    o: Floats
    g: Floats


class Workspace:
    """Arrays that `Engine.step` writes into instead of allocating new ones; each loop that steps has its own.

    Attributes:
        gates: float32 (layers, batch, 4 x units): after a step, its gates i, f, o and g, in this order.
        outputs: float32 (batch, columns): the product with the output kernel, whose columns may be more than symbols.
        logits: float32 (batch, vocabulary): what the latest step returned.
    """

    def __init__(self, config: ModelConfig, batch: int, columns: int) -> None:
        vocabulary, units, layers = config.sizes
        self.gates: Floats = np.empty((layers, batch, 4 * units), np.float32)
        self.outputs: Floats = np.empty((batch, columns), np.float32)
        self.logits = self.outputs[:, :vocabulary]
        self.product: Floats = np.empty((batch, 4 * units), np.float32)
        self.cell: Floats = np.empty((batch, units), np.float32)
        # Views are made once: a slice costs as much as the arithmetic on so few numbers.
        self.layers = [
            Gates(
                gates,
                gates[:, : 3 * units],
                gates[:, :units],
                gates[:, units : 2 * units],
                gates[:, 2 * units : 3 * units],
                gates[:, 3 * units :],
            )
            for gates in self.gates
        ]


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


# A network of any state and workspace.
AnyNetwork: TypeAlias = Network[Any, Any]


class Engine(Network[State, Workspace]):
    """One LSTM language model.

    Args:
        config: its ModelConfig.
        weights: name to float32 array, the names and shapes of `ModelConfig.weight_shapes`.
    """

    def __init__(self, config: ModelConfig, weights: Mapping[str, Floats]) -> None:
        self.config, self._sizes = config, config.sizes
        units = self._sizes.units
        scale, order = _columns(units)
        self._kernels: list[Floats] = []
        self._recurrent: list[Floats] = []
        self._biases: list[Floats] = []
        for layer in range(self._sizes.layers):
            self._kernels.append(weights[f"lstm.{layer}.kernel"][:, order] * scale)
            self._recurrent.append(weights[f"lstm.{layer}.recurrent_kernel"][:, order] * scale)
            bias = weights[f"lstm.{layer}.bias"][order] if config.bias else np.zeros(4 * units, np.float32)
            self._biases.append((bias * scale)[None])
        self._embedding = weights.get("embedding")
        has_table = self._sizes.vocabulary <= MAX_TABLE_SYMBOLS
        self._table = self._first_product(slice(None)) if has_table else None
        kernel, self._output_bias = weights["output.kernel"], weights["output.bias"][None]
        if kernel.size >= threads.MIN_WEIGHTS:
            kernel = np.pad(kernel, ((0, 0), (0, -kernel.shape[1] % COLUMNS)))
        self._output_kernel = kernel
        largest = max(4 * units**2, kernel.size)
        # Whether a step of one row has the same bits on so many threads, as far as this was tried.
        self._same_on: dict[int, bool] | None = {} if largest >= threads.MIN_WEIGHTS else None

    def named_weights(self) -> dict[str, Floats]:
        """Return the weights as they were given: name to float32 array, as in `ModelConfig.weight_shapes`."""
        scale, order = _columns(self._sizes.units)  # halving is undone exactly, and the order is its own inverse
        named = {} if self._embedding is None else {"embedding": self._embedding}
        for layer in range(self._sizes.layers):
            named[f"lstm.{layer}.kernel"] = (self._kernels[layer] / scale)[:, order]
            named[f"lstm.{layer}.recurrent_kernel"] = (self._recurrent[layer] / scale)[:, order]
            if self.config.bias:
                named[f"lstm.{layer}.bias"] = (self._biases[layer][0] / scale)[order]
        kernel = np.ascontiguousarray(self._output_kernel[:, : self._sizes.vocabulary])
        return named | {"output.kernel": kernel, "output.bias": self._output_bias[0]}

    def initial_state(self, batch: int = 1) -> State:
        """Return the state before any text: zeros."""
        zeros = np.zeros((self._sizes.layers, batch, self._sizes.units), dtype=np.float32)
        return State(zeros, zeros)

    def workspace(self, batch: int) -> Workspace:
        """Return a Workspace for a loop over steps of `batch` rows."""
        return Workspace(self.config, batch, self._output_kernel.shape[1])

    def step(self, state: State, ids: Ids, work: Workspace | None = None) -> tuple[Floats, State]:
        """Read one symbol in each row; see `Network.step`."""
        ids = np.asarray(ids)
        work = work or self.workspace(len(ids))
        threads.use(self._is_same_on if self._same_on is not None and len(ids) == 1 else None)
        product, cell = work.product, work.cell
        new_h, new_c = np.empty_like(state.h), np.empty_like(state.c)
        h = cell  # the output of the layer below: the first layer does not read it
        for layer, (gates, sigmoids, i, f, o, g) in enumerate(work.layers):
            if layer:
                np.dot(h, self._kernels[layer], gates)
                gates += self._biases[layer]
            elif self._table is not None:
                self._table.take(ids, 0, gates, "clip")
            else:
                gates[...] = self._first_product(ids)
            # For one row, NumPy's dot starts a microsecond sooner than its matmul.
            np.dot(state.h[layer], self._recurrent[layer], product)
            np.add(gates, product, gates)
            np.tanh(gates, gates)
            np.add(sigmoids, _ONE, sigmoids)
            np.multiply(sigmoids, _HALF, sigmoids)
            h, c = new_h[layer], new_c[layer]
            np.multiply(f, state.c[layer], c)
            np.multiply(i, g, cell)
            np.add(c, cell, c)
            np.tanh(c, cell)
            np.multiply(o, cell, h)
        np.dot(h, self._output_kernel, work.outputs)
        np.add(work.logits, self._output_bias, work.logits)
        return work.logits, State(new_h, new_c)

    def _is_same_on(self, number: int) -> bool:
        """Whether a step of one row has the same bits on so many threads as on one: tried once, with one row."""
        assert self._same_on is not None
        if number not in self._same_on:
            self._same_on[number] = threads.run_on(1, self._products) == threads.run_on(number, self._products)
        return self._same_on[number]

    def _products(self) -> list[bytes]:
        """The bits of the products of a step, for a row whose numbers are all different."""
        kernels = [*self._kernels, *self._recurrent, self._output_kernel]
        if self._table is not None or self._embedding is None:
            del kernels[0]  # a step does not multiply with it
        rows = (np.cos(np.arange(len(each), dtype=np.float32))[None] for each in kernels)
        return [np.dot(row, each).tobytes() for row, each in zip(rows, kernels, strict=True)]

    def _first_product(self, ids: Ids | slice) -> Floats:
        """The first layer's input product of these ids; one-hot times W is a row of W."""
        if self._embedding is None:
            return self._kernels[0][ids] + self._biases[0]
        return self._embedding[ids] @ self._kernels[0] + self._biases[0]


def _columns(units: int) -> tuple[Floats, NDArray[np.intp]]:
    """The scale of an LSTM kernel's columns, and their order here: Keras's with the last two gates exchanged."""
    # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: with the inner half folded into the weights, one tanh serves all gates.
    scale = np.full(4 * units, 0.5, dtype=np.float32)
    scale[3 * units :] = 1
    return scale, np.arange(4 * units).reshape(4, units)[[0, 1, 3, 2]].ravel()
