"""A user's own form: a TOML file with one table. The file may be a stranger's, so its size and depth are bounded."""

import os
import stat
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from textgen.arguments import path as checked_path
from textgen.arguments import shown
from textgen.corpus.forms.form import Form
from textgen.errors import UsageError

# How a path to a form ends; every other text is a name.
SUFFIX = ".toml"
# The largest file, in bytes, and its longest line, in characters: a key of many dots takes TOML quadratic time.
MAX_BYTES, MAX_LINE = 64 << 10, 4_000

# A form is asked for several times while a poem is written: a file is read again when it has changed.
_MAX_KEPT = 16
_kept: OrderedDict[tuple[str, int, int], Form] = OrderedDict()
_lock = Lock()


def is_path(name: str) -> bool:
    """Whether a form's name is a path to a file."""
    return name.lower().endswith(SUFFIX)


def read_own_form(name: str) -> Form:
    """The form of a file.

    Args:
        name: the path.

    Raises:
        UsageError: a file that cannot be read, that is too large, that is not TOML, that holds no form or several
            forms, or that breaks a rule of the format.
    """
    from textgen.corpus.forms.reading import read_forms  # here, since only those who have a form of their own need it

    path = Path(checked_path("form", name))
    try:
        # Opened without waiting: a pipe without a writer would hold the command for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise UsageError(f"{_called(path)}: not a file; give a TOML file with one form")
            key = (str(path.resolve()), about.st_mtime_ns, about.st_size)
            with _lock:
                if key in _kept:
                    return _kept[key]
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{_called(path)}: {error.strerror}; give a TOML file with one form") from None
    if len(raw) > MAX_BYTES:
        raise UsageError(f"{_called(path)}: larger than {MAX_BYTES >> 10} KiB; a form of verse is a short text")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{_called(path)}: byte {error.start:,} is not UTF-8; save the file as UTF-8") from None
    if any(len(line) > MAX_LINE for line in text.split("\n")):
        raise UsageError(f"{_called(path)}: a line has more than {MAX_LINE:,} characters; divide it")
    forms = list(read_forms(_called(path), text).values())
    if len(forms) != 1:
        raise UsageError(f"{_called(path)}: holds {len(forms)} forms; give a file with one table, the form's")
    form = forms[0]
    if not form.meters and not form.is_tonal:
        raise UsageError(
            f"{_called(path)}: [{form.name}]: has no rules; add scheme and meter for English verse, tune or templates "
            "for Chinese"
        )
    with _lock:
        _kept[key] = form
        while len(_kept) > _MAX_KEPT:
            _kept.popitem(last=False)
    return form


def _called(path: Path) -> str:
    """What messages call a file: its path, where that can be shown."""
    return str(path) if str(path).isprintable() else shown(str(path))
