"""JSON from files that nobody vouches for: bounded, each key once, numbers finite, never through a symbolic link."""

import json
import os
import stat

from textgen.errors import RunError

LARGEST = 64 * 1024 * 1024


def read_json(path, largest=LARGEST):
    """Plain JSON values from a file.

    Args:
        path: a Path; a symbolic link is refused.
        largest: bytes above which it is not read.

    Raises:
        RunError: missing, not a plain file, too large, not JSON, a key twice, or nested too deeply.
    """
    try:
        check_plain(path)
        with open(path, "rb") as file:
            data = file.read(largest + 1)
        if len(data) > largest:
            raise RunError(f"{path}: larger than any run's ({largest} bytes)")
        return json.loads(data, object_pairs_hook=_each_once, parse_constant=_no_constant)
    except FileNotFoundError:
        raise RunError(f"{path}: missing") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: damaged: not JSON as a run holds it ({error})") from None


def check_plain(path):
    """Raise RunError where a path is no plain file itself: a run folder leads nowhere else. May raise OSError."""
    mode = os.lstat(path).st_mode
    if not stat.S_ISREG(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "no plain file"
        raise RunError(f"{path}: {kind}; a run folder holds plain files only")


def _each_once(pairs):
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands twice")
    return values


def _no_constant(name):
    raise ValueError(f"{name} is no number")
