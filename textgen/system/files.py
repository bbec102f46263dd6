"""Files written whole or not at all. Knows nothing of what is in them."""

import contextlib
import errno
import os
from pathlib import Path

from textgen.errors import StorageError


def write_atomically(path, parts, cure="try again"):
    """Write bytes-like parts, one after another, under another name, and rename the file.

    Args:
        path: where to.
        parts: an iterable of bytes-like objects.
        cure: what a full disk's message advises once there is room.

    Raises:
        StorageError: the file system refused; what stood under the name still does.
    """
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    with storage_errors(path, cure):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as file:
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


@contextlib.contextmanager
def atomic_text_file(path, overwrite=False):
    """A text file that is written piece by piece and takes its name at the end of the block: a context manager.

    Ctrl-C keeps what was written until then; any other exception leaves what stood under the name as it was.

    Args:
        path: where to.
        overwrite: whether a file of that name may be replaced.

    Raises:
        StorageError: the name is taken, or the file system refused.
    """
    path = Path(path)
    check_free(path, overwrite)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with storage_errors(path):
        file = open(temporary, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 (closed below, before the renaming)
    try:
        try:
            yield file
        except KeyboardInterrupt:
            _finish(file, temporary, path)
            raise
        _finish(file, temporary, path)
    finally:
        with contextlib.suppress(OSError):
            file.close()
        with contextlib.suppress(OSError):
            temporary.unlink()


def check_free(path, overwrite=False):
    """Raise StorageError where a file cannot be written under a name without harm."""
    path = Path(path)
    with storage_errors(path):
        if path.exists() and not path.is_file():
            raise StorageError(f"{path}: not a plain file; choose another name")
        if path.exists() and not overwrite:
            raise StorageError(f"{path}: a file of that name is there; choose another, or replace it with --overwrite")
        if not path.parent.is_dir():
            raise StorageError(f"{path}: no folder {path.parent}; make it, or choose another")


def _finish(file, temporary, path):
    with storage_errors(path):
        file.flush()
        os.fsync(file.fileno())
        file.close()
        os.replace(temporary, path)


@contextlib.contextmanager
def storage_errors(path, cure="try again"):
    """Turn the file system's refusals into one StorageError that names the place.

    Args:
        path: the place.
        cure: what to do once there is room on the disk.
    """
    try:
        yield
    except OSError as error:
        cures = {
            errno.ENOSPC: f"disk full: make room, then {cure}",
            errno.EDQUOT: f"disk quota reached: make room, then {cure}",
            errno.EFBIG: f"the file may not grow that large: raise the limit, then {cure}",
            errno.EACCES: "no permission to write there; choose another --out",
            errno.EROFS: "the file system is read-only; choose another --out",
            errno.ENOTDIR: "part of that path is a file; choose another --out",
        }
        raise StorageError(f"{path}: {cures.get(error.errno, error.strerror or error)}") from None


def check_folder(path, overwrite=False):
    """Raise StorageError where pictures cannot go into a folder without harm: there are files in it, and `overwrite`
    was not asked for."""
    path = Path(path)
    with storage_errors(path):
        if path.exists() and not path.is_dir():
            raise StorageError(f"{path}: a file of that name stands there; choose another --out")
        if path.is_dir() and any(path.iterdir()) and not overwrite:
            raise StorageError(
                f"{path}: a folder with files in it; choose another --out, or replace those of the same names with "
                "--overwrite"
            )
