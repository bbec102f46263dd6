"""One writer per folder: a lock that ends with the process that holds it."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from textgen.errors import RunInUseError
from textgen.system.files import storage_errors

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone: a context manager.

    The lock is the operating system's own (flock, or LockFileEx on Windows) on the file `.lock`. It ends with the
    process, however the process ends. The file holds the process id, for the message to others, and is removed at the
    end. filelock's `FileLock` would keep the file and, where flock is missing, fall back to a lock that outlives its
    process; its `lock_descriptor` does neither.

    Args:
        folder: an existing folder.

    Raises:
        RunInUseError: another process holds it.
        StorageError: the file cannot be made.
    """
    path = folder / LOCK
    with storage_errors(folder):
        descriptor = _acquire(path)
        os.ftruncate(descriptor, 0)
        # After a space: Windows lets no other process read the first byte, which carries the lock.
        os.write(descriptor, f" {os.getpid()}\n".encode())
    try:
        yield
    finally:
        _release(path, descriptor)


def _acquire(path: Path) -> int:
    # Only training locks; loaded here, filelock adds nothing (50 ms) to the start of other commands.
    from filelock import lock_descriptor

    while True:
        descriptor = _open(path)
        try:
            if not lock_descriptor(descriptor, blocking=False):
                os.lseek(descriptor, 1, os.SEEK_SET)
                holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
                raise RunInUseError(
                    f"{path.parent}: in use by process {holder}, which trains there; wait for it, or choose another "
                    "`out`"
                )
            # The last holder may have removed the file after it was opened here: then it locks nothing.
            if _is_same(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _open(path: Path) -> int:
    # Windows has no O_NOFOLLOW.
    if path.is_symlink():
        raise OSError(errno.ELOOP, "its .lock is a symbolic link; remove the link")
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)


def _release(path: Path, descriptor: int) -> None:
    # Windows removes no open file; elsewhere the file must go while its lock still keeps others out.
    is_windows = os.name == "nt"
    if is_windows:
        os.close(descriptor)
    with contextlib.suppress(OSError):
        os.unlink(path)
    if not is_windows:
        os.close(descriptor)


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
