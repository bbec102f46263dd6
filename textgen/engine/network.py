"""The LSTM forward step in NumPy: a state and the ids just read go in, logits and the next state come out.

Nothing is remembered between calls: the state is a value that can be kept, copied, branched and retried. The step
computes, for each layer, with x its input and h, c its state (Hochreiter and Schmidhuber 1997; Gers et al. 2000):

    i = sigmoid(x Wi + h Ri + bi)      f = sigmoid(x Wf + h Rf + bf)      o = sigmoid(x Wo + h Ro + bo)
    g = tanh(x Wg + h Rg + bg)         c' = f * c + i * g                 h' = o * tanh(c')

Keras keeps the gates' columns in the order i, f, g, o; here they stand as i, f, o, g, so that the three sigmoids are
one stretch of memory. This module knows nothing of text, files or chance.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.layout import Ids

S = TypeVar("S")
W = TypeVar("W")

# Below this many symbols the first layer's input product is kept for every symbol: 4 x units floats each.
LARGEST_TABLE = 4096

# Numbers as arrays of one: NumPy turns a Python number into such an array again at every call.
_ONE, _HALF = np.ones((), np.float32), np.full((), 0.5, np.float32)


class State(NamedTuple):
    """What the network remembers: `h` and `c`, float32, each of shape (layers, batch, units)."""

    h: np.ndarray
    c: np.ndarray

    def rows(self, index):
        """The state of some rows of the batch: an integer array, a slice or a list."""
        return State(self.h[:, index], self.c[:, index])

    @staticmethod
    def stack(states):
        """One State whose rows are those of several, in their order."""
        return State(*(np.concatenate(parts, axis=1) for parts in zip(*states, strict=True)))


class Workspace:
    """Arrays that `Engine.step` writes into instead of making new ones; one for each loop that steps.

    Attributes:
        gates: float32 (layers, batch, 4 x units), after a step its gates i, f, o and g, in this order.
        logits: float32 (batch, vocabulary), what the latest step returned.
    """

    def __init__(self, config, batch):
        units = config.units
        self.gates = np.empty((config.layers, batch, 4 * units), np.float32)
        self.logits = np.empty((batch, config.vocabulary_size), np.float32)
        self.product = np.empty((batch, 4 * units), np.float32)
        self.cell = np.empty((batch, units), np.float32)
        # Views are made once: a slice costs as much as the arithmetic on so few numbers.
        self.layers = [
            (
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

    S is the type of its state, a value that has `rows` and `stack` as State has them; W that of its workspace.
    """

    @property
    @abstractmethod
    def largest_product(self) -> int:
        """How many numbers the largest array of weights holds that a step multiplies with."""

    @abstractmethod
    def initial_state(self, batch: int = 1) -> S:
        """The state before any text."""

    @abstractmethod
    def workspace(self, batch: int) -> W:
        """The arrays that a loop which steps `batch` rows writes into."""

    @abstractmethod
    def step(self, state: S, ids: Ids, work: W | None = None) -> tuple[NDArray[np.float32], S]:
        """Read one symbol in each row: logits, float32 (batch, vocabulary), and the state after."""

    def read(self, ids: Ids | list[int], state: S | None = None) -> tuple[NDArray[np.float32], S]:
        """Read a row of ids one after another, from `state` or from the beginning.

        Args:
            ids: integers, shape (symbols,), at least one.

        Returns:
            the logits after the last (float32, shape (vocabulary,)) and the State, of batch 1.
        """
        state, work = state or self.initial_state(1), self.workspace(1)
        logits = None
        for index in np.asarray(ids):
            logits, state = self.step(state, index[None], work)
        return logits[0], state


# Any network, whatever its state and its workspace are.
AnyNetwork: TypeAlias = Network[Any, Any]


class Engine(Network[State, Workspace]):
    """The network of one run, ready to step.

    Args:
        config: the run's ModelConfig.
        weights: name to float32 array, as `ModelConfig.weight_shapes` says.
    """

    def __init__(self, config, weights):
        self.config = config
        units = config.units
        scale, order = _columns(units)
        self._kernels, self._recurrent, self._biases = [], [], []
        for layer in range(config.layers):
            self._kernels.append(weights[f"lstm.{layer}.kernel"][:, order] * scale)
            self._recurrent.append(weights[f"lstm.{layer}.recurrent_kernel"][:, order] * scale)
            bias = weights[f"lstm.{layer}.bias"][order] if config.bias else np.zeros(4 * units, np.float32)
            self._biases.append((bias * scale)[None])
        self._embedding = weights.get("embedding")
        self._table = self._rows(slice(None)) if config.vocabulary_size <= LARGEST_TABLE else None
        self._output = weights["output.kernel"], weights["output.bias"][None]

    def named_weights(self):
        """The weights as they were given, by name: float32, the names and shapes of `ModelConfig.weight_shapes`."""
        scale, order = _columns(self.config.units)  # halves undo exactly, and the order is its own inverse
        named = {} if self._embedding is None else {"embedding": self._embedding}
        for layer in range(self.config.layers):
            named[f"lstm.{layer}.kernel"] = (self._kernels[layer] / scale)[:, order]
            named[f"lstm.{layer}.recurrent_kernel"] = (self._recurrent[layer] / scale)[:, order]
            if self.config.bias:
                named[f"lstm.{layer}.bias"] = (self._biases[layer][0] / scale)[order]
        kernel, bias = self._output
        return named | {"output.kernel": kernel, "output.bias": bias[0]}

    @property
    def largest_product(self):
        """Numbers in the largest array of weights that a step multiplies with."""
        return max(4 * self.config.units**2, self.config.units * self.config.vocabulary_size)

    def initial_state(self, batch=1):
        """The state before any text: zeros."""
        zeros = np.zeros((self.config.layers, batch, self.config.units), dtype=np.float32)
        return State(zeros, zeros)

    def workspace(self, batch):
        """A Workspace for a loop that steps so many rows."""
        return Workspace(self.config, batch)

    def step(self, state, ids, work=None):
        """Read one symbol in each row.

        Args:
            state: the State before, of the same batch; it stays as it is.
            ids: integers, shape (batch,).
            work: the Workspace of a loop. Logits are then an array of it, which the next step overwrites.

        Returns:
            logits (float32, shape (batch, vocabulary)) of what comes next, and the State after.
        """
        ids = np.asarray(ids)
        work = work or self.workspace(len(ids))
        product, cell = work.product, work.cell
        new_h, new_c = np.empty_like(state.h), np.empty_like(state.c)
        h = None
        for layer, (gates, sigmoids, i, f, o, g) in enumerate(work.layers):
            if layer:
                np.dot(h, self._kernels[layer], gates)
                gates += self._biases[layer]
            elif self._table is not None:
                self._table.take(ids, 0, gates, "clip")
            else:
                gates[...] = self._rows(ids)
            # Of one row, NumPy's dot starts a microsecond sooner than its matmul.
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
        kernel, bias = self._output
        np.dot(h, kernel, work.logits)
        np.add(work.logits, bias, work.logits)
        return work.logits, State(new_h, new_c)

    def _rows(self, ids):
        """The first layer's input product for these ids: a row of the kernel, since one-hot times W picks one."""
        if self._embedding is None:
            return self._kernels[0][ids] + self._biases[0]
        return self._embedding[ids] @ self._kernels[0] + self._biases[0]


def _columns(units):
    """What is folded into the columns of an LSTM kernel, and their order here: Keras's with the last two exchanged."""
    # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: with the inner half folded into the weights, one tanh serves all gates.
    scale = np.full(4 * units, 0.5, dtype=np.float32)
    scale[3 * units :] = 1
    return scale, np.arange(4 * units).reshape(4, units)[[0, 1, 3, 2]].ravel()
