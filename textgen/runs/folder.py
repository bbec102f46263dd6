"""The run folder: the names of its files, finding runs, and making a folder for a new one.

This module does not know what is in the files.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from textgen import arguments
from textgen.errors import DamagedError, RunError, RunExistsError
from textgen.runs.diary import GRADIENTS, HISTORY, MAX_DIARY_BYTES, MAX_SAMPLES_BYTES, SAMPLES
from textgen.system import snapshots
from textgen.system.files import check_writable, storage_errors
from textgen.system.folders import Folder
from textgen.system.installed import data_file
from textgen.system.locks import LOCK
from textgen.system.wording import did_you_mean

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

# The environment variable that names the folder of runs, and that folder without it.
VARIABLE, DEFAULT_FOLDER = "TEXTGEN_RUNS", "checkpoints"
# The runs that come with textgen; any other run is preferred to them. Where there is no other, the first is used.
SHIPPED, SHIPPED_VERSE = "jabez", "wyatt"
SHIPPED_RUNS = (SHIPPED, SHIPPED_VERSE)
MAX_NAMES = 8  # of runs in a message

# Folders of snapshots, and how many snapshots of each are kept.
BEST, RESUME, VERSE, KNOWLEDGE = "best", "resume", "verse", "knowledge"
SAVED = (BEST, RESUME)  # one of them at least is in a run
KEPT = {BEST: 1, RESUME: 2, VERSE: 1, KNOWLEDGE: 1}

# The files in a snapshot.
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
WEIGHTS = "model.safetensors"
STATE = "state.json"
TENSORS = "state.safetensors"
MEMORY = (
    "memory.safetensors"  # hashes of lines that a model of poems must not copy (`textgen.corpus.memory.hash_poems`)
)
POEMS = "poems.safetensors"  # what a run knows of its poems (`textgen.verse.meaning.knowledge`)
FILES = {
    BEST: (CONFIG, TOKENIZER, WEIGHTS),
    RESUME: (CONFIG, TOKENIZER, STATE, TENSORS),
    VERSE: (MEMORY,),
    KNOWLEDGE: (POEMS,),
}

# The largest files of the diary that are read; those that are not named, MAX_DIARY_BYTES.
MAX_SIZES = {SAMPLES: MAX_SAMPLES_BYTES}

# Beside the diary (`textgen.runs.diary`). Like the diary, it is not needed to write text or to resume.
METADATA = "metadata.json"


def runs_folder() -> Path:
    """The folder of runs, where a run is kept and looked up by its name: TEXTGEN_RUNS, or checkpoints/ below here."""
    return Path(os.path.expanduser(os.environ.get(VARIABLE) or DEFAULT_FOLDER))


def shown_runs_folder() -> str:
    """The folder of runs as messages name it: its whole path."""
    folder = runs_folder()
    with contextlib.suppress(OSError):  # the working folder was deleted
        folder = folder.absolute()
    return str(folder)


def shipped_run(name: str = SHIPPED) -> Path | None:
    """The folder of a run that comes with textgen; None where it is not installed. It may be read only."""
    history = data_file(f"{DEFAULT_FOLDER}/{name}/{HISTORY}")
    return history and history.parent


def find_run(run: str | os.PathLike[str] | None = None) -> Path:
    """Find the folder of a run.

    Args:
        run: its path, or its name in the folder of runs; None finds the newest run there. The runs that come with
            textgen are found by their names from everywhere; where there is no other run, None finds `jabez`.

    Raises:
        RunError: there is no such run. The message names the folder that was searched.
    """
    if run is None:
        runs = list_runs()
        newest = max(runs, key=_preference, default=None) or shipped_run()
        if newest is None:
            raise RunError(f"no run in {shown_runs_folder()} yet; train one: textgen train FILE.txt")
        return newest
    path = Path(arguments.path("run", run))
    if path.suffix.lower() in FOREIGN and not path.is_dir():
        raise RunError(f"{run}: unsupported: {FOREIGN[path.suffix.lower()]}; textgen opens only its own run folders")
    # A text and the run that learned it may have one name: a folder without a run in it hides none.
    also = ""
    if not _is_run(path, SAVED):
        found = _named(path)
        also = "" if found else f"; no run of that name in {shown_runs_folder()}"
        path = found or path
    if not path.exists():
        where = "no such run" if path.is_absolute() else f"no such run here or in {shown_runs_folder()}"
        raise RunError(f"{run}: {where}; {_hint(str(run))}")
    if not path.is_dir():
        raise RunError(f"{run}: a run is a folder with {BEST}/ in it, not a single file{also}")
    with open_run_folder(path) as folder:
        has_saved = any(snapshots.has_snapshot(folder, kind) for kind in SAVED)
    if not has_saved:
        raise RunError(f"{run}: not a run, or a run that has not saved anything yet: nothing in {BEST}/{also}")
    return path


def _preference(path: Path) -> tuple[bool, bool, int]:
    """The larger, the sooner a run is used where none is named: own runs first, the newest of them."""
    return path.name not in SHIPPED_RUNS, path.name == SHIPPED, _saved_at(path)


def _named(name: Path) -> Path | None:
    """The folder of a name in the folder of runs, or of a run that comes with textgen; None for another name."""
    path = runs_folder() / name
    return path if path.is_dir() else shipped_run(str(name)) if str(name) in SHIPPED_RUNS else None


def _hint(name: str) -> str:
    """What to do about a name that no run has."""
    names = [path.name for path in list_runs()]
    names += [name for name in SHIPPED_RUNS if name not in names and shipped_run(name)]
    if not names:
        return "train one: textgen train FILE.txt"
    more = f" and {len(names) - MAX_NAMES:,} more: textgen runs" if len(names) > MAX_NAMES else ""
    hint = did_you_mean(name, names, 3)
    return hint if hint.endswith("?") else f"there are: {', '.join(names[:MAX_NAMES])}{more}"


def list_runs(root: Path | None = None) -> list[Path]:
    """List the folders that hold a run, sorted by name.

    Args:
        root: the folder that they are in; the folder of runs if None.
    """
    try:
        return sorted(path for path in (root or runs_folder()).iterdir() if _is_run(path))
    except OSError:
        return []


def _is_run(path: Path, kinds: Sequence[str] = (BEST,)) -> bool:
    try:
        with open_run_folder(path) as folder:
            return any(snapshots.has_snapshot(folder, kind) for kind in kinds)
    except RunError:
        return False


def newest_save(path: Path) -> tuple[str, int] | None:
    """The name of a run's newest best weights, and when they were saved, in nanoseconds since 1970.

    Looking costs a few microseconds. None where there are none, or where something else is in their place.
    """
    try:
        with open_run_folder(path) as folder:
            return snapshots.newest(folder, BEST)
    except RunError:
        return None


def _saved_at(path: Path) -> int:
    """When a run last saved its best weights, in nanoseconds; 0 where it was removed meanwhile."""
    _, saved_at = newest_save(path) or ("", 0)
    return saved_at


def open_run_folder(path: Path) -> Folder:
    """Open the folder of a run. Raises RunError where it cannot be read."""
    try:
        return Folder.opened(path)
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None


def create_run_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Folder:
    """Make the folder of a new run, and check that it can be written. This never removes anything.

    Args:
        path: the folder.
        overwrite: accept a folder that already holds a run.

    Returns:
        the folder, held open.

    Raises:
        RunExistsError: the folder holds a run and `overwrite` is False, or it holds other files.
        StorageError: the folder cannot be made or written.
        DamagedError: as `check_places`.
    """
    path = Path(path)
    with storage_errors(path):
        if path.exists() and not path.is_dir():
            raise RunExistsError(f"{path}: a file of that name exists; choose another `out`")
        folder = Folder.opened(path, make=True)
        if any(name != LOCK for name in folder.names()):
            if not any(snapshots.has_snapshot(folder, kind) for kind in KEPT):
                raise RunExistsError(f"{path}: a folder with other files in it; choose another `out`")
            if not overwrite:
                raise RunExistsError(
                    f"{path}: a run is there already; continue it with `resume`, write elsewhere with `out`, or "
                    "replace it with `overwrite=True`"
                )
        check_places(folder)
        check_writable(folder)
    return folder


def check_places(folder: Folder) -> None:
    """Raise DamagedError where a link, or anything else that no run has, is in the place of a file or folder of a run.

    Each place is checked again when it is written. Here a training hears of it before it has begun.
    """
    with storage_errors(folder.path):
        for name in (HISTORY, SAMPLES, METADATA, GRADIENTS, LOCK):
            if folder.has(name) and folder.check_plain(name).st_size > MAX_SIZES.get(name, MAX_DIARY_BYTES):
                raise DamagedError(
                    f"{folder.path / name}: larger than any training writes it; it is not needed, move it away"
                )
        for kind in KEPT:
            if folder.has(kind):
                folder.folder(kind).close()


def remove_if_empty(folder: Folder) -> None:
    """Remove the folder of a training that ended before it saved anything."""
    with contextlib.suppress(OSError):
        folder.now_at().rmdir()


def clear_for_overwrite(folder: Folder) -> None:
    """Remove what the next run in this folder would take for its own.

    Called before its first save. The best weights stay until the new ones are saved beside them. Files that no run
    writes are not touched.
    """
    snapshots.prune(folder, RESUME, 0)
    snapshots.prune(folder, VERSE, 0)
    snapshots.prune(folder, KNOWLEDGE, 0)
    with storage_errors(folder.path):
        for name in (HISTORY, SAMPLES, METADATA, GRADIENTS):
            with contextlib.suppress(FileNotFoundError):
                folder.unlink(name)
