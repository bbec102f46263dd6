"""The recurrent layer: the weights, configuration and numbers of keras.layers.LSTM, with a CPU path of its own.

On TensorFlow without a GPU the recurrence runs in `textgen.training.compiled`, in C, or where that is missing in
`textgen.training.recurrence`, with a gradient written by hand; on JAX too, in `textgen.training.scan`. Anywhere else
the layer is the stock one: on TensorFlow with a GPU, where cuDNN serves; with KERAS_BACKEND=torch; and with options of
keras.layers.LSTM that these paths do not handle. Only this module, `inputs`, `compiled`, `recurrence`, `scan`, `rows`,
`optimizer`, `feed`, `backend`, `cluster` and `distribution` of this package hold code for one backend.

The CPU path rests on four things, measured in docs/log.md:

1. The input product is one large product before the loop. Where the input is a symbol there is no product at all: a
   one-hot vector times the kernel is a row of the kernel, so a row is gathered from a table.
2. The backward loop carries only dh and dc. The gradient of the recurrent kernel, a sum over all steps, is one large
   product after the loop.
3. The loop itself is one call of C: products from packed weights, gates while their sums are in the cache, no
   operation of TensorFlow and no allocation in a step.
4. Lanes: the batch is divided into as many parts as there are cores. Each part runs single-threaded beside the
   others, so no step waits for another core. `backend.use_all_cores` sets TensorFlow's threads to suit.
"""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from textgen.system.threads import cores
from textgen.training.backend import Tensor, keras, on_tensorflow_cpu, ops, tensorflow
from textgen.training.compiled import MAX_INPUTS, compiled_recurrence, variant
from textgen.training.inputs import Inputs
from textgen.training.recurrence import distinct, recurrence
from textgen.training.rows import take_rows
from textgen.training.scan import scan

# Fewest rows of a lane: products of fewer are too thin to be worth a core of their own.
MIN_LANE_ROWS = 8


class Beside(NamedTuple):
    """What stands beside the inputs of a layer: kinds of things, whose vectors are summed and multiplied with a kernel.

    Attributes:
        ids: for each kind, integers, shape (time, batch).
        tables: for each kind, its vectors, float, shape (things, size).
        kernel: float, shape (size, 4 x units).
    """

    ids: Sequence[Tensor]
    tables: Sequence[Tensor]
    kernel: Tensor

    def vectors(self) -> Tensor:
        """The sums, float, shape (time, batch, size)."""
        found = [ops.take(table, ids, axis=0) for ids, table in zip(self.ids, self.tables, strict=True)]
        return sum(found[1:], found[0])

    def inputs(self) -> list[Inputs]:
        """Each kind as rows of a table of products, for the CPU path; of many things, of those that occur."""
        found = []
        for ids, table in zip(self.ids, self.tables, strict=True):
            if table.shape[0] > (ids.shape[0] or 1) * (ids.shape[1] or 1):
                occurring, ids = distinct(ids)
                table = ops.take(table, occurring, axis=0)
            found.append(Inputs(ops.matmul(table, self.kernel), ids))
        return found


class LSTM(keras.layers.LSTM):
    """keras.layers.LSTM (same arguments, weights and numbers), which can also read symbols.

    Shapes: sequences (batch, time, features), states h and c (batch, units), outputs (batch, time, units) with
    `return_sequences` or (batch, units) without. Kernels have Keras's order of columns: input gate, forget gate,
    candidate, output gate.
    """

    # What the output of the cell is multiplied with; only ProjectedLSTM has one.
    projection: Any = None

    def has_own_path(self) -> bool:
        """Whether the recurrence runs here on TensorFlow rather than in Keras."""
        return on_tensorflow_cpu() and self._is_plain()

    def _is_plain(self) -> bool:
        """Whether the layer computes what every LSTM does: no option changes it."""
        cell = self.cell
        return bool(
            cell.activation is keras.activations.tanh
            and cell.recurrent_activation is keras.activations.sigmoid
            and not (cell.dropout or cell.recurrent_dropout or self.go_backwards or self.unroll)
        )

    def run(
        self,
        inputs: Tensor,
        initial_state: Sequence[Tensor],
        embedding: Tensor = None,
        scales: Tensor = None,
        recurrent_kernel: Tensor = None,
        training: bool = False,
        beside: Beside | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run the layer on vectors or on symbols, with time first, which is how the CPU path works.

        The layer must have `return_sequences` and `return_state`. For symbols, the numbers are those of the vectors
        `embedding[ids]`, or of the symbols' one-hot vectors where `embedding` is None. The CPU path builds neither.

        Args:
            inputs: float vectors, shape (time, batch, features), or integer symbols, shape (time, batch).
            initial_state: [h, c], each (batch, units).
            embedding: float, shape (vocabulary, features), for symbols only.
            scales: float, shape (vocabulary, 1), what each row of the embedding is multiplied with; None for all 1.
            recurrent_kernel: used in place of the layer's own; shape (units, 4 x units).
            training: whether dropout applies.
            beside: what stands beside the inputs.

        Returns:
            outputs (time, batch, units), h and c (batch, units).
        """
        symbols = len(inputs.shape) == 2
        recurrent_kernel = self.cell.recurrent_kernel if recurrent_kernel is None else recurrent_kernel
        if self.has_own_path():
            if not symbols:
                return self._run_vectors(inputs, initial_state, recurrent_kernel, beside)
            places = (inputs.shape[0] or 1) * (inputs.shape[1] or 1)
            if embedding is not None and embedding.shape[0] > places:
                # The vocabulary is larger than the batch: a table of the symbols that were read is enough.
                symbols_read, inputs = distinct(inputs)
                embedding = take_rows(embedding, symbols_read)
                scales = None if scales is None else ops.take(scales, symbols_read, axis=0)
            if scales is not None:
                embedding = embedding * scales
            table = self.cell.kernel if embedding is None else ops.matmul(embedding, self.cell.kernel)
            table = _value(table) + self.cell.bias if self.use_bias else _value(table)
            return self._recurrence([Inputs(table, inputs)], initial_state, recurrent_kernel, beside)
        if keras.backend.backend() == "jax" and self._is_plain():
            return self._scanned(inputs, initial_state, embedding, scales, recurrent_kernel, beside)
        if symbols and embedding is None:
            inputs = ops.one_hot(inputs, self.cell.kernel.shape[0], dtype=self.compute_dtype)
        elif symbols:
            inputs = _vectors(inputs, embedding, scales)
        kernel = self.cell.kernel
        if beside is not None:  # one product of both
            inputs = ops.concatenate([inputs, beside.vectors()], axis=-1)
            kernel = ops.concatenate([ops.convert_to_tensor(kernel), beside.kernel], axis=0)
        with self._with_kernels(kernel, recurrent_kernel):
            outputs, h, c = self(ops.transpose(inputs, (1, 0, 2)), initial_state=initial_state, training=training)
        return ops.transpose(outputs, (1, 0, 2)), h, c

    def _scanned(
        self,
        inputs: Tensor,
        initial_state: Sequence[Tensor],
        embedding: Tensor,
        scales: Tensor,
        recurrent_kernel: Tensor,
        beside: Beside | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The layer on JAX: one product for all steps, then the loop. Arguments and results as of `run`."""
        kernel = ops.convert_to_tensor(self.cell.kernel)
        if len(inputs.shape) > 2:
            projected = ops.matmul(inputs, kernel)
        elif embedding is None:
            projected = ops.take(kernel, inputs, axis=0)
        elif embedding.shape[0] <= inputs.shape[0] * inputs.shape[1]:
            table = embedding if scales is None else embedding * scales
            projected = ops.take(ops.matmul(table, kernel), inputs, axis=0)
        else:  # the vocabulary is larger than the batch
            projected = ops.matmul(_vectors(inputs, embedding, scales), kernel)
        if self.use_bias:
            projected = projected + self.cell.bias
        if beside is not None:
            projected = projected + ops.matmul(beside.vectors(), beside.kernel)
        matrices = [recurrent_kernel] if self.projection is None else [recurrent_kernel, self.projection]
        return scan(projected, initial_state, [ops.convert_to_tensor(each) for each in matrices])

    @contextlib.contextmanager
    def _with_kernels(self, kernel: Tensor, recurrent_kernel: Tensor) -> Iterator[None]:
        """Within the block, the stock layer uses these kernels.

        Keras has no argument for it: its backends, cuDNN's path included, read the cell's attributes.
        """
        cell = self.cell
        own = cell.kernel, cell.recurrent_kernel
        cell.kernel, cell.recurrent_kernel = kernel, recurrent_kernel
        try:
            yield
        finally:
            cell.kernel, cell.recurrent_kernel = own

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
        self,
        sequences: Tensor,
        initial_state: Sequence[Tensor],
        recurrent_kernel: Tensor,
        beside: Beside | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        inputs = [Inputs(ops.matmul(sequences, self.cell.kernel))]
        if self.use_bias:
            inputs.append(Inputs(_value(self.cell.bias)))
        return self._recurrence(inputs, initial_state, recurrent_kernel, beside)

    def _recurrence(
        self,
        inputs: list[Inputs],
        initial_state: Sequence[Tensor],
        recurrent_kernel: Tensor,
        beside: Beside | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        matrices = [recurrent_kernel] if self.projection is None else [recurrent_kernel, self.projection]
        kernels = [_value(matrix) for matrix in matrices]
        if beside is not None:
            inputs = inputs + beside.inputs()
        way = variant() if kernels[0].dtype == "float32" and len(inputs) <= MAX_INPUTS else None
        if way is None:
            return recurrence(inputs, initial_state, kernels)
        return compiled_recurrence(inputs, initial_state, kernels, way)


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


def _value(weight: Any) -> Tensor:
    """TensorFlow's tensor of a weight: a function with its own gradient takes no variables."""
    return tensorflow().convert_to_tensor(ops.convert_to_tensor(weight))


def _vectors(ids: Tensor, embedding: Tensor, scales: Tensor) -> Tensor:
    """The embedding's rows of some symbols, multiplied with their scales; None for all 1."""
    vectors = take_rows(embedding, ids)
    return vectors if scales is None else vectors * ops.take(scales, ids, axis=0)


def lane_slices(rows: int | None) -> list[slice]:
    """The lanes of a batch: slices of its rows, as equal as possible; one lane where more would not help."""
    if not rows:
        return [slice(None, None)]
    lanes = 1
    if on_tensorflow_cpu() and tensorflow().config.threading.get_intra_op_parallelism_threads() == 1:
        lanes = max(1, min(cores(), rows // MIN_LANE_ROWS))
    edges = [rows * lane // lanes for lane in range(lanes + 1)]
    return [slice(start, end) for start, end in pairwise(edges)]
