"""What a training leaves in its run folder, and the callbacks that decide when.

`RunWriter` writes; `HistoryWriter` notes each epoch; `BestWeights` knows the best epoch and stops early;
`Checkpointer` decides when to write.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.errors import DivergenceError
from textgen.runs import diary
from textgen.runs.folder import TENSORS, clear_for_overwrite
from textgen.runs.losses import Evaluation, bits
from textgen.runs.poems import save_knowledge
from textgen.runs.run import ModelDescription, save_best, save_memory, save_metadata, save_resume
from textgen.runs.tensors import DTYPES, read_tensors
from textgen.system.snapshots import Snapshot
from textgen.training.backend import keras
from textgen.training.distribution import Division
from textgen.training.session import Session

# What to do once a disk has space again that was full before the first save.
NEW_RUN_ADVICE = "train again with `overwrite=True`"

Logs = dict[str, float]
Tensors = Mapping[str, NDArray[Any]]


class RunWriter:
    """Writes the files of a run, in an order in which no file names another that is not there yet.

    Args:
        session: the Session.
        metadata: plain values, written with the first save.

    Attributes:
        is_new: whether nothing of this run has been saved yet.
    """

    def __init__(self, session: Session, metadata: dict[str, Any]) -> None:
        plan = session.plan
        self.folder, self.state = session.folder, session.state
        self._description = ModelDescription(plan.model, plan.training, plan.tokenizer)
        self._metadata, self._memory, self._knowledge = metadata, session.memory, session.knowledge
        self.is_new, self._replaces = not session.resumes, session.replaces

    def save(self, tensors: Tensors, weights: Tensors | None) -> None:
        """Write a state from which training can go on.

        Args:
            tensors: what training changes, by name (`training_variables`).
            weights: the best weights so far, written before the state; None where those on disk are the best.

        Raises:
            StorageError: the file system refused.
        """
        advice = NEW_RUN_ADVICE if self.is_new else diary.RETRY_ADVICE
        if self.is_new and self._replaces:
            clear_for_overwrite(self.folder)
        if self.is_new and self._memory:
            save_memory(self.folder, self._memory, advice)
        if self.is_new and self._knowledge:
            save_knowledge(self.folder, self._knowledge, advice)
        if weights is not None:
            save_best(self.folder, self._description, weights, advice)
        save_resume(self.folder, self._description, self.state.to_json(), tensors, advice)
        if self.is_new:
            self.is_new = False
            save_metadata(self.folder, self._metadata)
        diary.write_lines(self.folder, diary.HISTORY, map(json.dumps, self.state.history))


class HistoryWriter(keras.callbacks.Callback):
    """Counts an epoch that has ended, and notes its losses, speed and learning rate in the state's history.

    Args:
        session: the Session.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session, self.state = session, session.state
        self._plan = session.plan
        self._began = self._training_seconds = 0.0
        self._first = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._began, self._first = time.monotonic(), self.state.step

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._training_seconds = time.monotonic() - self._began

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        state, logs = self.state, logs or {}
        state.epoch, state.epoch_end = epoch + 1, None
        state.step, state.seconds = int(self.model.optimizer.iterations), self.session.seconds()
        losses = {"training": logs["nats"]}
        if "val_nats" in logs:
            losses["validation"] = logs["val_nats"]
        line: dict[str, float] = {"epoch": state.epoch, "step": state.step}
        for name, nats in losses.items():
            line[f"{name}_nats"] = nats
            line[f"{name}_bits_per_character"] = bits(nats) * self._plan.symbols_per_character
        if "validation" in losses:
            held_out = Evaluation(losses["validation"], self._plan.measured, self._plan.text.held_out_extent)
            line["validation_bits_per_byte"] = held_out.bits_per_byte
            line["validation_bits_per_word"] = held_out.bits_per_word
        line |= {
            "gradient_norm": logs["gradient_norm"],
            "learning_rate": float(self.model.optimizer.learning_rate),
            # Not by the batches that Keras counts: the last group of an epoch may be smaller than the others.
            "steps_per_second": (state.step - self._first) / self._training_seconds,
            "seconds": state.seconds,
        }
        state.history.append(line)


class BestWeights(keras.callbacks.Callback):
    """Knows which epoch was the best, and stops a training that has not improved for `patience` epochs.

    Args:
        session: the Session.

    Attributes:
        is_best: whether the latest epoch was the best so far.
        stopped_early: whether the training was stopped for want of progress.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.state, self._patience = session.state, session.plan.training.patience
        self.is_best = self.stopped_early = False

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        state, logs = self.state, logs or {}
        monitored = logs.get("val_nats", logs["nats"])
        self.is_best = state.best_nats is None or monitored < state.best_nats
        if self.is_best:
            state.best_nats, state.best_epoch = monitored, state.epoch
        if self._patience and state.epoch - max(state.best_epoch, state.patience_from) >= self._patience:
            self.stopped_early = self.model.stop_training = True


class Checkpointer(keras.callbacks.Callback):
    """Saves the run every `save_every` seconds, at the end of each epoch, and when asked.

    Args:
        session: the Session.
        writer: the RunWriter. Of several processes, only process 0 writes.
        best: the BestWeights, which come before this one in the order of callbacks.
        division: what of the training this process computes.
    """

    def __init__(self, session: Session, writer: RunWriter, best: BestWeights, division: Division) -> None:
        super().__init__()
        self.session, self.state, self.writer, self.best = session, session.state, writer, best
        self._division, self._group = division, session.group
        self._save_every = session.plan.training.save_every
        self._metrics: dict[str, NDArray[Any]] = {}  # of an epoch that is resumed in its middle
        self._saved = time.monotonic()
        self._epoch_began = 0

    def restore(self, model: Any, snapshot: Snapshot | None) -> None:
        """Give a fresh model the tensors of a snapshot. Raises RunError where they belong to another model.

        Args:
            model: the compiled LanguageModel.
            snapshot: the snapshot; None where process 0 has it.
        """
        variables = training_variables(model)
        types = {name: np.dtype(keras.backend.standardize_dtype(each.dtype)) for name, each in variables.items()}
        shapes = {name: self._division.shape(variable) for name, variable in variables.items()}
        tensors: dict[str, NDArray[Any]] = {}
        if snapshot is not None:
            wanted = {name: (shapes[name], DTYPES[types[name].str]) for name in variables}
            newer = [name for name in wanted if name.startswith("watch.")]
            tensors = read_tensors(snapshot.open(TENSORS), wanted, newer)
        names = self._group.decide("tensors", sorted(tensors))
        tensors = self._division.share(
            {name: tensors[name] if name in tensors else np.zeros(shapes[name], types[name]) for name in names}
        )
        for name in tensors:
            self._division.put(variables[name], tensors[name])
        if self.state.epoch_end is not None:
            self._metrics = {name: tensors[name] for name in tensors if name.startswith("metric.")}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch_began = self.state.step
        if self._metrics:
            # Keras has just reset them.
            for name, variable in training_variables(self.model).items():
                if name in self._metrics:
                    variable.assign(self._metrics[name])
            self._metrics = {}

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        # The end of an epoch saves by itself, when its evaluation is done.
        end = self.state.epoch_end
        is_within = end is not None and self._epoch_began + batch + 1 < end and self._division.is_together
        if is_within and self._group.decide("save", time.monotonic() - self._saved >= self._save_every):
            self.save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.save(is_best=self.best.is_best)

    def save(self, is_best: bool = False) -> None:
        """Write the state from which training can go on, and the weights where they are the best or the first.

        Raises:
            DivergenceError: a weight is no longer a finite number; nothing is written.
            StorageError: the file system refused.
        """
        state = self.state
        state.step, state.seconds = int(self.model.optimizer.iterations), self.session.seconds()
        tensors = self._division.fetch(training_variables(self.model))
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise diverged(self.session.path, state.step, "a weight")
        is_wanted = is_best or self.writer.is_new
        if self._group.is_first:
            self.writer.save(tensors, self.model.export_weights() if is_wanted else None)
            self.session.note_saved()
        self._group.decide("saved", True)  # the others wait
        self.writer.is_new = False
        if not self._group.is_first:
            self.session.note_saved()
        self._saved = time.monotonic()

    def finish(self) -> None:
        """Save a training that has come to its end."""
        self.state.finished = True
        # Where the best weights were damaged and no epoch was left to replace them, the last ones do.
        self.save(is_best=self.state.best_nats is None)


def diverged(path: Path, step: int, what: str) -> DivergenceError:
    """The error of a training that left the finite numbers."""
    return DivergenceError(
        f"{path}: {what} stopped being a number by step {step}; what was saved before is kept; try a smaller "
        "`learning_rate` or `clip_norm`"
    )


def training_variables(model: Any) -> dict[str, Any]:
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
