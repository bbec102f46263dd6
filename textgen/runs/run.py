"""The run folder: the names of its files, writing them, reading them back, finding runs.

A run folder is self-contained and holds plain data only: JSON, text, and tensors as safetensors. What writes text (the
best weights and what they are weights of) and what a continuation needs are snapshots: folders that appear whole, with
a manifest that vouches for each file (`textgen.system.snapshots`). Reading runs no code, follows no path in the
folder, and compares every tensor's name, shape and dtype with the configuration before it is allocated. This module
knows nothing of Keras or of how text is drawn.
"""

import contextlib
import json
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import safetensors

from textgen import __version__
from textgen.errors import ModelError, RunError, RunExistsError, UsageError
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.diary import AGAIN, GRADIENTS, HISTORY, SAMPLES, is_epoch, is_gradients, read_diary
from textgen.system import snapshots
from textgen.system.files import storage_errors, write_whole
from textgen.system.locks import LOCK
from textgen.system.safejson import check_plain, read_json
from textgen.tokens.tokenizers import Tokenizer

FORMAT = 2
# The names that safetensors gives the types of what training keeps.
DTYPES = {"<f4": "F32", "<i4": "I32", "<i8": "I64", "<u4": "U32", "<u8": "U64"}
CHECKPOINTS = Path("checkpoints")  # where runs are looked for, below the working directory
SHIPPED = "jabez"  # the run there that comes with a clone: taken only where there is no other

# Folders of snapshots, how many of each are kept, and the files in one.
BEST, RESUME, VERSE = "best", "resume", "verse"
KEPT = {BEST: 1, RESUME: 2, VERSE: 1}
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
STATE = "state.json"
TENSORS = "state.safetensors"
MEMORY = "memory.safetensors"  # hashes of what a model of poems must not copy (`textgen.corpus.poems.memory`)
FILES = {BEST: (CONFIG, TOKENIZER, WEIGHTS), RESUME: (CONFIG, TOKENIZER, STATE, TENSORS), VERSE: (MEMORY,)}
# Beside the diary (`textgen.runs.diary`), and like it never needed to write text or to go on.
METADATA = "metadata.json"

FACTS = {"textgen": str, "keras": str, "backend": str, "corpus": str, "corpus_sha256": str, "characters": int}
FACTS |= {"created": str}


# Below this no product of weights, of any shape that a configuration allows, leaves the finite numbers.
LARGEST_WEIGHT = 1e9

# Models in other clothes, and why they are not opened.
FOREIGN = {
    ".keras": "a Keras archive may hold code that runs when it is opened",
    ".h5": "an HDF5 file of Keras may hold code that runs when it is opened",
    ".hdf5": "an HDF5 file of Keras may hold code that runs when it is opened",
    ".pkl": "a pickle runs whatever its maker wrote into it",
    ".pickle": "a pickle runs whatever its maker wrote into it",
    ".pt": "a PyTorch file is a pickle, which runs whatever its maker wrote into it",
    ".pth": "a PyTorch file is a pickle, which runs whatever its maker wrote into it",
    ".ckpt": "a checkpoint of that kind may hold a pickle, which runs whatever its maker wrote into it",
    ".npz": "an archive of NumPy may hold pickles, which run whatever their maker wrote into them",
    ".npy": "an array of NumPy may hold a pickle, which runs whatever its maker wrote into it",
}


@dataclass(frozen=True)
class Run:
    """A run that was read and checked; its weights are read when first asked for.

    Attributes:
        path: the run folder.
        folder: the snapshot in it that was read.
    """

    path: Path
    folder: Path
    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer

    @cached_property
    def weights(self):
        """Name to float32 array, the names and shapes of `ModelConfig.weight_shapes`."""
        shapes = self.model.weight_shapes()
        weights = read_tensors(self.folder / WEIGHTS, {name: (shape, "F32") for name, shape in shapes.items()})
        for name, array in weights.items():
            if np.abs(array).max() > LARGEST_WEIGHT:
                raise RunError(
                    f"{self.folder / WEIGHTS}: {name} holds numbers beyond {LARGEST_WEIGHT:g}, as no training"
                )
        return weights

    @cached_property
    def memory(self):
        """Hashes of the poems that were learned, as `textgen.corpus.poems.memory` makes them; empty where none were."""
        parent = self.path / VERSE
        if not snapshots.is_any(parent):
            return {}
        folder, _ = snapshots.newest(parent, FILES[VERSE])
        return read_tensors(folder / MEMORY, dict.fromkeys(("lines", "words"), ((None,), "U64")))

    @cached_property
    def metadata(self):
        """Versions, corpus, date: never needed to write text. Empty where the file is missing."""
        path = self.path / METADATA
        if not path.exists():
            return {}
        values = read_json(path)
        if not isinstance(values, dict) or not all(type(values.get(name)) is kind for name, kind in FACTS.items()):
            raise RunError(f"{path}: damaged: not the facts of a run; it may be removed")
        return values

    def history(self):
        """One dict an epoch, oldest first."""
        return read_diary(self.path / HISTORY, is_epoch)

    def gradients(self):
        """What `--watch-gradients` noted: one dict an epoch, oldest first; empty where nothing was."""
        return read_diary(self.path / GRADIENTS, is_gradients)


def load(run=None):
    """Read a run: a folder's path, or a name below `checkpoints/`; None takes the newest.

    Raises:
        RunError: no such run, not a run, damaged, or written by a newer textgen.
    """
    path = find(run)
    folder, _ = snapshots.newest(path / BEST, FILES[BEST])
    return read(path, folder)


def read(path, folder):
    """The Run in a snapshot whose files were verified. Raises RunError."""
    config = read_json(folder / CONFIG)
    if not isinstance(config, dict) or not {"format", "textgen"} <= set(config):
        raise RunError(f"{folder / CONFIG}: not a run's configuration: no format and version in it")
    if type(config["format"]) is not int or not 1 <= config["format"] <= FORMAT:
        raise RunError(
            f"{path}: run format {config['format']!r}; this textgen reads 1 to {FORMAT}: it wants textgen "
            f"{str(config['textgen'])[:20]} or newer"
        )
    if set(config) != {"format", "textgen", "model", "training"}:
        raise RunError(f"{folder / CONFIG}: not a run's configuration: wanted format, textgen, model and training")
    try:
        model = ModelConfig.from_json(config["model"], config["format"])
        training = TrainingConfig.from_json(config["training"], config["format"])
        if None in model.to_json().values():
            raise UsageError("ModelConfig: entries that are null")
    except UsageError as error:
        raise RunError(f"{folder / CONFIG}: {error}") from None
    try:
        tokenizer = Tokenizer.from_json(read_json(folder / TOKENIZER))
    except ModelError as error:
        raise RunError(f"{folder / TOKENIZER}: {error}") from None
    if (tokenizer.kind, tokenizer.vocabulary_size) != (model.tokenizer, model.vocabulary_size):
        raise RunError(
            f"{folder}: {CONFIG} names a {model.tokenizer} vocabulary of {model.vocabulary_size}, "
            f"{TOKENIZER} holds a {tokenizer.kind} vocabulary of {tokenizer.vocabulary_size}"
        )
    return Run(path, folder, model, training, tokenizer)


def find(run=None):
    """The folder of a run given by path, by name, or not at all (the newest). Raises RunError."""
    if run is None:
        runs = list_runs()
        if not runs:
            raise RunError(f"no run in {CHECKPOINTS}/ yet; train one: textgen train FILE.txt")
        return max(runs, key=lambda path: (path.name != SHIPPED, (path / BEST).stat().st_mtime_ns))
    path = Path(run)
    if path.suffix.lower() in FOREIGN and not path.is_dir():
        raise RunError(f"{run}: unsupported: {FOREIGN[path.suffix.lower()]}; textgen opens its own run folders only")
    if not path.exists() and (CHECKPOINTS / path).is_dir():
        path = CHECKPOINTS / path
    if not path.exists():
        names = ", ".join(str(found) for found in list_runs()) or "none yet; train one: textgen train FILE.txt"
        raise RunError(f"{run}: no such run; there are: {names}")
    if not path.is_dir():
        raise RunError(f"{run}: a run is a folder with {BEST}/ in it, not a single file")
    if not snapshots.is_any(path / BEST) and not snapshots.is_any(path / RESUME):
        raise RunError(f"{run}: not a run, or one that has not saved anything yet: nothing in {BEST}/")
    return path


def list_runs(root=CHECKPOINTS):
    """The folders below `root` that hold a run, by name."""
    try:
        return sorted(path for path in root.iterdir() if snapshots.is_any(path / BEST))
    except OSError:
        return []


def create(path, *, overwrite=False):
    """Make the folder of a new run and check that it can be written. Nothing that stands is ever removed here.

    Raises:
        RunExistsError: the folder is not empty, and `overwrite` was not asked for or it holds no run.
        StorageError: the folder cannot be made or written.
    """
    path = Path(path)
    with storage_errors(path):
        if path.exists() and not path.is_dir():
            raise RunExistsError(f"{path}: a file of that name stands there; choose another --out")
        if path.is_dir() and any(entry.name != LOCK for entry in path.iterdir()):
            if not any(snapshots.is_any(path / kind) for kind in KEPT):
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


def make_way(path):
    """Before another run's first save: what would be taken for its own goes, by name. The best weights stay until the
    new ones stand beside them."""
    snapshots.prune(path / RESUME, 0)
    snapshots.prune(path / VERSE, 0)
    with storage_errors(path):
        for name in (HISTORY, SAMPLES, METADATA, GRADIENTS):
            (path / name).unlink(missing_ok=True)


def save_best(path, model, training, tokenizer, weights):
    """Save what writes text: weights by name, and what they are weights of."""
    files = description(model, training, tokenizer) | {WEIGHTS: tensor_parts(weights)}
    snapshots.save(path / BEST, files, KEPT[BEST], AGAIN)


def save_memory(path, memory):
    """Save the hashes of the poems that are learned."""
    snapshots.save(path / VERSE, {MEMORY: tensor_parts(memory)}, KEPT[VERSE], AGAIN)


def save_resume(path, model, training, tokenizer, state, tensors):
    """Save what a continuation needs: plain values and tensors by name."""
    files = description(model, training, tokenizer)
    files |= {STATE: [_json(state)], TENSORS: tensor_parts(tensors)}
    snapshots.save(path / RESUME, files, KEPT[RESUME], AGAIN)


def description(model, training, tokenizer):
    """The files that say what a model is: name to parts."""
    config = {"format": FORMAT, "textgen": __version__, "model": model.to_json(), "training": training.to_json()}
    return {CONFIG: [_json(config)], TOKENIZER: [_json(tokenizer.to_json())]}


def write_json(path, values):
    """Write plain JSON values, whole or not at all."""
    write_whole(path, [_json(values)], AGAIN)


def _json(values):
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def tensor_parts(tensors):
    """Named arrays as the parts of a safetensors file.

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
    return [struct.pack("<Q", len(text)), text, *(arrays[name].reshape(-1).data for name in header)]


def read_tensors(path, wanted, optional=()):
    """Named arrays from a safetensors file.

    Args:
        path: the file.
        wanted: the names that must be there, no more and no less, each with its shape (None for any length) and
            dtype ("F32").
        optional: names of these that an older file may lack.

    Raises:
        RunError: the file is missing, damaged, holds other tensors, or numbers that are not finite.
    """
    try:
        check_plain(path)
        with safetensors.safe_open(path, framework="numpy") as file:
            lacking = set(optional) - set(file.keys())
            wanted = {name: rule for name, rule in wanted.items() if name not in lacking}
            _check_header(path, file, wanted)
            tensors = {name: file.get_tensor(name) for name in wanted}
    except FileNotFoundError:
        raise RunError(f"{path}: missing") from None
    except (OSError, safetensors.SafetensorError) as error:
        raise RunError(f"{path}: damaged: {error}") from None
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise RunError(f"{path}: {name} holds numbers that are not finite")
    return tensors


def _check_header(path, file, wanted):
    found = set(file.keys())
    if found != set(wanted):
        odd, lacking = sorted(found - set(wanted)), sorted(set(wanted) - found)
        raise RunError(f"{path}: unexpected tensors {odd[:5]}, missing tensors {lacking[:5]}")
    for name, (shape, dtype) in wanted.items():
        header = file.get_slice(name)
        found = tuple(header.get_shape())
        agrees = len(found) == len(shape) and all(size in (None, own) for size, own in zip(shape, found, strict=True))
        if not agrees or header.get_dtype() != dtype:
            raise RunError(
                f"{path}: {name} is {header.get_dtype()} {found}; the configuration wants {dtype} {tuple(shape)}"
            )
