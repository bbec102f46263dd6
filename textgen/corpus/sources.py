"""Where text comes from, as bytes: files, folders, patterns, gzip, standard input, names of the catalogue.

Knows nothing of what the bytes mean.
"""

import contextlib
import glob
import gzip
import hashlib
import io
import itertools
import os
import stat
import sys
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeAlias

from textgen import arguments
from textgen.corpus import catalogue
from textgen.corpus.labels import NOWHERE, Origin
from textgen.errors import CorpusError
from textgen.system.wording import did_you_mean

PathName: TypeAlias = str | os.PathLike[str]
# What users name: one path or several.
Paths: TypeAlias = PathName | Iterable[PathName]

STANDARD_INPUT = "-"
CHUNK_BYTES = 1 << 20
# Bytes of standard input that are kept in memory; more goes to a temporary file.
MAX_BYTES_IN_MEMORY = 1 << 25

# What a file holds, by the end of its name (before .gz).
KINDS = {
    ".txt": "text", ".text": "text", ".md": "text", ".py": "text",
    ".json": "poems", ".csv": "csv", ".tsv": "csv", ".jsonl": "lines of JSON", ".ndjson": "lines of JSON",
}  # fmt: skip
GZIP = b"\x1f\x8b"

# Opening a pipe that nobody writes to would wait for ever, and a terminal would become this process's own.
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
# Bytes of a name that is made for a folder: file systems take 255, and temporary folders beside it have longer names.
MAX_NAME_BYTES = 128
# Names of a folder among which one like a name that does not exist is looked for.
MAX_NAMES = 1000


class StandardInput:
    """Standard input, read to its end when it is first opened and kept, since a text is read several times.

    What was read is kept for as long as this object lives.
    """

    def __init__(self) -> None:
        self._kept: IO[bytes] | None = None

    def opened(self) -> IO[bytes]:
        """The bytes that were read, from the beginning. Raises CorpusError where there is no standard input."""
        if self._kept is None:
            if sys.stdin is None:
                raise CorpusError("standard input is closed; pipe a text in, or name a file")
            kept = tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY)  # noqa: SIM115 (closed with this object)
            weakref.finalize(self, kept.close)
            while chunk := sys.stdin.buffer.read(CHUNK_BYTES):
                kept.write(chunk)
            self._kept = kept  # only now: half of a text must not be taken for the whole
        self._kept.seek(0)
        return self._kept


class _Digested:
    """A file whose bytes are hashed as they are read, each once and in their order.

    Args:
        file: the file.
        size: bytes that it may have; 0 for any number.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size, self._read, self._digest = file, size, 0, hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Up to so many of the next bytes. Raises _GrownError: there are more than the file had."""
        chunk = self._file.read(size)
        self._read += len(chunk)
        if self._read > self._size > 0:
            raise _GrownError
        self._digest.update(chunk)
        return chunk

    def seek(self, position: int) -> None:
        """Never called for a file that is read once, but GzipFile asks for it."""
        raise io.UnsupportedOperation("seek")

    def hexdigest(self) -> str:
        """SHA-256 of what was read."""
        return self._digest.hexdigest()


class _GrownError(Exception):
    """A file has become longer since it was opened. One that grows for ever would be read for ever."""


@dataclass(frozen=True)
class Source:
    """A file, or standard input.

    A text is read several times. Its bytes are hashed each time, so that a file which changes in between is noticed
    whatever its time stamps say.

    Attributes:
        path: the file's; "-" for standard input.
        name: what messages call it.
        standard_input: the StandardInput that is read if the path is "-".
    """

    path: str
    name: str
    standard_input: StandardInput | None = field(default=None, repr=False, compare=False)
    # The digest that the first whole reading found.
    _digests: list[str] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def kind(self) -> str:
        """What it holds: "text", "csv", "lines of JSON", or "poems" (a file of JSON)."""
        return KINDS.get(_suffix(self.path), "text")

    @property
    def has_fields(self) -> bool:
        """Whether it is a table or lines of JSON."""
        return self.kind in ("csv", "lines of JSON")

    @property
    def origin(self) -> Origin:
        """The names of its folder and of the file; empty for standard input."""
        if self.standard_input is not None:
            return NOWHERE
        path = Path(absolute(self.path))
        return Origin(path.parent.name, Path(path.name.removesuffix(".gz")).stem)

    @property
    def is_tabbed(self) -> bool:
        """Whether tabs separate a table's columns."""
        return _suffix(self.path) == ".tsv"

    def chunks(self) -> Iterator[bytes]:
        """Its bytes from the beginning; gzip is decompressed.

        Raises:
            CorpusError: it cannot be read; or it was read to its end before and has changed since.
        """
        with self._opened() as (file, size):
            raw = _Digested(file, size)
            first = raw.read(CHUNK_BYTES)
            if first.startswith(GZIP):
                file.seek(0)
                raw = _Digested(file, size)
                with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
                    while chunk := unpacked.read(CHUNK_BYTES):
                        yield chunk
            else:
                while first:
                    yield first
                    first = raw.read(CHUNK_BYTES)
        self._checked(raw.hexdigest())

    def digest(self) -> str:
        """SHA-256 (hex) of its bytes; gzip stays compressed. Raises CorpusError as `chunks` does."""
        with self._opened() as (file, size):
            raw = _Digested(file, size)
            while raw.read(CHUNK_BYTES):
                pass
        return self._checked(raw.hexdigest())

    def _checked(self, digest: str) -> str:
        if not self._digests:
            self._digests.append(digest)
        if self._digests[0] != digest:
            raise changed(self.name)
        return digest

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[IO[bytes], int]]:
        """The file, and its size; 0 where the system does not know it."""
        with _reading_errors(self.name):
            try:
                if self.standard_input is not None:
                    yield self.standard_input.opened(), 0
                    return
                with open(self.path, "rb", opener=_open) as file:
                    # Of what was opened, not of what the path names: that could be another file by now.
                    status = os.fstat(file.fileno())
                    if not stat.S_ISREG(status.st_mode):
                        raise CorpusError(f"{self.name}: not a plain file; pipe it in and read - instead")
                    yield file, status.st_size
            except _GrownError:
                raise changed(self.name) from None


def changed(name: str) -> CorpusError:
    """The error for a text that was not the same at two readings; `name` is what messages call it."""
    return CorpusError(
        f"{name}: changed while it was read; wait until nothing writes to it, or copy it and give the copy"
    )


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | _WITHOUT_WAITING)


@contextlib.contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    """Turn what the system says against reading a path into one CorpusError that names it."""
    try:
        yield
    except FileNotFoundError:
        raise CorpusError(f"{name}: no such file{_near(name)}") from None
    except IsADirectoryError:
        raise CorpusError(f"{name}: not a plain file but a folder") from None
    except PermissionError:
        raise CorpusError(f"{name}: no permission to read it") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CorpusError(
            f"{name}: damaged gzip: {error}; decompress it with gunzip to see how much is readable"
        ) from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _near(name: str) -> str:
    """A hint at a file of the same folder with nearly the same name; empty where there is none."""
    folder, base = os.path.split(name)
    with contextlib.suppress(OSError, ValueError):
        names = itertools.islice(os.listdir(folder or "."), MAX_NAMES)
        hint = did_you_mean(base, [each for each in names if each != base])  # not a link that leads nowhere
        return f"; {hint}" if hint.endswith("?") else ""
    return ""


def listed(paths: Paths) -> list[str]:
    """The paths that a user names, as a list of str."""
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    return [str(arguments.path("paths", path)) for path in arguments.items("paths", paths, "a path, or several")]


def resolve(paths: Paths) -> list[Source]:
    """The Sources that a user names: files, folders (their text files, sorted by name), patterns, "-", `corpora:NAME`.

    Args:
        paths: one path or several.

    Raises:
        CorpusError: no path, a folder or a pattern without files, a name that is not in the catalogue, or a text of
            the catalogue that cannot be downloaded.
    """
    names = listed(paths)
    if not names:
        raise CorpusError("no text given: name at least one file, or - for standard input")
    standard_input = StandardInput()
    return [source for name in names for source in _resolve(name, standard_input)]


def _resolve(path: str, standard_input: StandardInput) -> list[Source]:
    if path == STANDARD_INPUT:
        return [Source(path, "standard input", standard_input)]
    if path.startswith(catalogue.PREFIX):
        return [Source(str(file), path) for file in catalogue.files(path.removeprefix(catalogue.PREFIX))]
    if os.path.isdir(path):
        found = sorted(_found(path, lambda: (str(Path(file)) for file in _below(path) if _suffix(file) in KINDS)))
        if not found:
            raise CorpusError(f"{path}: a folder without text: no file in it ends in {', '.join(KINDS)}")
        return [Source(file, file) for file in found]
    if glob.has_magic(path) and not os.path.lexists(path):
        found = sorted(_found(path, lambda: _matches(path)))
        if not found:
            raise CorpusError(f"{path}: no file matches this pattern")
        return [Source(file, file) for file in found]
    return [Source(path, path)]


def _found(path: str, search: Callable[[], Iterable[str]]) -> set[str]:
    """The plain files among those that a search finds. Raises CorpusError where a folder cannot be read."""
    try:
        return {file for file in search() if os.path.isfile(file)}
    except OSError as error:
        where = error.filename or path
        raise CorpusError(f"{where}: cannot be read: {error.strerror}; make it readable, or move it away") from None


def _below(folder: str) -> Iterator[str]:
    """What is in a folder and in those below it, except for folders. May raise OSError."""
    for parent in _folders(folder):
        with os.scandir(parent or os.curdir) as entries:
            yield from (os.path.join(parent, one.name) for one in entries if not one.is_dir(follow_symlinks=False))


def _folders(folder: str, hidden: bool = True) -> Iterator[str]:
    """A folder and those below it. Links are not followed: they may lead round in circles. May raise OSError."""
    waiting = [folder]
    while waiting:
        parent = waiting.pop()
        yield parent
        with os.scandir(parent or os.curdir) as entries:
            waiting += (
                os.path.join(parent, one.name)
                for one in entries
                if one.is_dir(follow_symlinks=False) and (hidden or not one.name.startswith("."))
            )


def _matches(pattern: str) -> Iterator[str]:
    """What fits a pattern; `**` stands for any folders, which glob would look for through links. May raise OSError."""
    parts = pattern.split(os.sep)
    if "**" not in parts:
        yield from glob.iglob(pattern)
        return
    at = parts.index("**")
    while parts[at + 1 : at + 2] == ["**"]:
        del parts[at]
    head, tail = os.sep.join(parts[:at]), os.sep.join(parts[at + 1 :]) or "*"
    for start in glob.iglob(head) if head else [os.sep if at else ""]:
        for folder in _folders(start, hidden=False) if os.path.isdir(start or os.curdir) else ():
            yield from _matches(os.path.join(glob.escape(folder), tail))


def _suffix(path: PathName) -> str:
    name = str(path).lower()
    return os.path.splitext(name.removesuffix(".gz"))[1]


def name_of(paths: Paths) -> str:
    """A short name for the paths that a user names, fit for a folder. Raises CorpusError: no working folder."""
    names = listed(paths)
    first = names[0]
    if first == STANDARD_INPUT:
        stem = "stdin"
    else:
        path = Path(first.removeprefix(catalogue.PREFIX).removesuffix(".gz"))
        # ".", ".." and "/" name no folder: what they lead to has a name.
        stem = (path if path.name not in ("", os.pardir) else _resolved(path)).stem
    stem = folder_name(stem)
    return stem if len(names) == 1 else f"{stem}-and-{len(names) - 1}-more"


def folder_name(text: str) -> str:
    """The nearest name that a folder can have on every system, is not hidden and can be shown anywhere."""
    shown = (each if each.isprintable() and each not in '/\\:"<>|' else "_" for each in text if each not in "*?[]")
    name = "".join(shown).strip(". ").encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore")
    return name.rstrip(". ") or "text"


def absolute(path: PathName) -> str:
    """A path that stays valid when the working directory changes. Raises CorpusError: there is no such directory."""
    path = str(path)
    if path == STANDARD_INPUT or path.startswith(catalogue.PREFIX):
        return path
    with _without_working_folder(path):
        return os.path.abspath(path)


def _resolved(path: Path) -> Path:
    with _without_working_folder(str(path)):
        return Path(os.path.realpath(path))


@contextlib.contextmanager
def _without_working_folder(path: str) -> Iterator[None]:
    try:
        yield
    except OSError:
        raise CorpusError(f"{path}: the working folder was removed; change to another") from None
