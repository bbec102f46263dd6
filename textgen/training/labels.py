"""Labels in training: the vector of each label, which stands beside each symbol's, and the classifier.

The shapes and the meaning of the weights are those of `textgen.engine.label_weights`. Knows nothing of text.
"""

from collections.abc import Sequence

from textgen.runs.config import ModelConfig
from textgen.tokens.layout import IGNORED
from textgen.training.backend import Tensor, keras, ops
from textgen.training.lstm import Beside

# The standard deviation of a label's first vector: small, so that labels mean little until something is learned.
SCALE = 0.1


class LabelVectors(keras.layers.Layer):
    """The vectors of labels, and the kernel that they are multiplied with.

    Args:
        config: the ModelConfig.
        seeds: decide the initial weights: one for each name, and one for the kernel.
    """

    def __init__(self, config: ModelConfig, seeds: Sequence[int]) -> None:
        super().__init__(name="labels")
        self.tables = [
            self.add_weight(
                name=f"embedding_{place}",
                shape=(len(labels.values), config.label_size),
                initializer=keras.initializers.RandomNormal(stddev=SCALE, seed=seed),
            )
            for place, (labels, seed) in enumerate(zip(config.labels, seeds, strict=False))
        ]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(config.label_size, 4 * config.sizes.units),
            initializer=keras.initializers.GlorotUniform(seed=seeds[-1]),
        )
        self.built = True

    def beside(self, ids: Tensor) -> Beside:
        """What stands beside the symbols of some places, for their labels: integers of shape (time, batch, names)."""
        # UNLABELLED is a row of zeros.
        tables = [ops.pad(ops.convert_to_tensor(table), ((1, 0), (0, 0))) for table in self.tables]
        each = [ids[..., place] for place in range(len(tables))]
        return Beside(each, tables, ops.convert_to_tensor(self.kernel))


class Classifier(keras.layers.Layer):
    """Predicts a label from each hidden state.

    Args:
        config: the ModelConfig.
        seed: decides the initial kernel.
    """

    def __init__(self, config: ModelConfig, seed: int) -> None:
        super().__init__(name="classifier")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(config.sizes.output, config.classes),
            initializer=keras.initializers.GlorotUniform(seed=seed),
        )
        self.bias = self.add_weight(name="bias", shape=(config.classes,), initializer="zeros")
        self.built = True

    def nats(self, outputs: Sequence[Tensor], classes: Sequence[Tensor]) -> Tensor:
        """The mean cross-entropy of the places that count, nats; 0 where none does.

        Args:
            outputs: of each lane, float, shape (time, rows of the lane, size).
            classes: of each lane, integers, shape (time, rows of the lane); those equal to IGNORED do not count.
        """
        total = number = ops.zeros(())
        for of_lane, wanted in zip(outputs, classes, strict=True):
            logits = ops.matmul(of_lane, self.kernel) + self.bias
            losses = ops.sparse_categorical_crossentropy(ops.maximum(wanted, 0), logits, from_logits=True)
            counts = ops.cast(ops.not_equal(wanted, IGNORED), losses.dtype)
            total, number = total + ops.sum(losses * counts), number + ops.sum(counts)
        return total / ops.maximum(number, 1.0)
