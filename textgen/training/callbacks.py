"""Keras callbacks: what happens around the steps of `fit`.

Each watches one thing and knows nothing of the others; `textgen.training.fit` puts them together. None runs Keras on
text: the sample after an epoch is written by the NumPy engine from a copy of the weights.
"""

import math
import sys
import time

from tqdm import tqdm

from textgen.engine.probability import bits
from textgen.errors import DivergenceError
from textgen.inspection.backward import gradients
from textgen.inspection.tracing import trace_ids
from textgen.planning.budget import mean_step_seconds
from textgen.runs import diary
from textgen.training.backend import keras


class DivergenceGuard(keras.callbacks.Callback):
    """Stops training the moment the loss is no longer a finite number; what was saved before stays."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["nats"]):
            raise DivergenceError(
                f"{self.path}: the loss stopped being a number by step {int(self.model.optimizer.iterations)}; what "
                "was saved before is kept; try a smaller --learning-rate or --clip-norm"
            )


class Interruption(keras.callbacks.Callback):
    """Ends training where nothing is half done when Ctrl-C was pressed or the process was told to end: between two
    groups of steps, but for the last of an epoch, whose evaluation is let finish.

    Args:
        interrupt: the Interrupt.
        state: the TrainingState, which knows where the epoch ends.
    """

    def __init__(self, interrupt, state):
        super().__init__()
        self.interrupt, self.state = interrupt, state

    def on_epoch_begin(self, epoch, logs=None):
        self.began_at = self.state.step

    def on_train_batch_end(self, batch, logs=None):
        end = self.state.epoch_end
        if end is None or self.began_at + batch + 1 < end:
            self.interrupt.check()

    def on_epoch_end(self, epoch, logs=None):
        self.interrupt.check()


class Progress(keras.callbacks.Callback):
    """One bar for the whole training (loss, characters a second, time left), and one line an epoch that stays.

    Args:
        state: the TrainingState, which knows how far the training goes.
        characters: characters of text that one step reads.
        noun: what the model predicts, "character" or "word".
    """

    def __init__(self, state, characters, noun):
        super().__init__()
        self.state, self.characters, self.noun = state, characters, noun
        self.bar = None

    def on_epoch_begin(self, epoch, logs=None):
        self.began, self.steps = time.monotonic(), 0
        if self.bar is None:
            self.bar = tqdm(
                initial=self.state.step,
                file=sys.stderr,
                disable=None,  # no bar where standard error is not a terminal
                dynamic_ncols=True,
                leave=False,
                bar_format="{percentage:3.0f}%|{bar}| step {n} of {total}, {remaining} left{postfix}",
            )
        self.bar.total = self.state.last_step  # a budget of minutes may have moved it

    def on_train_batch_end(self, batch, logs=None):
        speed = self.characters * (batch + 1) / max(time.monotonic() - self.began, 1e-9)
        self.bar.set_postfix_str(f"loss {logs['nats']:.3f}, {speed:,.0f} characters/s", refresh=False)
        self.bar.update(batch + 1 - self.steps)
        self.steps = batch + 1
        self.speed = speed

    def on_epoch_end(self, epoch, logs=None):
        line = f"epoch {epoch + 1}/{self.state.epochs}: training {logs['nats']:.3f}"
        if "val_nats" in logs:
            line += f", validation {logs['val_nats']:.3f}"
        last = logs.get("val_nats", logs["nats"])
        tqdm.write(
            f"{line} nats a {self.noun} ({bits(last):.3f} bits), {self.speed:,.0f} characters/s", file=sys.stderr
        )

    def close(self):
        """Leave the terminal as it was found."""
        if self.bar is not None:
            self.bar.close()


class GradientNorms(keras.callbacks.Callback):
    """Tells the callbacks after it, and whoever asks, how long the gradients were in an epoch's steps, before clipping:
    `logs["gradient_norm"]`, the mean over the steps of the norm of all weights' together.

    Args:
        goes_on: whether the first epoch is one that was begun before.

    Attributes:
        means: after an epoch, name to the mean over its steps of the norm of a weight's gradient.
    """

    def __init__(self, goes_on=False):
        super().__init__()
        self.goes_on = goes_on

    def on_epoch_begin(self, epoch, logs=None):
        if not self.goes_on:
            norms = self.model.optimizer.norms
            norms.assign([0.0] * norms.shape[0])
        self.goes_on = False

    def on_epoch_end(self, epoch, logs=None):
        *sums, whole, steps = keras.ops.convert_to_numpy(self.model.optimizer.norms).tolist()
        # The optimizer's order is that in which the variables were made; equal variables are the same object.
        places = {id(variable): place for place, variable in enumerate(self.model.trainable_variables)}
        named = self.model.named_weights()
        self.means = {name: sums[places[id(variable)]] / max(steps, 1) for name, variable in named.items()}
        logs["gradient_norm"] = whole / max(steps, 1)


class GradientWatch(keras.callbacks.Callback):
    """Notes in the run, after each epoch, how long each weight's gradient was in training, and of a stretch of the
    training text the norm of the loss's gradient with respect to h at distances of 1, 2, 4, ... steps back: one that
    falls with the distance vanishes, one that rises explodes.

    Args:
        path: the run folder.
        norms: the GradientNorms.
        make_generator: takes weights by name, gives a Generator.
        ids: the stretch.
    """

    def __init__(self, path, norms, make_generator, ids):
        super().__init__()
        self.path, self.norms, self.make_generator, self.ids = path, norms, make_generator, ids

    def on_epoch_end(self, epoch, logs=None):
        generator = self.make_generator(self.model.export_weights())
        found = gradients(generator, trace_ids(generator, self.ids))
        line = {
            "epoch": epoch + 1,
            "step": int(self.model.optimizer.iterations),
            "weights": self.norms.means,
            "distances": found.distances.tolist(),
            "hidden": found.typical.tolist(),
        }
        diary.save_gradients(self.path, line)


class Stopwatch(keras.callbacks.Callback):
    """Times the groups of steps of an epoch, the first left out (it makes the graph), and ends the epoch when told.

    Args:
        is_over: called after each group with this watch: `done`, the steps of the epoch so far; `groups`, seconds a
            step in each group that was timed; `ended`, when the last one did. True ends the epoch.
    """

    def __init__(self, is_over):
        super().__init__()
        self.is_over = is_over

    @property
    def step_seconds(self):
        """Seconds a step takes, or None where none was timed."""
        return mean_step_seconds(self.groups)

    def on_epoch_begin(self, epoch, logs=None):
        self.groups, self.done = [], 0

    def on_train_batch_end(self, batch, logs=None):
        now, done = time.monotonic(), batch + 1
        if self.done:
            self.groups.append((now - self.ended) / (done - self.done))
        self.done, self.ended = done, now
        if self.is_over(self):
            self.model.stop_training = True


class SampleWriter(keras.callbacks.Callback):
    """Writes a sample after each epoch, into the run and on standard error: the same seed each time, so that what
    changes from one to the next is the model.

    Args:
        path: the run folder.
        make_generator: takes weights by name, gives a Generator.
        options: fields of SamplingConfig.
        quiet: into the run only.
        epochs_done: of a run that is resumed; samples of later ones, written before it was cut short, are taken away.
    """

    def __init__(self, path, make_generator, options, quiet, epochs_done=0):
        super().__init__()
        self.path, self.make_generator, self.options, self.quiet = path, make_generator, options, quiet
        if epochs_done:
            diary.cut_samples(path, epochs_done)

    def on_epoch_end(self, epoch, logs=None):
        text = self.make_generator(self.model.export_weights()).generate(**self.options)
        diary.append_sample(self.path, epoch + 1, text)
        if not self.quiet:
            tqdm.write("    " + text.strip("\n").replace("\n", "\n    "), file=sys.stderr)
