"""The optimizers: Adam with a learning rate that is warmed up and annealed to a movable end, and plain descent."""

import math
from collections.abc import Sequence
from typing import Any

from textgen.runs.config import TrainingConfig
from textgen.training.backend import keras, ops

# A training that is extended goes on from this share of its schedule, where it had got farther.
RESTART_SHARE = 0.5


class CosineSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises over the warm-up, then falls along a cosine (Loshchilov and Hutter 2017) to a
    hundredth.

    The rate depends on the share of the schedule that is done. The end can be moved during training, so that a training
    which has to stop at a certain minute is annealed by then: the rate stays where it is, and falls faster or slower
    from there.

    Args:
        peak: the highest rate.
        warmup: the share of the schedule in which the rate rises.

    Attributes:
        path: a variable of the optimizer, float32 (3,), set by Adam: the step and the share done where the schedule was
            last laid out, and its last step. Since the optimizer keeps it, every backend carries and saves it.
    """

    FLOOR = 0.01

    def __init__(self, peak: float, warmup: float) -> None:
        self.peak, self.warmup = peak, warmup
        self.path: Any = None

    def set_end(self, step: int, last: float) -> None:
        """From the rate at `step` on, anneal so that the schedule ends at step `last`."""
        self._lay(step, float(self.done(step)) if step else 0.0, last)

    def extend_end(self, step: int, last: float) -> None:
        """Lay out more steps after the end: from halfway down the cosine where the schedule had got farther.

        This is a warm restart (Loshchilov and Hutter 2017) at half the height.
        """
        self._lay(step, min(float(self.done(step)), RESTART_SHARE), last)

    def _lay(self, step: int, done: float, last: float) -> None:
        self.path.assign([float(step), done, float(max(last, step + 1))])

    def done(self, step: Any) -> Any:
        """The share of the schedule, 0 to 1, that is done at a step."""
        start, done, last = (self.path[place] for place in range(3))
        return ops.clip(done + (1 - done) * (ops.cast(step, "float32") - start) / (last - start), 0.0, 1.0)

    def __call__(self, step: Any) -> Any:
        done = self.done(step)
        falling = (1 + ops.cos(math.pi * (done - self.warmup) / (1 - self.warmup))) / 2
        share = self.FLOOR + (1 - self.FLOOR) * falling
        if self.warmup:
            share = ops.where(done < self.warmup, done / self.warmup, share)
        return self.peak * share


class Adam(keras.optimizers.Adam):
    """keras.optimizers.Adam (Kingma and Ba 2015), to float32's rounding, with a movable schedule.

    On TensorFlow one operation updates a weight and its two moments in place, where Keras's own update passes through
    memory a dozen times. That uses private names of Keras, so setup.cfg bounds its version.

    Args:
        learning_rate: a CosineSchedule, or what keras.optimizers.Adam takes.
        options: of keras.optimizers.Adam.

    Attributes:
        schedule: the CosineSchedule, if there is one.
        norms: float32 (weights + 2,), once built: the sum over steps of the Euclidean norm of each weight's gradient
            before clipping, that of the global norm, and the number of steps. The reader resets it.
    """

    def __init__(self, learning_rate: Any, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.norms: Any = None
        self.schedule = learning_rate if isinstance(learning_rate, CosineSchedule) else None
        if self.schedule:
            self.schedule.path = self.add_variable((3,), name="path")

    def build(self, variables: Sequence[Any]) -> None:
        super().build(variables)
        if self.norms is None:
            self.norms = self.add_variable((len(variables) + 2,), name="norms")

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        if not self.built and trainable_variables is not None:
            self.build(trainable_variables)
        squares = ops.stack([ops.sum(ops.square(ops.convert_to_tensor(each))) for each in grads])
        whole = ops.sum(squares)[None]
        self.norms.assign_add(ops.concatenate([ops.sqrt(squares), ops.sqrt(whole), ops.ones((1,))]))
        super().apply(grads, trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if keras.backend.backend() != "tensorflow":
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        place = self._get_variable_index(variable)
        weight, m, v = (
            (kept.value if isinstance(kept, keras.Variable) else kept).handle
            for kept in (variable, self._momentums[place], self._velocities[place])
        )
        step = ops.cast(self.iterations + 1, "float32")
        tf.raw_ops.ResourceApplyAdam(
            var=weight,
            m=m,
            v=v,
            beta1_power=ops.power(self.beta_1, step),
            beta2_power=ops.power(self.beta_2, step),
            lr=ops.cast(learning_rate, "float32"),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )


def make_optimizer(training: TrainingConfig, steps: float) -> Adam:
    """Adam as a TrainingConfig describes it, annealed over `steps` steps.

    The gradient's global norm is clipped, the cure for exploding gradients (Pascanu et al. 2013).
    """
    schedule = CosineSchedule(training.learning_rate or 0.0, training.warmup)
    optimizer = Adam(schedule, global_clipnorm=training.clip_norm)
    schedule.set_end(0, steps)
    return optimizer


def make_descent(rate: float, clip_norm: float) -> Any:
    """Plain stochastic gradient descent at a fixed rate, with the gradient's global norm clipped."""
    return keras.optimizers.SGD(rate, global_clipnorm=clip_norm)
