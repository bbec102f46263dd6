"""A run's diary: its history, its samples and its gradients. Neither writing text nor resuming needs it.

This module does not know models.
"""

import json
import reprlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias, TypeVar

from textgen.errors import DamagedError
from textgen.system.files import append_in, storage_errors, write_in
from textgen.system.folders import Folder
from textgen.system.safejson import check_type, json_values

HISTORY = "history.jsonl"
SAMPLES = "samples.txt"
GRADIENTS = "gradients.jsonl"

RETRY_ADVICE = "train with `resume`"  # what to do once a full disk has space again

# Every number of a diary is a count, a time, or comes of float32 numbers.
MAX_NUMBER = 1e39
MAX_DIARY_BYTES = 64 * 1024 * 1024
MAX_SAMPLES_BYTES = 256 * 1024 * 1024

Number: TypeAlias = int | float

# One epoch of a run's history: what `check_epoch` accepts.
Line: TypeAlias = dict[str, Number]

T = TypeVar("T")


@dataclass(frozen=True)
class GradientLine:
    """One epoch of a run's gradients.

    Attributes:
        epoch, step: when they were measured.
        weights: the norm of each weight's gradient, by the weight's name.
        distances: distances from the loss, in steps.
        hidden: for each layer, the norm of the gradient with respect to h at each distance.
    """

    epoch: Number
    step: Number
    weights: dict[str, Number]
    distances: list[Number]
    hidden: list[list[Number]]

    def __post_init__(self) -> None:
        for layer, norms in enumerate(self.hidden):
            if len(norms) != len(self.distances):
                raise ValueError(f'"hidden[{layer}]" has {len(norms)} norms; expected {len(self.distances)}')
        _check_finite({"epoch": self.epoch, "step": self.step})
        _check_finite({f"weights[{reprlib.repr(name)}]": norm for name, norm in self.weights.items()})
        _check_finite({f"distances[{index}]": distance for index, distance in enumerate(self.distances)})
        for layer, norms in enumerate(self.hidden):
            _check_finite({f"hidden[{layer}][{index}]": norm for index, norm in enumerate(norms)})


def read_diary(folder: Folder, name: str, check: Callable[[object], T]) -> list[T]:
    """Read a file of JSON values, one a line.

    Args:
        folder: the run folder.
        name: the file.
        check: returns a line's value, or raises ValueError if it is invalid: `check_epoch` or `check_gradients`.

    Returns:
        the values, in the order of the file; an empty list if there is no file.

    Raises:
        DamagedError: the file cannot be read, or a line is invalid.
    """
    path, number = folder.path / name, 0
    values = []
    try:
        for number, line in enumerate(folder.read(name, MAX_DIARY_BYTES).decode("utf-8").splitlines(), 1):  # noqa: B007 (the error names it)
            values.append(check(json_values(line)))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        where = f"line {number}: " if number else ""
        raise DamagedError(f"{path}: damaged: {where}{error}; this file is not needed, remove it") from None
    return values


def check_epoch(line: object) -> Line:
    """Check one epoch of history.

    Every entry is a finite number. It has the epoch, the step, the seconds and the training loss; the validation loss
    too where text was held out.

    Returns:
        the line, as it is.

    Raises:
        ValueError: naming the entry that is missing or invalid.
    """
    if not isinstance(line, dict):
        raise ValueError(f"{reprlib.repr(line)}; expected an object")
    required = {"epoch", "step", "seconds", "training_nats", "training_bits_per_character"}
    if "validation_nats" in line:
        required.add("validation_bits_per_character")
    missing = sorted(required - set(line))
    if missing:
        raise ValueError(f"missing entries {', '.join(map(repr, missing))}")
    _check_finite(line)
    return line


def best_epoch(history: Sequence[Line]) -> Line:
    """Return the line of history with the lowest loss: validation loss, or training loss where nothing was held out."""
    return min(history, key=lambda line: line[f"{measured(line)}_nats"])


def measured(line: Line) -> str:
    """Return the loss that judges the model after an epoch: "validation", or "training" if nothing was held out."""
    return "validation" if "validation_nats" in line else "training"


def check_gradients(line: object) -> dict[str, Any]:
    """Check one epoch of gradients.

    Returns:
        the entries of a GradientLine.

    Raises:
        ValueError: naming the entry that is missing or invalid.
    """
    return asdict(check_type(line, GradientLine))


def _check_finite(values: dict[str, Any]) -> None:
    for name, value in values.items():
        # The bool True is an int, too.
        if type(value) not in (int, float) or not abs(value) <= MAX_NUMBER:
            entry = json.dumps(name[:80])  # on one line, whatever is in it
            raise ValueError(
                f"invalid value for {entry}: {reprlib.repr(value)}; expected a number of at most {MAX_NUMBER:g}"
            )


def write_lines(folder: Folder, name: str, lines: Iterable[str], advice: str = RETRY_ADVICE) -> None:
    """Write the lines of a text file of the run, all or nothing. Raises StorageError."""
    write_in(folder, name, ["".join(f"{line}\n" for line in lines).encode("utf-8")], advice)


def append_sample(folder: Folder, epoch: int, text: str) -> None:
    """Append a sample, written after an epoch, to the samples of a run. Raises StorageError."""
    append_in(folder, SAMPLES, f"=== epoch {epoch} ===\n{text}\n\n".encode(), RETRY_ADVICE)


def cut_samples(folder: Folder, epochs: int) -> None:
    """Remove the samples of all epochs after the first `epochs`: a resumed training writes them again.

    Raises:
        DamagedError: the file is a link, or too large.
        StorageError: it cannot be written.
    """
    with storage_errors(folder.path / SAMPLES, RETRY_ADVICE):
        try:
            data = folder.read(SAMPLES, MAX_SAMPLES_BYTES)
        except FileNotFoundError:
            return
    kept = data.partition(f"=== epoch {epochs + 1} ===\n".encode())[0]
    if kept != data:
        write_in(folder, SAMPLES, [kept], RETRY_ADVICE)


def save_gradients(folder: Folder, line: dict[str, Any]) -> None:
    """Save one epoch of gradients. It replaces what the file holds of this epoch and of later ones."""
    earlier = [older for older in read_diary(folder, GRADIENTS, check_gradients) if older["epoch"] < line["epoch"]]
    write_lines(folder, GRADIENTS, map(json.dumps, [*earlier, line]))
