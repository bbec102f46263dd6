"""Names and places of texts: paths that name no folder, that hold no text, that lead round in circles or are locked."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import verse
from tests.helpers.endings import ending
from textgen.corpus import catalogue
from textgen.corpus.documents import Corpus, read_corpus
from textgen.corpus.sources import name_of, resolve
from textgen.system.cache import VARIABLE

SHORT = ["--units", 8, "--epochs", 1, "--sample-length", 0, "--sequence-length", 16, "--batch-size", 8]
NOBODY = 65534


@pytest.fixture
def locked():
    """A folder with a text below a folder that this process may not enter: `locked()` locks it."""
    place = Path(tempfile.mkdtemp())
    (place / "texts" / "inner").mkdir(parents=True)
    (place / "texts" / "a.txt").write_text(verse())
    (place / "texts" / "inner" / "b.txt").write_text(verse())
    mine = os.geteuid()

    @contextlib.contextmanager
    def lock(name):
        os.chmod(place, 0o755)
        os.chmod(place / name, 0o000)
        if not mine:  # locks do not hold root
            os.seteuid(NOBODY)
        try:
            yield place
        finally:
            os.seteuid(mine)
            os.chmod(place / name, 0o755)

    yield lock
    shutil.rmtree(place)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("..", "here"),
        (".", "below"),
        ("./", "below"),
        ("a/..", "below"),
        ("../..", None),
        ("/", "text"),
        ("...", "text"),
        ("....txt", "text"),
        (".hidden", "hidden"),
        ("a\x1b]0;x\x07\n.txt", "a_0;x__"),
        ("caf\udce9.txt", "caf_"),
        ("right\u202eleft.txt", "right_left"),
        ("a" * 250, "a" * 128),
        ("雪" * 80 + ".txt.gz", "雪" * 42),
        ("corpora:..", "here"),
    ],
)
def test_names_that_paths_give_a_run(empty_place, monkeypatch, path, expected):
    (empty_place / "here" / "below" / "a").mkdir(parents=True)
    monkeypatch.chdir(empty_place / "here" / "below")
    expected = empty_place.name if expected is None else expected
    assert name_of(path) == expected
    assert name_of([path, "b.txt"]) == f"{expected}-and-1-more"


def test_training_on_the_folder_above(empty_place, monkeypatch, command, ends):
    (empty_place / "tale.txt").write_text(verse())
    (empty_place / "here").mkdir()
    monkeypatch.chdir(empty_place / "here")
    ends("8", "train ..", command("train", "..", *SHORT), 0)
    assert os.listdir() == ["checkpoints"]
    assert os.listdir("checkpoints") == [empty_place.name[:128]]


@pytest.mark.parametrize("name", ["..", "../up", "a/b", "", "a\n", "\udcff", "x" * 300])
def test_a_corpus_whose_name_leads_elsewhere(ends, name):
    line = ends("8", f"Corpus(name={name[:10]!r})", ending(lambda: Corpus(name, (verse(),))), 3)
    assert "not a name for a folder" in line


def test_an_undecodable_name_is_kept_wherever_it_goes(empty_place):
    path = "caf\udce9.txt"
    Path(path).write_bytes(b"one\r\ntwo\r\n")
    corpus = read_corpus(path)
    assert corpus.paths == (str(empty_place / path),)
    assert json.loads(json.dumps([corpus.paths[0], corpus.notes[0].text]))[1].startswith(path)
    corpus.name.encode()


def test_training_on_a_file_with_an_undecodable_name(empty_place, command, ends):
    path = "caf\udce9.txt"
    Path(path).write_text(verse())
    ends("3", "train caf\\xe9.txt", command("train", path, *SHORT), 0)
    ends("3", "its resume", command("train", "--resume", "caf_", "--epochs", 1), 0)


def test_links_in_circles(empty_place, ends):
    (empty_place / "texts").mkdir()
    (empty_place / "texts" / "a.txt").write_text("text")
    os.symlink(".", empty_place / "texts" / "again")
    for path in ("texts", "texts/**/*.txt", "**/a.txt", str(empty_place / "**" / "**" / "a*"), "texts/**"):
        assert len(resolve(path)) == 1, path
    os.symlink("round.txt", "round.txt")
    line = ends("9", "a link to itself", ending(lambda: read_corpus("round.txt")), 3)
    assert "symbolic links" in line


def test_a_pattern_of_many_folders(empty_place):
    for path in ("a/b/c/d.txt", "a/c/d.txt", "a/.hidden/c/d.txt", "e/d.txt"):
        (empty_place / path).parent.mkdir(parents=True, exist_ok=True)
        (empty_place / path).write_text("text")
    assert [source.path for source in resolve("**/c/**/d.txt")] == ["a/b/c/d.txt", "a/c/d.txt"]
    assert [source.path for source in resolve("a/**/d.txt")] == ["a/b/c/d.txt", "a/c/d.txt"]


def test_folders_that_are_deep(empty_place, ends):
    """The path becomes longer than the system takes."""
    for _ in range(60):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    os.chdir(empty_place)
    try:
        line = ends("9", "folders beyond the longest path", ending(lambda: read_corpus("d" * 100)), 3)
        assert "File name too long" in line
        ends("9", "a pattern of such folders", ending(lambda: read_corpus("d*/**")), 3)
    finally:
        for _ in range(60):
            os.chdir("d" * 100)
        for _ in range(60):
            os.chdir("..")
            os.rmdir("d" * 100)


def test_a_folder_that_may_not_be_entered(locked, ends):
    with locked("texts/inner") as place:
        results = [ending(lambda path=path: read_corpus(place / path)) for path in ("texts", "texts/**/*.txt")]
    for row, result in zip(("a folder", "a pattern"), results, strict=True):
        line = ends("9", f"{row} with a folder that is locked", result, 3)
        assert "inner: cannot be read: Permission denied" in line


def test_a_cache_that_may_not_be_entered(locked, ends, command, monkeypatch):
    monkeypatch.setattr(catalogue, "sys", SimpleNamespace(version_info=(0, 0, 0)))

    def use(cache):
        monkeypatch.setenv(VARIABLE, str(cache))
        return command("train", "corpora:python-reference"), command("corpora", "list")

    # First with a cache that is no folder: Python's own files may be locked to NOBODY too, so all is imported before.
    use(__file__)
    with locked("texts") as place:
        result, listed = use(place / "texts" / "cache")
    line = ends("9", "TEXTGEN_CACHE in a folder that is locked", result, 5)
    assert f"the cache folder cannot be used: Permission denied; name another with {VARIABLE}=DIR" in line
    ends("9", "corpora list with such a cache", listed, 0)


@pytest.mark.parametrize("kind", ["a file", "in a file", "a link to nowhere", "a link in a circle"])
def test_a_cache_that_is_no_folder(empty_place, ends, command, monkeypatch, kind):
    place = empty_place / "cache"
    if "link" in kind:
        place.symlink_to("cache" if "circle" in kind else "nowhere/at/all")
    else:
        place.write_text("a file")
    monkeypatch.setenv(VARIABLE, str(place / "inner" if kind == "in a file" else place))
    line = ends("9", f"TEXTGEN_CACHE is {kind}", command("train", "corpora:python-reference"), 5)
    assert "the cache folder cannot be used: " in line
    assert f"; name another with {VARIABLE}=DIR" in line


def test_a_working_folder_that_was_removed(empty_place, monkeypatch, command, ends):
    (empty_place / "gone").mkdir()
    monkeypatch.chdir(empty_place / "gone")
    (empty_place / "gone").rmdir()
    line = ends("9", "a working folder that was removed: read_corpus", ending(lambda: read_corpus("tale.txt")), 3)
    assert "tale.txt: the working folder was removed; change to another" in line
    ends("9", "a working folder that was removed", command("train", "tale.txt"), {3, 5})
    result = command("train", "-", input=verse())
    line = ends("9", "the same with standard input", result, {0, 5})
