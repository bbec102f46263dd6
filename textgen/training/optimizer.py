"""The optimizers: Adam with a learning rate that is warmed up and annealed to a movable end, and plain descent."""

import math
from collections.abc import Collection, Sequence
from typing import Any

from textgen.runs.config import TrainingConfig
from textgen.training.backend import keras, ops, tensorflow
from textgen.training.rows import is_sparse, merged, take_rows

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
        clip_norm: gradients are scaled so that their global norm is at most this (Pascanu et al. 2013); None for no
            such bound.
        by_rows: the paths of weights of which a step reads some rows. The rows that it does not read keep their numbers
            and their moments, so a step costs no more for a large vocabulary.
        options: of keras.optimizers.Adam.

    Attributes:
        schedule: the CosineSchedule, if there is one.
        norms: float32 (weights + 2,), once built: the sum over steps of the Euclidean norm of each weight's gradient
            before clipping, that of the global norm, and the number of steps. The reader resets it.
    """

    def __init__(
        self,
        learning_rate: Any,
        clip_norm: float | None = None,
        by_rows: Collection[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, **options)
        self.norms: Any = None
        self.clip_norm, self.by_rows = clip_norm, frozenset(by_rows)
        self.schedule = learning_rate if isinstance(learning_rate, CosineSchedule) else None
        if self.schedule:
            self.schedule.path = self.add_variable((3,), name="path")

    def build(self, variables: Sequence[Any]) -> None:
        super().build(variables)
        # By place: on TensorFlow, a weight comes to `update_step` as TensorFlow's own variable, without a path.
        self._row_places = frozenset(place for place, each in enumerate(variables) if each.path in self.by_rows)
        if self.norms is None:
            self.norms = self.add_variable((len(variables) + 2,), name="norms")

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        if not self.built and trainable_variables is not None:
            self.build(trainable_variables)
        variables = self._trainable_variables if trainable_variables is None else trainable_variables
        grads = [
            merged(each) if is_sparse(each) and self._is_by_rows(variable) else ops.convert_to_tensor(each)
            for each, variable in zip(grads, variables, strict=True)
        ]
        squares = ops.stack([ops.sum(ops.square(each.values if is_sparse(each) else each)) for each in grads])
        norm = ops.sqrt(ops.sum(squares))
        self.norms.assign_add(ops.concatenate([ops.sqrt(squares), norm[None], ops.ones((1,))]))
        if self.clip_norm is not None:
            # As in Keras, a norm that is not finite makes all gradients NaN.
            scale = self.clip_norm * ops.minimum(1.0 / norm, 1.0 / self.clip_norm) + (norm - norm)
            grads = [_scaled(each, scale) for each in grads]
        super().apply(grads, trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        is_by_rows = self._is_by_rows(variable)
        if not is_by_rows and keras.backend.backend() != "tensorflow":
            super().update_step(gradient, variable, learning_rate)
            return
        place = self._get_variable_index(variable)
        m, v = self._momentums[place], self._velocities[place]
        step = ops.cast(self.iterations + 1, "float32")
        powers = ops.power(self.beta_1, step), ops.power(self.beta_2, step)
        rate = ops.cast(learning_rate, "float32")
        if is_by_rows:
            self._update_rows(gradient, variable, m, v, rate * ops.sqrt(1 - powers[1]) / (1 - powers[0]))
            return
        tensorflow().raw_ops.ResourceApplyAdam(
            var=_variable(variable).handle,
            m=_variable(m).handle,
            v=_variable(v).handle,
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tensorflow().convert_to_tensor(gradient),
        )

    def _is_by_rows(self, variable: Any) -> bool:
        return self._get_variable_index(variable) in self._row_places

    def _update_rows(self, gradient: Any, variable: Any, m: Any, v: Any, rate: Any) -> None:
        """Adam for the rows that were read: those of a sparse gradient, or those whose gradient is not zero."""
        sparse = is_sparse(gradient)
        numbers, rows = (gradient.values, gradient.indices) if sparse else (gradient, None)
        old_m, old_v = (take_rows(kept, rows) if sparse else ops.convert_to_tensor(kept) for kept in (m, v))
        new_m = old_m + (numbers - old_m) * (1 - self.beta_1)
        new_v = old_v + (ops.square(numbers) - old_v) * (1 - self.beta_2)
        change = rate * new_m / (ops.sqrt(new_v) + self.epsilon)
        if sparse:
            tf = tensorflow()
            for kept, numbers in ((m, new_m), (v, new_v)):
                _variable(kept).scatter_update(tf.IndexedSlices(numbers, rows))
            _variable(variable).scatter_sub(tf.IndexedSlices(change, rows))
            return
        is_read = numbers != 0 if len(numbers.shape) == 1 else ops.any(numbers != 0, axis=-1, keepdims=True)
        m.assign(ops.where(is_read, new_m, old_m))
        v.assign(ops.where(is_read, new_v, old_v))
        variable.assign_sub(ops.where(is_read, change, ops.zeros_like(change)))


def _variable(kept: Any) -> Any:
    """TensorFlow's own variable of one of Keras."""
    return kept.value if isinstance(kept, keras.Variable) else kept


def _scaled(gradient: Any, scale: Any) -> Any:
    if is_sparse(gradient):
        return tensorflow().IndexedSlices(gradient.values * scale, gradient.indices, gradient.dense_shape)
    return gradient * scale


def make_optimizer(training: TrainingConfig, steps: float, by_rows: Collection[str] = ()) -> Adam:
    """Adam as a TrainingConfig describes it, annealed over `steps` steps.

    The gradient's global norm is clipped, the cure for exploding gradients (Pascanu et al. 2013).

    Args:
        training: the TrainingConfig.
        steps: of the whole training.
        by_rows: as of Adam.
    """
    schedule = CosineSchedule(training.learning_rate or 0.0, training.warmup)
    optimizer = Adam(schedule, clip_norm=training.clip_norm, by_rows=by_rows)
    schedule.set_end(0, steps)
    return optimizer


def make_descent(rate: float, clip_norm: float) -> Any:
    """Plain stochastic gradient descent at a fixed rate, with the gradient's global norm clipped."""
    return keras.optimizers.SGD(rate, global_clipnorm=clip_norm)
