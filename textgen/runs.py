"""The run folder: the names of its files, writing them, reading them back, finding runs.

A run folder is self-contained and holds plain data only: JSON, text, and tensors as safetensors. Reading one runs no
code, follows no path in it, and compares every tensor's name, shape and dtype with the configuration before it is
allocated. A file is written whole under another name and then renamed, so a reader never meets half a file. This
module knows nothing of Keras or of how text is drawn.
"""

import contextlib
import json
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import safetensors

from textgen.config import ModelConfig, TrainingConfig
from textgen.errors import ModelError, RunError, RunExistsError, UsageError
from textgen.files import storage_errors, write_whole
from textgen.tokenizers import Tokenizer

FORMAT = 1
# The names that safetensors gives the types of what training keeps.
DTYPES = {"<f4": "F32", "<i4": "I32", "<i8": "I64", "<u4": "U32", "<u8": "U64"}
CHECKPOINTS = Path("checkpoints")  # where runs are looked for, below the working directory

CONFIG = "config.json"  # written last: its presence means the run is whole
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
HISTORY = "history.jsonl"
SAMPLES = "samples.txt"
METADATA = "metadata.json"
RESUME = "resume"  # a folder; gone when training ends
RESUME_STATE = f"{RESUME}/state.json"
RESUME_TENSORS = f"{RESUME}/state.safetensors"

AGAIN = "train with --resume"  # what to do once a full disk has room

LARGEST_JSON = 64 * 1024 * 1024


@dataclass(frozen=True)
class Run:
    """A run folder that was read and checked; its weights are read when first asked for."""

    path: Path
    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer

    @cached_property
    def weights(self):
        """Name to float32 array, the names and shapes of `ModelConfig.weight_shapes`."""
        return read_tensors(self.path / WEIGHTS, self.model.weight_shapes())

    @cached_property
    def metadata(self):
        """Versions, corpus, date: never needed to write text. Empty where the file is missing."""
        path = self.path / METADATA
        return read_json(path) if path.exists() else {}

    def history(self):
        """One dict an epoch, oldest first."""
        try:
            lines = (self.path / HISTORY).read_text("utf-8").splitlines()
            return [json.loads(line) for line in lines]
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / HISTORY}: cannot be read: {error}") from None


def load(run=None):
    """Read a run: a folder's path, or a name below `checkpoints/`; None takes the newest.

    Raises:
        RunError: no such run, not a run, damaged, or written by a newer textgen.
    """
    path = find(run)
    config = read_json(path / CONFIG)
    if not isinstance(config, dict) or set(config) != {"format", "model", "training"}:
        raise RunError(f'{path / CONFIG}: not a run\'s configuration: wanted "format", "model" and "training"')
    if type(config["format"]) is not int or not 1 <= config["format"] <= FORMAT:
        raise RunError(f"{path}: run format {config['format']!r}; this textgen reads 1 to {FORMAT}: upgrade textgen")
    try:
        model = ModelConfig.from_json(config["model"])
        training = TrainingConfig.from_json(config["training"])
        if None in model.to_json().values():
            raise UsageError("ModelConfig: entries that are null")
    except UsageError as error:
        raise RunError(f"{path / CONFIG}: {error}") from None
    try:
        tokenizer = Tokenizer.from_json(read_json(path / TOKENIZER))
    except ModelError as error:
        raise RunError(f"{path / TOKENIZER}: {error}") from None
    if (tokenizer.kind, tokenizer.vocabulary_size) != (model.tokenizer, model.vocabulary_size):
        raise RunError(
            f"{path}: {CONFIG} names a {model.tokenizer} vocabulary of {model.vocabulary_size}, "
            f"{TOKENIZER} holds a {tokenizer.kind} vocabulary of {tokenizer.vocabulary_size}"
        )
    return Run(path, model, training, tokenizer)


def find(run=None):
    """The folder of a run given by path, by name, or not at all (the newest). Raises RunError."""
    if run is None:
        runs = list_runs()
        if not runs:
            raise RunError(f"no run in {CHECKPOINTS}/ yet; train one: textgen train FILE.txt")
        return max(runs, key=lambda path: (path / WEIGHTS).stat().st_mtime_ns)
    path = Path(run)
    if not path.exists() and (CHECKPOINTS / path).is_dir():
        path = CHECKPOINTS / path
    if not path.exists():
        names = ", ".join(str(found) for found in list_runs()) or "none yet; train one: textgen train FILE.txt"
        raise RunError(f"{run}: no such run; there are: {names}")
    if not path.is_dir():
        raise RunError(f"{run}: a run is a folder with {CONFIG}, {TOKENIZER} and {WEIGHTS}, not a single file")
    if not (path / CONFIG).exists():
        raise RunError(f"{run}: not a run, or one that has not saved anything yet: no {CONFIG} in it")
    return path


def list_runs(root=CHECKPOINTS):
    """The folders below `root` that hold a whole run, by name."""
    try:
        return sorted(path for path in root.iterdir() if (path / CONFIG).is_file() and (path / WEIGHTS).is_file())
    except OSError:
        return []


def create(path, *, overwrite=False):
    """Make the folder of a new run and check that it can be written. Nothing that stands is ever removed here.

    Raises:
        RunExistsError: the folder is not empty, and `overwrite` was not asked for or it holds no run.
        StorageError: the folder cannot be made or written.
    """
    path = Path(path)
    with storage_errors(path, AGAIN):
        if path.exists() and not path.is_dir():
            raise RunExistsError(f"{path}: a file of that name stands there; choose another --out")
        if path.is_dir() and any(path.iterdir()):
            ours = (path / CONFIG).exists() or (path / TOKENIZER).exists()
            if not ours:
                raise RunExistsError(f"{path}: a folder with other files in it; choose another --out")
            if not overwrite:
                raise RunExistsError(
                    f"{path}: a run is there already; continue it with --resume, write elsewhere with --out, "
                    "or replace it with --overwrite"
                )
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".probe.tmp"
        probe.write_bytes(b"")
        probe.unlink()
    return path


def remove_if_empty(path):
    """Remove the folder of a training that ended before it had anything to save."""
    with contextlib.suppress(OSError):
        path.rmdir()


def clear(path):
    """Remove a run's own files, by name, so that another can be written in their place; other files stay."""
    with storage_errors(path, AGAIN):
        # The configuration first: without it, what is left counts as no run.
        for name in (CONFIG, WEIGHTS, TOKENIZER, HISTORY, SAMPLES, METADATA):
            (path / name).unlink(missing_ok=True)
    remove_resume(path)


def can_resume(path):
    """Whether a training of this run was cut short."""
    return (path / RESUME_STATE).is_file() and (path / RESUME_TENSORS).is_file()


def remove_resume(path):
    """Remove the state that a continuation needs: the run is finished."""
    with storage_errors(path, AGAIN):
        for name in (RESUME_STATE, RESUME_TENSORS):
            (path / name).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError, OSError):
            (path / RESUME).rmdir()


def save_description(path, model, training, tokenizer, metadata):
    """Write what a run is; its weights must stand already, since the configuration says that the run is whole."""
    write_json(path / TOKENIZER, tokenizer.to_json())
    write_json(path / METADATA, metadata)
    write_json(path / CONFIG, {"format": FORMAT, "model": model.to_json(), "training": training.to_json()})


def append_line(path, text):
    """Add one line to a text file of the run."""
    with storage_errors(path, AGAIN), open(path, "a", encoding="utf-8", newline="\n") as file:
        file.write(text + "\n")


def write_json(path, values):
    """Write plain JSON values, whole or not at all."""
    write_whole(path, [(json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode("utf-8")], AGAIN)


def write_tensors(path, tensors):
    """Write named arrays as safetensors, whole or not at all.

    Array by array, straight from where they are: safetensors.numpy.save would hold the file in memory once more, and
    its save_file writes under a name of its own choice, which a crash would leave behind.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    header, end = {}, 0
    # Larger items first, as the library does it, so that each array starts at a multiple of its item's size.
    for name, array in sorted(arrays.items(), key=lambda pair: (-pair[1].itemsize, pair[0])):
        start, end = end, end + array.nbytes
        header[name] = {"dtype": DTYPES[array.dtype.str], "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    write_whole(path, [struct.pack("<Q", len(text)), text, *(arrays[name].reshape(-1).data for name in header)], AGAIN)


def read_tensors(path, shapes=None):
    """Named arrays from a safetensors file.

    Args:
        path: the file.
        shapes: the names and shapes that must be there, all float32 and finite; None takes what is there.

    Raises:
        RunError: the file is missing, damaged, or holds other tensors.
    """
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            if shapes is not None:
                _check_header(path, file, shapes)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (an open safetensors file is no dict)
    except FileNotFoundError:
        raise RunError(f"{path}: missing") from None
    except (OSError, safetensors.SafetensorError) as error:
        raise RunError(f"{path}: damaged: {error}") from None
    for name in shapes or ():
        if not np.isfinite(tensors[name]).all():
            raise RunError(f"{path}: {name} holds numbers that are not finite")
    return tensors


def _check_header(path, file, shapes):
    found = set(file.keys())
    if found != set(shapes):
        odd, lacking = sorted(found - set(shapes)), sorted(set(shapes) - found)
        raise RunError(f"{path}: unexpected tensors {odd}, missing tensors {lacking}")
    for name, shape in shapes.items():
        header = file.get_slice(name)
        if tuple(header.get_shape()) != shape or header.get_dtype() != "F32":
            raise RunError(
                f"{path}: {name} is {header.get_dtype()} {tuple(header.get_shape())}; "
                f"the configuration wants F32 {shape}"
            )


def read_json(path):
    """Plain JSON values from a file of the run. Raises RunError."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise RunError(f"{path}: larger than any run's ({LARGEST_JSON} bytes)")
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise RunError(f"{path}: missing") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: damaged: not JSON ({error})") from None
