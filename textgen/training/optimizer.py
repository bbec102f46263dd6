"""The optimizers: Adam, its rate warmed up and annealed along a path whose end can be moved, and plain descent."""

import math

from textgen.training.backend import keras, ops

# The share of the way from which an annealed training goes on.
AGAIN = 0.5


class CosineSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises over the warm-up, then falls along a cosine (Loshchilov and Hutter 2017) to a hundredth.

    The rate depends on the share of the way that is done. The path can be given another end while it is walked, so
    that a training which has to stop at a certain minute is annealed by then: the rate stays where it is, and goes
    down faster or slower from there.

    Args:
        peak: the highest rate.
        warmup: share of the way in which the rate rises.
    """

    FLOOR = 0.01

    def __init__(self, peak, warmup):
        self.peak, self.warmup = peak, warmup
        self.path = None  # a variable of the optimizer: the step and share where the path was last laid, its last step

    def set_end(self, step, last):
        """Lay the path from where it stands at `step` so that it ends at step `last`."""
        done = float(self.done(step)) if step else 0.0
        self.path.assign([float(step), done, float(max(last, step + 1))])

    def extend_end(self, step, last):
        """Lay the path for more steps after its end: from halfway down the cosine where it had got farther (a warm
        restart, Loshchilov and Hutter 2017, at half the height)."""
        self.path.assign([float(step), min(float(self.done(step)), AGAIN), float(max(last, step + 1))])

    def done(self, step):
        """Share of the way, 0 to 1, that is done at a step."""
        start, done, last = (self.path[place] for place in range(3))
        return ops.clip(done + (1 - done) * (ops.cast(step, "float32") - start) / (last - start), 0.0, 1.0)

    def __call__(self, step):
        done = self.done(step)
        falling = (1 + ops.cos(math.pi * (done - self.warmup) / (1 - self.warmup))) / 2
        share = self.FLOOR + (1 - self.FLOOR) * falling
        if self.warmup:
            share = ops.where(done < self.warmup, done / self.warmup, share)
        return self.peak * share


class Adam(keras.optimizers.Adam):
    """keras.optimizers.Adam, to float32's rounding; on TensorFlow a weight and its two moments are updated by one
    operation, in place, where Keras's own update goes through memory a dozen times.

    Attributes:
        norms: float32, shape (weights + 2,), once built: the sum over steps of the Euclidean norm of each weight's
            gradient, before it is clipped; of the norm of all together; and the number of steps. Whoever reads it
            begins it anew.
    """

    norms = None

    def build(self, variables):
        super().build(variables)
        if self.norms is None:
            self.norms = self.add_variable((len(variables) + 2,), name="norms")

    def apply(self, grads, trainable_variables=None):
        if not self.built:
            self.build(trainable_variables)
        squares = ops.stack([ops.sum(ops.square(ops.convert_to_tensor(each))) for each in grads])
        whole = ops.sum(squares)[None]
        self.norms.assign_add(ops.concatenate([ops.sqrt(squares), ops.sqrt(whole), ops.ones((1,))]))
        super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
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


def make_optimizer(training, steps):
    """Adam (Kingma and Ba 2015) as a TrainingConfig says, annealed over `steps` steps.

    The gradient's global norm is clipped, the cure for gradients that explode (Pascanu et al. 2013).
    """
    anneal = CosineSchedule(training.learning_rate, training.warmup)
    optimizer = Adam(anneal, global_clipnorm=training.clip_norm)
    anneal.path = optimizer.add_variable((3,), name="path")  # kept by the optimizer, so every backend carries it
    anneal.set_end(0, steps)
    optimizer.anneal = anneal
    return optimizer


def make_descent(rate, clip_norm):
    """Plain stochastic gradient descent at a fixed rate, the gradient's global norm clipped."""
    return keras.optimizers.SGD(rate, global_clipnorm=clip_norm)
