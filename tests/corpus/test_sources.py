"""Files, folders, patterns, packed files, tables, lines of JSON: where text comes from, and what it holds."""

import gzip
import io
import json
import os
import sys

import numpy as np
import pytest

from tests.conftest import verse
from textgen.corpus.documents import LARGE, Corpus, LargeCorpus, read_corpus
from textgen.errors import CorpusError
from textgen.planning.dataset import KEPT, encode, smallest_type


@pytest.fixture
def place(empty_place):
    def write(name, content):
        path = empty_place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_folder_is_the_text_below_it_by_name(place):
    place("tales/b.txt", "two\n")
    place("tales/a.md", "one\n")
    place("tales/deep/c.txt.gz", gzip.compress(b"three\n"))
    place("tales/picture.png", b"\x89PNG")
    corpus = read_corpus("tales")
    assert corpus.documents == ("one\n", "two\n", "three\n")
    assert (corpus.name, len(corpus.paths)) == ("tales", 1)


def test_a_pattern_that_the_shell_left_alone(place):
    place("a1.txt", "one")
    place("a2.txt", "two")
    place("b.txt", "three")
    place("[odd].txt", "odd")
    assert read_corpus("a*.txt").documents == ("one", "two")
    assert read_corpus(["a*.txt", "b.txt"]).documents == ("one", "two", "three")
    assert read_corpus("[odd].txt").documents == ("odd",)  # a file of that name is there
    with pytest.raises(CorpusError, match=r"c\*\.txt: no file fits this pattern"):
        read_corpus("c*.txt")


def test_packed_text(place):
    text = "grüße\r\nan alle\r\n" * 3
    path = place("letters.txt.gz", gzip.compress(text.encode()))
    corpus = read_corpus(path)
    assert corpus.documents == (text.replace("\r\n", "\n"),)
    assert corpus.name == "letters"
    # By its bytes and not by its name.
    assert read_corpus(place("letters.txt", gzip.compress(text.encode("latin-1"))), encoding="latin-1").characters == 42
    for data in (gzip.compress(text.encode())[:-9], b"\x1f\x8b\x08\x00" + b"\xff" * 50):
        with pytest.raises(CorpusError, match=r"cut\.gz: damaged gzip"):
            read_corpus(place("cut.gz", data))
    with pytest.raises(CorpusError, match="not UTF-8: byte 0xfc"):
        read_corpus(place("latin.txt.gz", gzip.compress(text.encode("latin-1"))))


TABLE = 'name,words\nAnn,"one, two\nthree"\nBob,four\n,\nCid,"say ""so"""\n'


def test_a_table(place):
    path = place("said.csv", TABLE)
    corpus = read_corpus(path, column="words")
    assert corpus.documents == ("one, two\nthree", "four", 'say "so"')
    assert corpus.kind == "line"
    assert read_corpus(place("said.tsv", "a\tb\n1\t2\n"), column="b").documents == ("2",)
    assert read_corpus(place("one.csv", "only\nx\ny\n")).documents == ("x", "y")
    assert read_corpus(place("crlf.csv", TABLE.replace("\n", "\r\n")), column="words").documents[0] == "one, two\nthree"


@pytest.mark.parametrize(
    ("content", "column", "complaint"),
    [
        (TABLE, None, r"a table of 2 columns: say which with --field; there are: name, words"),
        (TABLE, "word", r"no column 'word'; there are: name, words"),
        ("a,b\n1,2\n3\n", "b", r"line 3: 1 columns; 'b' is number 2"),
        ('a,b\n1,"2\n', "b", r"line 2: not a row of a table: unexpected end of data"),
        ('a,b\n1,"2"x\n', "b", r"line 2: not a row of a table"),
        ("", "b", r"no column 'b'; there are none"),
        ("a,b\n", "b", r"no text in it"),
        ("a,b\n1,\n", "b", r"no text in it"),
    ],
)
def test_tables_that_cannot_be_read(place, content, column, complaint):
    with pytest.raises(CorpusError, match=r"t\.csv: " + complaint):
        read_corpus(place("t.csv", content), column=column)


def test_lines_of_json(place):
    rows = [{"id": 1, "text": "one\ntwo"}, {"text": "three", "id": 2}, {"text": ""}]
    path = place("said.jsonl", "".join(json.dumps(row) + "\n" for row in rows) + "\n")
    assert read_corpus(path).documents == ("one\ntwo", "three")
    assert read_corpus(path, column="text").documents == ("one\ntwo", "three")
    assert read_corpus(place("plain.jsonl", '"one"\n"two"\n')).documents == ("one", "two")


@pytest.mark.parametrize(
    ("content", "column", "complaint"),
    [
        ('{"a": "x"}\n{"a": \n', "a", r"line 2: not JSON: .* in column 7"),
        ('{"a": "x", "b": "y"}\n', None, r"line 1: say which field with --field; there are: a, b"),
        ('{"a": "x"}\n\n{"b": "y"}\n', "a", r"line 3: no text in a field 'a'; there are: b"),
        ('{"a": 7}\n', "a", r"line 1: no text in a field 'a'; there are none"),
        ("[1]\n", "a", r"line 1: an object with a field of text is wanted, not list"),
        ('{"a": "  "}\n', "a", r"no text in it"),
        ("[" * 100_000, "a", r"line 1: (JSON nested too deeply|not JSON)"),
    ],
)
def test_lines_of_json_that_cannot_be_read(place, content, column, complaint):
    with pytest.raises(CorpusError, match=r"t\.jsonl: " + complaint):
        read_corpus(place("t.jsonl", content), column=column)


def test_a_field_of_plain_text_is_a_mistake(place):
    with pytest.raises(CorpusError, match="--field is about CSV and lines of JSON; this is plain text"):
        read_corpus(place("a.txt", "text"), column="a")


def test_only_when_asked(place):
    path = place("a.txt", "Cafe\u0301 ﬁne STRASSE\n")
    assert read_corpus(path).documents == ("Cafe\u0301 ﬁne STRASSE\n",)
    assert read_corpus(path, lowercase=True).documents == ("cafe\u0301 ﬁne strasse\n",)
    assert read_corpus(path, normalise="nfc").documents == ("Café ﬁne STRASSE\n",)
    assert read_corpus(path, normalise="nfkc", lowercase=True).documents == ("café fine strasse\n",)


def test_a_training_remembers_how_its_text_was_read(place, command):
    place(
        "said.csv",
        "text\n" + "".join(f'"{line} UND {line}"\n' for line in verse().splitlines() if line and '"' not in line),
    )
    options = ["--lowercase", "--units", 8, "--epochs", 1, "--sample-length", 0, "--sequence-length", 16]
    result = command("train", "said.csv", "--field", "text", *options)
    assert result.exit_code == 0, result.output
    assert "100 documents" in result.stderr
    again = command("train", "--resume", "said", "--epochs", 1)
    assert again.exit_code == 0, again.output
    assert command("evaluate", "said", "said.csv").exit_code == 0


class TestLarge:
    """Texts that stay in their files, made large by a small limit."""

    @pytest.fixture(autouse=True)
    def small_limit(self, monkeypatch, tmp_path):
        from textgen.corpus import documents as corpus
        from textgen.corpus import formats, sources
        from textgen.system import cache

        monkeypatch.setattr(sources, "CHUNK", 700)
        monkeypatch.setattr(corpus, "LARGE", 2000)
        monkeypatch.setattr(formats, "PIECE", 500)
        monkeypatch.setattr(formats, "LONGEST", 900)
        monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))

    @pytest.mark.parametrize("documents", ["file", "block", "line"])
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_pieces_are_the_text(self, place, documents, pack):
        text = verse() * 3 + "x" * 3000 + " " + "word " * 500 + "end"
        path = place("large.txt", pack(text.replace("\n", "\r\n").encode()))
        small, large = (read_corpus(path, documents, may_stay=may_stay) for may_stay in (False, True))
        assert isinstance(large, LargeCorpus)
        found = []
        for starts, piece in large.pieces():
            if starts:
                found.append("")
            found[-1] += piece
        assert tuple(found) == small.documents
        assert documents != "file" or max(len(piece) for _, piece in large.pieces()) < 2000
        assert (large.characters, large.count, large.kind) == (small.characters, small.count, small.kind)
        assert large.fingerprint() == small.fingerprint()
        assert large.notes == small.notes
        assert large.cut(0.1) == small.cut(0.1)

    @pytest.mark.parametrize("unit", ["char", "word"])
    @pytest.mark.parametrize("backward", [False, True])
    @pytest.mark.parametrize("documents", ["file", "line"])
    def test_ids_are_those_of_a_text_in_memory(self, place, tmp_path, unit, backward, documents):
        path = place("large.txt", verse() * 5)
        one, other = (read_corpus(path, documents, may_stay=may_stay) for may_stay in (False, True))
        small, large = (encode(text, 0.1, unit=unit, backward=backward) for text in (one, other))
        assert isinstance(large.ids, np.memmap)
        assert large.tokenizer.symbols == small.tokenizer.symbols
        for name in ("ids", "held_out"):
            assert np.array_equal(getattr(large, name), getattr(small, name)), name
        for name in ("characters", "held_out_characters", "documents", "unknown", "fingerprint"):
            assert getattr(large, name) == getattr(small, name), name
        assert large.ids.dtype == np.uint8
        # Found again, by content; another text, or another way to read it, is another.
        (folder,) = (tmp_path / "cache" / "encoded").iterdir()
        stamp = next(folder.iterdir()).stat().st_mtime_ns
        again = encode(read_corpus(path, documents, may_stay=True), 0.1, unit=unit, backward=backward)
        assert np.array_equal(again.ids, small.ids)
        assert next(folder.iterdir()).stat().st_mtime_ns == stamp
        path.write_text(verse() * 5 + "!")
        changed = encode(read_corpus(path, documents, may_stay=True), 0.1, unit=unit, backward=backward)
        assert changed.fingerprint != small.fingerprint
        assert len(list((tmp_path / "cache" / "encoded").iterdir())) == 2
        assert sorted(entry.name for entry in path.parent.iterdir()) == ["cache", "large.txt"]

    def test_a_damaged_cache_is_made_anew(self, place, tmp_path):
        path = place("large.txt", verse() * 5)
        first = encode(read_corpus(path, may_stay=True), 0.1).ids.tobytes()
        (ids,) = (tmp_path / "cache").rglob("training.ids")
        data = bytearray(ids.read_bytes())
        data[100] ^= 1
        ids.write_bytes(data)
        assert encode(read_corpus(path, may_stay=True), 0.1).ids.tobytes() == first

    def test_no_more_than_a_few_are_kept(self, place, tmp_path):
        for number in range(KEPT + 3):
            encode(read_corpus(place("large.txt", verse() * 5 + str(number)), may_stay=True), 0.1)
        assert len(list((tmp_path / "cache" / "encoded").iterdir())) == KEPT

    def test_a_full_cache_disk(self, place, command, tmp_path):
        import resource

        place("large.txt", verse() * 20)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        try:
            result = command("train", "large.txt", "--units", 8, "--epochs", 1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert result.exit_code == 5
        assert "may not grow" in result.stderr
        assert "TEXTGEN_CACHE" in result.stderr
        assert not list((tmp_path / "cache").rglob("*.ids"))
        assert not (tmp_path / "checkpoints" / "large").exists()

    def test_training_and_resuming(self, place, command):
        place("large.txt", verse() * 5)
        result = command("train", "large.txt", "--units", 8, "--epochs", 1, "--sample-length", 0)
        assert result.exit_code == 0, result.output
        assert command("train", "--resume", "large", "--epochs", 1).exit_code == 0
        place("large.txt", verse() * 5 + "!")
        changed = command("train", "--resume", "large", "--epochs", 1)
        assert (changed.exit_code, "differs from the text" in changed.stderr) == (3, True)

    def test_standard_input(self, monkeypatch):
        text = verse() * 5
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        corpus = read_corpus("-", may_stay=True)
        assert isinstance(corpus, LargeCorpus)
        assert "".join(piece for _, piece in corpus.pieces()) == text
        assert "".join(piece for _, piece in corpus.pieces()) == text

    def test_a_bad_byte_far_into_it_is_told_by_its_place(self, place):
        data = verse().encode() * 400
        assert len(data) > 1 << 21
        at = len(data) - 77
        path = place("bad.txt", data[:at] + b"\xff" + data[at + 1 :])
        with pytest.raises(CorpusError, match=f"not UTF-8: byte 0xff at offset {at}; "):
            list(read_corpus(path, may_stay=True).pieces())


def test_ids_take_the_smallest_type_that_holds_them():
    sizes = {3: np.uint8, 256: np.uint8, 257: np.uint16, 65_536: np.uint16, 65_537: np.int32}
    assert {size: smallest_type(size) for size in sizes} == sizes


def test_small_texts_are_kept_in_memory(place):
    assert LARGE > 10_000_000
    assert isinstance(read_corpus(place("a.txt", "text"), may_stay=True), Corpus)


def test_what_is_measured_is_read_as_the_training_was(place, command):
    """A run that learned small letters knows no capitals: its text is measured in small letters too."""
    place("tale.txt", verse().upper())
    options = ["--lowercase", "--units", 8, "--epochs", 1, "--sample-length", 0, "--sequence-length", 16]
    assert command("train", "tale.txt", *options).exit_code == 0
    assert "unknown:         0.00%" in command("evaluate", "tale", "tale.txt").stdout
    assert json.loads(command("score", "tale", "tale.txt", "--json").stdout)["unknown"] == []


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("t.txt", "%s"),
        ("t.csv", "text\n%s\n"),
        ("t.jsonl", '"%s"\n'),
        ("t.json", '[{"paragraphs": ["%s"]}]'),
        ("t.txt.gz", "%s"),
        ("t.csv.gz", "text\n%s\n"),
    ],
)
def test_faults_in_every_format(place, name, around, refused):
    """Rows 1 to 11 of the faults, whatever holds the text: empty, marked, badly encoded, binary, no plain file."""

    def write(content):
        data = content if isinstance(content, bytes) else content.encode()
        return place(name, gzip.compress(data) if name.endswith(".gz") else data)

    for nothing in (b"", b"\xef\xbb\xbf"):
        told = refused(3, "train", write(nothing))
        assert "no text" in told or "not JSON" in told or "no column" in told or "a table of 0" in told, told
    whole = around % "the old boat"
    assert "the old boat" in read_corpus(write(whole)).documents[0]
    assert "the old boat" in read_corpus(write(whole.replace("\n", "\r\n"))).documents[0]
    marked = read_corpus(write("\ufeff".encode("utf-16-le") + whole.encode("utf-16-le")))
    assert "the old boat" in marked.documents[0]
    assert any("byte-order mark" in note for note in marked.notes)
    at = whole.index("old")
    bad = whole.encode().replace(b"old", b"\xff\xfeld")
    assert f"not UTF-8: byte 0xff at offset {at}" in refused(3, "train", write(bad))
    assert "looks like binary" in refused(3, "train", write(whole.encode().replace(b"old", b"o\0d")))
    path = write(whole)
    path.unlink()
    assert "no such file" in refused(3, "train", path)
    os.mkfifo(path)
    assert "not a plain file" in refused(3, "train", path)
