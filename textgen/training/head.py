"""The last layer: from what the LSTM stack gives to logits, and to the loss.

The loss of a training step may be that of a sampled softmax (Jean et al. 2015): it looks at some thousand symbols of a
large vocabulary, not at all of them (`textgen.planning.candidates` chooses which). The loss of an evaluation is
always that of the whole vocabulary.

The weights of the output and of the embedding may be one table (Press and Wolf 2017; Inan et al. 2017).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.runs.config import ModelConfig
from textgen.tokens.layout import IGNORED
from textgen.training.backend import Tensor, keras, ops
from textgen.training.rows import take_rows

# Logits that an evaluation holds at a time, at most (numbers of 4 bytes): more do not make it faster.
MAX_LOGITS = 1 << 22


class Head(keras.layers.Layer):
    """Logits of each symbol of the vocabulary, and their loss.

    Args:
        config: the ModelConfig.
        table: the embedding, a variable of shape (vocabulary, size), where its weights serve here too; else None.
        by_rows: whether the kernel is kept as (vocabulary, size), so that a step can read some rows of it. Weights in
            a run folder are (size, vocabulary) either way.
        seed: decides the initial kernel.
    """

    def __init__(self, config: ModelConfig, table: Any, by_rows: bool, seed: int) -> None:
        super().__init__(name="logits")
        vocabulary, size = config.sizes.vocabulary, config.sizes.output
        self.table, self.by_rows = table, by_rows or table is not None
        self.kernel = None
        if table is None:
            self.kernel = self.add_weight(
                name="kernel",
                shape=(vocabulary, size) if by_rows else (size, vocabulary),
                initializer=keras.initializers.GlorotUniform(seed=seed),
            )
        self.bias = self.add_weight(name="bias", shape=(vocabulary,), initializer="zeros")
        self.built = True

    def begin_with(self, counts: NDArray[np.integer[Any]]) -> None:
        """Set the bias so that an untrained model gives each symbol the probability that it has in a text.

        A large vocabulary learns much sooner from there (docs/log.md).

        Args:
            counts: how often each symbol occurs, shape (vocabulary,).
        """
        # As if each symbol had occurred once more: none has the probability 0.
        self.bias.assign(np.log((counts + 1) / (counts.sum() + len(counts))).astype(np.float32))

    def columns(self, ids: Tensor = None) -> tuple[Tensor, Tensor]:
        """The kernel, float (size, symbols), and the bias, (symbols,): of some symbols, or of all.

        Args:
            ids: integers, shape (symbols,); None for all.
        """
        rows = self.kernel if self.table is None else self.table
        if ids is not None:
            return ops.transpose(take_rows(rows, ids)), take_rows(self.bias, ids)
        kernel = ops.convert_to_tensor(rows)
        return ops.transpose(kernel) if self.by_rows else kernel, ops.convert_to_tensor(self.bias)

    def call(self, outputs: Tensor) -> Tensor:
        """The logits: float, shape (..., vocabulary).

        Args:
            outputs: float, shape (..., size).
        """
        kernel, bias = self.columns()
        return ops.matmul(outputs, kernel) + bias

    def nats(
        self,
        outputs: Sequence[Tensor],
        targets: Sequence[Tensor],
        candidates: tuple[Tensor, Tensor] | None = None,
        training: bool = False,
    ) -> Tensor:
        """The sum of the cross-entropies of the targets that count, nats.

        Args:
            outputs: of each lane, float, shape (time, rows of the lane, size).
            targets: of each lane, integers, shape (time, rows of the lane); those equal to IGNORED do not count.
            candidates: None for the loss over the whole vocabulary. For a sampled softmax, the ids of the symbols that
                it is over, and what is added to the logit of each, both of shape (candidates,); the targets are then
                places among them.
            training: whether a gradient is taken. Otherwise the logits of a large vocabulary are made in pieces.
        """
        if candidates is None:
            kernel, bias = self.columns()
        else:
            ids, corrections = candidates
            kernel, bias = self.columns(ids)
            bias = bias + corrections
        lanes = zip(outputs, targets, strict=True)
        if training:
            return sum(_nats(of_lane, wanted, kernel, bias) for of_lane, wanted in lanes)
        return sum(_nats_in_pieces(of_lane, wanted, kernel, bias) for of_lane, wanted in lanes)


def _nats(outputs: Tensor, targets: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    logits = ops.matmul(outputs, kernel) + bias
    losses = ops.sparse_categorical_crossentropy(ops.maximum(targets, 0), logits, from_logits=True)
    return ops.sum(losses * ops.cast(ops.not_equal(targets, IGNORED), losses.dtype))


def _nats_in_pieces(outputs: Tensor, targets: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """The same without a gradient, a piece of the time steps after another, none with more than MAX_LOGITS logits.

    It is a loop of the backend: TensorFlow would transpose a kernel that is kept by rows anew for each of several
    products, at three times the cost of the products.
    """
    time, rows, size = outputs.shape
    steps = max(MAX_LOGITS // (rows * bias.shape[0]), 1)
    if not time or steps >= time:
        return _nats(outputs, targets, kernel, bias)
    rest = time % steps

    def add_piece(place: Tensor, total: Tensor) -> Tensor:
        part = ops.slice(outputs, (place * steps, 0, 0), (steps, rows, size))
        return total + _nats(part, ops.slice(targets, (place * steps, 0), (steps, rows)), kernel, bias)

    total = ops.fori_loop(0, time // steps, add_piece, ops.zeros(()))
    return total + _nats(outputs[time - rest :], targets[time - rest :], kernel, bias) if rest else total
