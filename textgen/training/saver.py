"""Writes the run folder while a model trains."""

import json
import time

import numpy as np

from textgen.engine.probability import bits
from textgen.errors import DivergenceError
from textgen.runs import diary
from textgen.runs.folder import METADATA, TENSORS, clear_for_overwrite
from textgen.runs.run import ModelDescription, save_best, save_memory, save_resume, write_json
from textgen.runs.tensors import DTYPES, read_tensors
from textgen.training.backend import keras


class RunSaver(keras.callbacks.Callback):
    """Writes the run folder: every so many seconds the state from which training can go on, and at each epoch's end
    that too, the weights if they are the best so far, and a line of history. Stops early too, since it knows when the
    best was.

    Args:
        path: the run folder.
        state: the TrainingState; kept up to date here.
        describe: the ModelConfig, TrainingConfig and Tokenizer that are saved beside.
        metadata: plain values, written once.
        memory: hashes of the poems that are learned, written once; empty for none.
        symbols_per_character: factor from a loss a symbol to a loss a character.
        began: `time.monotonic()` when this process began the training.
        is_new: whether nothing of this run has been saved yet.
        replaces: whether another run stands in the folder, which makes way for the first save.
    """

    def __init__(self, path, state, *, describe, metadata, memory, symbols_per_character, began, is_new, replaces):
        super().__init__()
        self.path, self.state, self.describe, self.metadata = path, state, describe, metadata
        self.memory = memory
        self.patience, self.save_every = describe[1].patience, describe[1].save_every
        self.began, self.seconds_before = began, state.seconds
        self.symbols_per_character = symbols_per_character
        self.is_new, self.replaces = is_new, replaces
        self.metrics_before = None  # of an epoch that is gone on with in its middle
        self.saved = time.monotonic()
        self.stopped_early = False

    def restore(self, model, folder):
        """Give a fresh model the tensors of a snapshot. Raises RunError where they are another model's."""
        variables = training_variables(model)
        wanted = {
            name: (tuple(variable.shape), DTYPES[np.dtype(keras.backend.standardize_dtype(variable.dtype)).str])
            for name, variable in variables.items()
        }
        newer = [name for name in wanted if name.startswith("watch.")]
        tensors = read_tensors(folder / TENSORS, wanted, newer)
        for name in tensors:
            variables[name].assign(tensors[name])
        if self.state.epoch_end is not None:
            self.metrics_before = {name: tensors[name] for name in tensors if name.startswith("metric.")}

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch_began, self.began_at = time.monotonic(), self.state.step
        if self.metrics_before:
            # Keras has just set them to nothing.
            for name, variable in training_variables(self.model).items():
                if name in self.metrics_before:
                    variable.assign(self.metrics_before[name])
            self.metrics_before = None

    def on_train_batch_end(self, batch, logs=None):
        now = time.monotonic()
        self.training_seconds = now - self.epoch_began
        self.steps = batch + 1
        # The end of an epoch saves by itself, when its evaluation is done.
        is_within = self.state.epoch_end is not None and self.began_at + self.steps < self.state.epoch_end
        if is_within and now - self.saved >= self.save_every:
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        state = self.state
        state.epoch, state.epoch_end = epoch + 1, None
        monitored = logs.get("val_nats", logs["nats"])
        is_best = state.best_nats is None or monitored < state.best_nats
        if is_best:
            state.best_nats, state.best_epoch = monitored, state.epoch
        self._now()
        state.history.append(self._history_line(logs))
        self.save(best=is_best)
        if self.patience and state.epoch - max(state.best_epoch, state.patience_from) >= self.patience:
            self.stopped_early = self.model.stop_training = True

    def save(self, best=False):
        """Write the state from which training can go on; before it the weights, where they are the best so far or
        where there are none yet.

        In this order: a state never speaks of a best that is not there.
        """
        self._now()
        tensors = {name: keras.ops.convert_to_numpy(kept) for name, kept in training_variables(self.model).items()}
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise DivergenceError(
                f"{self.path}: a weight stopped being a number by step {self.state.step}; what was saved before is "
                "kept; try a smaller --learning-rate or --clip-norm"
            )
        if self.is_new and self.replaces:
            clear_for_overwrite(self.path)
        if self.is_new and self.memory:
            save_memory(self.path, self.memory)
        if best or self.is_new:
            save_best(self.path, ModelDescription(*self.describe), self.model.export_weights())
        save_resume(self.path, ModelDescription(*self.describe), self.state.to_json(), tensors)
        if self.is_new:
            write_json(self.path / METADATA, self.metadata)
            self.is_new = False
        diary.write_lines(self.path / diary.HISTORY, map(json.dumps, self.state.history))
        self.saved = time.monotonic()

    def finish(self):
        """Note that the training has come to its end."""
        self.state.finished = True
        # Where the best weights were damaged and no epoch was left to take their place, the last do.
        self.save(best=self.state.best_nats is None)

    def _now(self):
        self.state.step = int(self.model.optimizer.iterations)
        self.state.seconds = self.seconds_before + time.monotonic() - self.began

    def _history_line(self, logs):
        losses = {"training": logs["nats"]}
        if "val_nats" in logs:
            losses["validation"] = logs["val_nats"]
        line = {"epoch": self.state.epoch, "step": self.state.step}
        for name, nats in losses.items():
            line[f"{name}_nats"] = nats
            line[f"{name}_bits_per_character"] = bits(nats) * self.symbols_per_character
        return line | {
            "gradient_norm": logs["gradient_norm"],
            "learning_rate": float(self.model.optimizer.learning_rate),
            "steps_per_second": self.steps / self.training_seconds,
            "seconds": self.state.seconds,
        }


def training_variables(model):
    """Everything that training changes, named by its place: weights, carried state, dropout's seeds, the optimizer's
    moments, and the loss and the gradients' norms of the epoch so far."""
    norms = model.optimizer.norms
    groups = {
        "weight": model.trainable_variables,
        "state": model.non_trainable_variables,
        "optimizer": [kept for kept in model.optimizer.variables if kept is not norms],
        "metric": model.nats.variables,
        "watch": [norms],
    }
    return {f"{group}.{place}": variable for group in groups for place, variable in enumerate(groups[group])}
