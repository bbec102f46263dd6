"""Texts that change while they are read, that are no text, or whose lines, numbers, marks and columns have no end."""

import gzip
import json
import os
import time
from pathlib import Path

import pytest

from tests.conftest import verse
from tests.helpers.endings import ending
from textgen.corpus import documents, pieces, sources
from textgen.corpus.documents import Corpus, read_corpus
from textgen.planning import dataset
from textgen.planning.dataset import encode
from textgen.system.cache import VARIABLE


@pytest.fixture
def large(monkeypatch, empty_place):
    """Texts stay in their files, because the limits are small."""
    monkeypatch.setattr(sources, "CHUNK_BYTES", 700)
    monkeypatch.setattr(documents, "MAX_BYTES_IN_MEMORY", 2000)
    monkeypatch.setattr(pieces, "PIECE_CHARACTERS", 500)
    monkeypatch.setattr(pieces, "MAX_LINE_CHARACTERS", 900)
    monkeypatch.setenv(VARIABLE, str(empty_place / "cache"))
    return empty_place / "large.txt"


CHANGES = {
    "grows": lambda text: text + "one line more\n" * 200,
    "grows by part of a line": lambda text: text + "x",
    "shrinks": lambda text: text[: len(text) // 2],
    "has other letters": lambda text: text.replace("hen", "hun"),
    "has other line ends": lambda text: text.replace("\n", " "),
}


@pytest.mark.parametrize("when", ["before the vocabulary", "before the ids"])
@pytest.mark.parametrize("kind", ["file", "line"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_text_that_changes_between_two_readings(large, ends, monkeypatch, change, kind, when):
    text = verse() * 5
    large.write_text(text)
    stamps = os.stat(large)

    def changed(before):
        def call(self, *arguments):
            found = before(self, *arguments)
            large.write_text(CHANGES[change](text))
            os.utime(large, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
            return found

        return call

    if when == "before the ids":
        of = dataset.VocabularySpec
        monkeypatch.setattr(of, "tokenizer_for", changed(of.tokenizer_for))
    else:
        monkeypatch.setattr(documents.LargeCorpus, "digest", changed(documents.LargeCorpus.digest))
    corpus = read_corpus(large, kind, may_stay=True)
    result = ending(lambda: encode(corpus, 0.1))
    line = ends("5", f"{kind}: {change}, {when}", result, 3)
    assert "large.txt: " in line or line.startswith("large: ")
    assert "changed while it was read; wait until nothing writes to it, or copy it" in line
    assert not list((large.parent / "cache").rglob("*.ids"))


def test_a_compressed_text_that_changes(large, ends, monkeypatch):
    large.write_bytes(gzip.compress((verse() * 5).encode()))
    corpus = read_corpus(large, may_stay=True)
    corpus.digest()
    large.write_bytes(gzip.compress((verse() * 5).encode(), 1))
    line = ends("5", "gzip: compressed anew", ending(lambda: encode(corpus, 0.1)), 3)
    assert "changed while it was read" in line


def test_a_text_that_grows_while_it_is_read(large, ends, command, monkeypatch):
    """As a log does."""
    large.write_text(verse() * 5)
    read, left = sources.Source.chunks, [500]

    def growing(self):
        for chunk in read(self):
            yield chunk
            if left[0]:  # not for ever, for versions that would read for ever
                left[0] -= 1
                with open(large, "a", encoding="utf-8") as file:
                    file.write("x")

    monkeypatch.setattr(sources.Source, "chunks", growing)
    line = ends("5", "grows during each reading", command("train", large, "--documents", "line"), 3)
    assert "changed while it was read" in line
    assert not (large.parent / "checkpoints").exists()


@pytest.mark.parametrize(
    "damage",
    [
        b"{}",
        b"not JSON",
        b'{"tokenizer": {"kind": "char", "symbols": ["a"]}, "symbols": 9999999, "facts": {}}',
        b'{"tokenizer": 7, "symbols": "x", "facts": null}',
        b"[" * 100_000,
    ],
)
def test_what_the_cache_says_of_a_text_is_damaged(large, damage):
    """The manifest agrees with it, as if another program had written both."""
    import hashlib

    large.write_text(verse() * 5)
    ids = encode(read_corpus(large, may_stay=True), 0.1).ids.tobytes()
    (about,) = (large.parent / "cache").rglob("about.json")
    about.write_bytes(damage)
    manifest = json.loads((about.parent / "manifest.json").read_text())
    manifest["files"]["about.json"] = {"size": len(damage), "sha256": hashlib.sha256(damage).hexdigest()}
    (about.parent / "manifest.json").write_text(json.dumps(manifest))
    assert encode(read_corpus(large, may_stay=True), 0.1).ids.tobytes() == ids


LONE = "\\ud800"


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("t.jsonl", f'"one"\n"two {LONE}"\n', []),
        ("t.jsonl", f'{{"a": "one {LONE} two", "b": "x"}}\n', ["--field", "a"]),
        ("t.json", f'[{{"paragraphs": ["白日依山盡{LONE}，"]}}]', []),
        ("t.json", f'[{{"paragraphs": ["白日依山盡，"], "author": "{LONE}"}}]', []),
        ("t.txt", f"one {LONE} two\n", ["--encoding", "unicode_escape"]),
        ("t.txt", f"one {LONE} two\n", ["--encoding", "raw_unicode_escape"]),
        ("t.txt", "one +2AA- two\n", ["--encoding", "utf-7"]),
        ("t.csv", f"a\none {LONE} two\n", ["--encoding", "unicode_escape"]),
        ("t.csv", "a\none +2AA- two\n", ["--encoding", "utf-7"]),
    ],
)
def test_half_of_a_surrogate_pair(empty_place, command, ends, name, content, options):
    Path(name).write_text(content, encoding="utf-8")
    line = ends("9", f"half of a pair in {name} {' '.join(options)}", command("train", name, *options), 3)
    assert f"{name}: " in line
    assert "U+D800 at character " in line
    assert "half of a surrogate pair, not text; remove it, or convert the text to UTF-8" in line


def test_half_of_a_surrogate_pair_in_documents_of_a_program(ends):
    line = ends("9", "half of a pair in a Corpus", ending(lambda: Corpus("x", ("a", "b\udc00"))), 3)
    assert "x: document 2: U+DC00 at character 2 " in line


@pytest.mark.parametrize("encoding", ["punycode", "idna", "undefined", "x" * 100_000])
def test_encodings_that_no_text_has(empty_place, command, ends, encoding):
    Path("t.txt").write_text(verse())
    line = ends("9", f"--encoding {encoding[:10]!r}", command("train", "t.txt", "--encoding", encoding), 2)
    assert "no such encoding; some that exist: utf-8" in line
    assert len(line) < 300


def test_a_sequence_without_an_end(empty_place, ends, monkeypatch):
    """Each chunk would decode all of it again."""
    monkeypatch.setattr(sources, "CHUNK_BYTES", 1 << 16)
    for encoding, start in (("utf-7", "+"), ("unicode_escape", "\\N{")):
        Path("t.txt").write_text(start + "A" * (6 << 20))
        result = ending(lambda encoding=encoding: read_corpus("t.txt", encoding=encoding))
        line = ends("6", f"{encoding}: a sequence of 6 MB", result, 3)
        assert "a sequence that begins at offset 0 is not finished after 4," in line


def test_numbers_of_any_length_are_no_text(empty_place, ends):
    number = "9" * 5000
    Path("t.jsonl").write_text(f'{{"id": {number}, "text": "one"}}\n{{"id": -{number}e{number}, "text": "two"}}\n')
    Path("t.json").write_text(f'[{{"paragraphs": ["白日依山盡，"], "id": {number}}}]')
    found = {}

    def read():
        found.update({name: read_corpus(name).documents for name in ("t.jsonl", "t.json")})

    ends("9", "an integer of 5,000 digits", ending(read), 0)
    assert found == {"t.jsonl": ("one", "two"), "t.json": ("白日依山盡，",)}


def test_a_key_that_occurs_twice(empty_place, command, ends):
    Path("t.jsonl").write_text('{"text": "one", "text": "two"}\n')
    line = ends("9", "a key twice", command("train", "t.jsonl"), 3)
    assert "t.jsonl: line 1: the key 'text' occurs twice in an object; keep one" in line
    Path("t.csv").write_text("text,text\none,two\n")
    line = ends("9", "a column twice", command("train", "t.csv", "--field", "text"), 3)
    assert "2 columns 'text'; give each a name of its own" in line


@pytest.mark.parametrize("field", [None, "x" * 100_000])
def test_messages_about_a_million_columns(empty_place, command, ends, field):
    names = [f"column\x1b {number}" for number in range(10_000 if field else 1_000_000)]
    Path("t.csv").write_text(",".join(names) + "\n")
    Path("t.jsonl").write_text(json.dumps(dict.fromkeys(names[:10_000], "x")) + "\n")
    options = ["--field", field] if field else []
    for name, more in (("t.csv", f"{len(names) - 8:,}"), ("t.jsonl", "9,992")):
        line = ends("10", f"{name} with very many columns", command("train", name, *options), 3)
        assert f"and {more} more" in line
        assert len(line) < 600


def test_millions_of_combining_marks(empty_place, ends):
    marks = "a" + "\u0301\u0323" * 3_000_000
    Path("t.txt").write_text(marks, encoding="utf-8")
    found = []
    ends("9", "6 million combining marks", ending(lambda: found.append(read_corpus("t.txt"))), 0)
    assert found[0].documents == (marks,)
    # Sorting so many would take hours.
    result = ending(lambda: read_corpus("t.txt", normalise="nfc"))
    line = ends("6", "6 million combining marks with normalise", result, 3)
    assert "t.txt: more than 128 combining marks in a row" in line
    Path("t.txt").write_text("x" * 100 + "a" + "\u0301\u0323" * 64 + "b", encoding="utf-8")
    assert read_corpus("t.txt", normalise="nfc").characters == 229


def test_one_long_line_costs_as_much_as_many(monkeypatch, empty_place, ends):
    """Before, each chunk copied all of the line that had been read: here 60 GB."""
    monkeypatch.setattr(sources, "CHUNK_BYTES", 2048)
    Path("t.txt").write_text("x" * (16 << 20))
    Path("t.csv").write_text("a\n" + "x" * (16 << 20) + "\n")
    began = time.process_time()
    for name, kind in (("t.txt", "line"), ("t.csv", "file")):
        found = []
        result = ending(lambda name=name, kind=kind, found=found: found.append(read_corpus(name, kind)))
        ends("6", f"{name}: a line of 16 MB in chunks of 2 KB", result, 0)
        assert found[0].documents == ("x" * (16 << 20),)
    assert time.process_time() - began < 5  # of some 0.3
