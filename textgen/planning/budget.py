"""How far a training goes: whole epochs that were asked for, or as many steps as a budget of minutes holds.

Pure arithmetic on seconds and steps: knows nothing of Keras, text or files.
"""

import math
import statistics
import time

# What a budget may spend on all evaluations and samples, and on one evaluation of the held-out text.
SHARE_OF_EPOCH_ENDS, SHARE_OF_ONE_EVALUATION = 0.06, 0.02
# Epochs of a budgeted training: few enough for their ends to cost little, enough to follow a machine's moods.
FEWEST_EPOCHS, MOST_EPOCHS = 4, 100
# A group of steps that takes so many times the usual was interrupted, and what it took beyond that tells nothing.
INTERRUPTED = 2
# Seconds that an epoch's end takes beside its evaluation (saving, a sample), until one has been measured.
FIRST_GUESS_OF_SAVING = 0.4


class Budget:
    """Turns a budget of seconds into a number of steps, and corrects it at each epoch's end.

    Args:
        seconds: the budget.
        began: `time.monotonic()` when it began to run.
    """

    def __init__(self, seconds, began):
        self.seconds, self.began = seconds, began
        self.step_seconds = math.nan
        self.ends = []  # seconds that an epoch's end takes: a guess, then what was measured
        self.epochs_left = 0

    @property
    def end_seconds(self):
        """What an epoch's end takes, the lower of the middle two: one pause of the machine is not the rule."""
        return statistics.median_low(self.ends)

    def left(self):
        """Seconds not yet spent; negative when overdrawn."""
        return self.seconds - (time.monotonic() - self.began)

    def evaluation_steps(self, steps, seconds_a_step):
        """How many of the held-out text's steps one evaluation may read: all of them, if that takes little time."""
        affordable = int(SHARE_OF_ONE_EVALUATION * self.seconds / max(seconds_a_step, 1e-9))
        return max(1, min(steps, affordable))

    def settle(self, step_seconds, evaluation_seconds, steps_per_pass):
        """Fix the number of epochs, from measured times: one for each pass over the text, within reason.

        Returns:
            the number of steps that still fit, at least 1.
        """
        self.step_seconds, self.ends = step_seconds, [evaluation_seconds + FIRST_GUESS_OF_SAVING]
        passes = self.left() / step_seconds / steps_per_pass
        affordable = SHARE_OF_EPOCH_ENDS * self.seconds / self.end_seconds
        wanted = min(max(round(passes), FEWEST_EPOCHS), MOST_EPOCHS)
        self.epochs_left = max(1, min(wanted, int(affordable), self._steps_left()))
        return self._steps_left()

    def epoch_ended(self, step_seconds, end_seconds):
        """Learn from an epoch what a step (None: it was too short to tell) and an epoch's end take now.

        Returns:
            the number of steps that still fit: at least one an epoch left, or 0 when the budget is spent.
        """
        self.epochs_left -= 1
        self.step_seconds = step_seconds or self.step_seconds
        self.ends.append(end_seconds)
        return self._steps_left() if self.epochs_left and self.left() > 0 else 0

    def last_epoch_holds(self, steps, step_seconds):
        """How many of the steps that are left in the last epoch still fit, at the speed they go now.

        Returns:
            `steps` where they fit, within a hundredth.
        """
        holds = max(0, int((self.left() - self.end_seconds) / step_seconds))
        return steps if holds >= 0.99 * steps else holds

    def _steps_left(self):
        ends = max(self.epochs_left, 1) * self.end_seconds
        return max(self.epochs_left, 1, int((self.left() - ends) / self.step_seconds))


def mean_step_seconds(seconds):
    """Seconds of a step, from those of steps measured one after another: their mean, interruptions left out.

    Args:
        seconds: floats; None is returned where there are none.
    """
    if not seconds:
        return None
    longest = INTERRUPTED * statistics.median(seconds)
    return statistics.fmean(min(each, longest) for each in seconds)


def next_epoch(steps_left, epochs_left):
    """Steps of the next epoch: an equal share of those left."""
    return math.ceil(steps_left / max(epochs_left, 1))
