"""How long steps take, and what follows from it for a budget of minutes."""

import time
from collections.abc import Callable
from typing import Any

from textgen.planning.budget import Budget, Timing, mean_step_seconds
from textgen.planning.plan import Plan
from textgen.runs.state import TrainingState
from textgen.training.backend import keras
from textgen.training.distribution import Division
from textgen.training.feed import feed
from textgen.training.progress import Pace

# Seconds of first steps that a budget is measured by: a share of the budget, within bounds.
TIMED_SHARE, MIN_TIMED_SECONDS, MAX_TIMED_SECONDS = 0.03, 1.0, 5.0
# The first steps that are timed, at most, in groups that run as one call.
MAX_TIMED_GROUPS = 64
# A short evaluation that takes as long as this is not repeated at another length.
LONG_EVALUATION_SECONDS = 1.0
# The learning rate follows when the end of the training moves by this share of the steps that are left.
NOTICEABLE = 0.01


class Stopwatch(keras.callbacks.Callback):
    """Times the groups of steps of an epoch. The first is left out, since it builds the graph.

    Args:
        is_over: called after each group; True ends the epoch. None never ends it.
        clock: what time it is while `is_over` is asked.

    Attributes:
        done: steps of the epoch so far.
        groups: seconds of a step in each group that was timed.
        ended: when the latest group ended.
    """

    def __init__(
        self,
        is_over: Callable[["Stopwatch"], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.is_over, self._clock = is_over, clock
        self.groups: list[float] = []
        self.done, self.ended = 0, 0.0

    @property
    def step_seconds(self) -> float | None:
        """Seconds that a step takes; None where none was timed."""
        return mean_step_seconds(self.groups)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.groups, self.done = [], 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        now, done = self._clock() if self.is_over else time.monotonic(), batch + 1
        if self.done:
            self.groups.append((now - self.ended) / (done - self.done))
        self.done, self.ended = done, now
        if self.is_over and self.is_over(self):
            self.model.stop_training = True


class Tempo(keras.callbacks.Callback):
    """Where a training stands in time, for those callbacks after it that tell of it.

    Args:
        state: the TrainingState, which knows how far the training goes.

    Attributes:
        step: steps done, those before a resume included.
        steps_per_second: the speed in the current epoch.
        deadline: when the training will end, by `time.monotonic()`; None where its pace says so.
    """

    def __init__(self, state: TrainingState) -> None:
        super().__init__()
        self._state, self._pace = state, Pace()
        self._began, self._first = 0.0, state.step
        self.step, self.steps_per_second = state.step, 0.0
        self.deadline: float | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = time.monotonic()
        self._first = self.step = self._state.step
        self._pace.begin_epoch(self._began)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        now, end = time.monotonic(), self._state.epoch_end
        # Keras counts the last group of an epoch as a whole one, whatever is left of it.
        self.step = self._first + batch + 1 if end is None else min(self._first + batch + 1, end)
        done = self.step - self._first
        self.steps_per_second = done / max(now - self._began, 1e-9)
        self._pace.follow(now, done)

    def seconds_left(self) -> float | None:
        """Until the whole training ends: the rest of a budget, or what its steps and evaluations take at their pace.

        None until a pace is known.
        """
        if self.deadline is not None:
            return max(self.deadline - time.monotonic(), 0.0)
        steps = max((self._state.last_step or self.step) - self.step, 0)
        return self._pace.seconds_left(steps, (self._state.epochs or 0) - self._state.epoch) if steps else 0.0


class BudgetKeeper:
    """Keeps a training to its budget: moves the end of each epoch, and of the training, to where the pace puts them.

    Args:
        budget: the Budget.
        state: the TrainingState; the ends in it are kept up to date.

    Attributes:
        most_steps: how many steps the present epoch is fed; Keras counts the last group of them as a whole one.
    """

    def __init__(self, budget: Budget, state: TrainingState) -> None:
        self.budget, self.state = budget, state
        self._epoch_began, self.most_steps = state.step, 0

    def begin_epoch(self) -> None:
        """Give the epoch that begins now its share of the budget."""
        self._epoch_began = self.state.step
        self.state.epoch_end = self.state.step + self.budget.begin_epoch()
        self.state.last_step = max(self.state.last_step or 0, self.state.epoch_end)

    def is_over(self, watch: Stopwatch) -> bool:
        """Whether the epoch ends here. The learning rate is annealed to wherever the training will end."""
        step, planned = self._epoch_began + min(watch.done, self.most_steps), self.state.last_step or 0
        extent = self.budget.follow(step, watch.model.steps_per_execution, watch.step_seconds)
        if abs(extent.last_step - planned) > NOTICEABLE * max(planned - step, 0):
            self.state.last_step = extent.last_step
            # On JAX, asking the callback for the model brings the optimizer's variables back in mid-epoch.
            watch.model.optimizer.schedule.set_end(step, extent.last_step)
        is_last_epoch = self.budget.epochs_left == 1
        self.state.epoch_end = self.state.last_step if is_last_epoch and not extent.is_over else extent.epoch_end
        return extent.is_over

    def end_epoch(self, watch: Stopwatch) -> None:
        """Learn from an epoch that has ended, its evaluation and its saves included."""
        self.budget.end_epoch(self.budget.clock() - watch.ended)
        self.state.last_step = self.state.step + self.budget.steps_left()


def training_feed(plan: Plan, division: Division, first: int, steps: int, goes_on: bool = False) -> Any:
    """Some steps of a training: those rows of them that this process reads. Arguments as of `feed`."""
    whole = division.whole(plan.streams) if plan.sampler else None
    seed = plan.training.seed
    return feed(division.deal(plan.streams), seed, first, steps, goes_on, plan.sampler, plan.labelling, whole)


def measure(
    model: Any,
    plan: Plan,
    division: Division,
    first: int,
    seconds: float,
    callbacks: list[Any],
    check: Callable[[], None],
) -> Timing:
    """Time the first steps of a training, which count like any other, and a part of the evaluation.

    Args:
        model: the compiled LanguageModel.
        plan: what is trained on, and measured on.
        division: what of it this process computes.
        first: the training's step to begin with.
        seconds: the budget.
        callbacks: called after each group of steps.
        check: called after each evaluation; raises KeyboardInterrupt where the training should stop.
    """
    held_out, seed, group, clock = plan.held_out, plan.training.seed, model.steps_per_execution, division.group.clock
    enough = min(max(TIMED_SHARE * seconds, MIN_TIMED_SECONDS), MAX_TIMED_SECONDS)
    watch = Stopwatch(lambda watch: sum(watch.groups) * group >= enough, clock)
    steps = training_feed(plan, division, first, MAX_TIMED_GROUPS * group)
    model.fit(steps, callbacks=[*division.callbacks(), watch, *callbacks], shuffle=False, verbose=0)
    step_seconds = watch.step_seconds or seconds  # a single group is too few to tell
    if not held_out:
        return Timing(step_seconds)
    group = min(held_out.steps, group)
    times = []
    for count in (group, group, 3 * group):  # the first builds the graph; the others tell the start from the steps
        began = clock()
        model.evaluate(feed(division.deal(held_out), seed, steps=min(count, held_out.steps)), verbose=0)
        check()
        times.append(clock() - began)
        if len(times) == 2 and times[1] >= LONG_EVALUATION_SECONDS:
            return Timing(step_seconds, 0.0, times[1] / group)  # beside its steps, its start counts for little
    more = min(3 * group, held_out.steps) - group
    step = max((times[2] - times[1]) / more, 0.0) if more else times[1] / group
    return Timing(step_seconds, max(times[1] - step * group, 0.0), step)
