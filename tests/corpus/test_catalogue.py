"""The catalogue: texts by name."""

import hashlib
import json
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from textgen.corpus import catalogue
from textgen.corpus.documents import read_corpus
from textgen.errors import CorpusError
from textgen.system import installed
from textgen.system.cache import VARIABLE

SHARED = ROOT.parent / "shared" / "corpora"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_bundled_texts_are_the_files_of_the_clone():
    bundled = {entry.bundled for entry in catalogue.catalogue().values() if entry.bundled}
    assert bundled == {path.name for path in (ROOT / "corpora").glob("*.txt")}
    for name in ("ferryman", "jueju"):
        (path,) = catalogue.files(name)
        assert path.read_bytes() == (ROOT / "corpora" / f"{name}.txt").read_bytes()
    assert read_corpus("corpora:headlines", "line").documents[0] in (ROOT / "corpora/headlines.txt").read_text()


@pytest.mark.parametrize(("name", "words"), [("python-reference", 'The "with" statement'), ("python-source", "import")])
def test_texts_made_from_what_python_has(name, words, cache):
    text = read_corpus(f"corpora:{name}").documents[0]
    assert words in text
    assert len(text) > 400_000
    (path,) = catalogue.files(name)
    assert path.is_relative_to(cache)
    before = path.stat().st_mtime_ns
    assert catalogue.files(name) == [path]
    assert path.stat().st_mtime_ns == before


def test_downloaded_texts_have_a_checksum_size_and_licence():
    fetched = [entry for entry in catalogue.catalogue().values() if entry.remote]
    assert {"shakespeare", "tang", "tang300"} <= {entry.name for entry in fetched}
    for entry in fetched:
        assert entry.licence
        for remote in entry.remote:
            assert remote.url.startswith("https://")
            assert remote.url.isascii()
            assert re.fullmatch(r"[0-9a-f]{64}", remote.sha256)
            assert remote.size > 1000
    assert len(catalogue.entry("tang").remote) == 41


@pytest.mark.skipif(not SHARED.exists(), reason="the texts are not on this machine")
def test_checksums_and_sizes_are_those_of_the_texts():
    for name, folder in (("shakespeare", SHARED), ("tang300", SHARED / "tang"), ("tang", SHARED / "tang")):
        for remote in catalogue.entry(name).remote:
            data = (folder / remote.name).read_bytes()
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (remote.sha256, remote.size), remote.name


def test_a_name_that_is_not_there(refused):
    with pytest.raises(
        CorpusError, match="corpora:shakespear: no such text in the catalogue; did you mean 'shakespeare'"
    ):
        read_corpus("corpora:shakespear")
    assert "there are: ferryman, lamplighter" in refused(3, "train", "corpora:xyzzy")
    assert "did you mean" in refused(3, "corpora", "show", "tang30")


def test_the_catalogue_is_listed(command):
    lines = command("corpora", "list").stdout.splitlines()
    assert len(lines) == len(catalogue.catalogue())
    assert lines[0].startswith("corpora:ferryman ")
    values = [json.loads(line) for line in command("corpora", "list", "--json").stdout.splitlines()]
    assert {value["where"] for value in values} == {"bundled", "on this machine", "to fetch"}


def test_importing_the_catalogue_reads_no_data():
    code = "from textgen.corpus import catalogue as c; print(len(c.CATALOGUE), c._tang_index.cache_info().misses)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(catalogue.CATALOGUE)), "0"]


def test_bundled_texts_of_an_installation_are_found_by_the_list_of_installed_files(tmp_path, monkeypatch):
    """Wherever the installer put them: here below a prefix that `sysconfig` knows nothing of."""
    site = tmp_path / "odd/lib/site-packages"
    (site / "textgen_lstm-9.9.dist-info").mkdir(parents=True)
    (site / "textgen_lstm-9.9.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: textgen-lstm\nVersion: 9.9\n"
    )
    file = tmp_path / "odd/share/textgen/corpora/jueju.txt"
    file.parent.mkdir(parents=True)
    file.write_text("poems")
    record = ["textgen/__init__.py,,", "other/jueju.txt,,", "../../share/textgen/corpora/jueju.txt,,"]
    (site / "textgen_lstm-9.9.dist-info/RECORD").write_text("\n".join(record))
    monkeypatch.setattr(sys, "path", [str(site)])
    monkeypatch.setattr(installed, "__file__", str(site / "textgen/system/installed.py"))
    (path,) = catalogue.files("jueju")
    assert path == file
    file.unlink()
    with pytest.raises(CorpusError, match=r"corpora:jueju: jueju\.txt"):
        catalogue.files("jueju")


def test_bundled_texts_are_found_beside_a_package_in_a_folder_of_its_own(tmp_path, monkeypatch):
    """As `pip install --target` puts them."""
    file = tmp_path / "share/textgen/corpora/jueju.txt"
    file.parent.mkdir(parents=True)
    file.write_text("poems")
    monkeypatch.setattr(installed, "__file__", str(tmp_path / "textgen/system/installed.py"))
    assert catalogue.files("jueju") == [file]


def test_a_text_is_shown(command):
    result = command("corpora", "show", "ferryman", "--lines", 2)
    first = (ROOT / "corpora/ferryman.txt").read_text().splitlines()[:2]
    assert result.stdout.splitlines()[-2:] == first
    assert "textgen train corpora:ferryman" in result.stdout
    shown = command("corpora", "show", "tang", "--lines", 0).stdout
    assert "textgen train corpora:tang --form jueju7 --vocabulary-size 5000 --minutes 15" in shown
