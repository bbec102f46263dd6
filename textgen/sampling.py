"""Logits to an id: a chain of pure transforms, then one draw.

A transform takes logits (float64, shape (vocabulary,)) and the ids so far (a sequence of int), and returns logits of
the same shape; minus infinity forbids a symbol. The order is fixed: what is forbidden goes first, temperature last,
then the draw. This module knows nothing of models or text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textgen.errors import UsageError


@dataclass(frozen=True)
class Forbid:
    """Never these ids: a sequence or array of int."""

    ids: Sequence[int]

    def __call__(self, logits, history):
        logits = logits.copy()
        logits[np.asarray(self.ids, dtype=np.intp)] = -np.inf
        return logits


@dataclass(frozen=True)
class Temperature:
    """Divide by the temperature: below 1 sharpens the distribution, above 1 flattens it (Ackley et al. 1985).

    At 0, its limit: only the likeliest symbol is left (the first of equals).
    """

    value: float

    def __call__(self, logits, history):
        best = int(np.argmax(logits))
        if self.value > 0:
            # Taking the largest away first keeps the division finite however small the temperature.
            with np.errstate(over="ignore"):
                return (logits - logits[best]) / self.value
        only = np.full_like(logits, -np.inf)
        only[best] = 0
        return only


def probabilities(logits):
    """Softmax in float64. Raises UsageError where every symbol is forbidden."""
    largest = logits.max()
    if not np.isfinite(largest):
        raise UsageError("no symbol is left to draw: the sampling options forbid them all")
    weights = np.exp(logits - largest)
    return weights / weights.sum()


def draw(logits, history, transforms, rng):
    """One id.

    Args:
        logits: float, shape (vocabulary,).
        history: the ids so far.
        transforms: applied in this order.
        rng: a numpy.random.Generator; exactly one number is taken from it a draw.
    """
    logits = np.asarray(logits, dtype=np.float64)
    for transform in transforms:
        logits = transform(logits, history)
    cumulative = np.cumsum(probabilities(logits))
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
