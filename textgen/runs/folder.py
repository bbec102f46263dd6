"""The run folder: the names of its files, finding runs, and making a folder for a new one.

This module does not know what is in the files.
"""

import contextlib
import os
from pathlib import Path

from textgen.errors import RunError, RunExistsError
from textgen.runs.diary import GRADIENTS, HISTORY, SAMPLES
from textgen.system import snapshots
from textgen.system.files import check_writable, storage_errors
from textgen.system.locks import LOCK

# Model files of other tools, and why textgen does not open them.
FOREIGN = {
    ".keras": "a Keras archive may hold code that runs when it is opened",
    ".h5": "a Keras HDF5 file may hold code that runs when it is opened",
    ".hdf5": "a Keras HDF5 file may hold code that runs when it is opened",
    ".pkl": "a pickle runs any code that its maker put into it",
    ".pickle": "a pickle runs any code that its maker put into it",
    ".pt": "a PyTorch file is a pickle, which runs any code that its maker put into it",
    ".pth": "a PyTorch file is a pickle, which runs any code that its maker put into it",
    ".ckpt": "a checkpoint of this kind may hold a pickle, which runs any code that its maker put into it",
    ".npz": "a NumPy archive may hold pickles, which run any code that their maker put into them",
    ".npy": "a NumPy array may hold a pickle, which runs any code that its maker put into it",
}

CHECKPOINTS = Path("checkpoints")  # where runs are looked up by name, below the working directory
SHIPPED = "jabez"  # the run there that comes with a clone of the repository; any other run is preferred to it

# Folders of snapshots, and how many snapshots of each are kept.
BEST, RESUME, VERSE = "best", "resume", "verse"
KEPT = {BEST: 1, RESUME: 2, VERSE: 1}

# The files in a snapshot.
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
STATE = "state.json"
TENSORS = "state.safetensors"
MEMORY = (
    "memory.safetensors"  # hashes of lines that a model of poems must not copy (`textgen.corpus.memory.hash_poems`)
)
FILES = {BEST: (CONFIG, TOKENIZER, WEIGHTS), RESUME: (CONFIG, TOKENIZER, STATE, TENSORS), VERSE: (MEMORY,)}

# Beside the diary (`textgen.runs.diary`). Like the diary, it is not needed to write text or to resume.
METADATA = "metadata.json"


def find_run(run: str | os.PathLike[str] | None = None) -> Path:
    """Find the folder of a run.

    Args:
        run: its path, or its name below `checkpoints/`; None finds the newest run there.

    Raises:
        RunError: there is no such run.
    """
    if run is None:
        runs = list_runs()
        if not runs:
            raise RunError(f"no run in {CHECKPOINTS}/ yet; train one: textgen train FILE.txt")
        return max(runs, key=lambda path: (path.name != SHIPPED, (path / BEST).stat().st_mtime_ns))
    path = Path(run)
    if path.suffix.lower() in FOREIGN and not path.is_dir():
        raise RunError(f"{run}: unsupported: {FOREIGN[path.suffix.lower()]}; textgen opens only its own run folders")
    if not path.exists() and (CHECKPOINTS / path).is_dir():
        path = CHECKPOINTS / path
    if not path.exists():
        names = ", ".join(str(found) for found in list_runs()) or "none yet; train one: textgen train FILE.txt"
        raise RunError(f"{run}: no such run; there are: {names}")
    if not path.is_dir():
        raise RunError(f"{run}: a run is a folder with {BEST}/ in it, not a single file")
    if not snapshots.has_snapshot(path / BEST) and not snapshots.has_snapshot(path / RESUME):
        raise RunError(f"{run}: not a run, or a run that has not saved anything yet: nothing in {BEST}/")
    return path


def list_runs(root: Path = CHECKPOINTS) -> list[Path]:
    """List the folders below `root` that hold a run, sorted by name."""
    try:
        return sorted(path for path in root.iterdir() if snapshots.has_snapshot(path / BEST))
    except OSError:
        return []


def create_run_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Make the folder of a new run and check that it can be written. This never removes anything.

    Args:
        path: the folder.
        overwrite: accept a folder that already holds a run.

    Raises:
        RunExistsError: the folder holds a run and `overwrite` is False, or it holds other files.
        StorageError: the folder cannot be made or written.
    """
    path = Path(path)
    with storage_errors(path):
        if path.exists() and not path.is_dir():
            raise RunExistsError(f"{path}: a file of that name exists; choose another `out`")
        if path.is_dir() and any(entry.name != LOCK for entry in path.iterdir()):
            if not any(snapshots.has_snapshot(path / kind) for kind in KEPT):
                raise RunExistsError(f"{path}: a folder with other files in it; choose another `out`")
            if not overwrite:
                raise RunExistsError(
                    f"{path}: a run is there already; continue it with `resume`, write elsewhere with `out`, or "
                    "replace it with `overwrite=True`"
                )
        path.mkdir(parents=True, exist_ok=True)
        check_writable(path)
    return path


def remove_if_empty(path: Path) -> None:
    """Remove the folder of a training that ended before it saved anything."""
    with contextlib.suppress(OSError):
        path.rmdir()


def clear_for_overwrite(path: Path) -> None:
    """Remove what the next run in this folder would take for its own.

    Called before its first save. The best weights stay until the new ones are saved beside them. Files that no run
    writes are not touched.
    """
    snapshots.prune(path / RESUME, 0)
    snapshots.prune(path / VERSE, 0)
    with storage_errors(path):
        for name in (HISTORY, SAMPLES, METADATA, GRADIENTS):
            (path / name).unlink(missing_ok=True)
