"""How far a training has come, without its tensors. This module does not know Keras."""

import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from textgen._version import __version__
from textgen.runs.diary import Line, check_epoch
from textgen.runs.folder import STATE
from textgen.system.snapshots import Snapshot
from textgen.system.threads import cores

MAX_COUNT = 2**62  # the largest number of steps or epochs


@dataclass
class TrainingState:
    """How far a training has come, as plain JSON values. Its tensors are saved beside it.

    Attributes:
        paths: where the text was read.
        corpus_sha256: the text's SHA-256.
        encoding: the encoding given for the text; None if `textgen.corpus.documents` detects it.
        epoch: finished epochs.
        step: finished steps.
        epoch_end: the last step of the current epoch; None between two epochs.
        last_step: steps of the whole training; None until a budget of minutes is converted to steps.
        epochs: epochs of the whole training; None as long as `last_step` is.
        evaluation_steps: how many steps of the held-out text one evaluation reads; None for all of it.
        best_nats, best_epoch: the best loss so far and its epoch.
        patience_from: the epoch from which patience counts, if that is later than the best epoch.
        finished: whether the training has reached its end or stopped early.
        seconds: wall time so far, including the start-up.
        history: the lines of history, one for each epoch.
        environment: what the numbers depend on besides the settings: versions, backend, cores.

    Raises:
        ValueError: an entry is out of its range, or steps and epochs contradict each other.
    """

    paths: list[str]
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
    history: list[Line] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if type(value) is int and not 0 <= value <= MAX_COUNT:
                raise ValueError(f'invalid value for "{each.name}": {value}; expected 0 to {MAX_COUNT}')
        if not re.fullmatch(r"[0-9a-f]{64}", self.corpus_sha256):
            raise ValueError(f'invalid value for "corpus_sha256": {self.corpus_sha256[:80]!r}; expected a SHA-256')
        for index, line in enumerate(self.history):
            try:
                check_epoch(line)
            except ValueError as error:
                raise ValueError(f'"history[{index}]": {error}') from None
        if not self._agrees():
            raise ValueError("its steps and epochs contradict each other")

    def to_json(self) -> dict[str, Any]:
        """Return the state as a dict of plain JSON values."""
        return asdict(self)

    @classmethod
    def load(cls, snapshot: Snapshot) -> "TrainingState":
        """Read the state in a snapshot.

        Raises:
            RunError: the file is missing or damaged, or an entry is invalid; the message names it.
        """
        return snapshot.json(STATE, cls)

    def _agrees(self) -> bool:
        """Whether steps and epochs do not contradict each other."""
        if (self.last_step is None) != (self.epochs is None) or self.best_epoch > self.epoch:
            return False
        return self.epoch_end is None or (self.last_step is not None and self.step < self.epoch_end <= self.last_step)


def environment(backend: str, keras: str, backend_version: str) -> dict[str, Any]:
    """Return what the numbers of a training depend on besides its settings: versions, kind of machine, cores."""
    return {
        "textgen": __version__,
        "numpy": np.__version__,
        "keras": keras,
        "backend": backend,
        "backend_version": backend_version,
        "machine": platform.machine(),
        "cores": cores(),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Describe what has changed between two environments; empty if nothing has."""
    names = sorted(set(before) | set(now))
    return ", ".join(
        f"{name} {before.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in names
        if before.get(name) != now.get(name)
    )
