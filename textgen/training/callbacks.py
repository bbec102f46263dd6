"""Keras callbacks that watch and tell: divergence, interruption, progress, gradients, samples.

Each watches one thing and knows nothing of the others; `textgen.training.fit` puts them in their order. None runs Keras
on text: the NumPy engine writes the sample after an epoch from a copy of the weights.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.inspection.backward import gradients
from textgen.inspection.tracing import trace_ids
from textgen.runs import diary
from textgen.runs.losses import bits
from textgen.runs.state import TrainingState
from textgen.tokens.layout import Ids
from textgen.training.backend import keras
from textgen.training.distribution import Division
from textgen.training.progress import Standing, progress_line
from textgen.training.saver import Logs, diverged
from textgen.training.session import Reporter, Session
from textgen.training.timing import Tempo
from textgen.writing.generator import Generator

# Makes a Generator of weights, name to float32 array.
MakeGenerator: TypeAlias = Callable[[Mapping[str, NDArray[np.float32]]], Generator]


class DivergenceGuard(keras.callbacks.Callback):
    """Stops training the moment the loss is no longer a finite number. What was saved before stays.

    Args:
        path: the run folder, for the message.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not math.isfinite((logs or {})["nats"]):
            raise diverged(self._path, int(self.model.optimizer.iterations), "the loss")


class Interruption(keras.callbacks.Callback):
    """Ends training where nothing is half done: on Ctrl-C, SIGTERM, SIGHUP, or an exception in the program's own code.

    That is between two groups of steps. After the last group of an epoch the evaluation finishes first.

    Args:
        check: raises what ends the training, if there is a reason.
        session: the Session, whose state knows where the epoch ends.
        division: what of the training this process computes.
    """

    def __init__(self, check: Callable[[], None], session: Session, division: Division) -> None:
        super().__init__()
        self._check, self.state, self._division = check, session.state, division
        self._epoch_began = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch_began = self.state.step

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        end = self.state.epoch_end
        if self._division.is_together and (end is None or self._epoch_began + batch + 1 < end):
            self._check()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._check()


class Progress(keras.callbacks.Callback):
    """Shows where the whole training stands in the reporter's live line, and says one line for each epoch.

    Args:
        state: the TrainingState, which knows how far the training goes.
        tempo: the Tempo, which comes before this one in the order of callbacks.
        reporter: the Reporter.
        characters: characters of text that one step reads.
        noun: what the model predicts, such as "character".
    """

    def __init__(self, state: TrainingState, tempo: Tempo, reporter: Reporter, characters: float, noun: str) -> None:
        super().__init__()
        self.state, self.tempo, self.reporter = state, tempo, reporter
        self._characters, self._noun = characters, noun
        self._epoch = 0
        self._loss: float | None = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch + 1
        self._draw("preparing the first step" if self._loss is None else "", is_urgent=True)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._loss = (logs or {})["nats"]
        self._draw()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._draw("measuring", is_urgent=True)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        line = f"epoch {epoch + 1}/{self.state.epochs}: training {logs['nats']:.3f}"
        if "val_nats" in logs:
            line += f", validation {logs['val_nats']:.3f}"
        last, width = logs.get("val_nats", logs["nats"]), self.reporter.live.width
        for more in (f" nats a {self._noun}", f" ({bits(last):.3f} bits)", f", {self._speed():,.0f} characters/s"):
            if width is not None and len(line + more) > width:  # a terminal's line holds what fits, a log's all of it
                break
            line += more
        self.reporter.say(line)

    def _speed(self) -> float:
        return self.tempo.steps_per_second * self._characters

    def _draw(self, doing: str = "", is_urgent: bool = False) -> None:
        if self.reporter.live.is_shown:
            self.reporter.live.draw(lambda width: progress_line(self._standing(doing), width), is_urgent)

    def _standing(self, doing: str) -> Standing:
        state = self.state
        return Standing(
            step=self.tempo.step,
            last_step=state.last_step or 0,  # a budget of minutes moves it
            epoch=self._epoch,
            epochs=state.epochs or self._epoch,
            loss=self._loss,
            best=state.best_nats,
            seconds_left=self.tempo.seconds_left(),
            learning_rate=None if self._loss is None else float(self.model.optimizer.learning_rate),
            speed=None if self._loss is None else self._speed(),
            doing=doing,
        )


class GradientNorms(keras.callbacks.Callback):
    """Gives the callbacks after it the length of the gradients: `logs["gradient_norm"]`.

    That is the mean, over the steps of the epoch, of the global norm before clipping.

    Args:
        goes_on: whether the first epoch is one that began in an earlier process.

    Attributes:
        means: after an epoch, name to the mean over its steps of the norm of that weight's gradient.
    """

    def __init__(self, goes_on: bool = False) -> None:
        super().__init__()
        self._goes_on = goes_on
        self.means: dict[str, float] = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if not self._goes_on:
            norms = self.model.optimizer.norms
            norms.assign([0.0] * norms.shape[0])
        self._goes_on = False

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        *sums, whole, steps = keras.ops.convert_to_numpy(self.model.optimizer.norms).tolist()
        # The optimizer keeps variables in the order in which they were made; equal variables are the same object.
        places = {id(variable): place for place, variable in enumerate(self.model.trainable_variables)}
        named = self.model.named_weights()
        self.means = {name: sums[places[id(variable)]] / max(steps, 1) for name, variable in named.items()}
        if logs is not None:
            logs["gradient_norm"] = whole / max(steps, 1)


class GradientWatch(keras.callbacks.Callback):
    """Notes the gradients of each epoch in the run, for `textgen plot`.

    These are the mean norm of each weight's gradient, and, for a stretch of the training text, the norm of the loss's
    gradient with respect to h at distances of 1, 2, 4, ... steps back. A norm that falls with the distance vanishes;
    one that rises explodes.

    Args:
        session: the Session.
        norms: the GradientNorms, which come before this one in the order of callbacks.
        make_generator: makes a Generator of weights.
        ids: the stretch.
    """

    def __init__(self, session: Session, norms: GradientNorms, make_generator: MakeGenerator, ids: Ids) -> None:
        super().__init__()
        self._folder, self._norms, self._make_generator, self._ids = session.folder, norms, make_generator, ids

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        generator = self._make_generator(self.model.export_weights())
        found = gradients(generator, trace_ids(generator, self._ids))
        line = {
            "epoch": epoch + 1,
            "step": int(self.model.optimizer.iterations),
            "weights": self._norms.means,
            "distances": found.distances.tolist(),
            "hidden": found.typical.tolist(),
        }
        diary.save_gradients(self._folder, line)


class SampleWriter(keras.callbacks.Callback):
    """Writes a sample after each epoch, into the run and for the person.

    The seed is the same each time, so what changes from one sample to the next is the model.

    Args:
        session: the Session. Samples of epochs that a resumed run repeats are removed.
        make_generator: makes a Generator of weights.
    """

    def __init__(self, session: Session, make_generator: MakeGenerator) -> None:
        super().__init__()
        training = session.plan.training
        self._folder, self._reporter, self._make_generator = session.folder, session.reporter, make_generator
        self._length, self._temperature = training.sample_length, training.sample_temperature
        self._seed = training.seed
        if session.resumes and session.state.epoch:
            diary.cut_samples(session.folder, session.state.epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        generator = self._make_generator(self.model.export_weights())
        text = generator.generate(length=self._length, temperature=self._temperature, seed=self._seed)
        diary.append_sample(self._folder, epoch + 1, text)
        self._reporter.show("    " + text.strip("\n").replace("\n", "\n    "))
