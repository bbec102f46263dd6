"""Where text comes from, as bytes: files, folders, patterns, gzip, standard input, names of the catalogue.

Knows nothing of what the bytes mean.
"""

import atexit
import contextlib
import glob
import gzip
import hashlib
import os
import stat
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from textgen.corpus import catalogue
from textgen.errors import CorpusError

STANDARD_INPUT = "-"
CHUNK = 1 << 20
# Bytes of standard input that are kept in memory; more goes to a temporary file.
KEPT = 1 << 25

# What a file holds, by how its name ends (before .gz).
KINDS = {
    ".txt": "text", ".text": "text", ".md": "text", ".py": "text",
    ".json": "poems", ".csv": "csv", ".tsv": "csv", ".jsonl": "lines of JSON", ".ndjson": "lines of JSON",
}  # fmt: skip
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """A file, or standard input.

    Attributes:
        path: of the file; "-" for standard input.
        name: what messages call it.
    """

    path: str
    name: str

    @property
    def kind(self):
        """What it holds: "text", "csv", "lines of JSON", or "poems" (a file of JSON)."""
        return KINDS.get(_suffix(self.path), "text")

    @property
    def is_tabbed(self):
        """Whether a table's columns are parted by tabs."""
        return _suffix(self.path) == ".tsv"

    def chunks(self):
        """Its bytes, unpacked where they are gzip, from the beginning each time. Raises CorpusError."""
        with self._opened() as file:
            first = file.read(CHUNK)
            if not first.startswith(GZIP):
                while first:
                    yield first
                    first = file.read(CHUNK)
                return
            file.seek(0)
            with gzip.GzipFile(fileobj=file) as unpacked:
                while chunk := unpacked.read(CHUNK):
                    yield chunk

    def digest(self):
        """SHA-256 of its bytes, packed as they are."""
        with self._opened() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextlib.contextmanager
    def _opened(self):
        try:
            if self.path == STANDARD_INPUT:
                yield _Kept.opened()
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
                f"{self.name}: damaged gzip: {error}; unpack it with gunzip to see how far it goes"
            ) from None
        except (OSError, ValueError) as error:
            raise CorpusError(f"{self.name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


class _Kept:
    """Standard input, read to its end and kept, since a text is read several times."""

    stream = file = None

    @classmethod
    def opened(cls):
        """What was kept of the stream that standard input is now."""
        if cls.stream is not sys.stdin:
            cls.close()
            cls.stream, cls.file = sys.stdin, tempfile.SpooledTemporaryFile(KEPT)  # noqa: SIM115 (closed at exit)
            while chunk := sys.stdin.buffer.read(CHUNK):
                cls.file.write(chunk)
        cls.file.seek(0)
        return cls.file

    @classmethod
    def close(cls):
        """Let go of it."""
        if cls.file:
            cls.file.close()
        cls.stream = cls.file = None


atexit.register(_Kept.close)


def resolve(paths):
    """Sources for what a user names: files, folders (what in them is text, by name), patterns, "-", `corpora:NAME`.

    Args:
        paths: one path or several.

    Raises:
        CorpusError: nothing is named, a folder or a pattern that holds nothing, a name that the catalogue lacks, or
            a text of the catalogue that cannot be fetched.
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not paths:
        raise CorpusError("no text given: name at least one file, or - for standard input")
    return [source for path in paths for source in _resolve(str(path))]


def _resolve(path):
    if path == STANDARD_INPUT:
        return [Source(path, "standard input")]
    if path.startswith(catalogue.PREFIX):
        return [Source(str(file), path) for file in catalogue.files(path.removeprefix(catalogue.PREFIX))]
    try:
        is_folder, is_there = os.path.isdir(path), os.path.lexists(path)
    except ValueError as error:
        raise CorpusError(f"{path!r}: cannot be read: {error}") from None
    if is_folder:
        found = sorted(str(file) for file in Path(path).rglob("*") if _suffix(file) in KINDS and file.is_file())
        if not found:
            raise CorpusError(f"{path}: a folder without text: no file in it ends in {', '.join(KINDS)}")
        return [Source(file, file) for file in found]
    if not is_there and glob.has_magic(path):
        found = sorted(file for file in glob.glob(path, recursive=True) if os.path.isfile(file))
        if not found:
            raise CorpusError(f"{path}: no file fits this pattern")
        return [Source(file, file) for file in found]
    return [Source(path, path)]


def _suffix(path):
    name = str(path).lower()
    return os.path.splitext(name.removesuffix(".gz"))[1]


def name_of(paths):
    """A short name for what was named, fit for a folder."""
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    first = str(paths[0])
    stem = "stdin" if first == STANDARD_INPUT else Path(first.removeprefix(catalogue.PREFIX).removesuffix(".gz")).stem
    stem = "".join(one for one in stem if one not in "*?[]") or "text"
    return stem if len(paths) == 1 else f"{stem}-and-{len(paths) - 1}-more"


def absolute(path):
    """A path that stays good when the working directory changes."""
    path = str(path)
    return path if path == STANDARD_INPUT or path.startswith(catalogue.PREFIX) else os.path.abspath(path)
