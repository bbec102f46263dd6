"""The step in NumPy, whose products are those of a BLAS library: for machines where the compiled step is missing.

BLAS multiplies one row by one routine and several by another, and the two round differently. So here several rows are
multiplied one by one: a row has the same bits in any company. For 16 rows, a step takes 1.5 to 1.9 times as long.
"""

from typing import NamedTuple

import numpy as np

from textgen.engine.forward import Forward, Workspace, first_product
from textgen.engine.weights import Floats, Weights
from textgen.runs.config import ModelConfig
from textgen.system import threads
from textgen.tokens.layout import Ids

# The columns of a large output kernel are filled up to a multiple of this with zeros: whole vectors for each of several
# threads, so that a product has the same bits on any number of them.
COLUMNS = 64

# Numbers as arrays: NumPy converts a Python number to such an array at every call.
_ONE, _HALF = np.ones((), np.float32), np.full((), 0.5, np.float32)


class Gates(NamedTuple):
    """Views of one layer's gates, float32, shape (batch, units) for a single gate."""

    all: Floats
    sigmoids: Floats
    i: Floats
    f: Floats
    o: Floats
    g: Floats


class BlasWorkspace(Workspace):
    """A Workspace with the arrays in between. The logits are a view: the product may have more columns."""

    def __init__(self, config: ModelConfig, batch: int, columns: int) -> None:
        super().__init__(config, batch)
        vocabulary, units, _, _ = config.sizes
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


class BlasForward(Forward[BlasWorkspace]):
    """A step in NumPy.

    Args:
        config: the network's ModelConfig.
        weights: its weights.
    """

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self._config = config
        with threads.limited():
            self._lookup, self._first_kernel = first_product(weights, _multiply)
        kernel = weights.output_kernel
        if kernel.size >= threads.MIN_WEIGHTS:
            kernel = np.pad(kernel, ((0, 0), (0, -kernel.shape[1] % COLUMNS)))
        kernel = np.ascontiguousarray(kernel)
        self._weights = weights._replace(output_kernel=kernel)
        largest = max(4 * config.sizes.units**2, kernel.size)
        # Whether a step of one row has the same bits on so many threads, as far as this was tried.
        self._same_on: dict[int, bool] | None = {} if largest >= threads.MIN_WEIGHTS else None

    def workspace(self, batch: int) -> BlasWorkspace:
        """Return a Workspace."""
        return BlasWorkspace(self._config, batch, self._weights.output_kernel.shape[1])

    def step(
        self, h: Floats, c: Floats, ids: Ids, work: BlasWorkspace, offsets: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Read one symbol in each row; see `Forward.step`."""
        threads.use(self._is_same_on if self._same_on is not None and len(ids) == 1 else None)
        product, cell = work.product, work.cell
        all_h, all_c = np.empty_like(h), np.empty_like(c)
        given = work.given
        below = None  # the output of the layer below
        for layer, (gates, sigmoids, i, f, o, g) in enumerate(work.layers):
            weights = self._weights.layers[layer]
            if below is not None:
                _multiply(below, weights.kernel, gates)
            elif self._first_kernel is None:
                self._lookup.take(ids, 0, gates, "clip")
            else:
                _multiply(self._lookup[ids], self._first_kernel, gates)
            np.add(gates, weights.bias, gates)
            if offsets is not None and not layer:
                np.add(gates, offsets, gates)
            np.add(gates, _multiply(h[layer], weights.recurrent, product), gates)
            np.tanh(gates, gates)
            np.add(sigmoids, _ONE, sigmoids)
            np.multiply(sigmoids, _HALF, sigmoids)
            below, new_c = all_h[layer], all_c[layer]
            np.multiply(f, c[layer], new_c)
            np.multiply(i, g, cell)
            np.add(new_c, cell, new_c)
            np.tanh(new_c, cell)
            if weights.projection is None:
                np.multiply(o, cell, below)
            else:
                _multiply(np.multiply(o, cell, given), weights.projection, below)
        assert below is not None
        _multiply(below, self._weights.output_kernel, work.outputs)
        np.add(work.logits, self._weights.output_bias, work.logits)
        return all_h, all_c

    def weights(self) -> Weights:
        """Return the weights that it was made with."""
        vocabulary = self._config.sizes.vocabulary
        return self._weights._replace(output_kernel=np.ascontiguousarray(self._weights.output_kernel[:, :vocabulary]))

    def _is_same_on(self, number: int) -> bool:
        """Whether a step of one row has the same bits on so many threads as on one: tried once, with one row."""
        assert self._same_on is not None
        if number not in self._same_on:
            self._same_on[number] = threads.run_on(1, self._products) == threads.run_on(number, self._products)
        return self._same_on[number]

    def _products(self) -> list[bytes]:
        """The bits of the products of a step, for a row whose numbers are all different."""
        layers = self._weights.layers
        kernels = [layer.recurrent for layer in layers] + [layer.kernel for layer in layers[1:]]
        kernels += [layer.projection for layer in layers if layer.projection is not None]
        kernels.append(self._weights.output_kernel)
        if self._first_kernel is not None:
            kernels.append(self._first_kernel)
        rows = (np.cos(np.arange(len(each), dtype=np.float32))[None] for each in kernels)
        return [_multiply(row, each).tobytes() for row, each in zip(rows, kernels, strict=True)]


def _multiply(rows: Floats, kernel: Floats, out: Floats | None = None) -> Floats:
    """The product, row by row."""
    if out is None:
        out = np.empty((len(rows), kernel.shape[1]), np.float32)
    if len(rows) == 1:
        # For one row, NumPy's dot starts a microsecond sooner than its matmul.
        return np.dot(rows, kernel, out)
    np.matmul(rows[:, None], kernel, out=out[:, None])
    return out
