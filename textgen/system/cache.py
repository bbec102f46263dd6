"""The user's cache folder. Knows nothing of what is kept in it."""

import os
import shutil
from pathlib import Path

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


def evict(parent: Path, new: Path, keep: int) -> None:
    """Make room for a new folder: remove the oldest folders beside it.

    Args:
        parent: the folder of the cache whose entries are counted; it may not exist yet.
        new: the entry that will be written next; it is never removed.
        keep: how many entries may stay, the new one included.
    """
    if not parent.is_dir():
        return
    others = [entry for entry in parent.iterdir() if entry.is_dir() and entry != new]
    for entry in sorted(others, key=lambda entry: entry.stat().st_mtime_ns)[: max(len(others) - keep + 1, 0)]:
        shutil.rmtree(entry, ignore_errors=True)
