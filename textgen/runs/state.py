"""Where a training stands, beside its tensors. Knows nothing of Keras."""

import platform
import re
from dataclasses import asdict, dataclass, field, fields

import numpy as np

from textgen._version import __version__
from textgen.errors import RunError
from textgen.runs import diary
from textgen.runs.folder import STATE
from textgen.system.safejson import read_json
from textgen.system.threads import cores

MOST = 2**62


@dataclass
class TrainingState:
    """Where a training stands, beside its tensors: plain JSON values.

    Attributes:
        paths: where the text was read.
        encoding: how it was decoded; None for what `textgen.corpus.documents` takes by itself.
        corpus_sha256: its fingerprint.
        epoch: whole epochs done.
        step: steps done.
        epoch_end: the last step of the epoch in which it stands; None between two epochs.
        last_step: steps of the whole training; None while a budget of minutes is not yet turned into steps.
        epochs: epochs of the whole training; None likewise.
        evaluation_steps: how much of the held-out text one evaluation reads; None for all of it.
        best_nats, best_epoch: the best loss so far and its epoch.
        patience_from: the epoch from which patience counts, where the best was before it.
        finished: whether it has come to its end, or stopped early.
        seconds: wall time so far, starting up included.
        history: the lines of history, a dict an epoch.
        environment: what the numbers depend on: versions, backend, cores.
    """

    paths: list
    corpus_sha256: str
    encoding: str | None = None
    epoch: int = 0
    step: int = 0
    epoch_end: int | None = None
    last_step: int | None = None
    epochs: int | None = None
    evaluation_steps: int | None = None
    best_nats: float | None = None
    best_epoch: int = 0
    patience_from: int = 0
    finished: bool = False
    seconds: float = 0.0
    history: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)

    def to_json(self):
        """A dict of plain JSON values."""
        return asdict(self)

    @classmethod
    def load(cls, folder):
        """The state in a snapshot. Raises RunError where it is none."""
        path = folder / STATE
        values = read_json(path)
        if not isinstance(values, dict) or set(values) != {each.name for each in fields(cls)}:
            raise RunError(f"{path}: not the state of a training")
        for each in fields(cls):
            if not _fits(values[each.name], each.type):
                raise RunError(f"{path}: {each.name} is {str(values[each.name])[:40]!r}, which it cannot be")
        if not re.fullmatch(r"[0-9a-f]{64}", values["corpus_sha256"]):
            raise RunError(f"{path}: corpus_sha256 is no SHA-256")
        state = cls(**values)
        if not state._agrees():
            raise RunError(f"{path}: its steps and epochs contradict each other")
        return state

    def _agrees(self):
        """Whether what is said of steps and epochs can be true together."""
        if (self.last_step is None) != (self.epochs is None) or self.best_epoch > self.epoch:
            return False
        if not all(map(diary.is_epoch, self.history)) or not all(isinstance(path, str) for path in self.paths):
            return False
        return self.epoch_end is None or (self.last_step is not None and self.step < self.epoch_end <= self.last_step)


def _fits(value, kind):
    if value is None:
        return kind in (int | None, float | None, str | None)
    if kind in (int, int | None):
        return type(value) is int and 0 <= value <= MOST
    if kind in (float, float | None):
        return type(value) in (int, float)
    return isinstance(value, str if kind == (str | None) else kind)


def environment(backend, keras, backend_version):
    """What the numbers of a training depend on beside its own settings: versions, the machine's kind, its cores."""
    return {
        "textgen": __version__,
        "numpy": np.__version__,
        "keras": keras,
        "backend": backend,
        "backend_version": backend_version,
        "machine": platform.machine(),
        "cores": cores(),
    }


def differences(before, now):
    """What has changed in the environment since a state was saved, in words; empty where nothing has."""
    names = sorted(set(before) | set(now))
    return ", ".join(
        f"{name} {before.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in names
        if before.get(name) != now.get(name)
    )
