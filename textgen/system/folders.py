"""A folder that is held open, so that nothing in it is reached through a link. Knows nothing of what is in it.

Whoever gives a run away can put anything in the place of its files: a symbolic or hard link to somebody's letters, a
pipe that nobody writes to, a device. So each file and folder in it is reached through the descriptor of the folder that
holds it, and only after the system has said what it is. A folder that is renamed while it is held stays the same
folder. The path to the outermost folder is the user's own; links in it are followed.

Where the system reaches no files by descriptor (Windows), each name is examined before it is used.
"""

import contextlib
import errno
import os
import stat
import weakref
from pathlib import Path
from typing import Any, BinaryIO, Self

from textgen.errors import DamagedError

# Functions that must all take a descriptor in place of a path.
_AT = {os.open, os.stat, os.mkdir, os.unlink, os.rmdir, os.rename}
_BY_DESCRIPTOR = os.supports_dir_fd >= _AT and os.listdir in os.supports_fd
# Windows lacks some of these, and needs the last.
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NONBLOCK", 0)


class Folder:
    """A folder held open.

    Every method that takes a name raises OSError as the system does, and DamagedError where the name is not what a
    run folder holds: a plain file with one name, or a folder.

    Args:
        path: how messages call the folder.
        descriptor: an open descriptor, closed with this object; None to go by the path.
    """

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor
        self._close = weakref.finalize(self, os.close, descriptor) if descriptor is not None else None

    @classmethod
    def opened(cls, path: str | os.PathLike[str], make: bool = False) -> Self:
        """Open a folder that the user named; links in its path are followed.

        Args:
            path: the folder.
            make: whether it is made if it is missing.
        """
        path = Path(path)
        if make:
            path.mkdir(parents=True, exist_ok=True)
        if not _BY_DESCRIPTOR:
            if not stat.S_ISDIR(os.stat(path).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            return cls(path, None)
        return cls(path, os.open(path, _DIRECTORY))

    def close(self) -> None:
        """Give the descriptor back. What is still held of the folder's files stays open."""
        if self._close:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def folder(self, name: str, make: bool = False) -> "Folder":
        """Open a folder in this one.

        Args:
            name: its name.
            make: whether it is made if it is missing.
        """
        if make:
            with contextlib.suppress(FileExistsError):
                self.make(name)
        status = self.status(name)
        if not stat.S_ISDIR(status.st_mode):
            raise DamagedError(f"{self.path / name}: {_kind(status)} in place of a folder; remove it")
        if self._descriptor is None:
            return Folder(self.path / name, None)
        return Folder(self.path / name, os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._descriptor))

    def names(self) -> list[str]:
        """The names of everything in the folder, in no particular order."""
        return os.listdir(self.path if self._descriptor is None else self._descriptor)

    def status(self, name: str) -> os.stat_result:
        """What is under a name: of a link, the link itself."""
        return os.stat(*self._at(name), follow_symlinks=False, **self._held)

    def has(self, name: str) -> bool:
        """Whether anything is under a name."""
        try:
            self.status(name)
        except FileNotFoundError:
            return False
        return True

    def check_plain(self, name: str) -> os.stat_result:
        """Raise DamagedError where a name is not that of a plain file. Returns the file's status."""
        status = self.status(name)
        _check_plain(self.path / name, status)
        return status

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Open a plain file; returns its descriptor.

        Args:
            name: the file's.
            flags: as `os.open` takes them, without O_CREAT.
        """
        # First by name: opening a device can already have an effect.
        self.check_plain(name)
        descriptor = os.open(*self._at(name), flags | _NO_FOLLOW, **self._held)
        try:
            # It may have become another file since.
            _check_plain(self.path / name, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def open_or_create(self, name: str, flags: int) -> int:
        """Open a plain file as `open` does, or make it where there is none."""
        while True:
            try:
                return self.create(name, flags)
            except FileExistsError:
                with contextlib.suppress(FileNotFoundError):  # removed just now
                    return self.open(name, flags)

    def create(self, name: str, flags: int = os.O_WRONLY) -> int:
        """Make a file that must not exist, and open it; returns its descriptor."""
        # O_EXCL fails on any existing name, a link's too.
        return os.open(*self._at(name), flags | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o666, **self._held)

    def reading(self, name: str) -> BinaryIO:
        """Open a plain file to read its bytes."""
        return open(self.open(name), "rb")

    def read(self, name: str, max_bytes: int) -> bytes:
        """The bytes of a plain file. Raises DamagedError where it is larger than `max_bytes`."""
        with self.reading(name) as file:
            # The size is known before anything is allocated; the file may still grow.
            size = os.fstat(file.fileno()).st_size
            data = file.read(size + 1) if size <= max_bytes else b""
        if size > max_bytes or len(data) > max_bytes:
            raise DamagedError(f"{self.path / name}: larger than {max_bytes:,} bytes, the limit for such a file")
        return data

    def make(self, name: str) -> None:
        """Make a folder that must not exist."""
        os.mkdir(*self._at(name), **self._held)

    def rename(self, old: str, new: str) -> None:
        """Rename a file, in place of one that has the new name; or a folder."""
        if self._descriptor is None:
            os.replace(self.path / old, self.path / new)
        else:
            os.rename(old, new, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def unlink(self, name: str) -> None:
        """Remove a file; of a link, the link itself."""
        os.unlink(*self._at(name), **self._held)

    def remove(self, name: str) -> None:
        """Remove a file, a link, or a folder with the files in it, where there is one. What cannot go stays."""
        with contextlib.suppress(OSError, DamagedError):
            if not stat.S_ISDIR(self.status(name).st_mode):
                self.unlink(name)
                return
            with self.folder(name) as inner:
                for each in inner.names():
                    with contextlib.suppress(OSError):
                        inner.unlink(each)
            self.remove_empty(name)

    def remove_empty(self, name: str) -> None:
        """Remove a folder in which there is nothing. Any other stays."""
        with contextlib.suppress(OSError):
            os.rmdir(*self._at(name), **self._held)

    def sync(self) -> None:
        """Have the names in the folder written to the disk, on systems that can."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)

    def now_at(self) -> Path:
        """Where the folder is now: its path, or where it was moved to, as far as the system tells."""
        if self._descriptor is None:
            return self.path
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(self.path), os.fstat(self._descriptor)):
                return self.path
        with contextlib.suppress(OSError):
            return Path(os.readlink(f"/proc/self/fd/{self._descriptor}"))  # Linux
        return self.path

    @property
    def _held(self) -> dict[str, Any]:
        return {} if self._descriptor is None else {"dir_fd": self._descriptor}

    def _at(self, name: str) -> tuple[str | Path]:
        if os.path.basename(name) != name or name in (os.curdir, os.pardir, ""):
            raise ValueError(f"{name!r} is not the name of a file")
        return (self.path / name if self._descriptor is None else name,)


def _check_plain(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise DamagedError(f"{path}: {_kind(status)} in place of a plain file; remove it")
    if status.st_nlink > 1:
        raise DamagedError(
            f"{path}: a hard link: the file has {status.st_nlink} names, and to write to it would change it under all "
            "of them; copy the folder (cp -r) and use the copy"
        )


def _kind(status: os.stat_result) -> str:
    kinds = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFREG: "a plain file",
    }
    return kinds.get(stat.S_IFMT(status.st_mode), "a device")
