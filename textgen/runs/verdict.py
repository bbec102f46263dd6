"""What a loss means: how far a model is, why, and what would help most, judged by its own curve and its text.

No loss is good or bad by itself: 1.2 nats a character are little for one text and much for another. So everything is
measured on the run's own scale. Its upper end is what counting predicts without a network (`Baselines`); what a run has
learned is how far its loss is below that. Where the curve is going, and how far apart the losses on held-out text and
on training text are, is told in shares of what was learned. docs/guide/training.md explains the levels to users.

Knows nothing of the command line or of Keras.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.diary import Line, best_epoch, measured
from textgen.runs.run import Baselines, Run

# Shares of what was learned. Where the last half of the steps brought less than SMALL, twice the steps brought half of
# that at most (docs/log.md, "what a loss means"). A rise above LARGE undoes what epochs of training did.
SMALL, LARGE = 0.03, 0.1
# A model with fewer weights than this share of the text's symbols is small for its text.
SMALL_MODEL = 0.25
# Where at least this share is dropped before the logits or of the recurrent kernel, a model is regularised strongly.
STRONG_OUTPUT_DROPOUT, STRONG_DROPCONNECT = 0.3, 0.1


class Level(Enum):
    """How far a model is; the value says it to a person."""

    NOTHING = "nothing learned yet"
    BARELY = "barely learned"
    LEARNING = "still learning"
    MODEL = "about as far as this model allows"
    TEXT = "about as far as this text allows"
    BY_HEART = "learning by heart"
    DIVERGED = "diverged"
    UNMEASURED = "cannot be told"


@dataclass(frozen=True)
class Verdict:
    """A judgement of a model.

    Attributes:
        level: how far it is.
        reason: what shows that, one line.
        advice: what would help most, one line. Parameters are in backquotes, as in errors.
    """

    level: Level
    reason: str
    advice: str

    def __str__(self) -> str:
        return f"{self.level.value}: {self.reason}; what would help most: {self.advice}"


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        history: the lines of history, one for each epoch, oldest first; at least one.
        model, training: the run's configurations.
        noun: what the model predicts, such as "character".
        baselines: the Baselines; None for runs of an older textgen.
        is_finished: whether the training has come to its end.
    """

    history: Sequence[Line]
    model: ModelConfig
    training: TrainingConfig
    noun: str
    baselines: Baselines | None
    is_finished: bool = True

    @classmethod
    def of(cls, run: Run) -> "Evidence":
        """The evidence in a run folder. Raises DamagedError: its history or metadata is damaged."""
        return cls(run.history(), run.model, run.training, run.tokenizer.noun, run.baselines, run.is_finished())


def verdict(evidence: Evidence) -> Verdict | None:
    """Judge a model; None where no epoch has ended yet."""
    return _Judge(evidence).verdict() if evidence.history else None


class _Judge:
    """Reads the curve once; each method answers one question about it."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, self.history = evidence, evidence.history
        self.best, self.first, self.last = best_epoch(self.history), self.history[0], self.history[-1]
        self.losses = [line[f"{measured(line)}_nats"] for line in self.history]
        self.nats = self.best[f"{measured(self.best)}_nats"]
        scale = evidence.baselines.unigram_nats if evidence.baselines else math.log(evidence.model.sizes.vocabulary)
        self.scale = scale
        self.learned = max(scale - self.nats, 0.0)

    def verdict(self) -> Verdict:
        """The first level that fits, from the worst to the best."""
        counted = self._beside_counts()
        if counted and self.nats >= self.scale:
            return Verdict(Level.NOTHING, counted, self._advice())
        if self.has_diverged():
            what = f"after epoch {self.best['epoch']} the loss rose from {self.nats:.3f} to {self.losses[-1]:.3f} nats"
            return Verdict(Level.DIVERGED, f"{what}, on the training text too", self._advice())
        if counted:
            return Verdict(Level.BARELY, counted, self._advice())
        level = self._level()
        return Verdict(level, self._reason(level), self._advice())

    def _beside_counts(self) -> str:
        """What says that counting predicts the text as well as the model; empty where the model does better."""
        noun, baselines = self.evidence.noun, self.evidence.baselines
        if self.nats >= self.scale:
            what = f"the frequency of each {noun}" if baselines else f"{noun}s drawn blindly"
        elif baselines and self.nats >= baselines.bigram_nats:
            what = f"a table of pairs of {noun}s"
        else:
            return ""
        counted = self.scale if self.nats >= self.scale or not baselines else baselines.bigram_nats
        reason = f"{what} would give {counted:.3f} nats, and the model has {self.nats:.3f}"
        training = self.last["training_nats"]
        if self.is_held_out and self.is_overfitted() and training < self.scale:
            reason += f"; on the training text it has {training:.3f}, which it learns by heart"
        return reason

    def _level(self) -> Level:
        """The level of a model that is better than counts."""
        if not self.is_held_out:
            return Level.UNMEASURED
        if self.is_overfitted():
            return Level.BY_HEART
        if self.is_falling():
            return Level.LEARNING
        return Level.TEXT if self.has_gap() else Level.MODEL

    @property
    def is_held_out(self) -> bool:
        """Whether the loss was measured on text that the model did not learn."""
        return measured(self.best) == "validation"

    @property
    def gap(self) -> float:
        """How much better the training text was predicted in the end than held-out text at its best, in nats.

        Dropout makes the training loss larger, so a gap is at least this large.
        """
        return self.nats - self.last["training_nats"] if self.is_held_out else 0.0

    @property
    def rise(self) -> float:
        """How much larger the loss was at the end than at its best, in nats."""
        return self.losses[-1] - self.nats

    @property
    def late_fall(self) -> float:
        """How much the loss fell in the last half of the steps, in nats; infinite where one epoch cannot tell."""
        steps = [line["step"] for line in self.history]
        if len(steps) == 1:
            return math.inf
        middle = max(steps[-1] / 2, steps[0])  # of two epochs, the first may have been the longer
        after = bisect_right(steps, middle)
        one, other = after - 1, min(after, len(steps) - 1)
        share = (middle - steps[one]) / (steps[other] - steps[one]) if steps[other] > steps[one] else 0.0
        return self.losses[one] + share * (self.losses[other] - self.losses[one]) - min(self.losses[one:])

    @property
    def ended_early(self) -> bool:
        """Whether the loss had stopped improving for as many epochs as the run's patience."""
        patience = self.evidence.training.patience
        return bool(patience) and self.last["epoch"] - self.best["epoch"] >= (patience or 0)

    def has_diverged(self) -> bool:
        """Whether the loss rose for good, on the training text too: the steps were too large."""
        grew = self.last["training_nats"] >= self.best["training_nats"]
        return self.last is not self.best and grew and self.rise > LARGE * self.learned

    def is_overfitted(self) -> bool:
        """Whether held-out text was predicted worse and worse, and the training text better."""
        return self.last["training_nats"] < self.best["training_nats"] and self.rise > LARGE / 2 * self.learned

    def has_gap(self) -> bool:
        """Whether the training text is predicted better than held-out text."""
        return self.gap > SMALL * self.learned

    def is_falling(self) -> bool:
        """Whether the loss was still falling: more steps would lower it."""
        return self.late_fall > SMALL * self.learned and not self.ended_early

    def is_unstable(self) -> bool:
        """Whether training made the model worse than blind: the loss grew, or exceeded that of even odds."""
        even = math.log(self.evidence.model.sizes.vocabulary)
        is_rising = len(self.losses) > 1 and self.nats >= self.scale and self.losses[-1] >= self.losses[0]
        return (is_rising and not self.is_overfitted()) or max(line["training_nats"] for line in self.history) > (
            1 + LARGE
        ) * even

    def _reason(self, level: Level) -> str:
        if level is Level.UNMEASURED:
            return "no text was held out, and the loss on the training text falls even while it is learned by heart"
        if level is Level.BY_HEART:
            return (
                f"after epoch {self.best['epoch']} the loss rose from {self.nats:.3f} to {self.losses[-1]:.3f} nats on "
                f"held-out text and fell on the training text; the weights of epoch {self.best['epoch']} are kept"
            )
        trend = self._trend()
        if level is Level.MODEL:
            return f"{trend}, and held-out text is predicted as well as the training text"
        if level is Level.TEXT:
            training = self.last["training_nats"]
            return f"{trend}; held-out text has {self.nats:.3f} nats, the training text {training:.3f}"
        return trend

    def _trend(self) -> str:
        if self.ended_early:
            return f"the loss has not improved since epoch {self.best['epoch']}"
        if math.isinf(self.late_fall):
            return "a single epoch does not show where the loss is going"
        share = min(max(self.late_fall, 0) / self.learned, 1) if self.learned else 0.0
        return f"the last half of the steps brought {share:.0%} of what it has learned"

    def _advice(self) -> str:
        if self.has_diverged() or self.is_unstable():
            return self._smaller_rate()
        if not self.evidence.is_finished and not self.is_overfitted():
            return "to train it to its end (`resume`)"
        if not self.is_held_out and not self._beside_counts():
            return "to hold some of the text out with `validation=0.1`"
        if self.is_falling() and not self.is_overfitted():
            longer = "longer training (more `minutes` or `epochs`, also with `resume`)"
            return f"{self._larger_model()}, or {longer}" if self.is_small() else longer
        if self.is_overfitted() or self.has_gap():
            return self._more_text()
        return f"{self._larger_model()}, trained for longer"

    def is_small(self) -> bool:
        """Whether the model has few weights for its text, and does not begin to learn it by heart."""
        symbols = self.evidence.baselines.symbols if self.evidence.baselines else 0
        return self.is_held_out and not self.has_gap() and self.evidence.model.parameters() < SMALL_MODEL * symbols

    def _larger_model(self) -> str:
        return f"a larger model (more than `units={self.evidence.model.sizes.units}`)"

    def _more_text(self) -> str:
        model = self.evidence.model
        is_strong = (model.output_dropout or 0) >= STRONG_OUTPUT_DROPOUT or (
            model.recurrent_dropconnect or 0
        ) >= STRONG_DROPCONNECT
        stronger = "" if is_strong else ", or more regularisation (`output_dropout`, `recurrent_dropconnect`)"
        # With a budget an epoch is many passes over a short text: the best model may have been within the first.
        is_late = self.best is self.first and self.is_overfitted() and self.evidence.training.minutes is not None
        return f"more text{self._sizes()}{stronger}" + (", or fewer `minutes`" if is_late else "")

    def _sizes(self) -> str:
        """The model's size beside the text's, where there are more weights than symbols."""
        baselines, weights = self.evidence.baselines, self.evidence.model.parameters()
        if not baselines or weights <= baselines.symbols:
            return ""
        return f" ({weights:,} weights learn {baselines.symbols:,} {self.evidence.noun}s)"

    def _smaller_rate(self) -> str:
        rate = self.evidence.training.learning_rate
        return f"a smaller learning rate than `learning_rate={rate:g}`" if rate else "a smaller `learning_rate`"
