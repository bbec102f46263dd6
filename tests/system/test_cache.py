"""The cache folder."""

import os

from textgen.system import cache


def test_the_environment_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    assert cache.folder("a", "b") == tmp_path / "cache/a/b"
    assert not (tmp_path / "cache").exists()
    monkeypatch.delenv(cache.VARIABLE)
    assert cache.folder("a").parts[-2:] == ("textgen", "a")


def test_the_oldest_folders_make_room(tmp_path):
    for age, name in enumerate("abcd"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (100 - age, 100 - age))
    (tmp_path / "notes.txt").write_text("mine")
    cache.evict(tmp_path, tmp_path / "new", keep=3)
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "notes.txt"]
    cache.evict(tmp_path, tmp_path / "b", keep=1)
    assert sorted(os.listdir(tmp_path)) == ["b", "notes.txt"]
    cache.evict(tmp_path / "missing", tmp_path / "missing/new", keep=1)
