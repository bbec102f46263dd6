"""Folders that appear whole or not at all, and the lock on a run."""

import os
import signal
import subprocess
import sys
import time

import pytest

from textgen.errors import DamagedError, RunError, RunInUseError, StorageError
from textgen.system import locks, snapshots
from textgen.system.folders import Folder

FILES = {"a.txt": [b"one", b"two"], "b.bin": [bytes(1000)]}
NAMES = tuple(FILES)


def save(parent, keep, kind="best"):
    return snapshots.save(Folder.opened(parent), kind, FILES, keep=keep)


def latest(parent, fall_back=False, kind="best"):
    """The path of the newest intact snapshot, and the complaints about those passed over."""
    snapshot, complaints = snapshots.latest_intact(
        Folder.opened(parent), kind, NAMES, snapshots.Snapshot.verify, fall_back
    )
    return snapshot.path, complaints


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_snapshot_holds_its_files_and_a_manifest(tmp_path):
    path = save(tmp_path, keep=2)
    assert names(path) == ["a.txt", "b.bin", "manifest.json"]
    assert (path / "a.txt").read_bytes() == b"onetwo"
    assert latest(tmp_path) == (path, [])


def test_the_newest_are_kept(tmp_path):
    for count in range(1, 5):
        save(tmp_path, keep=2)
        assert names(tmp_path / "best") == [f"{number:08d}" for number in range(max(1, count - 1), count + 1)]


def test_what_an_interrupted_save_left_is_never_read_and_goes_with_the_next(tmp_path):
    first = save(tmp_path, keep=2)
    left = tmp_path / "best/00000002.tmp"
    left.mkdir()
    (left / "a.txt").write_bytes(b"half")
    assert latest(tmp_path) == (first, [])
    second = save(tmp_path, keep=2)
    assert names(tmp_path / "best") == ["00000001", "00000002"]
    assert (second / "a.txt").read_bytes() == b"onetwo"


def test_a_save_that_fails_leaves_the_older_snapshot(tmp_path, monkeypatch):
    first = save(tmp_path, keep=1)
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk full: make room, then try again"):
        save(tmp_path, keep=1)
    assert names(tmp_path / "best") == ["00000001"]
    assert latest(tmp_path) == (first, [])


def test_other_files_and_folders_are_left_alone(tmp_path):
    best = tmp_path / "best"
    best.mkdir()
    (best / "notes.txt").write_text("mine")
    for name in ("photos", "123", "x.tmp"):
        (best / name).mkdir()
    for _ in range(3):
        save(tmp_path, keep=1)
    assert names(tmp_path / "best") == ["00000003", "123", "notes.txt", "photos", "x.tmp"]


def test_an_older_snapshot_is_taken_only_when_asked(tmp_path):
    older, newer = (save(tmp_path, keep=2) for _ in range(2))
    (newer / "b.bin").write_bytes(bytes(999) + b"\x01")
    with pytest.raises(RunError, match="SHA-256"):
        latest(tmp_path)
    path, complaints = latest(tmp_path, fall_back=True)
    assert path == older
    [complaint] = complaints
    assert f"{newer / 'b.bin'}: damaged" in complaint
    assert "SHA-256" in complaint
    (older / "extra").write_text("a file too many is no harm")
    assert latest(tmp_path, fall_back=True)[0] == older
    (older / "a.txt").unlink()
    with pytest.raises(RunError, match="SHA-256"):
        latest(tmp_path, fall_back=True)


def test_nothing_there(tmp_path):
    with pytest.raises(RunError, match="best: nothing was saved"):
        latest(tmp_path)
    assert not snapshots.has_snapshot(Folder.opened(tmp_path), "best")


@pytest.mark.parametrize(
    "manifest",
    [
        b"[]",
        b'{"files": []}',
        b'{"files": {}, "more": 1}',
        b'{"files": {"a.txt": {"size": 6}}}',
        b'{"files": {"a.txt": {"size": 6.0, "sha256": ""}}}',
        b'{"files": {"a.txt": {"size": -1, "sha256": ""}}}',
        b'{"files": {"../a.txt": {"size": 6, "sha256": ""}}}',
        b'{"files": {"a.txt": {"size": 6, "sha256": ""}}}',
    ],
)
def test_a_manifest_that_is_none_is_damage(tmp_path, manifest):
    path = save(tmp_path, keep=1)
    (path / "manifest.json").write_bytes(manifest)
    with pytest.raises(DamagedError, match=r"manifest\.json: (damaged|names)"):
        latest(tmp_path)


def test_removing_never_follows_a_link(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    parent = tmp_path / "best"
    parent.mkdir()
    (parent / "00000001.tmp").symlink_to(precious)
    save(tmp_path, keep=1)
    assert (precious / "letter.txt").read_text() == "dear"


HOLD = """
import sys, time
from textgen.system.folders import Folder
from textgen.system.locks import locked
with locked(Folder.opened(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_told_who_holds_it(tmp_path, holder):
    with (
        pytest.raises(RunInUseError, match=rf"in use by process {holder.pid}\b.*`out`"),
        locks.locked(Folder.opened(tmp_path)),
    ):
        pass
    assert holder.poll() is None


def test_one_process_cannot_hold_it_twice(tmp_path):
    with (
        locks.locked(Folder.opened(tmp_path)),
        pytest.raises(RunInUseError, match=rf"in use by process {os.getpid()}\b"),
        locks.locked(Folder.opened(tmp_path)),
    ):
        pass
    assert os.listdir(tmp_path) == []


def test_a_lock_never_follows_a_link(tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("dear")
    (tmp_path / locks.LOCK).symlink_to(precious)
    with pytest.raises(DamagedError, match="symbolic link"), locks.locked(Folder.opened(tmp_path)):
        pass
    assert precious.read_text() == "dear"


def test_a_folder_that_is_not_there_cannot_be_held(tmp_path):
    folder = Folder.opened(tmp_path / "gone", make=True)
    (tmp_path / "gone").rmdir()
    with pytest.raises(StorageError, match=r"gone: .*not any more"), locks.locked(folder):
        pass


def test_a_lock_dies_with_its_process(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / locks.LOCK).exists()
    with locks.locked(Folder.opened(tmp_path)):
        assert (tmp_path / locks.LOCK).read_text().strip() == str(os.getpid())
    assert not (tmp_path / locks.LOCK).exists()


def test_an_error_releases_the_lock(tmp_path):
    with pytest.raises(ValueError, match="wrong"):
        hold_and_fail(tmp_path)
    with locks.locked(Folder.opened(tmp_path)):
        pass


def hold_and_fail(folder):
    with locks.locked(Folder.opened(folder)):
        raise ValueError("wrong")


def test_many_processes_never_hold_it_together(tmp_path):
    """Eight processes take the lock again and again; each writes its id, waits, and must find it unchanged."""
    script = """
import os, sys, time
from pathlib import Path
from textgen.errors import RunInUseError
from textgen.system.folders import Folder
from textgen.system.locks import locked
folder, end, held = Path(sys.argv[1]), time.monotonic() + 3, 0
while time.monotonic() < end:
    try:
        with locked(Folder.opened(folder)):
            (folder / "who").write_text(str(os.getpid()))
            time.sleep(0.001)
            assert (folder / "who").read_text() == str(os.getpid())
            held += 1
    except RunInUseError:
        pass
print(held)
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    end = time.monotonic() + 60
    counts = [int(process.communicate(timeout=end - time.monotonic())[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8
    assert sum(counts) > 20
