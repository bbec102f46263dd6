"""A small perceptron that tells two kinds of examples apart: one hidden layer, and a linear path beside it.

It learns by Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019), in NumPy. Knows nothing
of verse.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from textgen.verse.meaning.association import Floats

HIDDEN = 64
# Examples of a step, passes through the examples, and the fewest steps: few examples are read more often.
BATCH, PASSES, MIN_STEPS = 512, 4, 300
RATE, DECAY = 2e-3, 1e-2
_MOMENT, _SQUARE, _TINY = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Perceptron:
    """Log-odds from features.

    Attributes:
        mean, scale: float32, shape (features,): features less the mean, over the scale, have mean 0 and deviation 1.
        hidden, bias: float32, shapes (features, hidden) and (hidden,).
        out: float32, shape (hidden,).
        direct: float32, shape (features,): the linear path.
        shift: float32, shape (1,).
    """

    mean: Floats
    scale: Floats
    hidden: Floats
    bias: Floats
    out: Floats
    direct: Floats
    shift: Floats

    def scores(self, features: Floats) -> Floats:
        """The log-odds of examples: float32, shape (examples,), from features of shape (examples, features)."""
        x: Floats = (features - self.mean) / self.scale
        active: Floats = np.maximum(x @ self.hidden + self.bias, np.float32(0))
        found: Floats = active @ self.out + x @ self.direct + self.shift
        return found

    def fits(self) -> bool:
        """Whether the sizes of its arrays fit each other, and no scale is 0."""
        if self.hidden.ndim != 2 or self.shift.shape != (1,):
            return False
        features, hidden = self.hidden.shape
        return (
            self.mean.shape == self.scale.shape == self.direct.shape == (features,)
            and self.bias.shape == self.out.shape == (hidden,)
            and bool((self.scale > 0).all())
        )

    def arrays(self) -> dict[str, Floats]:
        """Its arrays by name."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> "Perceptron":
        """A perceptron with the arrays of another."""
        return cls(**{name: np.asarray(arrays[name], np.float32) for name in cls.__dataclass_fields__})

    @classmethod
    def learn(
        cls, features: Floats, is_true: Floats, weights: Floats, random: np.random.Generator, hidden: int = HIDDEN
    ) -> "Perceptron":
        """Learn to tell true examples from false ones.

        Args:
            features: float16 or float32, shape (examples, features).
            is_true: float32, shape (examples,): 1 or 0.
            weights: float32, shape (examples,): how much each counts; their mean is 1.
            random: where random numbers come from.
            hidden: units of the hidden layer.
        """
        count, size = features.shape
        mean: Floats = features.mean(0, dtype=np.float32)
        scale: Floats = features.std(0, dtype=np.float32) + np.float32(1e-3)
        values: list[Floats] = [
            (random.standard_normal((size, hidden)) / np.sqrt(size)).astype(np.float32),
            np.zeros(hidden, np.float32),
            (random.standard_normal(hidden) / np.sqrt(hidden)).astype(np.float32),
            np.zeros(size, np.float32),
            np.zeros(1, np.float32),
        ]
        batch = min(BATCH, max(count // 8, 1))
        per_pass = count // batch
        passes = max(PASSES, -(-MIN_STEPS // per_pass))
        adam = _Adam(values, passes * per_pass)
        for _ in range(passes):
            order = random.permutation(count)
            for start in range(0, per_pass * batch, batch):
                chosen = order[start : start + batch]
                x = (features[chosen].astype(np.float32) - mean) / scale
                adam.step(_gradients(values, x, is_true[chosen], weights[chosen]))
        return cls(mean, scale, *values)


def _gradients(values: list[Floats], x: Floats, is_true: Floats, weights: Floats) -> list[Floats]:
    """The gradients of the mean cross-entropy by hidden, bias, out, direct and shift."""
    hidden, bias, out, direct, shift = values
    active = np.maximum(x @ hidden + bias, 0)
    logits = active @ out + x @ direct + shift
    error = (1 / (1 + np.exp(-np.clip(logits, -30, 30))) - is_true) * weights / np.float32(len(x))
    back = error[:, None] * out * (active > 0)
    return [x.T @ back, back.sum(0), active.T @ error, x.T @ error, error.sum(keepdims=True)]


class _Adam:
    """Adam over some arrays, which it changes; the learning rate falls to nothing over a number of steps."""

    def __init__(self, values: list[Floats], steps: int) -> None:
        self._values, self._steps, self._step = values, steps, 0
        self._moments, self._squares = ([np.zeros_like(value) for value in values] for _ in range(2))

    def step(self, gradients: list[Floats]) -> None:
        self._step += 1
        rate = np.float32(RATE * (1 - (self._step - 1) / self._steps))
        for value, gradient, moment, square in zip(self._values, gradients, self._moments, self._squares, strict=True):
            moment += np.float32(1 - _MOMENT) * (gradient - moment)
            square += np.float32(1 - _SQUARE) * (gradient * gradient - square)
            first = moment / np.float32(1 - _MOMENT**self._step)
            second = np.sqrt(square / np.float32(1 - _SQUARE**self._step)) + np.float32(_TINY)
            decay = np.float32(DECAY) * value if value.ndim == 2 or value.shape == self._values[3].shape else 0
            value -= rate * (first / second + decay)
