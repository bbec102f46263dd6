"""Changes snapshots on purpose and makes their manifest agree, so that tests reach the checks behind the manifest."""

import hashlib
import json
from pathlib import Path

from textgen.runs.folder import BEST, TENSORS
from textgen.runs.tensors import tensor_parts
from textgen.system.folders import Folder
from textgen.system.snapshots import MANIFEST, Snapshot


def newest(run, kind=BEST):
    """The newest snapshot of a run."""
    names = [path for path in (Path(run) / kind).iterdir() if path.name.isascii() and path.name.isdigit()]
    return max(names, key=lambda path: int(path.name))


def seal(folder):
    """Write a manifest for the files as they are now."""
    files = {
        path.name: {"size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in folder.iterdir()
        if path.name != MANIFEST
    }
    (folder / MANIFEST).write_text(json.dumps({"files": files}))


def opened(folder, files=None):
    """A folder with these files (name to bytes; None: those that are in it), sealed and opened as a Snapshot."""
    for name, data in (files or {}).items():
        (folder / name).write_bytes(data)
    seal(folder)
    names = [path.name for path in folder.iterdir() if path.name != MANIFEST]
    return Snapshot(Folder.opened(folder), names)


def edit(folder, name, change):
    """Change the JSON values in a file of a snapshot, and seal it."""
    values = json.loads((folder / name).read_text())
    change(values)
    (folder / name).write_text(json.dumps(values))
    seal(folder)


def replace(folder, name, data):
    """Replace a file of a snapshot, and seal it."""
    (folder / name).write_bytes(data)
    seal(folder)


def tensors(folder, change):
    """Change the tensors of a resume state (name to array), and seal it."""
    import safetensors.numpy

    values = safetensors.numpy.load_file(folder / TENSORS)
    change(values)
    (folder / TENSORS).write_bytes(b"".join(bytes(part) for part in tensor_parts(values)))
    seal(folder)
