"""The recurrent layer: the weights, configuration and numbers of keras.layers.LSTM, with this project's own CPU path.

On TensorFlow without a GPU the recurrence runs here, with a gradient written by hand; anywhere else (a GPU, where
cuDNN serves; KERAS_BACKEND=jax or torch; options of keras.layers.LSTM that the CPU path has no use for) the layer is
the stock one. Code for one backend stands here, in `textgen.training.optimizer` and in `textgen.training.feed`,
nowhere else.

The CPU path rests on four things, measured in docs/log.md:

1. The input product is one large product before the loop; and where the input is a symbol, it is no product at all
   but a row picked from a table, since a one-hot vector times the kernel is a row of the kernel.
2. The backward loop carries only dh and dc. The gradient of the recurrent kernel, a sum over all steps, is one large
   product after the loop, and the kernel is transposed once, before it.
3. The three sigmoid gates stand side by side, apart from the candidate: one sigmoid serves them all, their outputs
   need no sorting, and products three quarters as wide do not fall on the same lines of the cache.
4. Lanes: the batch is cut into as many parts as there are cores, each part's loop single-threaded beside the others,
   so that no step waits for another core. `use_all_cores` sets TensorFlow's threads to suit.
"""

from itertools import pairwise

from textgen.system.threads import cores
from textgen.training.backend import keras, on_tensorflow_cpu, ops, tensorflow

# Rows below which a lane's products are too thin to be worth a core of their own.
FEWEST_ROWS = 8
# Largest vocabulary whose table's gradient is summed by a product with one-hot rows; above it, by sorting.
LARGEST_ONE_HOT = 512
# Time steps in one turn of a loop: fewer turns, each with the same work.
STEPS_PER_TURN = 4


class LSTM(keras.layers.LSTM):
    """keras.layers.LSTM (same arguments, weights and numbers), which can also read symbols.

    Shapes: sequences (batch, time, features), states h and c (batch, units), outputs (batch, time, units) with
    `return_sequences` or (batch, units) without; kernels as Keras orders them: input gate, forget gate, candidate,
    output gate.
    """

    def has_own_path(self):
        """Whether the recurrence runs here rather than in Keras."""
        cell = self.cell
        return (
            on_tensorflow_cpu()
            and cell.activation is keras.activations.tanh
            and cell.recurrent_activation is keras.activations.sigmoid
            and not (cell.dropout or cell.recurrent_dropout or self.go_backwards or self.unroll)
        )

    def run(self, inputs, initial_state, embedding=None, recurrent_kernel=None, training=False):
        """The layer with time first, which is how the CPU path works, on vectors or on symbols.

        The layer must have `return_sequences` and `return_state`. For symbols, the numbers are those of the vectors
        `embedding[ids]`, or of their one-hot vectors where `embedding` is None, but on the CPU path neither is built.

        Args:
            inputs: float vectors, shape (time, batch, features), or integer symbols, shape (time, batch).
            initial_state: [h, c], each (batch, units).
            embedding: float, shape (vocabulary, features), for symbols only.
            recurrent_kernel: what to use in place of the layer's own, of its shape (units, 4 x units).

        Returns:
            outputs (time, batch, units), h and c (batch, units).
        """
        symbols = len(inputs.shape) == 2
        recurrent_kernel = self.cell.recurrent_kernel if recurrent_kernel is None else recurrent_kernel
        if self.has_own_path():
            if not symbols:
                return self._run_vectors(inputs, initial_state, recurrent_kernel)
            places = (inputs.shape[0] or 1) * (inputs.shape[1] or 1)
            if embedding is not None and embedding.shape[0] > places:
                # More symbols than places to put them: cheaper to project what was read than all that could be.
                return self._run_vectors(ops.take(embedding, inputs, axis=0), initial_state, recurrent_kernel)
            table = self.cell.kernel if embedding is None else ops.matmul(embedding, self.cell.kernel)
            table = ops.convert_to_tensor(table) + self.cell.bias if self.use_bias else ops.convert_to_tensor(table)
            return _recurrence(
                _Rows(inputs, *_apart(table)), *initial_state, *_apart(ops.convert_to_tensor(recurrent_kernel))
            )
        if symbols and embedding is None:
            inputs = ops.one_hot(inputs, self.cell.kernel.shape[0], dtype=self.compute_dtype)
        elif symbols:
            inputs = ops.take(embedding, inputs, axis=0)
        own, self.cell.recurrent_kernel = self.cell.recurrent_kernel, recurrent_kernel
        try:
            outputs, h, c = self(ops.transpose(inputs, (1, 0, 2)), initial_state=initial_state, training=training)
        finally:
            self.cell.recurrent_kernel = own
        return ops.transpose(outputs, (1, 0, 2)), h, c

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if mask is not None or not self.has_own_path():
            return super().inner_loop(sequences, initial_state, mask, training=training)
        sequences, kernel = ops.transpose(sequences, (1, 0, 2)), self.cell.recurrent_kernel
        lanes = [
            self._run_vectors(sequences[:, rows], [state[rows] for state in initial_state], kernel)
            for rows in lane_slices(sequences.shape[1])
        ]
        outputs, h, c = (ops.concatenate([lane[place] for lane in lanes], axis) for place, axis in enumerate((1, 0, 0)))
        return h, ops.transpose(outputs, (1, 0, 2)), [h, c]

    def _run_vectors(self, sequences, initial_state, recurrent_kernel):
        kernels = _apart(ops.convert_to_tensor(self.cell.kernel))
        biases = _apart(ops.convert_to_tensor(self.cell.bias)) if self.use_bias else (0.0, 0.0)
        projected = [ops.matmul(sequences, kernel) + bias for kernel, bias in zip(kernels, biases, strict=True)]
        return _recurrence(_Steps(*projected), *initial_state, *_apart(ops.convert_to_tensor(recurrent_kernel)))


def lane_slices(rows):
    """The lanes of a batch: a slice of its rows for each, as equal as can be; one lane where more would not help."""
    lanes = 1
    if rows and on_tensorflow_cpu() and tensorflow().config.threading.get_intra_op_parallelism_threads() == 1:
        lanes = max(1, min(cores(), rows // FEWEST_ROWS))
    edges = [rows * lane // lanes for lane in range(lanes + 1)] if rows else [None, None]
    return [slice(start, end) for start, end in pairwise(edges)]


def _apart(columns):
    """Keras's columns (input, forget, candidate, output) as two arrays: the three sigmoid gates, and the candidate."""
    i, f, g, o = ops.split(columns, 4, axis=-1)
    return ops.concatenate([i, f, o], axis=-1), g


class _Steps:
    """Inputs of the recurrence that are projected vectors: (time, batch, 3 x units) and (time, batch, units)."""

    def __init__(self, gates, candidate):
        self.tensors = (gates, candidate)

    @staticmethod
    def at(tensors, t):
        return tensors[0][t], tensors[1][t]

    def gradients(self, tensors, d_gates, d_candidate):
        return d_gates, d_candidate

    @property
    def first(self):
        return self.tensors[0]


class _Rows:
    """Inputs that are symbols (time, batch), each a row of two tables (vocabulary, 3 x units), (vocabulary, units)."""

    def __init__(self, ids, gates, candidate):
        self.ids = ids
        self.tensors = (gates, candidate)

    def at(self, tensors, t):
        tf = tensorflow()
        return tuple(tf.gather(table, self.ids[t]) for table in tensors)

    def gradients(self, tensors, d_gates, d_candidate):
        """Each table's row gets the sum over the places that its symbol stood in."""
        tf = tensorflow()
        ids, size = tf.reshape(self.ids, (-1,)), tensors[0].shape[0]
        flat = [tf.reshape(d, (-1, d.shape[-1])) for d in (d_gates, d_candidate)]
        if size <= LARGEST_ONE_HOT:
            places = tf.one_hot(ids, size, axis=0, dtype=d_gates.dtype)
            return [tf.matmul(places, d) for d in flat]
        return [tf.math.unsorted_segment_sum(d, ids, size) for d in flat]

    @property
    def first(self):
        return self.ids


def _recurrence(source, h, c, gates_kernel, candidate_kernel):
    """The loop over time steps, with its own gradient.

    Args:
        source: _Steps or _Rows.
        h, c: the state before, shape (batch, units).
        gates_kernel, candidate_kernel: recurrent kernels (units, 3 x units) and (units, units).

    Returns:
        h after every step (time, batch, units), and the last h and c.
    """
    tf = tensorflow()
    sigmoid_gradient, tanh_gradient = tf.raw_ops.SigmoidGrad, tf.raw_ops.TanhGrad

    @tf.custom_gradient
    def run(gates_in, candidate_in, h0, c0, gates_kernel, candidate_kernel):
        given = (gates_in, candidate_in)
        known = source.first.shape[0]  # time steps, where the graph knows them
        steps = known or tf.shape(source.first)[0]
        turn = STEPS_PER_TURN if known and known % STEPS_PER_TURN == 0 else 1

        def array(size):
            return tf.TensorArray(h0.dtype, size)

        def forward(t, h, c, gates_seen, g_seen, tanh_seen, c_seen, h_seen):
            for _ in range(turn):
                gates_x, candidate_x = source.at(given, t)
                gates = tf.sigmoid(tf.matmul(h, gates_kernel) + gates_x)
                g = tf.tanh(tf.matmul(h, candidate_kernel) + candidate_x)
                i, f, o = tf.split(gates, 3, axis=1)
                c = f * c + i * g
                tanh_c = tf.tanh(c)
                h = o * tanh_c
                gates_seen, g_seen, tanh_seen = (
                    gates_seen.write(t, gates),
                    g_seen.write(t, g),
                    tanh_seen.write(t, tanh_c),
                )
                t += 1
                c_seen, h_seen = c_seen.write(t, c), h_seen.write(t, h)
            return t, h, c, gates_seen, g_seen, tanh_seen, c_seen, h_seen

        # Two arrays hold what stood before the first step as well: the backward loop then needs no special case.
        start = (array(steps), array(steps), array(steps), array(steps + 1).write(0, c0), array(steps + 1).write(0, h0))
        _, h, c, gates_seen, g_seen, tanh_seen, c_seen, h_seen = tf.while_loop(
            lambda t, *_: t < steps, forward, (0, h0, c0, *start)
        )
        all_h = h_seen.stack()
        all_h.set_shape((known and known + 1, *h0.shape))

        def gradient(d_outputs, d_h, d_c):
            gates_transposed, candidate_transposed = tf.transpose(gates_kernel), tf.transpose(candidate_kernel)

            def backward(t, d_h, d_c, d_gates_seen, d_g_seen):
                for _ in range(turn):
                    gates, g, tanh_c, c_before = (seen.read(t) for seen in (gates_seen, g_seen, tanh_seen, c_seen))
                    i, f, o = tf.split(gates, 3, axis=1)
                    d_h += d_outputs[t]
                    d_c += tanh_gradient(y=tanh_c, dy=d_h * o)
                    d_gates = sigmoid_gradient(y=gates, dy=tf.concat([d_c * g, d_c * c_before, d_h * tanh_c], 1))
                    d_g = tanh_gradient(y=g, dy=d_c * i)
                    d_gates_seen, d_g_seen = d_gates_seen.write(t, d_gates), d_g_seen.write(t, d_g)
                    d_h = tf.matmul(d_gates, gates_transposed) + tf.matmul(d_g, candidate_transposed)
                    d_c *= f
                    t -= 1
                return t, d_h, d_c, d_gates_seen, d_g_seen

            _, d_h, d_c, d_gates_seen, d_g_seen = tf.while_loop(
                lambda t, *_: t >= 0, backward, (steps - 1, d_h, d_c, array(steps), array(steps))
            )
            units = candidate_kernel.shape[0]
            d_gates, d_g = d_gates_seen.stack(), d_g_seen.stack()
            h_before = tf.transpose(tf.reshape(all_h[:-1], (-1, units)))
            d_kernels = (tf.matmul(h_before, tf.reshape(d, (-1, d.shape[-1]))) for d in (d_gates, d_g))
            return *source.gradients(given, d_gates, d_g), d_h, d_c, *d_kernels

        return (all_h[1:], h, c), gradient

    return run(*source.tensors, h, c, gates_kernel, candidate_kernel)
