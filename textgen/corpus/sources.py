"""Where text comes from, as bytes: files, folders, patterns, gzip, standard input, names of the catalogue.

Knows nothing of what the bytes mean.
"""

import contextlib
import glob
import gzip
import hashlib
import os
import stat
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeAlias

from textgen import arguments
from textgen.corpus import catalogue
from textgen.errors import CorpusError

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
            self._kept = tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY)  # noqa: SIM115 (closed with this object)
            weakref.finalize(self, self._kept.close)
            while chunk := sys.stdin.buffer.read(CHUNK_BYTES):
                self._kept.write(chunk)
        self._kept.seek(0)
        return self._kept


@dataclass(frozen=True)
class Source:
    """A file, or standard input.

    Attributes:
        path: the file's; "-" for standard input.
        name: what messages call it.
        standard_input: the StandardInput that is read if the path is "-".
    """

    path: str
    name: str
    standard_input: StandardInput | None = field(default=None, repr=False, compare=False)

    @property
    def kind(self) -> str:
        """What it holds: "text", "csv", "lines of JSON", or "poems" (a file of JSON)."""
        return KINDS.get(_suffix(self.path), "text")

    @property
    def is_tabbed(self) -> bool:
        """Whether tabs separate a table's columns."""
        return _suffix(self.path) == ".tsv"

    def chunks(self) -> Iterator[bytes]:
        """Its bytes from the beginning; gzip is decompressed. Raises CorpusError."""
        with self._opened() as file:
            first = file.read(CHUNK_BYTES)
            if not first.startswith(GZIP):
                while first:
                    yield first
                    first = file.read(CHUNK_BYTES)
                return
            file.seek(0)
            with gzip.GzipFile(fileobj=file) as unpacked:
                while chunk := unpacked.read(CHUNK_BYTES):
                    yield chunk

    def digest(self) -> str:
        """SHA-256 (hex) of its bytes; gzip stays compressed. Raises CorpusError."""
        with self._opened() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # IO has what it reads

    @contextlib.contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        try:
            if self.standard_input is not None:
                yield self.standard_input.opened()
                return
            # Opening a pipe that nobody writes to would wait for ever.
            if not stat.S_ISREG(os.stat(self.path).st_mode):
                raise CorpusError(f"{self.name}: not a plain file; pipe it in and read - instead")
            with open(self.path, "rb") as file:
                yield file
        except FileNotFoundError:
            raise CorpusError(f"{self.name}: no such file") from None
        except PermissionError:
            raise CorpusError(f"{self.name}: no permission to read it") from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise CorpusError(
                f"{self.name}: damaged gzip: {error}; decompress it with gunzip to see how much is readable"
            ) from None
        except (OSError, ValueError) as error:
            raise CorpusError(f"{self.name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


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
    try:
        is_folder, exists = os.path.isdir(path), os.path.lexists(path)
    except ValueError as error:
        raise CorpusError(f"{path!r}: cannot be read: {error}") from None
    if is_folder:
        found = sorted(str(file) for file in Path(path).rglob("*") if _suffix(file) in KINDS and file.is_file())
        if not found:
            raise CorpusError(f"{path}: a folder without text: no file in it ends in {', '.join(KINDS)}")
        return [Source(file, file) for file in found]
    if not exists and glob.has_magic(path):
        found = sorted(file for file in glob.glob(path, recursive=True) if os.path.isfile(file))
        if not found:
            raise CorpusError(f"{path}: no file matches this pattern")
        return [Source(file, file) for file in found]
    return [Source(path, path)]


def _suffix(path: PathName) -> str:
    name = str(path).lower()
    return os.path.splitext(name.removesuffix(".gz"))[1]


def name_of(paths: Paths) -> str:
    """A short name for the paths that a user names, fit for a folder."""
    names = listed(paths)
    first = names[0]
    stem = "stdin" if first == STANDARD_INPUT else Path(first.removeprefix(catalogue.PREFIX).removesuffix(".gz")).stem
    stem = "".join(one for one in stem if one not in "*?[]") or "text"
    return stem if len(names) == 1 else f"{stem}-and-{len(names) - 1}-more"


def absolute(path: PathName) -> str:
    """A path that stays valid when the working directory changes."""
    path = str(path)
    return path if path == STANDARD_INPUT or path.startswith(catalogue.PREFIX) else os.path.abspath(path)
