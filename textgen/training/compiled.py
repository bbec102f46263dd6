"""The loop over time steps in C (`_recurrence.c`) on TensorFlow's CPU: see `textgen.training.lstm`.

One call computes all steps forward, another one all steps back, without Python's lock and without an operation of
TensorFlow between two steps. The products for all steps at once stay TensorFlow's.

The module is missing where textgen was installed without a C compiler; `textgen.training.recurrence` then takes its
place.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.engine import compiled
from textgen.engine.network import NUMPY, VARIABLE
from textgen.engine.weights import Floats
from textgen.errors import UsageError
from textgen.system.threads import cores
from textgen.training.backend import Tensor, tensorflow
from textgen.training.buffers import Buffers
from textgen.training.inputs import Inputs, as_rows

try:
    from textgen.training import _recurrence
except ImportError:  # built for another Python or another machine, or not at all
    VARIANTS: tuple[str, ...] = ()
    MAX_INPUTS = 0
else:
    VARIANTS = _recurrence.VARIANTS
    MAX_INPUTS = _recurrence.MOST_SOURCES

# What is said where the module is missing.
MISSING = (
    "the compiled loop of the LSTM is missing, so training takes longer; "
    "install textgen again where there is a C compiler"
)

# Fewest rows of a thread.
MIN_THREAD_ROWS = 8

# Of all layers, lanes and graphs of the process.
BUFFERS = Buffers()


def variant() -> str | None:
    """The set of vector instructions that the loop uses, or None where the loop is TensorFlow's.

    It is the machine's best, or the one that the environment names, as for the compiled step of `textgen.engine`.
    """
    way = os.environ.get(VARIABLE) or (VARIANTS or (NUMPY,))[0]
    known = (*VARIANTS, *(each for each in compiled.VARIANTS if each not in VARIANTS), NUMPY)
    if way not in known:
        raise UsageError(f"{VARIABLE} is {way!r}; set it to one of: {', '.join(known)}")
    # A set of the engine's, where the loop's own module is missing, is none of the loop's.
    return way if way in VARIANTS else None


def is_missing() -> bool:
    """Whether the loop is TensorFlow's because the module is missing, and not because the user asked for that."""
    return not VARIANTS and os.environ.get(VARIABLE) != NUMPY


def compiled_recurrence(
    inputs: Sequence[Inputs], initial_state: Sequence[Tensor], kernels: Sequence[Tensor], way: str
) -> tuple[Tensor, Tensor, Tensor]:
    """The loop over time steps, with its own gradient.

    Args:
        inputs: what the gates' sums begin with, float32; at most MAX_INPUTS.
        initial_state: h and c before, float32, shape (batch, output) and (batch, units).
        kernels: the recurrent kernel (output, 4 x units), and where there is one the projection (units, output).
        way: one of VARIANTS.

    Returns:
        h after every step (time, batch, output), and the last h and c. The gradient has no gradient of its own.
    """
    tf = tensorflow()
    given, ids = (
        [each.numbers for each in inputs],
        [tf.cast(each.ids, tf.int32) for each in inputs if each.ids is not None],
    )
    has_ids = [each.ids is not None for each in inputs]

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow comes without types
    def run(*tensors: Tensor) -> Tensor:
        numbers, (h0, c0, *matrices) = tensors[: len(given)], tensors[len(given) :]
        calls = _Calls(way, _most_threads(), has_ids, len(matrices) > 1)
        kept = 3 + calls.is_projected
        h, c, gates, *cells = _call(calls.forward, [h0, c0, *matrices, *ids, *numbers], kept)
        known, (batch, size), units = inputs[0].known_steps, h0.shape, c0.shape[-1]
        later = None if known is None else known + 1
        h.set_shape((later, batch, size))
        c.set_shape((later, batch, units))
        gates.set_shape((known, batch, 4 * units))

        def gradient(d_outputs: Tensor, d_h: Tensor, d_c: Tensor) -> tuple[Tensor, ...]:
            wanted = [place for place, each in enumerate(inputs) if each.is_shared]
            sizes = [tf.shape(numbers[place])[0] if has_ids[place] else 1 for place in wanted]
            rows = tf.stack(sizes) if sizes else tf.zeros((0,), tf.int32)
            arrays = [c, gates, d_outputs, d_h, d_c, *matrices, rows, *ids]
            back = _Calls(way, calls.most_threads, [has_ids[place] for place in wanted], calls.is_projected)
            found = _call(back.backward, arrays, 3 + back.is_projected + len(wanted))
            d_x, d_h0, d_c0 = found[:3]
            d_x.set_shape(gates.shape)
            d_numbers = [d_x] * len(inputs)
            for place, table in zip(wanted, found[3:], strict=False):
                d_numbers[place] = table if has_ids[place] else tf.reshape(table, (-1,))
                d_numbers[place].set_shape(numbers[place].shape)
            d_kernels = [tf.matmul(as_rows(h[:-1]), as_rows(d_x), transpose_a=True)]
            if back.is_projected:
                cell, d_seen = cells[0], found[-1]
                cell.set_shape((known, batch, units))
                d_seen.set_shape((known, batch, size))
                d_kernels.append(tf.matmul(as_rows(cell), as_rows(d_seen), transpose_a=True))
            d_h0.set_shape(h0.shape)
            d_c0.set_shape(c0.shape)
            return *d_numbers, d_h0, d_c0, *d_kernels

        return (h[1:], h[-1], c[-1]), gradient

    result: tuple[Tensor, Tensor, Tensor] = run(*given, *initial_state, *kernels)
    return result


class _Calls:
    """The calls of the module, on NumPy's arrays: what TensorFlow runs."""

    def __init__(self, way: str, threads: int, has_ids: Sequence[bool], is_projected: bool) -> None:
        self.way, self.most_threads, self.has_ids, self.is_projected = way, threads, has_ids, is_projected

    def _threads(self, batch: int) -> int:
        return max(1, min(self.most_threads, batch // MIN_THREAD_ROWS))

    def _pairs(self, numbers: Sequence[Floats], ids: Sequence[NDArray[np.int32]]) -> tuple[Any, ...]:
        places = iter(ids)
        return tuple(
            (each.reshape(-1, each.shape[-1]), next(places) if has_ids else None)
            for each, has_ids in zip(numbers, self.has_ids, strict=True)
        )

    def _room(self, h: Floats, c: Floats) -> Floats:
        """Memory for the matrices as the module packs them."""
        return BUFFERS.array((_recurrence.room(self.way, c.shape[-1], h.shape[-1], self.is_projected),))

    def forward(self, h0: Floats, c0: Floats, kernel: Floats, *others: Any) -> list[Floats]:
        """All steps: h and c before the first and after each, the gates, and what the cell gives to a projection."""
        projection, others = (others[0], others[1:]) if self.is_projected else (None, others)
        ids, numbers = others[: sum(self.has_ids)], others[sum(self.has_ids) :]
        steps, (batch, units) = len(ids[0] if self.has_ids[0] else numbers[0]), c0.shape
        h, c = BUFFERS.array((steps + 1, *h0.shape)), BUFFERS.array((steps + 1, *c0.shape))
        h[0], c[0] = h0, c0
        gates = BUFFERS.array((steps, batch, 4 * units))
        cells = BUFFERS.array((steps, batch, units)) if self.is_projected else None
        pairs = self._pairs(numbers, ids)
        _recurrence.forward(
            self.way, self._threads(batch), pairs, h, c, kernel, projection, gates, cells, self._room(h, c)
        )
        return [h, c, gates] if cells is None else [h, c, gates, cells]

    def backward(
        self, c: Floats, gates: Floats, d_outputs: Floats, d_h: Floats, d_c: Floats, kernel: Floats, *others: Any
    ) -> list[Floats]:
        """The gradients of all gates' sums, of h and c before, of the tables, and where projected of each h."""
        projection, (sizes, *ids) = (others[0], others[1:]) if self.is_projected else (None, others)
        d_x, d_h0, d_c0 = (
            BUFFERS.array(gates.shape),
            BUFFERS.array(d_h.shape),
            BUFFERS.array(d_c.shape),
        )
        d_c0[:] = d_c
        tables = [BUFFERS.array((int(size), gates.shape[2])) for size in sizes]
        d_seen = BUFFERS.array(d_outputs.shape) if self.is_projected else None
        pairs, room = self._pairs(tables, ids), self._room(d_h0, d_c0)
        made = d_x, d_h0, d_c0, d_seen
        way, threads = self.way, self._threads(len(d_h))
        _recurrence.backward(way, threads, pairs, c, kernel, projection, gates, d_outputs, d_h, *made, room)
        return [d_x, d_h0, d_c0, *tables, *([] if d_seen is None else [d_seen])]


def _call(function: Any, tensors: Sequence[Any], results: int) -> Sequence[Tensor]:
    """Call a function of NumPy's arrays in TensorFlow's graph.

    It counts as one without state, so that no lane waits for another.
    """
    tf = tensorflow()
    found: Sequence[Tensor] = tf.numpy_function(function, tensors, [tf.float32] * results, stateful=False)
    return found


def _most_threads() -> int:
    """Threads of a call: one where lanes run beside each other, else as many as TensorFlow uses inside an operation."""
    inside = tensorflow().config.threading.get_intra_op_parallelism_threads()
    return min(inside, cores()) if inside else cores()
