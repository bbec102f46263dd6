"""Keras callbacks: what happens around the steps of `fit`.

Each watches one thing and knows nothing of the others; `textgen.fitting` puts them together. None runs Keras on
text: the sample after an epoch is written by the NumPy engine from a copy of the weights.
"""

import json
import math
import sys
import time
from dataclasses import asdict

import keras
from tqdm import tqdm

from textgen import runs
from textgen.errors import DivergenceError, RunError
from textgen.pace import pace


def bits(nats):
    """Nats to bits."""
    return nats / math.log(2)


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
    """Ends training between two groups of steps when Ctrl-C was pressed.

    Args:
        interrupt: the Interrupt.
    """

    def __init__(self, interrupt):
        super().__init__()
        self.interrupt = interrupt

    def on_train_batch_end(self, batch, logs=None):
        self.interrupt.check()

    def on_test_batch_end(self, batch, logs=None):
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


class RunSaver(keras.callbacks.Callback):
    """Writes the run folder at each epoch's end: the weights if they are the best so far, a line of history, and the
    state from which training can go on. Stops early too, since it knows when the best was.

    Args:
        path: the run folder.
        state: the TrainingState; kept up to date here.
        patience: epochs in a row without a better loss before training stops; 0 never stops.
        symbols_per_character: factor from a loss a symbol to a loss a character.
        began: `time.monotonic()` when this process began the training.
        before_first_save, after_first_save: called once each, around the first weights; the second writes what the
            run is, and its absence (None) means that this stands already.
    """

    def __init__(self, path, state, *, patience, symbols_per_character, began, before_first_save, after_first_save):
        super().__init__()
        self.path, self.state, self.patience = path, state, patience
        self.began, self.seconds_before = began, state.seconds
        self.symbols_per_character = symbols_per_character
        self.before_first_save, self.after_first_save = before_first_save, after_first_save
        self.stopped_early = False

    def restore(self, model):
        """Give a fresh model the tensors that were saved. Raises RunError where they are another model's."""
        tensors = runs.read_tensors(self.path / runs.RESUME_TENSORS)
        variables = training_variables(model)
        if {name: tuple(variable.shape) for name, variable in variables.items()} != {
            name: array.shape for name, array in tensors.items()
        }:
            raise RunError(f"{self.path / runs.RESUME_TENSORS}: not the tensors of this model and optimizer")
        for name, variable in variables.items():
            variable.assign(tensors[name])

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_began = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        self.training_seconds = time.monotonic() - self.epoch_began
        self.steps = batch + 1

    def on_epoch_end(self, epoch, logs=None):
        state = self.state
        state.epoch = epoch + 1
        monitored = logs.get("val_nats", logs["nats"])
        is_best = state.best_nats is None or monitored < state.best_nats
        if is_best:
            state.best_nats, state.best_epoch = monitored, state.epoch
        self._save(weights=is_best)
        runs.append_line(self.path / runs.HISTORY, json.dumps(self._history_line(logs)))
        if self.patience and state.epoch - state.best_epoch >= self.patience:
            self.stopped_early = self.model.stop_training = True

    def save_if_never_saved(self):
        """Called when training is cut short: what was learned before the first epoch's end is not lost either."""
        if self.state.epoch == 0:
            self._save(weights=True)

    def _save(self, weights):
        self.state.step = int(self.model.optimizer.iterations)
        self.state.seconds = self.seconds_before + time.monotonic() - self.began
        if self.before_first_save:
            self.before_first_save()
            self.before_first_save = None
        if weights:
            runs.write_tensors(self.path / runs.WEIGHTS, self.model.export_weights())
        runs.write_tensors(
            self.path / runs.RESUME_TENSORS,
            {name: keras.ops.convert_to_numpy(variable) for name, variable in training_variables(self.model).items()},
        )
        runs.write_json(self.path / runs.RESUME_STATE, asdict(self.state))
        if self.after_first_save:
            self.after_first_save()
            self.after_first_save = None

    def _history_line(self, logs):
        losses = {"training": logs["nats"]}
        if "val_nats" in logs:
            losses["validation"] = logs["val_nats"]
        line = {"epoch": self.state.epoch, "step": self.state.step}
        for name, nats in losses.items():
            line[f"{name}_nats"] = nats
            line[f"{name}_bits_per_character"] = bits(nats) * self.symbols_per_character
        return line | {
            "learning_rate": float(self.model.optimizer.learning_rate),
            "steps_per_second": self.steps / self.training_seconds,
            "seconds": self.state.seconds,
        }


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
        return pace(self.groups)

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
    """

    def __init__(self, path, make_generator, options, quiet):
        super().__init__()
        self.path, self.make_generator, self.options, self.quiet = path, make_generator, options, quiet

    def on_epoch_end(self, epoch, logs=None):
        text = self.make_generator(self.model.export_weights()).generate(**self.options)
        runs.append_line(self.path / runs.SAMPLES, f"=== epoch {epoch + 1} ===\n{text}\n")
        if not self.quiet:
            tqdm.write("    " + text.strip("\n").replace("\n", "\n    "), file=sys.stderr)


def training_variables(model):
    """Everything that training changes, named by its place: weights, carried state, dropout's seeds, the optimizer's
    moments. The metrics are left out, since each epoch begins them anew."""
    groups = {
        "weight": model.trainable_variables,
        "state": model.non_trainable_variables,
        "optimizer": model.optimizer.variables,
    }
    return {f"{group}.{place}": variable for group in groups for place, variable in enumerate(groups[group])}
