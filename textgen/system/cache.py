"""The user's cache folder. Knows nothing of what is kept in it."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from textgen.errors import StorageError
from textgen.system.files import storage_errors

# The environment variable that names another folder.
VARIABLE = "TEXTGEN_CACHE"
# What the message about a full disk recommends; `storage_errors` puts it behind "make room, then".
FREE_SPACE_ADVICE = f"try again; or name another folder with {VARIABLE}=DIR"


def folder(*names: str) -> Path:
    """The path of a folder in the cache. It may not exist yet."""
    if place := os.environ.get(VARIABLE):
        return Path(place, *names)
    from platformdirs import user_cache_path

    return user_cache_path("textgen", appauthor=False).joinpath(*names)


@contextlib.contextmanager
def errors(path: Path) -> Iterator[None]:
    """Turn an OSError in the block into one StorageError that names a place in the cache and how to choose another."""
    with storage_errors(path, FREE_SPACE_ADVICE):
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise StorageError(
                f"{path}: the cache folder cannot be used: {error.strerror or error}; name another with {VARIABLE}=DIR"
            ) from None


def make(path: Path) -> None:
    """Make a folder of the cache, if it is missing. Raises StorageError where it cannot be made or written."""
    with errors(path):
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def evict(parent: Path, new: Path, keep: int) -> None:
    """Make room for a new folder: remove the oldest folders beside it, as far as the system lets.

    Args:
        parent: the folder of the cache whose entries are counted; it may not exist yet.
        new: the entry that will be written next; it is never removed.
        keep: how many entries may stay, the new one included.
    """
    others = []
    with contextlib.suppress(OSError):
        for entry in parent.iterdir():
            with contextlib.suppress(OSError):  # another process may have removed it
                if entry != new and entry.is_dir():
                    others.append((entry.stat().st_mtime_ns, entry))
    for _, entry in sorted(others)[: max(len(others) - keep + 1, 0)]:
        shutil.rmtree(entry, ignore_errors=True)
