"""One writer a folder: a lock that dies with the process that holds it."""

import contextlib
import os

from textgen.errors import RunInUseError
from textgen.system.files import storage_errors

try:
    import fcntl
except ImportError:  # Windows has locks of its own kind
    fcntl = None

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder):
    """Hold a folder for this process alone: a context manager.

    The lock is the system's own (flock), let go of when the process ends, however it ends; the file that carries it
    holds the process id for whoever finds it taken.

    Raises:
        RunInUseError: another process holds it.
        StorageError: the file cannot be made.
    """
    if fcntl is None:
        yield
        return
    path = folder / LOCK
    with storage_errors(folder):
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
                os.close(descriptor)
                raise RunInUseError(
                    f"{folder}: in use by process {holder}, which trains there; wait for it, or choose another --out"
                ) from None
            # Whoever held it before may have removed the file since it was opened here: then it locks nothing.
            if _is_same(descriptor, path):
                break
            os.close(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(descriptor)


def _is_same(descriptor, path):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
