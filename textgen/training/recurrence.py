"""The loop over time steps as operations of TensorFlow, with a gradient written by hand: see `textgen.training.lstm`.

It runs where the compiled one (`textgen.training.compiled`) is missing, and for other numbers than float32.

The three sigmoid gates are side by side, apart from the candidate: one sigmoid serves them all, their outputs need no
sorting, and products three quarters as wide do not compete for the same cache lines.

Knows nothing of layers and weights.
"""

from collections.abc import Sequence

from textgen.training.backend import Tensor, ops, tensorflow
from textgen.training.inputs import Inputs, as_rows

# Largest vocabulary (symbols) whose table's gradient is summed by a product with one-hot rows; above it, by segments.
MAX_ONE_HOT_SYMBOLS = 512
# Time steps in one turn of a loop: fewer turns, each with the same work.
STEPS_PER_TURN = 4


def apart(columns: Tensor) -> tuple[Tensor, Tensor]:
    """Keras's columns (input, forget, candidate, output) as two arrays: the three sigmoid gates, and the candidate."""
    i, f, g, o = ops.split(columns, 4, axis=-1)
    return ops.concatenate([i, f, o], axis=-1), g


class Steps:
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


class Rows:
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
        flat = [as_rows(d) for d in (d_gates, d_candidate)]
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


class Both:
    """Inputs of the recurrence that are the sums of several."""

    def __init__(self, parts: "Sequence[Steps | Rows]") -> None:
        self.parts = parts
        self.tensors = tuple(tensor for part in parts for tensor in part.tensors)

    def at(self, tensors: Sequence[Tensor], t: Tensor) -> tuple[Tensor, Tensor]:
        """The inputs of step t."""
        found = [part.at(tensors[2 * place : 2 * place + 2], t) for place, part in enumerate(self.parts)]
        gates, candidate = (sum(inputs[1:], inputs[0]) for inputs in zip(*found, strict=True))
        return gates, candidate

    def gradients(self, tensors: Sequence[Tensor], d_gates: Tensor, d_candidate: Tensor) -> Sequence[Tensor]:
        """The gradients of the tensors, from those of the inputs of all steps."""
        found: list[Tensor] = []
        for place, part in enumerate(self.parts):
            found += part.gradients(tensors[2 * place : 2 * place + 2], d_gates, d_candidate)
        return found

    @property
    def first(self) -> Tensor:
        """A tensor whose first dimension is time."""
        return self.parts[0].first


def _source(inputs: Sequence[Inputs]) -> Steps | Rows | Both:
    """The inputs, with the rows for all places added to the first of the others."""
    for_all = [each.numbers for each in inputs if not each.has_places]
    parts: list[Steps | Rows] = []
    for each in inputs:
        if each.has_places:
            numbers = apart(each.numbers if parts else sum(for_all, each.numbers))
            parts.append(Steps(*numbers) if each.ids is None else Rows(each.ids, *numbers))
    return Both(parts) if len(parts) > 1 else parts[0]


def distinct(ids: Tensor) -> tuple[Tensor, Tensor]:
    """The symbols that occur, each once, shape (symbols,), and the ids as places among them."""
    tf = tensorflow()
    symbols, places = tf.unique(tf.reshape(ids, (-1,)))
    return symbols, tf.reshape(places, tf.shape(ids))


def recurrence(
    inputs: Sequence[Inputs], initial_state: Sequence[Tensor], kernels: Sequence[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """The loop over time steps, with its own gradient.

    Args:
        inputs: what the gates' sums begin with; the first has places.
        initial_state: h and c before, shape (batch, output) and (batch, units).
        kernels: the recurrent kernel (output, 4 x units), and where there is one the projection (units, output).

    Returns:
        h after every step (time, batch, output), and the last h and c.
    """
    tf = tensorflow()
    source, kernels = _source(inputs), [*apart(kernels[0]), *kernels[1:]]
    sigmoid_gradient, tanh_gradient = tf.raw_ops.SigmoidGrad, tf.raw_ops.TanhGrad

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow comes without types
    def run(*tensors: Tensor) -> Tensor:
        given, others = tensors[: len(source.tensors)], tensors[len(source.tensors) :]
        h0, c0, gates_kernel, candidate_kernel, *projection = others
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
            d_kernels = [tf.matmul(h_before, as_rows(d)) for d in (d_gates, d_g)]
            for seen in d_h_seen:
                o = tf.split(gates_seen.stack(), 3, axis=2)[2]
                d_kernels.append(tf.matmul(_as_columns(o * tanh_seen.stack()), as_rows(seen.stack())))
            return *source.gradients(given, d_gates, d_g), d_h, d_c, *d_kernels

        return (all_h[1:], h, c), gradient

    result: tuple[Tensor, Tensor, Tensor] = run(*source.tensors, *initial_state, *kernels)
    return result


def _as_columns(steps: Tensor) -> Tensor:
    """What has the shape (time, batch, size) as (size, time x batch)."""
    return tensorflow().transpose(as_rows(steps))
