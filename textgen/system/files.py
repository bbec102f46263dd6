"""Files that appear whole or not at all. Knows nothing of what is in them.

`atomic_file` is the one writer; the other functions that write are short uses of it. A file is written beside its final
place, as NAME.RANDOM.tmp, synced to the disk and renamed. The temporary file is created exclusively, so two processes
never write the same one and a link is never followed. The folder is held open meanwhile (`textgen.system.folders`).
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
from textgen.system.folders import Folder

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
        keep_partial: whether what was written is kept on Ctrl-C, under the file's name; and where the disk gets full,
            under that name if it is free, else as NAME.partial.
        advice: what the message about a full disk recommends once there is room.

    Raises:
        StorageError: the name is taken, or the file system refused (also while the block writes).
    """
    return _atomic_file_at(Path(path), mode, overwrite, keep_partial, advice)


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


def write_in(folder: Folder, name: str, parts: Iterable["ReadableBuffer"], advice: str = "try again") -> None:
    """Write a file of a folder that is held open, in place of an older plain file.

    Args:
        folder: the folder.
        name: the file's name.
        parts: bytes-like objects, written one after another.
        advice: what the message about a full disk recommends once there is room.

    Raises:
        StorageError: the file system refused; an older file is as it was.
        DamagedError: the name is that of a link, or of anything but a plain file.
    """
    with storage_errors(folder.path / name, advice):
        if folder.has(name):
            folder.check_plain(name)
    with _atomic_file(folder, name, "wb", False, advice) as file:
        file.writelines(parts)


def append_in(folder: Folder, name: str, data: bytes, advice: str = "try again") -> None:
    """Append to a plain file of a folder that is held open; make it where there is none. Raises as `write_in`."""
    with (
        storage_errors(folder.path / name, advice),
        open(folder.open_or_create(name, os.O_WRONLY | os.O_APPEND), "ab") as file,
    ):
        file.write(data)


def atomic_text_file(path: str | Path, overwrite: bool = False) -> AbstractContextManager[TextIO]:
    """Open a text file that is written piece by piece and takes its name when the block ends: a context manager.

    Ctrl-C and a full disk keep what was written until then. Arguments and errors are those of `atomic_file`.
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


def check_writable(folder: Folder) -> None:
    """Raise StorageError where no file can be made in a folder."""
    with contextlib.suppress(_Discard), _atomic_file(folder, ".probe", "wb", False, "try again"):
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
            errno.EISDIR: "a folder of that name is in the way; remove it, or choose another place",
            errno.ENOENT: "the folder is not there, or not any more; make it, or choose another place",
            errno.ELOOP: "a symbolic link is in the way; choose another place",
            errno.ENAMETOOLONG: "the name is too long for this file system; choose a shorter one",
        }
        reason = reasons.get(error.errno or 0) or error.strerror or str(error)
        raise StorageError(f"{path}: {reason}") from None


@contextlib.contextmanager
def _atomic_file_at(path: Path, mode: str, overwrite: bool, keep_partial: bool, advice: str) -> Iterator[IO[Any]]:
    check_free(path, overwrite)
    with storage_errors(path, advice):
        folder = Folder.opened(path.parent)
    with folder, _atomic_file(folder, path.name, mode, keep_partial, advice) as file:
        yield file


@contextlib.contextmanager
def _atomic_file(folder: Folder, name: str, mode: str, keep_partial: bool, advice: str) -> Iterator[IO[Any]]:
    path = folder.path / name
    _remove_stale(folder, name)
    # A long name leaves no room for more characters.
    temporary = f"{name[:100]}.{os.urandom(8).hex()}.tmp"
    with storage_errors(path, advice):
        raw = _NewFile(folder.create(temporary), path, advice)
    buffer = io.BufferedWriter(raw)
    file: IO[Any] = io.TextIOWrapper(buffer, encoding="utf-8", newline="\n") if mode == "w" else buffer

    def finish() -> None:
        with storage_errors(path, advice):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            folder.rename(temporary, name)

    try:
        try:
            yield file
        except KeyboardInterrupt:
            if keep_partial:
                finish()
            raise
        finish()
    except StorageError as error:
        if kept := keep_partial and _kept_partial(folder, temporary, name):
            raise StorageError(f"{error}; {folder.path / kept} holds what was written until then") from None
        raise
    finally:
        with contextlib.suppress(OSError, StorageError):
            file.close()
        with contextlib.suppress(OSError):
            folder.unlink(temporary)


def _kept_partial(folder: Folder, temporary: str, name: str) -> str | None:
    """Give what could be written of a file a name that is free; returns the name, or None where nothing is kept."""
    with contextlib.suppress(OSError):
        free = next((each for each in (name, f"{name}.partial") if not folder.has(each)), None)
        if free and folder.status(temporary).st_size:
            folder.rename(temporary, free)
            return free
    return None


class _Discard(Exception):
    """Ends the block of a file that is not kept."""


class _NewFile(io.FileIO):
    """A file that was just made. Where the system refuses to write, the StorageError names the file's final place."""

    def __init__(self, descriptor: int, path: Path, advice: str) -> None:
        super().__init__(descriptor, "w")
        self._path, self._advice = path, advice

    def write(self, data: "ReadableBuffer") -> int:
        with storage_errors(self._path, self._advice):
            return super().write(data)


def _remove_stale(folder: Folder, name: str) -> None:
    """Remove the temporary files that crashed processes left of a file."""
    left = re.compile(re.escape(name[:100]) + r"\.[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError):
        for each in folder.names():
            if left.fullmatch(each):
                status = folder.status(each)
                if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > STALE_SECONDS:
                    folder.unlink(each)
