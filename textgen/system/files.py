"""Files that appear whole or not at all. Knows nothing of what is in them.

`atomic_file` is the one writer; the other functions that write are short uses of it. A file is written beside its final
place, as NAME.RANDOM.tmp, synced to the disk and renamed. The temporary file is created exclusively, so two processes
never write the same one and a link is never followed.
"""

import contextlib
import errno
import io
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Literal, TextIO, overload

from textgen.errors import StorageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# A temporary file that has not changed for this long belongs to a process that crashed.
STALE_SECONDS = 24 * 60 * 60


@overload
def atomic_file(
    path: str | Path, mode: Literal["wb"], *, overwrite: bool = ..., keep_partial: bool = ..., advice: str = ...
) -> AbstractContextManager[BinaryIO]: ...
@overload
def atomic_file(
    path: str | Path, mode: Literal["w"], *, overwrite: bool = ..., keep_partial: bool = ..., advice: str = ...
) -> AbstractContextManager[TextIO]: ...
def atomic_file(
    path: str | Path, mode: str, *, overwrite: bool = False, keep_partial: bool = False, advice: str = "try again"
) -> AbstractContextManager[IO[Any]]:
    """Open a file that takes its name when the block ends: a context manager.

    An exception in the block leaves what was under the name as it was.

    Args:
        path: the file's name; its folder must exist.
        mode: "wb" for bytes, "w" for text in UTF-8.
        overwrite: whether a file of that name may be replaced.
        keep_partial: whether Ctrl-C keeps what was written until then, under the file's name.
        advice: what the message about a full disk recommends once there is room.

    Raises:
        StorageError: the name is taken, or the file system refused (also while the block writes).
    """
    return _atomic_file(Path(path), mode, overwrite, keep_partial, advice)


def write_atomically(path: str | Path, parts: Iterable["ReadableBuffer"], advice: str = "try again") -> None:
    """Write a file from bytes-like parts; its folder is made where it is missing and an older file is replaced.

    Args:
        path: the file's name.
        parts: bytes-like objects, written one after another.
        advice: what the message about a full disk recommends once there is room.

    Raises:
        StorageError: the file system refused; an older file is as it was.
    """
    path = Path(path)
    with storage_errors(path, advice):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path, "wb", overwrite=True, advice=advice) as file:
        file.writelines(parts)


def atomic_text_file(path: str | Path, overwrite: bool = False) -> AbstractContextManager[TextIO]:
    """Open a text file that is written piece by piece and takes its name when the block ends: a context manager.

    Ctrl-C keeps what was written until then. Arguments and errors are those of `atomic_file`.
    """
    return atomic_file(path, "w", overwrite=overwrite, keep_partial=True)


def check_free(path: str | Path, overwrite: bool = False) -> None:
    """Raise StorageError where a file cannot be written under a name without harm."""
    path = Path(path)
    with storage_errors(path):
        if path.exists() and not path.is_file():
            raise StorageError(f"{path}: not a plain file; choose another name")
        if path.exists() and not overwrite:
            raise StorageError(f"{path}: the file exists; choose another name, or `overwrite=True` replaces it")
        if not path.parent.is_dir():
            raise StorageError(f"{path}: no folder {path.parent}; make it, or choose another")


def check_folder(path: str | Path, overwrite: bool = False) -> None:
    """Raise StorageError where pictures cannot go into a folder without harm: it has files, and `overwrite` is off."""
    path = Path(path)
    with storage_errors(path):
        if path.exists() and not path.is_dir():
            raise StorageError(f"{path}: a file of that name exists; choose another `out`")
        if path.is_dir() and any(path.iterdir()) and not overwrite:
            raise StorageError(
                f"{path}: a folder with files in it; choose another `out`, or `overwrite=True` replaces those of the "
                "same names"
            )


def check_writable(folder: Path) -> None:
    """Raise StorageError where no file can be made in a folder."""
    with contextlib.suppress(_Discard), atomic_file(folder / ".probe", "wb", overwrite=True):
        raise _Discard


@contextlib.contextmanager
def storage_errors(path: str | Path, advice: str = "try again") -> Iterator[None]:
    """Turn an OSError in the block into one StorageError that names a place.

    Args:
        path: the place.
        advice: what to do once there is room on the disk.
    """
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: f"disk full: make room, then {advice}",
            errno.EDQUOT: f"disk quota reached: make room, then {advice}",
            errno.EFBIG: f"the file may not grow that large: raise the limit, then {advice}",
            errno.EACCES: "no permission to write there; choose another place",
            errno.EROFS: "the file system is read-only; choose another place",
            errno.ENOTDIR: "part of that path is a file; choose another place",
        }
        reason = reasons.get(error.errno or 0) or error.strerror or str(error)
        raise StorageError(f"{path}: {reason}") from None


def sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk, on systems that can."""
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _atomic_file(path: Path, mode: str, overwrite: bool, keep_partial: bool, advice: str) -> Iterator[IO[Any]]:
    check_free(path, overwrite)
    _remove_stale(path)
    temporary = path.with_name(f"{path.name}.{os.urandom(8).hex()}.tmp")
    with storage_errors(path, advice):
        raw = _NewFile(temporary, path, advice)
    buffer = io.BufferedWriter(raw)
    file: IO[Any] = io.TextIOWrapper(buffer, encoding="utf-8", newline="\n") if mode == "w" else buffer
    try:
        try:
            yield file
        except KeyboardInterrupt:
            if keep_partial:
                _finish(file, temporary, path, advice)
            raise
        _finish(file, temporary, path, advice)
    finally:
        with contextlib.suppress(OSError, StorageError):
            file.close()
        with contextlib.suppress(OSError):
            temporary.unlink()


class _Discard(Exception):
    """Ends the block of a file that is not kept."""


class _NewFile(io.FileIO):
    """A file that did not exist. Where the system refuses to write, the StorageError names the file's final place."""

    def __init__(self, temporary: Path, path: Path, advice: str) -> None:
        # "x" is O_CREAT with O_EXCL, which fails on any existing name, a link's too.
        super().__init__(temporary, "x")
        self._path, self._advice = path, advice

    def write(self, data: "ReadableBuffer") -> int:
        with storage_errors(self._path, self._advice):
            return super().write(data)


def _finish(file: IO[Any], temporary: Path, path: Path, advice: str) -> None:
    with storage_errors(path, advice):
        file.flush()
        os.fsync(file.fileno())
        file.close()
        os.replace(temporary, path)


def _remove_stale(path: Path) -> None:
    """Remove the temporary files that crashed processes left of a file."""
    name = re.compile(re.escape(path.name) + r"\.[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError):
        for entry in os.scandir(path.parent):
            if name.fullmatch(entry.name):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > STALE_SECONDS:
                    os.unlink(entry.path)
