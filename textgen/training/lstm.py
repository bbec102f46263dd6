"""The recurrent layer: the weights, configuration and numbers of keras.layers.LSTM, with a CPU path of its own.

On TensorFlow without a GPU the recurrence runs here, with a gradient written by hand. Anywhere else the layer is the
stock one: on a GPU, where cuDNN serves; with KERAS_BACKEND=jax or torch; and with options of keras.layers.LSTM that the
CPU path does not handle. Only this module, `textgen.training.optimizer`, `textgen.training.feed` and
`textgen.training.backend` hold code for one backend.

The CPU path rests on four things, measured in docs/log.md:

1. The input product is one large product before the loop. Where the input is a symbol there is no product at all: a
   one-hot vector times the kernel is a row of the kernel, so a row is gathered from a table.
2. The backward loop carries only dh and dc. The gradient of the recurrent kernel, a sum over all steps, is one large
   product after the loop, and the kernel is transposed once, before it.
3. The three sigmoid gates are side by side, apart from the candidate: one sigmoid serves them all, their outputs need
   no sorting, and products three quarters as wide do not compete for the same cache lines.
4. Lanes: the batch is divided into as many parts as there are cores. Each part's loop runs single-threaded beside the
   others, so no step waits for another core. `backend.use_all_cores` sets TensorFlow's threads to suit.
"""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from textgen.system.threads import cores
from textgen.training.backend import keras, on_tensorflow_cpu, ops, tensorflow
from textgen.training.rows import take_rows

# Fewest rows of a lane: products of fewer are too thin to be worth a core of their own.
MIN_LANE_ROWS = 8
# Largest vocabulary (symbols) whose table's gradient is summed by a product with one-hot rows; above it, by segments.
MAX_ONE_HOT_SYMBOLS = 512
# Time steps in one turn of a loop: fewer turns, each with the same work.
STEPS_PER_TURN = 4

Tensor: TypeAlias = Any  # of whatever backend runs


class LSTM(keras.layers.LSTM):
    """keras.layers.LSTM (same arguments, weights and numbers), which can also read symbols.

    Shapes: sequences (batch, time, features), states h and c (batch, units), outputs (batch, time, units) with
    `return_sequences` or (batch, units) without. Kernels have Keras's order of columns: input gate, forget gate,
    candidate, output gate.
    """

    # What the output of the cell is multiplied with; only ProjectedLSTM has one.
    projection: Any = None

    def has_own_path(self) -> bool:
        """Whether the recurrence runs here rather than in Keras."""
        cell = self.cell
        return bool(
            on_tensorflow_cpu()
            and cell.activation is keras.activations.tanh
            and cell.recurrent_activation is keras.activations.sigmoid
            and not (cell.dropout or cell.recurrent_dropout or self.go_backwards or self.unroll)
        )

    def run(
        self,
        inputs: Tensor,
        initial_state: Sequence[Tensor],
        embedding: Tensor = None,
        recurrent_kernel: Tensor = None,
        training: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run the layer on vectors or on symbols, with time first, which is how the CPU path works.

        The layer must have `return_sequences` and `return_state`. For symbols, the numbers are those of the vectors
        `embedding[ids]`, or of the symbols' one-hot vectors where `embedding` is None. The CPU path builds neither.

        Args:
            inputs: float vectors, shape (time, batch, features), or integer symbols, shape (time, batch).
            initial_state: [h, c], each (batch, units).
            embedding: float, shape (vocabulary, features), for symbols only.
            recurrent_kernel: used in place of the layer's own; shape (units, 4 x units).
            training: whether dropout applies.

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
                # The vocabulary is larger than the batch: a table of the symbols that were read is enough.
                distinct, inputs = _distinct(inputs)
                embedding = take_rows(embedding, distinct)
            table = self.cell.kernel if embedding is None else ops.matmul(embedding, self.cell.kernel)
            table = ops.convert_to_tensor(table) + self.cell.bias if self.use_bias else ops.convert_to_tensor(table)
            return self._recurrence(_Rows(inputs, *_apart(table)), initial_state, recurrent_kernel)
        if symbols and embedding is None:
            inputs = ops.one_hot(inputs, self.cell.kernel.shape[0], dtype=self.compute_dtype)
        elif symbols:
            inputs = take_rows(embedding, inputs)
        with self._with_recurrent_kernel(recurrent_kernel):
            outputs, h, c = self(ops.transpose(inputs, (1, 0, 2)), initial_state=initial_state, training=training)
        return ops.transpose(outputs, (1, 0, 2)), h, c

    @contextlib.contextmanager
    def _with_recurrent_kernel(self, kernel: Tensor) -> Iterator[None]:
        """Within the block, the stock layer uses this recurrent kernel.

        Keras has no argument for it: its backends, cuDNN's path included, read the cell's attribute.
        """
        own, self.cell.recurrent_kernel = self.cell.recurrent_kernel, kernel
        try:
            yield
        finally:
            self.cell.recurrent_kernel = own

    def inner_loop(
        self, sequences: Tensor, initial_state: Sequence[Tensor], mask: Tensor, training: bool = False
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """What keras.layers.LSTM calls for its recurrence."""
        if mask is not None or not self.has_own_path():
            stock: tuple[Tensor, Tensor, list[Tensor]] = super().inner_loop(
                sequences, initial_state, mask, training=training
            )
            return stock
        sequences, kernel = ops.transpose(sequences, (1, 0, 2)), self.cell.recurrent_kernel
        lanes = [
            self._run_vectors(sequences[:, rows], [state[rows] for state in initial_state], kernel)
            for rows in lane_slices(sequences.shape[1])
        ]
        outputs, h, c = (ops.concatenate([lane[place] for lane in lanes], axis) for place, axis in enumerate((1, 0, 0)))
        return h, ops.transpose(outputs, (1, 0, 2)), [h, c]

    def _run_vectors(
        self, sequences: Tensor, initial_state: Sequence[Tensor], recurrent_kernel: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        kernels = _apart(ops.convert_to_tensor(self.cell.kernel))
        biases = _apart(ops.convert_to_tensor(self.cell.bias)) if self.use_bias else (0.0, 0.0)
        projected = [ops.matmul(sequences, kernel) + bias for kernel, bias in zip(kernels, biases, strict=True)]
        return self._recurrence(_Steps(*projected), initial_state, recurrent_kernel)

    def _recurrence(
        self, source: "_Steps | _Rows", initial_state: Sequence[Tensor], recurrent_kernel: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        kernels = _apart(ops.convert_to_tensor(recurrent_kernel))
        # The value of the variable: the function with its own gradient takes no variables.
        projection = () if self.projection is None else (tensorflow().convert_to_tensor(self.projection.value),)
        return _recurrence(source, initial_state, [*kernels, *projection])


class ProjectedLSTM(LSTM):
    """An LSTM layer that projects what its cell gives (LSTMP: Sak et al. 2014; `proj_size` of torch.nn.LSTM).

    The hidden state h is the product of o * tanh(c) and a matrix: it has fewer numbers than the cell state c, so the
    recurrent product, the next layer's and that of the logits are smaller. h and outputs have `projection` numbers in
    place of `units`.

    Args:
        units: numbers of the cell state.
        projection: numbers of the hidden state.
        options: of keras.layers.LSTMCell.
    """

    def __init__(self, units: int, projection: int, name: str | None = None, **options: Any) -> None:
        cell = ProjectedCell(units, projection, name="lstm_cell", **options)
        keras.layers.RNN.__init__(self, cell, return_sequences=True, return_state=True, name=name)

    @property
    def projection(self) -> Any:
        """The matrix, a variable of shape (units, projection)."""
        return self.cell.projection

    def inner_loop(
        self, sequences: Tensor, initial_state: Sequence[Tensor], mask: Tensor, training: bool = False
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """What keras.layers.RNN calls for its recurrence: Keras's general loop, since cuDNN is not asked for this."""
        result: tuple[Tensor, Tensor, list[Tensor]] = keras.layers.RNN.inner_loop(
            self, sequences, initial_state, mask, training=training
        )
        return result


class ProjectedCell(keras.layers.LSTMCell):
    """The cell of ProjectedLSTM; its arguments."""

    def __init__(self, units: int, projection: int, projection_initializer: Any = None, **options: Any) -> None:
        super().__init__(units, **options)
        self.state_size, self.output_size = [projection, units], projection
        self.projection_initializer = keras.initializers.get(projection_initializer or "glorot_uniform")

    def build(self, input_shape: Any) -> None:
        weights = (
            ("kernel", (input_shape[-1], 4 * self.units), self.kernel_initializer),
            ("recurrent_kernel", (self.output_size, 4 * self.units), self.recurrent_initializer),
            ("projection", (self.units, self.output_size), self.projection_initializer),
        )
        for name, shape, initializer in weights:
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=initializer))
        self.bias = None
        if self.use_bias:
            forget = np.repeat(np.array([0, 1, 0, 0], np.float32), self.units)
            self.bias = self.add_weight(
                name="bias", shape=forget.shape, initializer=lambda _, dtype: ops.convert_to_tensor(forget, dtype)
            )
        self.built = True

    def call(self, inputs: Tensor, states: Sequence[Tensor], training: bool = False) -> tuple[Tensor, list[Tensor]]:
        """One step; see keras.layers.LSTMCell."""
        given, (_, c) = super().call(inputs, states, training=training)
        h = ops.matmul(given, self.projection)
        return h, [h, c]


def lane_slices(rows: int | None) -> list[slice]:
    """The lanes of a batch: slices of its rows, as equal as possible; one lane where more would not help."""
    if not rows:
        return [slice(None, None)]
    lanes = 1
    if on_tensorflow_cpu() and tensorflow().config.threading.get_intra_op_parallelism_threads() == 1:
        lanes = max(1, min(cores(), rows // MIN_LANE_ROWS))
    edges = [rows * lane // lanes for lane in range(lanes + 1)]
    return [slice(start, end) for start, end in pairwise(edges)]


def _apart(columns: Tensor) -> tuple[Tensor, Tensor]:
    """Keras's columns (input, forget, candidate, output) as two arrays: the three sigmoid gates, and the candidate."""
    i, f, g, o = ops.split(columns, 4, axis=-1)
    return ops.concatenate([i, f, o], axis=-1), g


class _Steps:
    """Inputs of the recurrence that are projected vectors: (time, batch, 3 x units) and (time, batch, units)."""

    def __init__(self, gates: Tensor, candidate: Tensor) -> None:
        self.tensors = (gates, candidate)

    @staticmethod
    def at(tensors: Sequence[Tensor], t: Tensor) -> tuple[Tensor, Tensor]:
        """The inputs of step t."""
        return tensors[0][t], tensors[1][t]

    def gradients(self, tensors: Sequence[Tensor], d_gates: Tensor, d_candidate: Tensor) -> Sequence[Tensor]:
        """The gradients of the tensors, from those of the inputs of all steps."""
        return d_gates, d_candidate

    @property
    def first(self) -> Tensor:
        """A tensor whose first dimension is time."""
        return self.tensors[0]


class _Rows:
    """Inputs that are symbols (time, batch), each a row of two tables (vocabulary, 3 x units), (vocabulary, units)."""

    def __init__(self, ids: Tensor, gates: Tensor, candidate: Tensor) -> None:
        self.ids = ids
        self.tensors = (gates, candidate)

    def at(self, tensors: Sequence[Tensor], t: Tensor) -> tuple[Tensor, Tensor]:
        """The inputs of step t."""
        tf = tensorflow()
        gates, candidate = (tf.gather(table, self.ids[t]) for table in tensors)
        return gates, candidate

    def gradients(self, tensors: Sequence[Tensor], d_gates: Tensor, d_candidate: Tensor) -> Sequence[Tensor]:
        """The gradients of the tables: each row gets the sum over the places where its symbol occurred."""
        tf = tensorflow()
        ids, size = tf.reshape(self.ids, (-1,)), tensors[0].shape[0]
        flat = [_as_rows(d) for d in (d_gates, d_candidate)]
        if size is None:  # the symbols that were read
            size = tf.shape(tensors[0])[0]
        elif size <= MAX_ONE_HOT_SYMBOLS:
            places = tf.one_hot(ids, size, axis=0, dtype=d_gates.dtype)
            return [tf.matmul(places, d) for d in flat]
        return [tf.math.unsorted_segment_sum(d, ids, size) for d in flat]

    @property
    def first(self) -> Tensor:
        """A tensor whose first dimension is time."""
        return self.ids


def _distinct(ids: Tensor) -> tuple[Tensor, Tensor]:
    """The symbols that occur, each once, shape (symbols,), and the ids as places among them."""
    tf = tensorflow()
    symbols, places = tf.unique(tf.reshape(ids, (-1,)))
    return symbols, tf.reshape(places, tf.shape(ids))


def _recurrence(
    source: _Steps | _Rows, initial_state: Sequence[Tensor], kernels: Sequence[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """The loop over time steps, with its own gradient.

    Args:
        source: the inputs.
        initial_state: h and c before, shape (batch, output) and (batch, units).
        kernels: the recurrent kernels of the three gates (output, 3 x units) and of the candidate (output, units), and
            where there is one the projection (units, output).

    Returns:
        h after every step (time, batch, output), and the last h and c.
    """
    tf = tensorflow()
    sigmoid_gradient, tanh_gradient = tf.raw_ops.SigmoidGrad, tf.raw_ops.TanhGrad

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow comes without types
    def run(
        gates_in: Tensor,
        candidate_in: Tensor,
        h0: Tensor,
        c0: Tensor,
        gates_kernel: Tensor,
        candidate_kernel: Tensor,
        *projection: Tensor,
    ) -> Tensor:
        given = (gates_in, candidate_in)
        known = source.first.shape[0]  # time steps, where the graph knows them
        steps = known or tf.shape(source.first)[0]
        turn = STEPS_PER_TURN if known and known % STEPS_PER_TURN == 0 else 1

        def array(size: Tensor) -> Tensor:
            return tf.TensorArray(h0.dtype, size, clear_after_read=False)  # some are read twice

        def forward(
            t: Tensor,
            h: Tensor,
            c: Tensor,
            gates_seen: Tensor,
            g_seen: Tensor,
            tanh_seen: Tensor,
            c_seen: Tensor,
            h_seen: Tensor,
        ) -> tuple[Tensor, ...]:
            for _ in range(turn):
                gates_x, candidate_x = source.at(given, t)
                gates = tf.sigmoid(tf.matmul(h, gates_kernel) + gates_x)
                g = tf.tanh(tf.matmul(h, candidate_kernel) + candidate_x)
                i, f, o = tf.split(gates, 3, axis=1)
                c = f * c + i * g
                tanh_c = tf.tanh(c)
                h = o * tanh_c
                for matrix in projection:
                    h = tf.matmul(h, matrix)
                gates_seen, g_seen, tanh_seen = (
                    gates_seen.write(t, gates),
                    g_seen.write(t, g),
                    tanh_seen.write(t, tanh_c),
                )
                t += 1
                c_seen, h_seen = c_seen.write(t, c), h_seen.write(t, h)
            return t, h, c, gates_seen, g_seen, tanh_seen, c_seen, h_seen

        # Two arrays also hold the state before the first step, so that the backward loop needs no special case.
        start = (array(steps), array(steps), array(steps), array(steps + 1).write(0, c0), array(steps + 1).write(0, h0))
        _, h, c, gates_seen, g_seen, tanh_seen, c_seen, h_seen = tf.while_loop(
            lambda t, *_: t < steps, forward, (0, h0, c0, *start)
        )
        all_h = h_seen.stack()
        all_h.set_shape((known and known + 1, *h0.shape))

        def gradient(d_outputs: Tensor, d_h: Tensor, d_c: Tensor) -> tuple[Tensor, ...]:
            gates_transposed, candidate_transposed = tf.transpose(gates_kernel), tf.transpose(candidate_kernel)
            projection_transposed = [tf.transpose(matrix) for matrix in projection]

            def backward(
                t: Tensor, d_h: Tensor, d_c: Tensor, d_gates_seen: Tensor, d_g_seen: Tensor, *d_h_seen: Tensor
            ) -> tuple[Tensor, ...]:
                for _ in range(turn):
                    gates, g, tanh_c, c_before = (seen.read(t) for seen in (gates_seen, g_seen, tanh_seen, c_seen))
                    i, f, o = tf.split(gates, 3, axis=1)
                    d_h += d_outputs[t]
                    d_h_seen = tuple(seen.write(t, d_h) for seen in d_h_seen)
                    for matrix in projection_transposed:
                        d_h = tf.matmul(d_h, matrix)  # of o * tanh(c), from that of the product
                    d_c += tanh_gradient(y=tanh_c, dy=d_h * o)
                    d_gates = sigmoid_gradient(y=gates, dy=tf.concat([d_c * g, d_c * c_before, d_h * tanh_c], 1))
                    d_g = tanh_gradient(y=g, dy=d_c * i)
                    d_gates_seen, d_g_seen = d_gates_seen.write(t, d_gates), d_g_seen.write(t, d_g)
                    d_h = tf.matmul(d_gates, gates_transposed) + tf.matmul(d_g, candidate_transposed)
                    d_c *= f
                    t -= 1
                return t, d_h, d_c, d_gates_seen, d_g_seen, *d_h_seen

            _, d_h, d_c, d_gates_seen, d_g_seen, *d_h_seen = tf.while_loop(
                lambda t, *_: t >= 0,
                backward,
                (steps - 1, d_h, d_c, *(array(steps) for _ in range(2 + len(projection)))),
            )
            d_gates, d_g = d_gates_seen.stack(), d_g_seen.stack()
            h_before = _as_columns(all_h[:-1])
            d_kernels = [tf.matmul(h_before, _as_rows(d)) for d in (d_gates, d_g)]
            for seen in d_h_seen:
                o = tf.split(gates_seen.stack(), 3, axis=2)[2]
                d_kernels.append(tf.matmul(_as_columns(o * tanh_seen.stack()), _as_rows(seen.stack())))
            return *source.gradients(given, d_gates, d_g), d_h, d_c, *d_kernels

        return (all_h[1:], h, c), gradient

    result: tuple[Tensor, Tensor, Tensor] = run(*source.tensors, *initial_state, *kernels)
    return result


def _as_rows(steps: Tensor) -> Tensor:
    """What has the shape (time, batch, size) as (time x batch, size)."""
    return tensorflow().reshape(steps, (-1, steps.shape[-1]))


def _as_columns(steps: Tensor) -> Tensor:
    """What has the shape (time, batch, size) as (size, time x batch)."""
    return tensorflow().transpose(_as_rows(steps))
