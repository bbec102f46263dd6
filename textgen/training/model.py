"""ModelConfig to a Keras model: encoder (one-hot or embedding), LSTM stack, logits.

The model carries its LSTM state from one stretch of text to the next, so that it learns to use text further back than
one stretch (truncated back-propagation through time: Werbos 1990). Gradients over many steps vanish or explode (Bengio
et al. 1994). Two cures are here: the LSTM's cell, whose forget-gate bias begins at 1 so that memory is kept until the
model learns to drop it (Jozefowicz et al. 2015), and the bounded number of time steps. The third, clipping the
gradient's norm (Pascanu et al. 2013), is in `textgen.training.optimizer`.

This module knows nothing of text or files.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.runs.config import ModelConfig
from textgen.tokens.layout import IGNORED
from textgen.training.backend import Tensor, keras, ops
from textgen.training.head import Head
from textgen.training.labels import Classifier, LabelVectors
from textgen.training.lstm import LSTM, ProjectedLSTM, lane_slices
from textgen.training.rows import take_rows

# What the names of the weights that carry the state begin with.
CARRIED = "carried_"


class VariationalDropout(keras.layers.Dropout):
    """Dropout of the same values at all time steps (Gal and Ghahramani 2016), of float (time, batch, size)."""

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """The inputs, in training with some values 0 and the others larger, so that the mean stays."""
        if not (training and self.rate):
            return inputs
        return keras.random.dropout(inputs, self.rate, noise_shape=(1, *inputs.shape[1:]), seed=self.seed_generator)


class _Shared(NamedTuple):
    """What the lanes of a step have in common: which weights are dropped, and whether it is a training step."""

    recurrent_kernels: list[Tensor]
    embedding_scales: Tensor
    training: bool


class LanguageModel(keras.Model):
    """Predicts, at each place of each stream, the symbol that comes next.

    Inputs are a dict: "ids", integers of shape (batch, time), and "carry", float of shape (batch, 1): 1 where the row
    goes on from where the last call's row ended, 0 where it begins anew. The output is a list, one entry a lane (see
    `textgen.training.lstm`), of what the last LSTM layer gives, float32, shape (time, rows of the lane, size); `logits`
    makes the logits of it. Targets, shape (batch, time), equal to IGNORED do not count.

    For a sampled softmax, the inputs of a training step have two more entries, both of shape (candidates,):
    "candidates", ids, and "corrections", float; the targets are then places among the candidates.

    For a text with labels, there is "labels", integers of shape (batch, time, names), and where the model has a
    classifier "classes", integers of shape (batch, time): the place of each text's label, or IGNORED.

    Args:
        config: the ModelConfig.
        batch_size: rows of every batch; the carried state has as many.
        seed: decides the initial weights and dropout.
        lanes: slices of the batch's rows that go through the model independently; None makes one for each core.
        samples: whether training steps are over candidates.
        penalties: what the loss of a training step adds of the mean square of the outputs, and of their changes from
            step to step.
        class_weight: how much the loss of a label counts beside that of the text.
        text_rows: rows that hold text, where the last ones of all are padding; None for all.
    """

    def __init__(
        self,
        config: ModelConfig,
        batch_size: int,
        seed: int = 0,
        lanes: Sequence[slice] | None = None,
        samples: bool = False,
        penalties: tuple[float, float] = (0.0, 0.0),
        class_weight: float = 0.0,
        text_rows: int | None = None,
    ) -> None:
        super().__init__(name="language_model")
        self.config, self.batch_size, self.samples = config, batch_size, samples
        self.penalties, self.class_weight = penalties, class_weight
        self.text_rows = batch_size if text_rows is None else text_rows
        vocabulary, units, layers, output = config.sizes
        self.lanes = lane_slices(batch_size) if lanes is None else lanes
        # 31 bits, since PyTorch takes no larger seeds.
        seeds = iter((np.random.SeedSequence(seed).generate_state(6 * layers + 8) >> 1).tolist())
        self.embedding = None
        if config.encoder == "embedding":
            self.embedding = self.add_weight(
                name="embedding",
                shape=(vocabulary, config.input_size),
                initializer=keras.initializers.RandomNormal(stddev=self._embedding_scale(), seed=next(seeds)),
            )
        self.recurrent = []
        self.carried = []
        for layer in range(layers):
            initializers = {
                "kernel_initializer": keras.initializers.GlorotUniform(seed=next(seeds)),
                "recurrent_initializer": keras.initializers.Orthogonal(seed=next(seeds)),
                "seed": 0,  # of the layer's own dropout, which is not used; without one, it differs between processes
            }
            if config.projection:
                lstm = ProjectedLSTM(
                    units,
                    config.projection,
                    use_bias=config.bias,
                    projection_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
                    name=f"lstm_{layer}",
                    **initializers,
                )
            else:
                lstm = LSTM(
                    units,
                    use_bias=config.bias,
                    return_sequences=True,
                    return_state=True,
                    name=f"lstm_{layer}",
                    **initializers,
                )
            lstm.build((batch_size, None, output if layer else config.input_size))
            self.recurrent.append(lstm)
            # The layer's own `stateful` carries nothing on the JAX backend; a weight of the model does on all backends.
            self.carried.append(
                [
                    self.add_weight(
                        name=f"{CARRIED}{name}_{layer}",
                        shape=(batch_size, size),
                        initializer="zeros",
                        trainable=False,
                    )
                    for name, size in (("h", output), ("c", units))
                ]
            )
        dropout = VariationalDropout if config.variational else keras.layers.Dropout
        self.between = [dropout(config.dropout or 0, seed=next(seeds)) for _ in range(layers - 1)]
        self.dropconnect_seeds = [keras.random.SeedGenerator(next(seeds)) for _ in self.recurrent]
        self.before_output = dropout(config.output_dropout or 0, seed=next(seeds))
        self.head = Head(config, self.embedding if config.tie else None, by_rows=samples, seed=next(seeds))
        # Keras makes no variable for the random numbers of a dropout of 0, so older states of a training still fit.
        self.of_embedding = keras.layers.Dropout(config.embedding_dropout or 0, seed=next(seeds))
        self.before_first = dropout(config.input_dropout or 0, seed=next(seeds))
        self.labels = self.classifier = None
        if config.labels:
            names = len(config.labels)
            more = (np.random.SeedSequence([seed, names]).generate_state(names + 2) >> 1).tolist()
            self.labels = LabelVectors(config, more[:-1])
            self.classifier = Classifier(config, more[-1]) if config.classes else None
        self.nats = keras.metrics.Mean(name="nats")
        self.built = True

    def _embedding_scale(self) -> float:
        """The standard deviation of the first embedding: 1, or such that logits begin near 0 where they are of it."""
        return self.config.input_size**-0.5 if self.config.tie else 1.0

    def logits(self, outputs: Sequence[Tensor]) -> list[Tensor]:
        """The logits of each lane, float32, shape (time, rows of the lane, vocabulary), from the model's outputs."""
        return [self.head(of_lane) for of_lane in outputs]

    def call(self, inputs: Mapping[str, Tensor], training: bool = False) -> list[Tensor]:
        """What the last layer gives, each lane: float32, shape (time, rows of the lane, size)."""
        # The data pipeline loses the number of rows. With it, every shape is known when the graph is built.
        ids = ops.transpose(ops.reshape(inputs["ids"], (self.batch_size, inputs["ids"].shape[1] or -1)))
        carry = ops.reshape(inputs["carry"], (self.batch_size, 1))
        begin = [[kept * carry for kept in pair] for pair in self.carried]
        shared = _Shared(self._recurrent_kernels(training), self._embedding_scales(training), training)
        labels = self._labels(inputs)
        lanes = [
            self._lane(
                ids[:, rows],
                [[state[rows] for state in pair] for pair in begin],
                shared,
                None if labels is None else labels[:, rows],
            )
            for rows in self.lanes
        ]
        for layer, pair in enumerate(self.carried):
            for place, kept in enumerate(pair):
                kept.assign(ops.concatenate([states[layer][place] for _, states in lanes], axis=0))
        return [outputs for outputs, _ in lanes]

    def _labels(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Each place's labels, integers, shape (time, batch, names); None without labels."""
        if self.labels is None:
            return None
        labels = inputs["labels"]
        shape = (self.batch_size, labels.shape[1] or -1, len(self.config.labels))
        return ops.transpose(ops.reshape(labels, shape), (1, 0, 2))

    def _recurrent_kernels(self, training: bool) -> list[Tensor]:
        """Each layer's recurrent kernel; in training with some connections dropped.

        The same connections are dropped for all rows and time steps of the batch: DropConnect as in AWD-LSTM (Merity et
        al. 2018).
        """
        rate = self.config.recurrent_dropconnect if training else 0
        kernels = [lstm.cell.recurrent_kernel for lstm in self.recurrent]
        if not rate:
            return kernels
        pairs = zip(kernels, self.dropconnect_seeds, strict=True)
        return [keras.random.dropout(ops.convert_to_tensor(kernel), rate, seed=seed) for kernel, seed in pairs]

    def _embedding_scales(self, training: bool) -> Tensor:
        """What each symbol's embedding is multiplied with, (vocabulary, 1): 0 for the dropped ones; None for all 1."""
        if not (training and self.config.embedding_dropout):
            return None
        return self.of_embedding(ops.ones((self.config.sizes.vocabulary, 1)), training=True)

    def _lane(
        self, ids: Tensor, begin: Sequence[Sequence[Tensor]], shared: _Shared, labels: Tensor
    ) -> tuple[Tensor, list[list[Tensor]]]:
        """Some rows of the batch through all layers: outputs (time, rows, size) and each layer's [h, c] after."""
        beside = None if self.labels is None else self.labels.beside(labels)
        x, states, training = ids, list[list[Tensor]](), shared.training
        embedding, scales = self.embedding, shared.embedding_scales
        if training and self.config.input_dropout:  # it drops other values of each place, so each place is looked up
            x = take_rows(embedding, ids)
            x = self.before_first(x if scales is None else x * ops.take(scales, ids, axis=0), training=True)
            embedding = scales = None
        for layer, lstm in enumerate(self.recurrent):
            if layer:
                x, embedding, scales, beside = self.between[layer - 1](x, training=training), None, None, None
            kernel = shared.recurrent_kernels[layer]
            x, h, c = lstm.run(x, begin[layer], embedding, scales, kernel, training=training, beside=beside)
            states.append([h, c])
        return self.before_output(x, training=training), states

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Mean cross-entropy, nats a symbol, over the targets that count, and in training the penalties.

        The metric `nats` is the exact mean of the cross-entropy alone.
        """
        targets = ops.transpose(ops.reshape(y, (self.batch_size, y.shape[1] or -1)))
        number = ops.sum(ops.cast(ops.not_equal(targets, IGNORED), "float32"))
        candidates = (x["candidates"], x["corrections"]) if training and x and "candidates" in x else None
        total = self.head.nats(y_pred, [targets[:, rows] for rows in self.lanes], candidates, training)
        mean = total / ops.maximum(number, 1.0)
        self.nats.update_state(mean, sample_weight=number)
        if not training:
            return mean
        if self.classifier is not None and x and "classes" in x:
            classes = ops.transpose(ops.reshape(x["classes"], (self.batch_size, y.shape[1] or -1)))
            mean += self.class_weight * self.classifier.nats(y_pred, [classes[:, rows] for rows in self.lanes])
        return mean + self._penalty(y_pred) if any(self.penalties) else mean

    def _penalty(self, outputs: Sequence[Tensor]) -> Tensor:
        """Activation regularisation (Merity et al. 2017): for large outputs, and for those that change much."""
        activation, change = self.penalties
        total = ops.zeros(())
        if self.text_rows < self.batch_size:
            outputs = [ops.concatenate(outputs, axis=1)[:, : self.text_rows]]
        for of_lane in outputs:
            share = of_lane.shape[1] / self.text_rows
            if activation:
                total += activation * share * ops.mean(ops.square(of_lane))
            if change:
                total += change * share * ops.mean(ops.square(of_lane[1:] - of_lane[:-1]))
        return total

    @property
    def by_rows(self) -> list[str]:
        """The paths of the weights of which a step over candidates reads some rows."""
        if not self.samples:
            return []
        tables = [self.embedding, self.head.kernel, self.head.bias]
        return [table.path for table in tables if table is not None]

    def named_weights(self) -> dict[str, Any]:
        """The weights by the names of `ModelConfig.weight_shapes`, as Keras variables."""
        named = {} if self.embedding is None else {"embedding": self.embedding}
        for layer, lstm in enumerate(self.recurrent):
            named[f"lstm.{layer}.kernel"] = lstm.cell.kernel
            named[f"lstm.{layer}.recurrent_kernel"] = lstm.cell.recurrent_kernel
            if self.config.bias:
                named[f"lstm.{layer}.bias"] = lstm.cell.bias
            if self.config.projection:
                named[f"lstm.{layer}.projection"] = lstm.projection
        if self.head.kernel is not None:
            named["output.kernel"] = self.head.kernel
        named["output.bias"] = self.head.bias
        if self.labels is not None:
            named |= {f"label.{place}.embedding": table for place, table in enumerate(self.labels.tables)}
            named["label.kernel"] = self.labels.kernel
        if self.classifier is not None:
            named |= {"classifier.kernel": self.classifier.kernel, "classifier.bias": self.classifier.bias}
        return named

    def export_weights(self) -> dict[str, NDArray[np.float32]]:
        """A copy of the weights as float32 arrays, by name."""
        return {
            name: np.array(self._turned(name, ops.convert_to_numpy(variable)), order="C")
            for name, variable in self.named_weights().items()
        }

    def import_weights(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Set the weights from arrays, by name."""
        for name, variable in self.named_weights().items():
            variable.assign(self._turned(name, weights[name]))

    def _turned(self, name: str, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """A weight in the layout of a run folder from that of the model, or the other way round."""
        return array.T if name == "output.kernel" and self.head.by_rows else array
