"""A folder held open: its files are reached without a link, by descriptor or, where the system has none, by path."""

import os
import threading

import pytest

from textgen.errors import DamagedError
from textgen.system import folders
from textgen.system.folders import Folder


@pytest.fixture(params=["by descriptor", "by path"])
def folder(tmp_path, request, monkeypatch):
    if request.param == "by path":
        monkeypatch.setattr(folders, "_BY_DESCRIPTOR", False)
    with Folder.opened(tmp_path / "run", make=True) as opened:
        yield opened


def write(folder, name, data=b"text"):
    with open(folder.create(name), "wb") as file:
        file.write(data)


def test_files_are_made_read_renamed_and_removed(folder):
    write(folder, "a.txt", b"one")
    assert folder.read("a.txt", 3) == b"one"
    with pytest.raises(DamagedError, match=r"a\.txt: larger than 2 bytes"):
        folder.read("a.txt", 2)
    with pytest.raises(FileExistsError):
        folder.create("a.txt")
    write(folder, "b.txt", b"two")
    folder.rename("a.txt", "b.txt")
    assert folder.read("b.txt", 10) == b"one"
    assert folder.names() == ["b.txt"]
    assert not folder.has("a.txt")
    with open(folder.open_or_create("c.txt", os.O_WRONLY | os.O_APPEND), "ab") as file:
        file.write(b"x")
    with open(folder.open_or_create("c.txt", os.O_WRONLY | os.O_APPEND), "ab") as file:
        file.write(b"y")
    assert folder.read("c.txt", 10) == b"xy"
    folder.unlink("b.txt")
    folder.remove("c.txt")
    folder.remove("c.txt")  # nothing there
    assert folder.names() == []


def test_folders_in_it(folder):
    with folder.folder("best", make=True) as inner:
        write(inner, "a.txt")
    with folder.folder("best", make=True) as inner:  # there already
        assert inner.names() == ["a.txt"]
        assert inner.path == folder.path / "best"
    folder.make("other")
    folder.rename("other", "moved")
    with pytest.raises(FileNotFoundError):
        folder.folder("other")
    folder.remove_empty("best")
    assert folder.has("best")
    folder.remove("best")
    folder.remove("moved")
    assert folder.names() == []


def test_what_is_no_plain_file_is_refused(folder, tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("dear")
    run = folder.path
    (run / "symbolic").symlink_to(precious)
    (run / "dangling").symlink_to(tmp_path / "nowhere")
    os.link(precious, run / "hard")
    os.mkfifo(run / "pipe")
    (run / "inner").mkdir()
    for name, what in [
        ("symbolic", "a symbolic link in place of a plain file; remove it"),
        ("dangling", "a symbolic link"),
        ("hard", "a hard link: the file has 2 names"),
        ("pipe", "a pipe"),
        ("inner", "a folder"),
    ]:
        for attempt in (folder.open, lambda name: folder.open_or_create(name, os.O_RDWR), folder.check_plain):
            with pytest.raises(DamagedError, match=f"{name}: {what}"):
                attempt(name)
        if name != "inner":
            with pytest.raises(DamagedError, match="in place of a folder"):
                folder.folder(name)
    for name in ("symbolic", "hard", "pipe"):
        folder.remove(name)
    assert sorted(folder.names()) == ["dangling", "inner"]
    assert precious.read_text() == "dear"


def test_removing_a_folder_removes_links_in_it_and_not_what_they_lead_to(folder, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    folder.make("old")
    (folder.path / "old/link").symlink_to(precious)
    (folder.path / "link").symlink_to(precious)
    folder.remove("old")
    folder.remove("link")
    assert folder.names() == []
    assert (precious / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "../a"])
def test_only_names_and_no_paths(folder, name):
    with pytest.raises(ValueError, match="not the name of a file"):
        folder.open(name)


def test_the_path_to_it_may_be_a_link(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    with Folder.opened(tmp_path / "link") as folder:
        write(folder, "a.txt")
    assert (tmp_path / "run/a.txt").exists()
    with pytest.raises(FileNotFoundError):
        Folder.opened(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        Folder.opened(tmp_path / "file")


def test_a_renamed_folder_is_still_the_same(tmp_path):
    with Folder.opened(tmp_path / "run", make=True) as folder:
        assert folder.now_at() == tmp_path / "run"
        (tmp_path / "run").rename(tmp_path / "moved")
        (tmp_path / "run").symlink_to("elsewhere")
        write(folder, "a.txt")
        assert (tmp_path / "moved/a.txt").exists()
        if os.path.isdir("/proc/self/fd"):
            assert folder.now_at() == tmp_path / "moved"


def test_a_name_that_changes_between_two_looks(tmp_path):
    """A plain file and a link take turns under one name; what is opened is always the plain file."""
    precious = tmp_path / "precious.txt"
    precious.write_text("dear")
    run = tmp_path / "run"
    run.mkdir()
    stop = threading.Event()

    def change():
        while not stop.is_set():
            (run / "new").write_text("mine")
            os.replace(run / "new", run / "name")
            (run / "new").symlink_to(precious)
            os.replace(run / "new", run / "name")

    thread = threading.Thread(target=change)
    thread.start()
    read = []
    try:
        with Folder.opened(run) as folder:
            while len(read) < 300:
                try:
                    read.append(folder.read("name", 100))
                except (DamagedError, OSError):
                    continue
    finally:
        stop.set()
        thread.join()
    assert set(read) == {b"mine"}
