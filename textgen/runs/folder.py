"""The run folder: the names of its files, finding runs, making room for one. Knows nothing of what is in the files."""

import contextlib
from pathlib import Path

from textgen.errors import RunError, RunExistsError
from textgen.runs.diary import GRADIENTS, HISTORY, SAMPLES
from textgen.system import snapshots
from textgen.system.files import check_writable, storage_errors
from textgen.system.locks import LOCK

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


MEMORY = "memory.safetensors"  # hashes of what a model of poems must not copy (`textgen.corpus.memory.hash_poems`)


FILES = {BEST: (CONFIG, TOKENIZER, WEIGHTS), RESUME: (CONFIG, TOKENIZER, STATE, TENSORS), VERSE: (MEMORY,)}


# Beside the diary (`textgen.runs.diary`), and like it never needed to write text or to go on.
METADATA = "metadata.json"


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


def find_run(run=None):
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
    if not snapshots.has_snapshot(path / BEST) and not snapshots.has_snapshot(path / RESUME):
        raise RunError(f"{run}: not a run, or one that has not saved anything yet: nothing in {BEST}/")
    return path


def list_runs(root=CHECKPOINTS):
    """The folders below `root` that hold a run, by name."""
    try:
        return sorted(path for path in root.iterdir() if snapshots.has_snapshot(path / BEST))
    except OSError:
        return []


def create_run_folder(path, *, overwrite=False):
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
            if not any(snapshots.has_snapshot(path / kind) for kind in KEPT):
                raise RunExistsError(f"{path}: a folder with other files in it; choose another --out")
            if not overwrite:
                raise RunExistsError(
                    f"{path}: a run is there already; continue it with --resume, write elsewhere with --out, "
                    "or replace it with --overwrite"
                )
        path.mkdir(parents=True, exist_ok=True)
        check_writable(path)
    return path


def remove_if_empty(path):
    """Remove the folder of a training that ended before it had anything to save."""
    with contextlib.suppress(OSError):
        path.rmdir()


def clear_for_overwrite(path):
    """Before another run's first save: what would be taken for its own goes, by name. The best weights stay until the
    new ones stand beside them."""
    snapshots.prune(path / RESUME, 0)
    snapshots.prune(path / VERSE, 0)
    with storage_errors(path):
        for name in (HISTORY, SAMPLES, METADATA, GRADIENTS):
            (path / name).unlink(missing_ok=True)
