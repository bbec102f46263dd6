"""A network's weights in the form in which a step multiplies with them, and back. This module computes no step.

Keras orders the gates' columns i, f, g, o; here the order is i, f, o, g, so that the three sigmoids are one block of
memory. The columns of these three are halved: sigmoid(x) = tanh(x / 2) / 2 + 1 / 2, so one tanh serves all gates.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.runs.config import ModelConfig

Floats: TypeAlias = NDArray[np.float32]


class LayerWeights(NamedTuple):
    """One LSTM layer, float32.

    Attributes:
        kernel: shape (input, 4 x units).
        recurrent: shape (output, 4 x units).
        bias: shape (4 x units,).
        projection: shape (units, output); None where the layer gives what its cells give.
    """

    kernel: Floats
    recurrent: Floats
    bias: Floats
    projection: Floats | None


class Weights(NamedTuple):
    """All weights of a network, float32.

    Attributes:
        embedding: shape (vocabulary, embedding size); None for one-hot input.
        layers: from the input to the output.
        output_kernel: shape (output, vocabulary); the embedding, transposed, where the two are one.
        output_bias: shape (vocabulary,).
    """

    embedding: Floats | None
    layers: list[LayerWeights]
    output_kernel: Floats
    output_bias: Floats


def arrange(config: ModelConfig, named: Mapping[str, Floats]) -> Weights:
    """Arrange named weights for a step.

    Args:
        config: the network's ModelConfig.
        named: name to float32 array, the names and shapes of `ModelConfig.weight_shapes`.
    """
    units = config.sizes.units
    scale, order = gate_columns(units)
    layers = []
    for layer in range(config.sizes.layers):
        kernel, recurrent = named[f"lstm.{layer}.kernel"], named[f"lstm.{layer}.recurrent_kernel"]
        bias = named[f"lstm.{layer}.bias"] if config.bias else np.zeros(4 * units, np.float32)
        projection = named.get(f"lstm.{layer}.projection")
        layers.append(
            LayerWeights(kernel[:, order] * scale, recurrent[:, order] * scale, bias[order] * scale, projection)
        )
    output_kernel = named["embedding"].T if config.tie else named["output.kernel"]
    return Weights(named.get("embedding"), layers, output_kernel, named["output.bias"])


def restore(config: ModelConfig, weights: Weights) -> dict[str, Floats]:
    """Return the named weights that were arranged, with the same bits."""
    scale, order = gate_columns(config.sizes.units)  # halving is undone exactly, and the order is its own inverse
    named = {} if weights.embedding is None else {"embedding": weights.embedding}
    for layer, (kernel, recurrent, bias, projection) in enumerate(weights.layers):
        named[f"lstm.{layer}.kernel"] = (kernel / scale)[:, order]
        named[f"lstm.{layer}.recurrent_kernel"] = (recurrent / scale)[:, order]
        if config.bias:
            named[f"lstm.{layer}.bias"] = (bias / scale)[order]
        if projection is not None:
            named[f"lstm.{layer}.projection"] = projection
    if not config.tie:
        named["output.kernel"] = weights.output_kernel
    return named | {"output.bias": weights.output_bias}


def gate_columns(units: int) -> tuple[Floats, NDArray[np.intp]]:
    """The scale of an LSTM kernel's columns, and their order here: Keras's with the last two gates exchanged."""
    scale = np.full(4 * units, 0.5, dtype=np.float32)
    scale[3 * units :] = 1
    return scale, np.arange(4 * units).reshape(4, units)[[0, 1, 3, 2]].ravel()
