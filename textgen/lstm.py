"""The recurrent layer: the weights, configuration and numbers of keras.layers.LSTM, with this project's own CPU path.

On TensorFlow without a GPU the recurrence runs here, with a gradient written by hand; anywhere else (a GPU, where
cuDNN serves; KERAS_BACKEND=jax or torch; options of keras.layers.LSTM that the CPU path has no use for) the layer is
the stock one. This is the only module that holds code for one Keras backend.

The CPU path rests on three things:

1. The input product is one large product before the loop, not one at each step; and where the input is a symbol, it
   is no product at all but a row picked from a table, since a one-hot vector times the kernel is a row of the kernel.
2. The backward loop carries only dh and dc. The gradient of the recurrent kernel, a sum over all steps, is one large
   product after the loop.
3. sigmoid(x) = tanh(x / 2) / 2 + 1 / 2: with the inner half folded into the weights, one tanh serves all four gates.
"""

import keras
import numpy as np
from keras import ops


class LSTM(keras.layers.LSTM):
    """keras.layers.LSTM (same arguments, weights and numbers), which can also read symbols.

    Shapes: sequences (batch, time, features), states h and c (batch, units), outputs (batch, time, units) with
    `return_sequences` or (batch, units) without; kernels as Keras orders them: input gate, forget gate, candidate,
    output gate.
    """

    def read(self, ids, initial_state, embedding=None, training=False):
        """The layer's output where its input is symbols; the layer must have `return_sequences` and `return_state`.

        The numbers are those of `self(embedding[ids])`, or of `self(one_hot(ids))` where `embedding` is None, but on
        the CPU path neither input is ever built.

        Args:
            ids: integers, shape (batch, time).
            initial_state: [h, c], each (batch, units).
            embedding: float, shape (vocabulary, features), or None for one-hot.

        Returns:
            outputs (batch, time, units), h and c (batch, units).
        """
        if not self.has_own_path():
            if embedding is None:
                sequences = ops.one_hot(ids, self.cell.kernel.shape[0], dtype=self.compute_dtype)
            else:
                sequences = ops.take(embedding, ids, axis=0)
            return self(sequences, initial_state=initial_state, training=training)
        ids = ops.transpose(ids)
        if embedding is None:
            table = ops.convert_to_tensor(self.cell.kernel) * self._scale()
        elif embedding.shape[0] <= (ids.shape[0] or 1) * (ids.shape[1] or 1):
            table = ops.matmul(embedding, self.cell.kernel) * self._scale()
        else:
            # More symbols than places to put them: cheaper to project what was read than all that could be.
            return self._run(self._project(ops.take(embedding, ids, axis=0)), initial_state)
        return self._run(ops.take(table + self._bias(), ids, axis=0), initial_state)

    def has_own_path(self):
        """Whether the recurrence runs here rather than in Keras."""
        cell = self.cell
        return (
            keras.backend.backend() == "tensorflow"
            and not _tensorflow().config.list_physical_devices("GPU")
            and cell.activation is keras.activations.tanh
            and cell.recurrent_activation is keras.activations.sigmoid
            and not (cell.dropout or cell.recurrent_dropout or self.go_backwards or self.unroll)
        )

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if mask is not None or not self.has_own_path():
            return super().inner_loop(sequences, initial_state, mask, training=training)
        outputs, h, c = self._run(self._project(ops.transpose(sequences, (1, 0, 2))), initial_state)
        return h, outputs, [h, c]

    def _scale(self):
        scale = np.full(4 * self.units, 0.5, dtype=self.compute_dtype)
        scale[2 * self.units : 3 * self.units] = 1
        return scale

    def _bias(self):
        return self.cell.bias * self._scale() if self.use_bias else 0.0

    def _project(self, sequences):
        return ops.matmul(sequences, ops.convert_to_tensor(self.cell.kernel) * self._scale()) + self._bias()

    def _run(self, projected, initial_state):
        recurrent_kernel = ops.convert_to_tensor(self.cell.recurrent_kernel) * self._scale()
        outputs, h, c = _recurrence(projected, *initial_state, recurrent_kernel)
        return ops.transpose(outputs, (1, 0, 2)), h, c


def _tensorflow():
    import tensorflow

    return tensorflow


def _recurrence(projected, h, c, recurrent_kernel):
    """The loop over time steps, with its own gradient; the inner half of each sigmoid is folded into its inputs.

    Args:
        projected: the input product and bias of every step, shape (time, batch, 4 x units).
        h, c: the state before, shape (batch, units).
        recurrent_kernel: shape (units, 4 x units).

    Returns:
        h after every step (time, batch, units), and the last h and c.
    """
    tf = _tensorflow()

    @tf.custom_gradient
    def run(projected, h0, c0, recurrent_kernel):
        steps = tf.shape(projected)[0]
        inputs = tf.TensorArray(projected.dtype, steps).unstack(projected)
        arrays = tuple(tf.TensorArray(projected.dtype, steps) for _ in range(3))

        def forward(t, h, c, gates_seen, c_seen, h_seen):
            i, f, g, o = tf.split(tf.tanh(inputs.read(t) + tf.matmul(h, recurrent_kernel)), 4, axis=1)
            i, f, o = i * 0.5 + 0.5, f * 0.5 + 0.5, o * 0.5 + 0.5
            c = f * c + i * g
            h = o * tf.tanh(c)
            gates_seen = gates_seen.write(t, tf.concat([i, f, g, o], 1))
            return t + 1, h, c, gates_seen, c_seen.write(t, c), h_seen.write(t, h)

        _, h, c, gates_seen, c_seen, h_seen = tf.while_loop(
            lambda t, *_: t < steps, forward, (0, h0, c0, *arrays), maximum_iterations=steps
        )
        gates, cells, outputs = gates_seen.stack(), c_seen.stack(), h_seen.stack()

        def gradient(d_outputs, d_h, d_c):
            transposed = tf.transpose(recurrent_kernel)
            upstream = tf.TensorArray(projected.dtype, steps).unstack(d_outputs)
            d_gates_seen = tf.TensorArray(projected.dtype, steps)

            def backward(t, d_h, d_c, d_gates_seen):
                i, f, g, o = tf.split(gates[t], 4, axis=1)
                tanh_c = tf.tanh(cells[t])
                before = tf.cond(t > 0, lambda: cells[t - 1], lambda: c0)
                d_h += upstream.read(t)
                d_c += d_h * o * (1 - tanh_c * tanh_c)
                # d sigmoid / d (folded input) is 2 s (1 - s): the half was folded in before.
                d_gates = tf.concat(
                    [
                        d_c * g * (2 * i * (1 - i)),
                        d_c * before * (2 * f * (1 - f)),
                        d_c * i * (1 - g * g),
                        d_h * tanh_c * (2 * o * (1 - o)),
                    ],
                    1,
                )
                return t - 1, tf.matmul(d_gates, transposed), d_c * f, d_gates_seen.write(t, d_gates)

            _, d_h0, d_c0, d_gates_seen = tf.while_loop(
                lambda t, *_: t >= 0, backward, (steps - 1, d_h, d_c, d_gates_seen), maximum_iterations=steps
            )
            d_projected = d_gates_seen.stack()
            states = tf.concat([h0[None], outputs[:-1]], 0)
            units = recurrent_kernel.shape[0]
            d_kernel = tf.matmul(
                tf.reshape(states, (-1, units)), tf.reshape(d_projected, (-1, 4 * units)), transpose_a=True
            )
            return d_projected, d_h0, d_c0, d_kernel

        return (outputs, h, c), gradient

    return run(projected, h, c, recurrent_kernel)
