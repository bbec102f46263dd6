"""Where a training that was cut short stands, beside its tensors. Knows nothing of Keras."""

from dataclasses import dataclass, fields

from textgen import runs
from textgen.errors import RunError


@dataclass
class TrainingState:
    """Where a training stands, beside its tensors: plain JSON values.

    Attributes:
        paths: where the text was read.
        corpus_sha256: its fingerprint.
        epoch: whole epochs done.
        step: steps done.
        last_step: steps of the whole training; None while a budget of minutes is not yet turned into steps.
        epochs: epochs of the whole training; None likewise.
        evaluation_steps: how much of the held-out text one evaluation reads; None for all of it.
        best_nats, best_epoch: the best loss so far and its epoch.
        seconds: wall time so far, starting up included.
    """

    paths: list
    corpus_sha256: str
    epoch: int = 0
    step: int = 0
    last_step: int | None = None
    epochs: int | None = None
    evaluation_steps: int | None = None
    best_nats: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0

    @classmethod
    def load(cls, path):
        """The state in a run folder. Raises RunError where there is none, or none that can be read."""
        if not runs.can_resume(path):
            raise RunError(f"{path}: its training has ended; there is nothing to resume")
        values = runs.read_json(path / runs.RESUME_STATE)
        if not isinstance(values, dict) or set(values) != {field.name for field in fields(cls)}:
            raise RunError(f"{path / runs.RESUME_STATE}: not the state of a training that was cut short")
        return cls(**values)
