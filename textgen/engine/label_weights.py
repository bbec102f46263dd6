"""What labels mean to a network: the vector of each, what they add to the gates, and its classifier.

The vectors of a text's labels are summed, each weighted with its share, and multiplied with one kernel. The product is
added to the sums of the first layer's gates at every step, as the product of an input that stands beside each symbol
would be. Not being told a label adds nothing. This module does not know text or files.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from textgen.engine.weights import Floats, gate_columns
from textgen.runs.config import ModelConfig
from textgen.tokens.labels import LabelSet, LabelShares, places


class Plain(NamedTuple):
    """A network that knows no labels: its ModelConfig and its weights by name."""

    config: ModelConfig
    weights: Mapping[str, Floats]


@dataclass(frozen=True)
class LabelWeights:
    """The weights of a network's labels.

    Attributes:
        sets: the labels that it knows.
        named: name to float32 array, the names and shapes of `ModelConfig.label_shapes`.
    """

    sets: Sequence[LabelSet]
    named: Mapping[str, Floats]

    @classmethod
    def of(cls, config: ModelConfig, weights: Mapping[str, Floats]) -> "LabelWeights | None":
        """Those among a network's weights; None where it knows no labels."""
        if not config.labels:
            return None
        return cls(config.labels, {name: np.asarray(weights[name]) for name in config.label_shapes()})

    def vector(self, shares: LabelShares) -> Floats:
        """The vector of a mixture of labels, float32, shape (label size,)."""
        vector = np.zeros(len(self.named["label.kernel"]), np.float64)
        for place, label, share in places(self.sets, shares):
            vector += share * self.named[f"label.{place}.embedding"][label]
        return vector.astype(np.float32)

    def offset(self, shares: LabelShares) -> Floats:
        """What a mixture adds to the gates, float32, shape (4 x units,), in a step's order and scale."""
        kernel = self.named["label.kernel"]
        scale, order = gate_columns(kernel.shape[1] // 4)
        return (self.vector(shares) @ kernel)[order] * scale

    def folded(self, config: ModelConfig, weights: Mapping[str, Floats], shares: LabelShares) -> "Plain":
        """The network whose every text has these labels, as one that knows no labels.

        Args:
            config, weights: of the network.
            shares: the labels.
        """
        plain = dataclasses.replace(config, labels=(), classify="", bias=True)
        kept = {name: array for name, array in weights.items() if name not in self.named}
        for layer in range(config.sizes.layers):
            kept.setdefault(f"lstm.{layer}.bias", np.zeros(4 * config.sizes.units, np.float32))
        kept["lstm.0.bias"] = kept["lstm.0.bias"] + self.vector(shares) @ self.named["label.kernel"]
        return Plain(plain, kept)

    def class_logits(self, hidden: Floats) -> Floats:
        """The logits of the classifier, one for each label.

        Args:
            hidden: float32, shape (..., output): hidden states of the last layer.

        Returns:
            float32, shape (..., labels).
        """
        logits: Floats = hidden @ self.named["classifier.kernel"] + self.named["classifier.bias"]
        return logits
