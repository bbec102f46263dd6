"""A way to compute a step: what the compiled one (`compiled.py`) and the one in NumPy (`blas.py`) have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from textgen.engine.weights import Floats, Weights
from textgen.runs.config import ModelConfig
from textgen.tokens.layout import Ids

# With at most this many symbols in the vocabulary, the first layer's input product of every symbol is computed once
# and kept: 4 x units floats a symbol.
MAX_TABLE_SYMBOLS = 4096


class Workspace:
    """Arrays that a step writes into instead of allocating new ones; each loop that steps has its own.

    Attributes:
        gates: float32 (layers, batch, 4 x units): after a step, its gates i, f, o and g, in this order.
        given: float32 (batch, units): what the cells of the last layer gave, where it is projected.
        logits: float32 (batch, vocabulary): what the latest step returned.
    """

    def __init__(self, config: ModelConfig, batch: int) -> None:
        vocabulary, units, layers, _ = config.sizes
        self.gates: Floats = np.empty((layers, batch, 4 * units), np.float32)
        self.given: Floats = np.empty((batch, units), np.float32)
        self.logits: Floats = np.empty((batch, vocabulary), np.float32)


W = TypeVar("W", bound=Workspace)


class Forward(ABC, Generic[W]):
    """The weights of a network, and a way to compute its step. Each row has the same bits as it has alone.

    W is the type of its workspace.
    """

    @abstractmethod
    def workspace(self, batch: int) -> W:
        """Return the arrays that a loop over steps of `batch` rows writes into."""

    @abstractmethod
    def step(self, h: Floats, c: Floats, ids: Ids, work: W, offsets: Floats | None = None) -> tuple[Floats, Floats]:
        """Read one symbol in each row and write gates and logits into the workspace.

        Args:
            h: float32, shape (layers, batch, output), the hidden states before.
            c: float32, shape (layers, batch, units), the cell states before.
            ids: integers, shape (batch,).
            work: a workspace for as many rows.
            offsets: float32, shape (batch, 4 x units), what is added to the sums of the first layer's gates, in the
                order and scale of `textgen.engine.weights`; None adds nothing.

        Returns:
            new arrays: h and c after the step.
        """

    @abstractmethod
    def weights(self) -> Weights:
        """Return the weights that it was made with."""


def first_product(weights: Weights, multiply: Callable[[Floats, Floats], Floats]) -> tuple[Floats, Floats | None]:
    """What gives the first layer's input product of a symbol, without the bias.

    Args:
        weights: of the network.
        multiply: the product of two matrices, whose rows have the same bits as they have alone.

    Returns:
        an array with a row for each symbol, float32, and the kernel that the row is multiplied with: None where the row
        is the product itself.
    """
    kernel = weights.layers[0].kernel
    if weights.embedding is None:
        return kernel, None  # one-hot times a matrix is a row of the matrix
    if len(weights.embedding) > MAX_TABLE_SYMBOLS:
        return weights.embedding, kernel
    return multiply(weights.embedding, kernel), None
