"""A run's diary: its history, its samples, what was noted of its gradients. Never needed to write text or to go on.

Knows nothing of models.
"""

import json
import math

from textgen.errors import RunError
from textgen.system.files import storage_errors, write_atomically
from textgen.system.safejson import check_plain

HISTORY = "history.jsonl"
SAMPLES = "samples.txt"
GRADIENTS = "gradients.jsonl"

RETRY_ADVICE = "train with --resume"  # what to do once a full disk has room


def read_diary(path, is_line):
    """The lines of a file of JSON values, none where there is no file. Raises RunError where a line is none."""
    try:
        check_plain(path)
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: cannot be read: {error}") from None
    if not all(map(is_line, lines)):
        raise RunError(f"{path}: damaged: a line is no epoch; it may be removed")
    return lines


def is_epoch(line):
    """Whether a line of history says what is asked of one."""
    if not isinstance(line, dict) or not all(type(value) in (int, float) for value in line.values()):
        return False
    losses = ["training", *(["validation"] if "validation_nats" in line else [])]
    wanted = {f"{loss}_{unit}" for loss in losses for unit in ("nats", "bits_per_character")}
    return {"epoch", "step", "seconds"} | wanted <= set(line) and all(map(math.isfinite, line.values()))


def is_gradients(line):
    """Whether a line is one that `save_gradients` was given."""

    def numbers(values):
        return all(type(value) in (int, float) and math.isfinite(value) for value in values)

    if not isinstance(line, dict) or set(line) != {"epoch", "step", "weights", "distances", "hidden"}:
        return False
    weights, distances, hidden = line["weights"], line["distances"], line["hidden"]
    if not isinstance(weights, dict) or not isinstance(distances, list) or not isinstance(hidden, list):
        return False
    rows = [[line["epoch"], line["step"]], weights.values(), distances]
    layers = all(isinstance(layer, list) and len(layer) == len(distances) and numbers(layer) for layer in hidden)
    return layers and all(map(numbers, rows))


def write_lines(path, lines):
    """Write the lines of a text file of the run, whole or not at all."""
    write_atomically(path, ["".join(f"{line}\n" for line in lines).encode("utf-8")], RETRY_ADVICE)


def append_sample(path, epoch, text):
    """Add what a run wrote after an epoch to its samples."""
    with storage_errors(path, RETRY_ADVICE), open(path / SAMPLES, "a", encoding="utf-8", newline="\n") as file:
        file.write(f"=== epoch {epoch} ===\n{text}\n\n")


def cut_samples(path, epochs):
    """Take away the samples of epochs after so many: they are going to be written again."""
    with storage_errors(path, RETRY_ADVICE):
        if (path / SAMPLES).is_file():
            text = (path / SAMPLES).read_text("utf-8", "replace")
            kept = text.partition(f"=== epoch {epochs + 1} ===\n")[0]
            if kept != text:
                write_atomically(path / SAMPLES, [kept.encode("utf-8")], RETRY_ADVICE)


def save_gradients(path, line):
    """Add what was noted of an epoch's gradients, in place of what was noted of it or of later ones before."""
    earlier = [older for older in read_diary(path / GRADIENTS, is_gradients) if older["epoch"] < line["epoch"]]
    write_lines(path / GRADIENTS, map(json.dumps, [*earlier, line]))
