"""Numbered folders of files that appear whole or not at all, each with a manifest that vouches for its files.

A snapshot is written under another name: its files, then a manifest with the size and SHA-256 of each, all synced to
the disk; only then is the folder renamed, and its parent synced. So whatever happens, a folder with a snapshot's name
holds all of it, and the newest whose files agree with its manifest can be trusted to be what was written. Knows nothing
of what is in the files.
"""

import contextlib
import hashlib
import json
import os
import re
import stat

from textgen.errors import RunError
from textgen.system.files import storage_errors
from textgen.system.safejson import check_plain, read_json

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 * 1024
_NAME = re.compile(r"\d{8}\Z")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def save(parent, files, keep, cure="try again"):
    """Write a snapshot, the newest in its parent folder.

    Args:
        parent: Path of the folder that holds the snapshots; made where it is missing.
        files: name to an iterable of bytes-like parts.
        keep: how many snapshots stay, this one among them.
        cure: what a full disk's message advises once there is room.

    Returns:
        the snapshot's Path.

    Raises:
        StorageError: the file system refused; the snapshots that were there still are.
    """
    with storage_errors(parent, cure):
        parent.mkdir(parents=True, exist_ok=True)
        path = parent / f"{max(map(int, _names(parent)), default=0) + 1:08d}"
        temporary = path.with_name(path.name + ".tmp")
        _remove(temporary)
        try:
            temporary.mkdir()
            manifest = {}
            for name, parts in files.items():
                manifest[name] = _write(temporary / name, parts)
            _write(temporary / MANIFEST, [json.dumps({"files": manifest}, indent=1).encode() + b"\n"])
            _sync(temporary)
            os.rename(temporary, path)
        except BaseException:
            _remove(temporary)
            raise
        _sync(parent)
        prune(parent, keep)
    return path


def prune(parent, keep):
    """Remove all but the newest snapshots, and what an interrupted save left."""
    with contextlib.suppress(OSError):
        names = sorted(_names(parent))
        for name in names[: len(names) - keep]:
            # Renamed first: a snapshot that is half removed must not look like one.
            gone = parent / f"{name}.tmp"
            os.rename(parent / name, gone)
            _remove(gone)
        for entry in parent.iterdir():
            if entry.name.endswith(".tmp") and _NAME.match(entry.name[:-4]):
                _remove(entry)


def has_snapshot(parent):
    """Whether a folder holds a snapshot, sound or not."""
    return bool(_names(parent))


def latest_intact(parent, names, fall_back=False):
    """The newest snapshot whose files are as they were written.

    Args:
        parent: the folder that holds the snapshots.
        names: the files that a snapshot must have, no more and no less.
        fall_back: whether an older one will do where the newest is damaged.

    Returns:
        its Path, and for each newer one that was passed over a line saying why.

    Raises:
        RunError: there is none, or none that is sound.
    """
    found, complaints = sorted(_names(parent), reverse=True), []
    if not found:
        raise RunError(f"{parent}: nothing was saved there")
    for name in found if fall_back else found[:1]:
        try:
            verify(parent / name, names)
        except RunError as error:
            complaints.append(str(error))
        else:
            return parent / name, complaints
    raise RunError(complaints[0])


def verify(path, names):
    """Raise RunError where a snapshot is not as it was written."""
    try:
        for folder in (path.parent, path):
            if not stat.S_ISDIR(os.lstat(folder).st_mode):
                raise RunError(f"{folder}: a symbolic link or no folder; a run folder leads nowhere else")
        manifest = read_json(path / MANIFEST, LARGEST_MANIFEST)
        if not _is_manifest(manifest):
            raise RunError(f"{path / MANIFEST}: damaged: not a manifest")
        if set(manifest["files"]) != set(names):
            raise RunError(f"{path / MANIFEST}: names {sorted(manifest['files'])}; wanted {sorted(names)}")
        for name, facts in manifest["files"].items():
            check_plain(path / name)
            if os.path.getsize(path / name) != facts["size"]:
                raise RunError(f"{path / name}: damaged: {os.path.getsize(path / name)} bytes, not {facts['size']}")
            if _digest(path / name) != facts["sha256"]:
                raise RunError(f"{path / name}: damaged: its SHA-256 is not the one it was saved with")
    except FileNotFoundError as error:
        raise RunError(f"{error.filename}: missing") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None


def _is_manifest(manifest):
    if not isinstance(manifest, dict) or set(manifest) != {"files"} or not isinstance(manifest["files"], dict):
        return False
    for name, facts in manifest["files"].items():
        if not _FILE.match(name) or not isinstance(facts, dict) or set(facts) != {"size", "sha256"}:
            return False
        if type(facts["size"]) is not int or facts["size"] < 0 or not isinstance(facts["sha256"], str):
            return False
    return True


def _names(parent):
    try:
        return [entry.name for entry in os.scandir(parent) if _NAME.match(entry.name)]
    except OSError:
        return []


def _write(path, parts):
    """Write a new file and sync it; returns its size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    with open(path, "xb") as file:
        for part in parts:
            file.write(part)
            digest.update(part)
            size += memoryview(part).nbytes
        file.flush()
        os.fsync(file.fileno())
    return {"size": size, "sha256": digest.hexdigest()}


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder):
    """Have the names in a folder written to the disk, where the system knows of such a thing."""
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(folder):
    """Remove a folder and the plain files in it, where it is there; of a link, the link."""
    with contextlib.suppress(OSError):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            os.unlink(folder)
            return
        for entry in os.scandir(folder):
            os.unlink(entry.path)
        os.rmdir(folder)
