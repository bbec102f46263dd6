"""Files, folders, patterns, compressed files, tables, lines of JSON: where text comes from, and what it holds."""

import gzip
import io
import json
import mmap
import os
import sys

import numpy as np
import pytest

from tests.conftest import verse
from textgen.corpus.documents import MAX_BYTES_IN_MEMORY, Corpus, LargeCorpus, read_corpus
from textgen.corpus.formats import Reading
from textgen.corpus.notes import NoteKind
from textgen.corpus.poems import Selection
from textgen.errors import CorpusError
from textgen.planning import dataset
from textgen.planning.dataset import MAX_CACHED_TEXTS, VocabularySpec, encode, smallest_type


@pytest.fixture
def place(empty_place):
    def write(name, content):
        path = empty_place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_folder_is_read_with_all_below_it_in_the_order_of_names(place):
    place("tales/b.txt", "two\n")
    place("tales/a.md", "one\n")
    place("tales/deep/c.txt.gz", gzip.compress(b"three\n"))
    place("tales/picture.png", b"\x89PNG")
    corpus = read_corpus("tales")
    assert corpus.documents == ("one\n", "two\n", "three\n")
    assert (corpus.name, len(corpus.paths)) == ("tales", 1)


def test_a_pattern_that_the_shell_did_not_expand(place):
    place("a1.txt", "one")
    place("a2.txt", "two")
    place("b.txt", "three")
    place("[odd].txt", "odd")
    assert read_corpus("a*.txt").documents == ("one", "two")
    assert read_corpus(["a*.txt", "b.txt"]).documents == ("one", "two", "three")
    assert read_corpus("[odd].txt").documents == ("odd",)  # a file has this name
    with pytest.raises(CorpusError, match=r"c\*\.txt: no file"):
        read_corpus("c*.txt")


def test_compressed_text(place):
    text = "grüße\r\nan alle\r\n" * 3
    path = place("letters.txt.gz", gzip.compress(text.encode()))
    corpus = read_corpus(path)
    assert corpus.documents == (text.replace("\r\n", "\n"),)
    assert corpus.name == "letters"
    # It is recognised by its bytes, not by its name.
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
        (TABLE, None, r"a table of 2 columns: .*`field`; there are: name, words"),
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
        ('{"a": "x", "b": "y"}\n', None, r"line 1: .*`field`; there are: a, b"),
        ('{"a": "x"}\n\n{"b": "y"}\n', "a", r"line 3: no text in a field 'a'; there are: b"),
        ('{"a": 7}\n', "a", r"line 1: no text in a field 'a'; there are none"),
        ("[1]\n", "a", r"line 1: .* an object with a field of text, not list"),
        ('{"a": "  "}\n', "a", r"no text in it"),
        ("[" * 100_000, "a", r"line 1: (JSON nested too deeply|not JSON)"),
    ],
)
def test_lines_of_json_that_cannot_be_read(place, content, column, complaint):
    with pytest.raises(CorpusError, match=r"t\.jsonl: " + complaint):
        read_corpus(place("t.jsonl", content), column=column)


def test_a_field_of_plain_text_is_refused(place):
    with pytest.raises(CorpusError, match=r"a\.txt: `field` .*plain text"):
        read_corpus(place("a.txt", "text"), column="a")


def test_text_is_normalised_only_when_asked(place):
    path = place("a.txt", "Cafe\u0301 ﬁne STRASSE\n")
    assert read_corpus(path).documents == ("Cafe\u0301 ﬁne STRASSE\n",)
    assert read_corpus(path, lowercase=True).documents == ("cafe\u0301 ﬁne strasse\n",)
    assert read_corpus(path, normalise="nfc").documents == ("Café ﬁne STRASSE\n",)
    assert read_corpus(path, normalise="nfkc", lowercase=True).documents == ("café fine strasse\n",)


def test_a_training_remembers_how_its_text_was_read(place, command):
    lines = [line for line in verse().splitlines() if line and '"' not in line]
    place("said.csv", "id|text\n" + "".join(f"1|{line} UND {line}\n" for line in lines))
    options = ["--lowercase", "--units", 8, "--epochs", 1, "--sample-length", 0, "--sequence-length", 16]
    result = command("train", "said.csv", "--field", "text", "--delimiter", "|", *options)
    assert result.exit_code == 0, result.output
    assert "100 documents" in result.stderr
    again = command("train", "--resume", "said", "--epochs", 1)
    assert again.exit_code == 0, again.output
    assert command("evaluate", "said", "said.csv").exit_code == 0
    # A run that learned a table reads plain text too, as one that was typed: in lower case, here.
    place("letter.txt", "THE HEN")
    scored = command("score", "said", "letter.txt")
    assert (scored.exit_code, "never seen" in scored.stderr) == (0, False)
    assert command("score", "said", "--text", "THE HEN").output == scored.output


class TestLarge:
    """Texts that stay in their files, because the limit is small here."""

    @pytest.fixture(autouse=True)
    def small_limit(self, monkeypatch, tmp_path):
        from textgen.corpus import documents as corpus
        from textgen.corpus import pieces, sources
        from textgen.system import cache

        monkeypatch.setattr(sources, "CHUNK_BYTES", 700)
        monkeypatch.setattr(corpus, "MAX_BYTES_IN_MEMORY", 2000)
        monkeypatch.setattr(pieces, "PIECE_CHARACTERS", 500)
        monkeypatch.setattr(pieces, "MAX_LINE_CHARACTERS", 900)
        monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))

    @pytest.mark.parametrize("documents", ["file", "block", "line"])
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_pieces_are_the_text(self, place, documents, pack):
        text = verse() * 3 + "x" * 3000 + " " + "word " * 500 + "end"
        path = place("large.txt", pack(text.replace("\n", "\r\n").encode()))
        small, large = (read_corpus(path, documents, may_stay=may_stay) for may_stay in (False, True))
        assert isinstance(large, LargeCorpus)
        found = []
        for starts, piece, labels in large.pieces():
            assert labels == ()
            if starts:
                found.append("")
            found[-1] += piece
        assert tuple(found) == small.documents
        assert documents != "file" or max(len(piece.text) for piece in large.pieces()) < 2000
        assert (large.characters, large.count, large.kind) == (small.characters, small.count, small.kind)
        assert large.fingerprint() == small.fingerprint()
        assert large.notes == small.notes != ()
        assert large.split(0.1) == small.split(0.1)

    @pytest.mark.parametrize("unit", ["char", "word"])
    @pytest.mark.parametrize("backward", [False, True])
    @pytest.mark.parametrize("documents", ["file", "line"])
    def test_ids_are_those_of_a_text_in_memory(self, place, tmp_path, unit, backward, documents):
        path = place("large.txt", verse() * 5)
        one, other = (read_corpus(path, documents, may_stay=may_stay) for may_stay in (False, True))
        vocabulary = VocabularySpec(unit=unit)
        small, large = (encode(text, 0.1, vocabulary, backward=backward) for text in (one, other))
        assert isinstance(mapped(large.ids), mmap.mmap)
        assert mapped(large.ids) is mapped(large.held_out)
        assert large.tokenizer.symbols == small.tokenizer.symbols
        for name in ("ids", "held_out"):
            assert np.array_equal(getattr(large, name), getattr(small, name)), name
        for name in ("characters", "held_out_extent", "documents", "unknown", "fingerprint", "notes"):
            assert getattr(large, name) == getattr(small, name), name
        assert large.ids.dtype == np.uint8
        # The file is found again by the text's content; a changed text has a file of its own.
        (folder,) = (tmp_path / "cache" / "encoded").iterdir()
        stamp = next(folder.iterdir()).stat().st_mtime_ns
        again = encode(read_corpus(path, documents, may_stay=True), 0.1, vocabulary, backward=backward)
        assert np.array_equal(again.ids, small.ids)
        assert next(folder.iterdir()).stat().st_mtime_ns == stamp
        path.write_text(verse() * 5 + "!")
        changed = encode(read_corpus(path, documents, may_stay=True), 0.1, vocabulary, backward=backward)
        assert changed.fingerprint != small.fingerprint
        assert len(list((tmp_path / "cache" / "encoded").iterdir())) == 2
        assert sorted(entry.name for entry in path.parent.iterdir()) == ["cache", "large.txt"]

    def test_a_damaged_cache_is_made_anew(self, place, tmp_path):
        path = place("large.txt", verse() * 5)
        first = encode(read_corpus(path, may_stay=True), 0.1).ids.tobytes()
        (ids,) = (tmp_path / "cache").rglob(dataset.IDS)
        data = bytearray(ids.read_bytes())
        data[100] ^= 1
        ids.write_bytes(data)
        assert encode(read_corpus(path, may_stay=True), 0.1).ids.tobytes() == first

    def test_no_more_than_a_few_are_kept(self, place, tmp_path):
        for number in range(MAX_CACHED_TEXTS + 3):
            encode(read_corpus(place("large.txt", verse() * 5 + str(number)), may_stay=True), 0.1)
        assert len(list((tmp_path / "cache" / "encoded").iterdir())) == MAX_CACHED_TEXTS

    def test_files_of_an_older_version_are_made_anew(self, place, tmp_path, monkeypatch):
        path = place("large.txt", verse() * 5)
        encode(read_corpus(path, may_stay=True), 0.1)
        monkeypatch.setattr(dataset, "CACHE_VERSION", dataset.CACHE_VERSION + 1)
        encode(read_corpus(path, may_stay=True), 0.1)
        assert len(list((tmp_path / "cache" / "encoded").iterdir())) == 2

    def test_notes_are_known_without_reading_a_text_that_is_in_the_cache(self, place, monkeypatch):
        path = place("large.txt", (verse() * 5).replace("\n", "\r\n"))
        first = encode(read_corpus(path, may_stay=True), 0.1)
        assert [note.kind for note in first.notes] == [NoteKind.LINE_ENDS]
        monkeypatch.setattr(LargeCorpus, "pieces", None)
        assert encode(read_corpus(path, may_stay=True), 0.1).notes == first.notes

    def test_a_large_text_does_not_change_when_it_is_read(self, place):
        corpus = read_corpus(place("large.txt", (verse() * 5).replace("\n", "\r\n")), may_stay=True)
        notes = []
        first = list(corpus.pieces(notes))
        assert [note.kind for note in notes] == [NoteKind.LINE_ENDS]
        assert list(corpus.pieces()) == first
        assert corpus.notes == tuple(notes)

    def test_the_digest_depends_on_every_option_of_reading_and_on_nothing_else(self, place):
        path = place("large.txt", verse() * 5)
        corpus = read_corpus(path, may_stay=True)
        options = [
            {"documents": "line"},
            {"encoding": "utf-8"},
            {"column": "a"},
            {"lowercase": True},
            {"normalise": "nfc"},
            {"selection": Selection("王維", "simplified", ("jueju5",))},
        ]
        others = [LargeCorpus("x", corpus.sources, Reading(**given)).digest() for given in options]
        assert len({corpus.digest(), *others}) == 1 + len(options)
        again = [LargeCorpus("y", corpus.sources, Reading(**given)).digest() for given in options]
        assert again == others

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
        assert "".join(piece.text for piece in corpus.pieces()) == text
        assert "".join(piece.text for piece in corpus.pieces()) == text

    def test_a_bad_byte_far_into_a_text_is_named_with_its_offset(self, place):
        data = verse().encode() * 400
        assert len(data) > 1 << 21
        at = len(data) - 77
        path = place("bad.txt", data[:at] + b"\xff" + data[at + 1 :])
        with pytest.raises(CorpusError, match=f"not UTF-8: byte 0xff at offset {at}; "):
            list(read_corpus(path, may_stay=True).pieces())


def mapped(ids):
    """What an array reads from, in the end."""
    while isinstance(ids, np.ndarray | memoryview):
        ids = ids.base if isinstance(ids, np.ndarray) else ids.obj
    return ids


def test_ids_take_the_smallest_type_that_holds_them():
    sizes = {3: np.uint8, 256: np.uint8, 257: np.uint16, 65_536: np.uint16, 65_537: np.int32}
    assert {size: smallest_type(size) for size in sizes} == sizes


def test_small_texts_are_kept_in_memory(place):
    assert MAX_BYTES_IN_MEMORY > 10_000_000
    assert isinstance(read_corpus(place("a.txt", "text"), may_stay=True), Corpus)


def test_measured_text_is_read_with_the_options_of_the_training(place, command):
    """A run that learned lower case knows no capitals: its text is measured in lower case too."""
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
    """Rows 1 to 11 of the faults in every format: empty, marked, badly encoded, binary, not a plain file."""

    def write(content):
        data = content if isinstance(content, bytes) else content.encode()
        return place(name, gzip.compress(data) if name.endswith(".gz") else data)

    for nothing in (b"", b"\xef\xbb\xbf"):
        message = refused(3, "train", write(nothing))
        assert any(part in message for part in ("no text", "not JSON", "no column", "a table of 0")), message
    whole = around % "the old boat"
    assert "the old boat" in read_corpus(write(whole)).documents[0]
    assert "the old boat" in read_corpus(write(whole.replace("\n", "\r\n"))).documents[0]
    marked = read_corpus(write("\ufeff".encode("utf-16-le") + whole.encode("utf-16-le")))
    assert "the old boat" in marked.documents[0]
    assert NoteKind.ENCODING in [note.kind for note in marked.notes]
    at = whole.index("old")
    bad = whole.encode().replace(b"old", b"\xff\xfeld")
    assert f"not UTF-8: byte 0xff at offset {at}" in refused(3, "train", write(bad))
    assert "looks like binary" in refused(3, "train", write(whole.encode().replace(b"old", b"o\0d")))
    path = write(whole)
    path.unlink()
    assert "no such file" in refused(3, "train", path)
    os.mkfifo(path)
    assert "not a plain file" in refused(3, "train", path)
