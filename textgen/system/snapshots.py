"""Numbered folders of files that appear whole or not at all, each with a manifest that vouches for its files.

A snapshot is written under a temporary name: first its files, then a manifest with the size and SHA-256 of each file,
all synced to the disk. Then the folder is renamed and its parent synced. So a folder with a snapshot's name holds all
of its files, and the newest snapshot whose files agree with its manifest is what was written.

A snapshot is read through descriptors that are opened together, so it can be read to its end while another process
saves a newer one and removes it. Knows nothing of what is in the files.
"""

import contextlib
import hashlib
import json
import os
import re
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from textgen.errors import DamagedError, RunError, StorageError
from textgen.system.files import storage_errors, write_in
from textgen.system.folders import Folder
from textgen.system.safejson import MAX_BYTES, parse_json

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

T = TypeVar("T")

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 64 * 1024
CHUNK_BYTES = 1 << 20
# Eight digits, or more once those are used up; a save each second fills eighteen in thirty thousand million years.
_NAME = re.compile(r"[0-9]{8}|[1-9][0-9]{8,17}")
_LAST = 10**18 - 1
# What an interrupted save or removal leaves.
_LEFT = re.compile(r"[0-9]{8,18}(\.[0-9a-f]{16})?\.tmp")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class FileFacts:
    """What a manifest says of one file: its size in bytes and its SHA-256 in hexadecimal digits."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The facts of each file of a snapshot, by the file's name."""

    files: dict[str, FileFacts]

    def __post_init__(self) -> None:
        for name, facts in self.files.items():
            if not _FILE.fullmatch(name) or facts.size < 0:
                raise ValueError(f"not a file of a snapshot: {name[:64]!r} with {facts.size} bytes")


class Snapshot:
    """A snapshot whose files are open. The files are closed with this object.

    Args:
        folder: its folder.
        names: the files that it must have, and no others.

    Attributes:
        path: its folder's path, for messages.

    Raises:
        DamagedError: a file is missing, not a plain file, or not of the size that the manifest names.
        FileNotFoundError: it was removed meanwhile.
    """

    def __init__(self, folder: Folder, names: Collection[str]) -> None:
        self.path = folder.path
        path = self.path / MANIFEST
        manifest = parse_json(folder.read(MANIFEST, MAX_MANIFEST_BYTES), path, Manifest)
        if set(manifest.files) != set(names):
            listed = sorted(manifest.files)[:5]
            raise DamagedError(f"{path}: names {listed}; expected {sorted(names)}")
        self._facts = manifest.files
        self._descriptors: dict[str, int] = {}
        self._finalizer = weakref.finalize(self, _close, self._descriptors)
        for name in names:
            self._descriptors[name] = folder.open(name)
            size = os.fstat(self._descriptors[name]).st_size
            if size != self._facts[name].size:
                raise DamagedError(f"{self.path / name}: damaged: {size} bytes instead of {self._facts[name].size}")

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return self._facts[name].size

    def open(self, name: str) -> "SavedFile":
        """A file, to be read once from its start."""
        return SavedFile(self, name, self._descriptors[name], self._facts[name])

    @overload
    def json(self, name: str) -> object: ...
    @overload
    def json(self, name: str, type: type[T]) -> T: ...
    def json(self, name: str, type: Any = None) -> object:
        """The JSON values in a file, as of `textgen.system.safejson.read_json`.

        Raises:
            DamagedError: the file is not what was written.
            RunError: it is, and is no such JSON.
        """
        self.check_size(name, MAX_BYTES)
        file = self.open(name)
        data = file.read(self.size(name))
        file.finish()
        try:
            return parse_json(data, self.path / name, type)
        except DamagedError as error:
            raise RunError(str(error)) from None

    def check_size(self, name: str, most: int) -> None:
        """Raise DamagedError where a file has more bytes than it can need."""
        if self.size(name) > most:
            raise DamagedError(
                f"{self.path / name}: {self.size(name):,} bytes; such a file has {most:,} at most, by its run's "
                "configuration"
            )

    def verify(self) -> Self:
        """Raise DamagedError where a file is not what was written."""
        for name in self._facts:
            self.open(name).skip().finish()
        return self

    def descriptor(self, name: str) -> int:
        """The descriptor of a file, for a memory map. It is closed with this object."""
        return self._descriptors[name]


class SavedFile:
    """A file of a snapshot, read once from its start to its end; `finish` tells whether it is what was written.

    Args:
        snapshot: the Snapshot, which stays open as long as this object lives.
        name: the file's name.
        descriptor: an open descriptor.
        facts: what the manifest says of it.

    Attributes:
        path: for messages.
        size: bytes of the file.
        at: how many of them were read.
    """

    def __init__(self, snapshot: Snapshot, name: str, descriptor: int, facts: FileFacts) -> None:
        self._snapshot, self.path = snapshot, snapshot.path / name
        self.size, self._sha256 = facts.size, facts.sha256
        self._digest = hashlib.sha256()
        self._descriptor, self.at = descriptor, 0

    def read(self, count: int) -> bytes:
        """The next bytes. Raises DamagedError where fewer follow."""
        data = bytearray(min(count, self.size - self.at))
        self.read_into(data)
        if len(data) < count:
            raise DamagedError(f"{self.path}: damaged: it ends after {self.size} bytes")
        return bytes(data)

    def read_into(self, buffer: "WriteableBuffer") -> None:
        """Fill a buffer with the next bytes. Raises DamagedError where fewer follow."""
        left = memoryview(buffer).cast("B")
        while left:
            try:
                count = _read_at(self._descriptor, left[:CHUNK_BYTES], self.at)
            except OSError as error:
                raise DamagedError(f"{self.path}: cannot be read: {error.strerror}") from None
            if not count:
                raise DamagedError(f"{self.path}: damaged: it became shorter while it was read")
            self._digest.update(left[:count])
            self.at += count
            left = left[count:]

    def skip(self) -> Self:
        """Read what is left of it."""
        buffer = bytearray(min(CHUNK_BYTES, self.size))
        while self.at < self.size:
            self.read_into(memoryview(buffer)[: self.size - self.at])
        return self

    def finish(self) -> None:
        """Raise DamagedError where the file, read to its end, is not what was written."""
        if self.at != self.size or self._digest.hexdigest() != self._sha256:
            raise DamagedError(f"{self.path}: damaged: its SHA-256 is not the one it was saved with")


def save(
    parent: Folder, kind: str, files: Mapping[str, Iterable["ReadableBuffer"]], keep: int, advice: str = "try again"
) -> Path:
    """Write a snapshot, the newest of its kind.

    Args:
        parent: the folder that holds a folder for each kind.
        kind: the name of the folder that holds the snapshots; made where it is missing.
        files: each file's name and its bytes-like parts.
        keep: how many snapshots stay, the new one included.
        advice: what the message about a full disk recommends once there is room.

    Returns:
        the snapshot's path.

    Raises:
        StorageError: the file system refused; the older snapshots are as they were.
        DamagedError: in place of the folder there is a link or a file.
    """
    with storage_errors(parent.path / kind, advice):
        folder = parent.folder(kind, make=True)
    try:
        return _save(folder, files, keep, advice)
    except BaseException:
        parent.remove_empty(kind)
        raise


def _save(folder: Folder, files: Mapping[str, Iterable["ReadableBuffer"]], keep: int, advice: str) -> Path:
    with folder, storage_errors(folder.path, advice):
        name = _next_name(folder)
        temporary = f"{name}.{os.urandom(8).hex()}.tmp"
        try:
            folder.make(temporary)
            with folder.folder(temporary) as new:
                manifest = Manifest({each: _write(new, each, parts, advice) for each, parts in files.items()})
                write_in(new, MANIFEST, [json.dumps(asdict(manifest), indent=1).encode() + b"\n"], advice)
                new.sync()
            folder.rename(temporary, name)
        except BaseException:
            folder.remove(temporary)
            raise
        folder.sync()
        _prune(folder, keep)
        return folder.path / name


def prune(parent: Folder, kind: str, keep: int) -> None:
    """Remove all snapshots of a kind but the newest `keep`, and what an interrupted save left.

    Raises DamagedError where a link or a file is in place of their folder.
    """
    with contextlib.suppress(OSError), parent.folder(kind) as folder:
        _prune(folder, keep)


def has_snapshot(parent: Folder, kind: str) -> bool:
    """Whether there is a snapshot of a kind, intact or not. Raises DamagedError for a link in place of its folder."""
    return newest(parent, kind) is not None


def newest(parent: Folder, kind: str) -> tuple[str, int] | None:
    """The name of the newest snapshot of a kind, intact or not, and when it was made, in nanoseconds since 1970.

    None where there is none. Raises DamagedError for a link in place of its folder.
    """
    try:
        with parent.folder(kind) as folder:
            names = _names(folder)
            return (names[-1], folder.status(names[-1]).st_mtime_ns) if names else None
    except OSError:
        return None


def latest_intact(
    parent: Folder, kind: str, names: Collection[str], read: Callable[[Snapshot], T], fall_back: bool = False
) -> tuple[T, list[str]]:
    """Read the newest snapshot whose files are as they were written.

    Args:
        parent: the folder that holds a folder for each kind.
        kind: the name of the folder that holds the snapshots.
        names: the files that a snapshot must have, and no others.
        read: takes a Snapshot of which only the manifest and the sizes were verified; returns what it read, and raises
            DamagedError where a file is not what was written.
        fall_back: whether an older snapshot will do where the newest is damaged.

    Returns:
        what `read` returned, and for each damaged newer snapshot a line that says why it was passed over.

    Raises:
        RunError: there is no snapshot.
        DamagedError: there is none that is intact.
    """
    try:
        with parent.folder(kind) as folder:
            while True:
                try:
                    return _latest_intact(folder, names, read, fall_back)
                except _RemovedError:
                    continue
    except FileNotFoundError:
        raise RunError(f"{parent.path / kind}: nothing was saved there") from None
    except OSError as error:
        raise DamagedError(f"{parent.path / kind}: cannot be read: {error.strerror}") from None


def _latest_intact(
    folder: Folder, names: Collection[str], read: Callable[[Snapshot], T], fall_back: bool
) -> tuple[T, list[str]]:
    found, complaints = _names(folder), list[str]()
    if not found:
        raise RunError(f"{folder.path}: nothing was saved there")
    for name in reversed(found if fall_back else found[-1:]):
        try:
            with folder.folder(name) as inner:
                return read(Snapshot(inner, names)), complaints
        except DamagedError as error:
            complaints.append(str(error))
        except FileNotFoundError as error:
            if _names(folder) != found:  # another process has saved, and removed this one
                raise _RemovedError from None
            complaints.append(f"{folder.path / name / str(error.filename)}: missing")
        except OSError as error:
            complaints.append(f"{folder.path / name}: cannot be read: {error.strerror}")
    raise DamagedError(complaints[0])


class _RemovedError(Exception):
    """A snapshot was removed between finding and opening it."""


def _prune(folder: Folder, keep: int) -> None:
    with contextlib.suppress(OSError):
        names = _names(folder)
        for name in names[: len(names) - keep]:
            # Renamed first: a half removed snapshot must not look like a snapshot.
            temporary = f"{name}.{os.urandom(8).hex()}.tmp"
            folder.rename(name, temporary)
            folder.remove(temporary)
        for name in folder.names():
            if _LEFT.fullmatch(name):
                folder.remove(name)


def _names(folder: Folder) -> list[str]:
    """The names of the snapshots, the oldest first."""
    return sorted(filter(_NAME.fullmatch, folder.names()), key=int)


def _next_name(folder: Folder) -> str:
    names = _names(folder)
    number = int(names[-1]) + 1 if names else 1
    if number > _LAST:
        raise StorageError(f"{folder.path / names[-1]}: no number is left for a newer save; remove it")
    return f"{number:08d}"


def _write(folder: Folder, name: str, parts: Iterable["ReadableBuffer"], advice: str) -> FileFacts:
    digest, size = hashlib.sha256(), 0

    def counted() -> Iterator["ReadableBuffer"]:
        nonlocal size
        for part in parts:
            digest.update(part)
            size += memoryview(part).nbytes
            yield part

    write_in(folder, name, counted(), advice)
    return FileFacts(size, digest.hexdigest())


def _read_at(descriptor: int, buffer: memoryview, offset: int) -> int:
    """Read bytes from a place of a file. Returns their number."""
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [buffer], offset)  # at once, so that threads can read the same file
    os.lseek(descriptor, offset, os.SEEK_SET)
    data = os.read(descriptor, len(buffer))
    buffer[: len(data)] = data
    return len(data)


def _close(descriptors: Mapping[str, int]) -> None:
    for descriptor in descriptors.values():
        os.close(descriptor)
