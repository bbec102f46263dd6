"""The step in C (`_step.c`): the weights in the layout that it reads fastest, and its arrays.

The module is missing where textgen was installed without a C compiler; `textgen.engine.blas` then takes its place.
"""

import numpy as np

from textgen.engine.forward import Forward, Workspace, first_product
from textgen.engine.weights import Floats, LayerWeights, Weights
from textgen.runs.config import ModelConfig
from textgen.tokens.layout import Ids

try:
    from textgen.engine import _step
except ImportError:  # built for another Python or another machine, or not at all
    VARIANTS: tuple[str, ...] = ()
else:
    VARIANTS = _step.VARIANTS

# Bytes of a line of the processor's cache: a panel of weights begins with a line.
LINE = 64
# Floats of memory beside those that are used, so that these may begin with a line.
SPARE = LINE // np.dtype(np.float32).itemsize


class CompiledForward(Forward[Workspace]):
    """A step in C, on one thread.

    Args:
        config: the network's ModelConfig.
        weights: its weights.
        variant: one of VARIANTS, which are the sets of vector instructions that this machine has, the fastest first.
    """

    def __init__(self, config: ModelConfig, weights: Weights, variant: str) -> None:
        self._config, self._sizes = config, config.sizes

        def multiply(left: Floats, right: Floats) -> Floats:
            product = np.zeros((len(left), right.shape[1]), np.float32)
            _step.add_product(variant, np.ascontiguousarray(left), pack(right), product)
            return product

        lookup, kernel = first_product(weights, multiply)
        # The first kernel is small, or it is the lookup itself. The others are kept as panels only.
        self._embedding, self._first_kernel = weights.embedding, weights.layers[0].kernel
        kernels = [kernel, *(layer.kernel for layer in weights.layers[1:])]
        self._layers = [
            (
                None if kernel is None else pack(kernel),
                pack(layer.recurrent),
                np.ascontiguousarray(layer.bias),
                None if layer.projection is None else pack(layer.projection),
            )
            for kernel, layer in zip(kernels, weights.layers, strict=True)
        ]
        self._no_offsets = np.empty((0, 4 * self._sizes.units), np.float32)
        self._output = pack(weights.output_kernel), np.ascontiguousarray(weights.output_bias)
        lookup = np.ascontiguousarray(lookup)
        units, output = self._sizes.units, self._sizes.output
        self._step = _step.Step(variant, units, output, lookup, tuple(self._layers), *self._output).step

    def workspace(self, batch: int) -> Workspace:
        """Return a Workspace."""
        return Workspace(self._config, batch)

    def step(
        self, h: Floats, c: Floats, ids: Ids, work: Workspace, offsets: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Read one symbol in each row; see `Forward.step`."""
        new_h, new_c = np.empty(h.shape, np.float32), np.empty(c.shape, np.float32)
        ids, h, c = np.ascontiguousarray(ids, np.int64), np.ascontiguousarray(h), np.ascontiguousarray(c)
        offsets = self._no_offsets if offsets is None else np.ascontiguousarray(offsets)
        self._step(ids, h, c, offsets, new_h, new_c, work.gates, work.given, work.logits)
        return new_h, new_c

    def weights(self) -> Weights:
        """Return the weights that it was made with."""
        columns = 4 * self._sizes.units
        layers = []
        for place, (kernel, recurrent, bias, projection) in enumerate(self._layers):
            whole = self._first_kernel if kernel is None or not place else unpack(kernel, columns)
            matrix = None if projection is None else unpack(projection, self._sizes.output)
            layers.append(LayerWeights(whole, unpack(recurrent, columns), bias, matrix))
        output_kernel, output_bias = self._output
        return Weights(self._embedding, layers, unpack(output_kernel, self._sizes.vocabulary), output_bias)


def pack(matrix: Floats) -> Floats:
    """Lay a matrix out in panels of PANEL columns, so that a product reads each panel from its begin to its end.

    Args:
        matrix: float32, shape (inputs, columns).

    Returns:
        float32, shape (panels, inputs, PANEL). The columns of the last panel are filled up with zeros.
    """
    inputs, columns = matrix.shape
    whole, rest = divmod(columns, _step.PANEL)
    panels = _aligned((whole + (rest > 0), inputs, _step.PANEL))
    panels[:whole] = matrix[:, : columns - rest].reshape(inputs, whole, _step.PANEL).swapaxes(0, 1)
    if rest:
        panels[whole, :, :rest], panels[whole, :, rest:] = matrix[:, columns - rest :], 0
    return panels


def unpack(panels: Floats, columns: int) -> Floats:
    """The matrix with so many columns that was packed."""
    return np.ascontiguousarray(panels.swapaxes(0, 1).reshape(panels.shape[1], -1)[:, :columns])


def from_line(memory: Floats, floats: int) -> Floats:
    """So many floats of memory, from its first line of the cache on; the memory has SPARE more than these."""
    begin = -memory.ctypes.data % LINE // memory.itemsize
    return memory[begin : begin + floats]


def _aligned(shape: tuple[int, ...]) -> Floats:
    """A float32 array that begins with a line of the cache and holds anything; NumPy's own begin anywhere."""
    floats = int(np.prod(shape))
    return from_line(np.empty(floats + SPARE, np.float32), floats).reshape(shape)
