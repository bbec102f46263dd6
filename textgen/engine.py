"""The LSTM forward step in NumPy: a state and the ids just read go in, logits and the next state come out.

Nothing is remembered between calls: the state is a value that can be kept, copied, branched and retried. The step
computes, for each layer, with x its input and h, c its state (Hochreiter and Schmidhuber 1997; Gers et al. 2000):

    i = sigmoid(x Wi + h Ri + bi)      f = sigmoid(x Wf + h Rf + bf)      o = sigmoid(x Wo + h Ro + bo)
    g = tanh(x Wg + h Rg + bg)         c' = f * c + i * g                 h' = o * tanh(c')

which is keras.layers.LSTM's order of columns: i, f, g, o. This module knows nothing of text, files or chance.
"""

from dataclasses import dataclass

import numpy as np

# Below this many symbols the first layer's input product is kept for every symbol: 4 x units floats each.
LARGEST_TABLE = 4096


@dataclass(frozen=True)
class State:
    """What the network remembers: `h` and `c`, float32, each of shape (layers, batch, units)."""

    h: np.ndarray
    c: np.ndarray

    def rows(self, index):
        """The state of some rows of the batch: an integer array, a slice or a list."""
        return State(self.h[:, index], self.c[:, index])


class Engine:
    """The network of one run, ready to step.

    Args:
        config: the run's ModelConfig.
        weights: name to float32 array, as `ModelConfig.weight_shapes` says.
    """

    def __init__(self, config, weights):
        self.config = config
        units = config.units
        # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: with the inner half folded into the weights, one tanh serves all gates.
        self._scale = np.full(4 * units, 0.5, dtype=np.float32)
        self._scale[2 * units : 3 * units] = 1
        self._kernels, self._recurrent, self._biases = [], [], []
        for layer in range(config.layers):
            self._kernels.append(weights[f"lstm.{layer}.kernel"] * self._scale)
            self._recurrent.append(weights[f"lstm.{layer}.recurrent_kernel"] * self._scale)
            bias = weights[f"lstm.{layer}.bias"] if config.bias else np.zeros(4 * units, np.float32)
            self._biases.append(bias * self._scale)
        self._embedding = weights.get("embedding")
        self._table = self._rows(slice(None)) if config.vocabulary_size <= LARGEST_TABLE else None
        self._output = weights["output.kernel"], weights["output.bias"]

    def initial_state(self, batch=1):
        """The state before any text: zeros."""
        zeros = np.zeros((self.config.layers, batch, self.config.units), dtype=np.float32)
        return State(zeros, zeros)

    def step(self, state, ids):
        """Read one symbol in each row.

        Args:
            state: the State before, of the same batch.
            ids: integers, shape (batch,).

        Returns:
            logits (float32, shape (batch, vocabulary)) of what comes next, and the State after.
        """
        ids = np.asarray(ids)
        units = self.config.units
        new_h, new_c = np.empty_like(state.h), np.empty_like(state.c)
        h = None
        for layer in range(self.config.layers):
            if layer:
                gates = h @ self._kernels[layer] + self._biases[layer]
            else:
                gates = self._table[ids] if self._table is not None else self._rows(ids)
            gates += state.h[layer] @ self._recurrent[layer]
            np.tanh(gates, out=gates)
            candidate = gates[:, 2 * units : 3 * units].copy()
            gates += 1
            gates *= 0.5
            c = gates[:, units : 2 * units] * state.c[layer]
            c += gates[:, :units] * candidate
            h = gates[:, 3 * units :] * np.tanh(c)
            new_h[layer], new_c[layer] = h, c
        kernel, bias = self._output
        return h @ kernel + bias, State(new_h, new_c)

    def read(self, ids, state=None):
        """Read a row of ids one after another, from `state` or from the beginning.

        Args:
            ids: integers, shape (symbols,), at least one.

        Returns:
            the logits after the last (float32, shape (vocabulary,)) and the State, of batch 1.
        """
        state = state or self.initial_state(1)
        logits = None
        for index in np.asarray(ids):
            logits, state = self.step(state, index[None])
        return logits[0], state

    def _rows(self, ids):
        """The first layer's input product for these ids: a row of the kernel, since one-hot times W picks one."""
        if self._embedding is None:
            return self._kernels[0][ids] + self._biases[0]
        return self._embedding[ids] @ self._kernels[0] + self._biases[0]
