"""Numbered folders of files that appear whole or not at all, each with a manifest that vouches for its files.

A snapshot is written under a temporary name: first its files, then a manifest with the size and SHA-256 of each file,
all synced to the disk. Then the folder is renamed and its parent synced. So a folder with a snapshot's name holds all
of its files, and the newest snapshot whose files agree with its manifest is what was written. Knows nothing of what is
in the files.
"""

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textgen.errors import DamagedError, RunError
from textgen.system.files import atomic_file, storage_errors, sync_folder
from textgen.system.safejson import check_plain, read_json

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 64 * 1024
_NAME = re.compile(r"\d{8}\Z")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


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
            if not _FILE.match(name) or facts.size < 0:
                raise ValueError(f"not a file of a snapshot: {name[:64]!r} with {facts.size} bytes")


def save(parent: Path, files: Mapping[str, Iterable["ReadableBuffer"]], keep: int, advice: str = "try again") -> Path:
    """Write a snapshot, the newest in its parent folder.

    Args:
        parent: the folder that holds the snapshots; made where it is missing.
        files: each file's name and its bytes-like parts.
        keep: how many snapshots stay, the new one included.
        advice: what the message about a full disk recommends once there is room.

    Returns:
        the snapshot's folder.

    Raises:
        StorageError: the file system refused; the older snapshots are as they were.
    """
    with storage_errors(parent, advice):
        parent.mkdir(parents=True, exist_ok=True)
        path = parent / f"{max(map(int, _names(parent)), default=0) + 1:08d}"
        temporary = path.with_name(path.name + ".tmp")
        _remove(temporary)
        try:
            temporary.mkdir()
            manifest = Manifest({name: _write(temporary / name, parts, advice) for name, parts in files.items()})
            _write(temporary / MANIFEST, [json.dumps(asdict(manifest), indent=1).encode() + b"\n"], advice)
            sync_folder(temporary)
            os.rename(temporary, path)
        except BaseException:
            _remove(temporary)
            raise
        sync_folder(parent)
        prune(parent, keep)
    return path


def prune(parent: Path, keep: int) -> None:
    """Remove all snapshots but the newest `keep`, and what an interrupted save left."""
    with contextlib.suppress(OSError):
        names = sorted(_names(parent))
        for name in names[: len(names) - keep]:
            # Renamed first: a half removed snapshot must not look like a snapshot.
            temporary = parent / f"{name}.tmp"
            os.rename(parent / name, temporary)
            _remove(temporary)
        for entry in parent.iterdir():
            if entry.name.endswith(".tmp") and _NAME.match(entry.name[:-4]):
                _remove(entry)


def has_snapshot(parent: Path) -> bool:
    """Whether a folder holds a snapshot, intact or not."""
    return bool(_names(parent))


def latest_intact(parent: Path, names: Collection[str], fall_back: bool = False) -> tuple[Path, list[str]]:
    """Find the newest snapshot whose files are as they were written.

    Args:
        parent: the folder that holds the snapshots.
        names: the files that a snapshot must have, and no others.
        fall_back: whether an older snapshot will do where the newest is damaged.

    Returns:
        its folder, and for each damaged newer one a line that says why it was passed over.

    Raises:
        RunError: there is no snapshot.
        DamagedError: there is none that is intact.
    """
    found, complaints = sorted(_names(parent), reverse=True), []
    if not found:
        raise RunError(f"{parent}: nothing was saved there")
    for name in found if fall_back else found[:1]:
        try:
            verify(parent / name, names)
        except DamagedError as error:
            complaints.append(str(error))
        else:
            return parent / name, complaints
    raise DamagedError(complaints[0])


def verify(path: Path, names: Collection[str]) -> None:
    """Raise DamagedError where a snapshot is not as it was written.

    Args:
        path: the snapshot's folder.
        names: the files that it must have, and no others.
    """
    try:
        for folder in (path.parent, path):
            if not stat.S_ISDIR(os.lstat(folder).st_mode):
                raise DamagedError(f"{folder}: a symbolic link or not a folder; a run folder holds no links")
        manifest = read_json(path / MANIFEST, Manifest, max_bytes=MAX_MANIFEST_BYTES)
        if set(manifest.files) != set(names):
            raise DamagedError(f"{path / MANIFEST}: names {sorted(manifest.files)}; expected {sorted(names)}")
        for name, facts in manifest.files.items():
            _verify_file(path / name, facts)
    except FileNotFoundError as error:
        raise DamagedError(f"{error.filename}: missing") from None
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from None


def _verify_file(path: Path, facts: FileFacts) -> None:
    check_plain(path)
    size = os.path.getsize(path)
    if size != facts.size:
        raise DamagedError(f"{path}: damaged: {size} bytes instead of {facts.size}")
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != facts.sha256:
        raise DamagedError(f"{path}: damaged: its SHA-256 is not the one it was saved with")


def _names(parent: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(parent) if _NAME.match(entry.name)]
    except OSError:
        return []


def _write(path: Path, parts: Iterable["ReadableBuffer"], advice: str) -> FileFacts:
    digest, size = hashlib.sha256(), 0
    with atomic_file(path, "wb", advice=advice) as file:
        for part in parts:
            file.write(part)
            digest.update(part)
            size += memoryview(part).nbytes
    return FileFacts(size, digest.hexdigest())


def _remove(folder: Path) -> None:
    """Remove a folder and the plain files in it, where there is one; of a link, the link itself."""
    with contextlib.suppress(OSError):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            os.unlink(folder)
            return
        for entry in os.scandir(folder):
            os.unlink(entry.path)
        os.rmdir(folder)
