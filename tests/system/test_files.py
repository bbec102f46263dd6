"""Files whole or not at all."""

import os

import pytest

from textgen.errors import StorageError
from textgen.system.files import atomic_text_file, check_free, write_atomically


def test_a_growing_file_takes_its_name_at_the_end(tmp_path):
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


def test_an_error_leaves_what_stood_there(tmp_path):
    path = tmp_path / "tale.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="wrong"):
        write_half(path, ValueError("wrong"))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["tale.txt"]


def test_a_name_that_is_taken(tmp_path):
    path = tmp_path / "tale.txt"
    path.write_text("old")
    with pytest.raises(StorageError, match="is there; choose another, or replace it with --overwrite"):
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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_leaves_what_stood_there(tmp_path):
    """Through a symbolic link the temporary file is the device that is always full."""
    path = tmp_path / "tale.txt"
    path.write_text("old")
    (tmp_path / f"tale.txt.{os.getpid()}.tmp").symlink_to("/dev/full")
    with (
        pytest.raises(StorageError, match="disk full: make room, then try again"),
        atomic_text_file(path, True) as file,
    ):
        file.write("new")
    assert path.read_text() == "old"
    (tmp_path / "bytes.bin.tmp").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="disk full: make room, then go on"):
        write_atomically(tmp_path / "bytes.bin", [b"x" * 100], "go on")
    assert not (tmp_path / "bytes.bin").exists()
    assert os.path.exists("/dev/full")
