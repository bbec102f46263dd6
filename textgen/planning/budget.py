"""A budget of minutes, kept while the speed of the machine changes.

A budget is divided among epochs by time. After each group of steps it says, at the pace of the latest groups, where
the epoch and the training will end, so that the learning rate can follow (`textgen.training.timing`). Pure arithmetic
on seconds and steps: knows nothing of Keras, text or files.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Shares of a budget that all evaluations and samples, and one evaluation of the held-out text, may take.
MAX_SHARE_OF_EPOCH_ENDS, MAX_SHARE_OF_ONE_EVALUATION = 0.06, 0.02
# Epochs of a training by minutes: few enough that their ends cost little, enough to show progress.
MIN_EPOCHS, MAX_EPOCHS = 4, 100
# A group of steps that takes this many times the median was interrupted; the time beyond that says nothing about pace.
INTERRUPTED = 2
# Seconds that an epoch's end takes besides its evaluation (saving, a sample), until one has been measured.
FIRST_GUESS_OF_SAVING = 0.4
# The latest groups of steps, and the latest ends of epochs, that the pace is taken from.
LATEST_GROUPS, LATEST_ENDS = 16, 3


@dataclass(frozen=True)
class Timing:
    """What was measured before a budget is settled.

    Attributes:
        step_seconds: one training step.
        evaluation_start: what an evaluation takes before its first step.
        evaluation_step: one step of an evaluation.
    """

    step_seconds: float
    evaluation_start: float = 0.0
    evaluation_step: float = 0.0


@dataclass(frozen=True)
class Extent:
    """Where a training will end at its present pace.

    Attributes:
        epoch_end: the step at which the epoch ends.
        last_step: the step at which the training ends.
        is_over: whether the epoch should end here.
    """

    epoch_end: int
    last_step: int
    is_over: bool


class Budget:
    """Turns seconds into steps, again and again as the pace changes.

    Args:
        seconds: the budget.
        began: when it began to run, by the clock.
        clock: seconds from any fixed moment; a test gives its own.

    Attributes:
        step_seconds: a training step at the present pace.
        epochs_left: epochs still to end, the present one included.
        evaluation_steps: how much of the held-out text one evaluation reads.
    """

    def __init__(self, seconds: float, began: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.began, self.clock = seconds, began, clock
        self.step_seconds = math.nan
        self.epochs_left = 0
        self.evaluation_steps: int | None = None
        self._ends: list[float] = []  # seconds of each epoch's end: a guess, then measurements
        self._epoch_deadline = math.inf

    @property
    def end_seconds(self) -> float:
        """What an epoch's end takes: the lower of the middle two of the latest, so that one pause changes nothing."""
        return statistics.median_low(self._ends[-LATEST_ENDS:])

    def left(self) -> float:
        """Seconds not yet spent; negative when the budget is overdrawn."""
        return self.seconds - (self.clock() - self.began)

    def settle(self, timing: Timing, steps_per_pass: int, held_out_steps: int = 0) -> int:
        """Choose the number of epochs: one for each pass over the text, within the bounds.

        Args:
            timing: what was measured.
            steps_per_pass: training steps of one pass over the text.
            held_out_steps: steps of a whole evaluation; 0 where nothing is held out.

        Returns:
            the number of steps that still fit, at least 1.
        """
        self.step_seconds = timing.step_seconds
        evaluation = 0.0
        if held_out_steps:
            affordable = int(MAX_SHARE_OF_ONE_EVALUATION * self.seconds / max(timing.evaluation_step, 1e-9))
            self.evaluation_steps = max(1, min(held_out_steps, affordable))
            evaluation = timing.evaluation_start + self.evaluation_steps * timing.evaluation_step
        self._ends = [evaluation + FIRST_GUESS_OF_SAVING]
        passes = self.left() / self.step_seconds / steps_per_pass
        affordable_ends = int(MAX_SHARE_OF_EPOCH_ENDS * self.seconds / self.end_seconds)
        wanted = min(max(round(passes), MIN_EPOCHS), MAX_EPOCHS)
        self.epochs_left = max(1, min(wanted, affordable_ends, int(self.left() / self.step_seconds)))
        return self.steps_left()

    def steps_left(self) -> int:
        """Steps that still fit, at least one for each epoch left; 0 when the last epoch has ended."""
        if not self.epochs_left:
            return 0
        return max(self.epochs_left, int(self._seconds_for_steps() / self.step_seconds))

    def begin_epoch(self) -> int:
        """Give the epoch that begins now its share of the time. Returns the number of steps that it has room for."""
        self._epoch_deadline = self.clock() + self._seconds_for_steps() / self.epochs_left
        return max(1, self._epoch_steps())

    def follow(self, step: int, group: int, step_seconds: float | None) -> Extent:
        """Where the training will end, seen from a step within an epoch.

        Args:
            step: steps of the training that are done.
            group: how many steps run as one call, which nothing interrupts.
            step_seconds: the present pace; None where it is not known yet.
        """
        self.step_seconds = step_seconds or self.step_seconds
        steps = self._epoch_steps()
        # The epoch ends where it comes nearest to its deadline: at most half a group before or after.
        is_over = steps < group / 2
        left = 0 if is_over else steps
        seconds = self._seconds_for_steps() - max(0.0, self._epoch_deadline - self.clock())
        later = max(int(seconds / self.step_seconds), 1) if self.epochs_left > 1 else 0
        return Extent(step + left, step + left + later, is_over)

    def end_epoch(self, end_seconds: float) -> None:
        """Note what the end of an epoch took. A spent budget has no epochs left."""
        self._ends.append(end_seconds)
        self.epochs_left = self.epochs_left - 1 if self.left() > 0 else 0

    def _epoch_steps(self) -> int:
        return max(0, int((self._epoch_deadline - self.clock()) / self.step_seconds))

    def _seconds_for_steps(self) -> float:
        return max(0.0, self.left() - self.epochs_left * self.end_seconds)


def mean_step_seconds(seconds: Sequence[float]) -> float | None:
    """The mean of the latest measured steps, interruptions left out; None where nothing was measured.

    Args:
        seconds: seconds of a step, measured one group of steps after another.
    """
    latest = seconds[-LATEST_GROUPS:]
    if not latest:
        return None
    longest = INTERRUPTED * statistics.median(latest)
    return statistics.fmean(min(each, longest) for each in latest)


def next_epoch(steps_left: int, epochs_left: int) -> int:
    """Steps of the next epoch: an equal share of those left."""
    return math.ceil(steps_left / max(epochs_left, 1))
