"""Files that appear whole or not at all."""

import errno
import os
import subprocess
import sys

import pytest

from textgen.errors import StorageError
from textgen.system.files import (
    atomic_file,
    atomic_text_file,
    check_folder,
    check_free,
    check_writable,
    write_atomically,
)
from textgen.system.folders import Folder


def test_a_file_takes_its_name_at_the_end(tmp_path):
    path = tmp_path / "tale.txt"
    with atomic_text_file(path) as file:
        file.write("one\n")
        file.flush()
        assert not path.exists()
        file.write("two é\n")
    assert path.read_bytes() == "one\ntwo é\n".encode()
    assert os.listdir(tmp_path) == ["tale.txt"]


def write_half(path, error):
    with atomic_text_file(path, overwrite=True) as file:
        file.write("half")
        raise error


def test_an_interruption_keeps_what_was_written(tmp_path):
    path = tmp_path / "tale.txt"
    with pytest.raises(KeyboardInterrupt):
        write_half(path, KeyboardInterrupt)
    assert path.read_text() == "half"
    assert os.listdir(tmp_path) == ["tale.txt"]


def test_an_error_leaves_the_older_file(tmp_path):
    path = tmp_path / "tale.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="wrong"):
        write_half(path, ValueError("wrong"))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["tale.txt"]


def test_a_name_that_is_taken(tmp_path):
    path = tmp_path / "tale.txt"
    path.write_text("old")
    with pytest.raises(StorageError, match=r"tale\.txt: .*`overwrite=True` replaces it"):
        check_free(path)
    check_free(path, overwrite=True)
    with atomic_text_file(path, overwrite=True) as file:
        file.write("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("name", [".", "/dev/null", "missing/tale.txt"])
def test_a_name_that_cannot_be_one(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match="choose another"):
        check_free(name, overwrite=True)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_the_older_file(tmp_path, monkeypatch):
    path = tmp_path / "tale.txt"
    path.write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(StorageError, match=r"tale\.txt: disk full: make room, then try again"),
        atomic_text_file(path, True) as file,
    ):
        file.write("new")
    assert path.read_text() == "old"
    assert (tmp_path / "tale.txt.partial").read_text() == "new"  # a text that took an hour is not thrown away
    with pytest.raises(StorageError, match=r"bytes\.bin: disk full: make room, then go on"):
        write_atomically(tmp_path / "bytes.bin", [b"x" * 100], "go on")
    assert sorted(os.listdir(tmp_path)) == ["tale.txt", "tale.txt.partial"]


FULL = """
import resource, signal, sys
from textgen.errors import StorageError
from textgen.system.files import atomic_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with atomic_file(sys.argv[1], "wb", advice="go on") as file:
        for _ in range(100):
            file.write(bytes(10_000))
except StorageError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of files")
def test_a_refusal_in_the_middle_of_a_block_names_the_file(tmp_path):
    path = tmp_path / "large.bin"
    told = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert told.stdout == f"{path}: the file may not grow that large: raise the limit, then go on\n"
    assert told.stderr == ""
    assert os.listdir(tmp_path) == []


def write_half_of_the_bytes(path):
    with atomic_file(path, "wb") as file:
        file.write(b"half")
        raise KeyboardInterrupt


def test_ctrl_c_leaves_no_half_of_a_file_of_bytes(tmp_path):
    path = tmp_path / "data.bin"
    with pytest.raises(KeyboardInterrupt):
        write_half_of_the_bytes(path)
    assert os.listdir(tmp_path) == []


def test_a_temporary_file_is_new_and_private(tmp_path, monkeypatch):
    """A link under the temporary name is not followed, even where its name is guessed."""
    precious = tmp_path / "precious.txt"
    precious.write_text("dear")
    monkeypatch.setattr(os, "urandom", lambda count: bytes(count))
    (tmp_path / f"tale.txt.{'0' * 16}.tmp").symlink_to(precious)
    with pytest.raises(StorageError, match=r"tale\.txt: File exists"), atomic_file(tmp_path / "tale.txt", "w"):
        pass
    assert precious.read_text() == "dear"


def test_two_writers_of_one_file_never_mix(tmp_path):
    path = tmp_path / "tale.txt"
    with atomic_file(path, "w", overwrite=True) as one, atomic_file(path, "w", overwrite=True) as other:
        one.write("one")
        other.write("other")
    assert path.read_text() == "one"
    assert os.listdir(tmp_path) == ["tale.txt"]


def test_what_a_crashed_process_left_is_removed_a_day_later(tmp_path):
    names = [f"tale.txt.{digit * 16}.tmp" for digit in "ab"]
    others = [f"story.txt.{'a' * 16}.tmp", "tale.txt.old.tmp"]
    for name in [*names, *others]:
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (0, 0))
    os.utime(tmp_path / names[1])  # a process may still be writing it
    write_atomically(tmp_path / "tale.txt", [b"whole"])
    assert sorted(os.listdir(tmp_path)) == sorted(["tale.txt", names[1], *others])


def test_a_folder_that_cannot_be_written(tmp_path):
    check_writable(Folder.opened(tmp_path))
    assert os.listdir(tmp_path) == []
    gone = Folder.opened(tmp_path / "gone", make=True)
    (tmp_path / "gone").rmdir()
    with pytest.raises(StorageError, match="gone"):
        check_writable(gone)


def test_pictures_go_into_an_empty_folder_or_replace_others_when_asked(tmp_path):
    check_folder(tmp_path / "new")
    check_folder(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(StorageError, match=r"files in it.*`overwrite=True`"):
        check_folder(tmp_path)
    check_folder(tmp_path, overwrite=True)
    with pytest.raises(StorageError, match=r"a\.png.*`out`"):
        check_folder(tmp_path / "a.png", overwrite=True)
