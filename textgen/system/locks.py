"""One writer per folder: a lock that ends with the process that holds it."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from textgen.errors import RunInUseError
from textgen.system.files import storage_errors
from textgen.system.folders import Folder

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Hold a folder for this process alone: a context manager.

    The lock is the operating system's own (flock, or LockFileEx on Windows) on the file `.lock`. It ends with the
    process, however the process ends. The file holds the process id, for the message to others, and is removed at the
    end. filelock's `FileLock` would keep the file and, where flock is missing, fall back to a lock that outlives its
    process; its `lock_descriptor` does neither.

    Args:
        folder: the folder.

    Raises:
        RunInUseError: another process holds it.
        StorageError: the file cannot be made.
        DamagedError: `.lock` is a link, or anything but a plain file.
    """
    with storage_errors(folder.path):
        descriptor = _acquire(folder)
        os.ftruncate(descriptor, 0)
        # After a space: Windows lets no other process read the first byte, which carries the lock.
        os.write(descriptor, f" {os.getpid()}\n".encode())
    try:
        yield
    finally:
        _release(folder, descriptor)


def _acquire(folder: Folder) -> int:
    # Only training locks; loaded here, filelock adds nothing (50 ms) to the start of other commands.
    from filelock import lock_descriptor

    while True:
        descriptor = folder.open_or_create(LOCK, os.O_RDWR)
        try:
            if not lock_descriptor(descriptor, blocking=False):
                os.lseek(descriptor, 1, os.SEEK_SET)
                found = re.match(rb"\s*([0-9]{1,10})", os.read(descriptor, 32))
                holder = found[1].decode() if found else "unknown"
                raise RunInUseError(
                    f"{folder.path}: in use by process {holder}, which trains there; wait for it, or choose another "
                    "`out`"
                )
            # The last holder may have removed the file after it was opened here: then it locks nothing.
            if _is_same(descriptor, folder):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _release(folder: Folder, descriptor: int) -> None:
    # Windows removes no open file; elsewhere the file must go while its lock still keeps others out.
    is_windows = os.name == "nt"
    if is_windows:
        os.close(descriptor)
    with contextlib.suppress(OSError):
        folder.unlink(LOCK)
    if not is_windows:
        os.close(descriptor)


def _is_same(descriptor: int, folder: Folder) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.status(LOCK))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """In the block, no other process is in the same block for the same path; this one waits until none is.

    Args:
        path: a file for the lock, which stays, empty.

    Raises:
        StorageError: the file cannot be made.
    """
    from filelock import FileLock

    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
