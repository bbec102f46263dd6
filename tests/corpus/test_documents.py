"""Files to documents: reading, splitting, fingerprints."""

import gc
import io
import os
import sys

import pytest

from textgen.corpus.documents import Corpus, read_corpus, read_for
from textgen.corpus.given import read_given
from textgen.corpus.notes import Note, NoteKind
from textgen.corpus.sources import resolve
from textgen.errors import CorpusError, UsageError
from textgen.runs.config import TrainingConfig


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def test_files_are_documents(tmp_path):
    paths = [write(tmp_path / "one.txt", "first\n"), write(tmp_path / "two.txt", "zweites ä\n")]
    corpus = read_corpus(paths)
    assert corpus.documents == ("first\n", "zweites ä\n")
    assert corpus.characters == 16
    assert corpus.name == "one-and-1-more"
    assert corpus.paths == tuple(map(str, paths))


def test_blocks_and_lines_are_documents(tmp_path):
    path = write(tmp_path / "poems.txt", "\n\nroses\nviolets\n \n\nhaiku\n\n\n")
    assert read_corpus(path, "block").documents == ("roses\nviolets", "haiku")
    assert read_corpus(path, "line").documents == ("roses", "violets", "haiku")
    assert read_corpus(path, "file").documents == ("\n\nroses\nviolets\n \n\nhaiku\n\n\n",)


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("grüße".encode())))
    corpus = read_corpus("-")
    assert (corpus.documents, corpus.name) == (("grüße",), "stdin")


def test_standard_input_is_kept_as_long_as_its_source(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\n")))
    first, second = resolve(["-", "-"])  # named twice, it is read once
    kept = first.standard_input.opened()
    for source in (first, second, first):
        assert b"".join(source.chunks()) == b"one\ntwo\n"
    assert first.digest() == second.digest()
    # Another standard input is another text.
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"three\n")))
    assert b"".join(resolve("-")[0].chunks()) == b"three\n"
    assert b"".join(first.chunks()) == b"one\ntwo\n"
    del first, second, source
    gc.collect()
    assert kept.closed


def test_byte_order_mark_and_line_ends(tmp_path):
    corpus = read_corpus(write(tmp_path / "dos.txt", b"\xef\xbb\xbfone\r\ntwo\rthree\n"))
    assert corpus.documents == ("one\ntwo\nthree\n",)
    text = f"{tmp_path / 'dos.txt'}: 2 CR or CR LF line ends read as LF"
    assert corpus.notes == (Note(NoteKind.LINE_ENDS, text, "2"),)
    assert str(corpus.notes[0]) == text


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no text in it"),
        (b"\xef\xbb\xbf", "no text in it"),
        (b" \n\t\n", "no text in it"),
        (b"abc\xffdef", "not UTF-8: byte 0xff at offset 3"),
        (b"\xef\xbb\xbfab\xe9", "not UTF-8: byte 0xe9 at offset 5"),
        ("latin café".encode("latin-1"), "byte 0xe9 at offset 9"),
    ],
)
def test_bytes_that_are_not_text(tmp_path, data, complaint):
    path = write(tmp_path / "bad.txt", data)
    with pytest.raises(CorpusError) as caught:
        read_corpus(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)


def test_paths_that_are_not_files(tmp_path):
    with pytest.raises(CorpusError, match="no such file"):
        read_corpus(tmp_path / "missing.txt")
    with pytest.raises(CorpusError, match="a folder without text"):
        read_corpus(tmp_path)
    with pytest.raises(CorpusError, match="no text given"):
        read_corpus([])
    with pytest.raises(UsageError, match="`paths` takes a path without NUL"):
        read_corpus("a\0b")


def test_a_file_of_nearly_the_same_name_is_named(tmp_path):
    (tmp_path / "story.txt").write_text("once")
    (tmp_path / "0000.md").symlink_to("nowhere")
    for name, message in (
        ("stroy.txt", r"stroy\.txt: no such file; did you mean 'story\.txt'\?$"),
        ("0000.md", "no such file$"),  # not itself
        ("none/a.txt", "no such file$"),
    ):
        with pytest.raises(CorpusError, match=message):
            read_corpus(tmp_path / name)


def test_a_pipe_without_a_writer_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorpusError, match="not a plain file"):
        read_corpus(tmp_path / "pipe")


def test_split_at_the_exact_character_of_a_long_document():
    train, held_out = Corpus("x", ("abcdefghij" * 10,)).split(0.1)
    assert (train, held_out) == (["abcdefghij" * 9], ["abcdefghij"])


def test_split_keeps_short_documents_whole():
    poems = tuple(f"poem {number:03}" for number in range(100))
    train, held_out = Corpus("x", poems).split(0.1)
    assert train == list(poems[:90])
    assert held_out == list(poems[90:])
    # A split a little inside a poem moves to the nearer edge of the poem.
    uneven = ("x" * 895, "y" * 10, "z" * 95)
    assert Corpus("x", uneven).split(0.1) == (["x" * 895], ["y" * 10, "z" * 95])


def test_nothing_is_held_out_of_a_share_of_zero():
    corpus = Corpus("x", ("abc", "def"))
    assert corpus.split(0) == (["abc", "def"], [])


def test_every_character_lands_on_one_side():
    documents = tuple("ab" * length for length in (1, 50, 3, 200, 7, 4, 90))
    for share in (0.05, 0.1, 0.25, 0.5):
        train, held_out = Corpus("x", documents).split(share)
        assert "".join(train + held_out) == "".join(documents)
        size = sum(map(len, held_out)) / sum(map(len, documents))
        assert abs(size - share) <= share / 10 + 0.01


def test_fingerprint_depends_on_the_text_and_its_documents():
    one = Corpus("x", ("ab", "c")).fingerprint()
    assert one == Corpus("y", ("ab", "c"), paths=("p",)).fingerprint()
    assert len({one, Corpus("x", ("a", "bc")).fingerprint(), Corpus("x", ("abc",)).fingerprint()}) == 3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"documents": "block"},
        {"documents": "line", "lowercase": True},
        {"documents": "poem"},
        {"normalise": "nfkc"},
    ],
)
def test_a_given_text_is_read_as_a_file_that_holds_it(options, tmp_path):
    texts = ["\ufeffOnce upon\r\na time\n\nthere was\n", "a ﬁn\n\n\n" * 3]
    paths = [tmp_path / name for name in ("a.txt", "b.txt")]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode())
    training = TrainingConfig(**options)
    read, given = read_for(training, paths), read_given(training, texts)
    assert (given.documents, given.kind, given.fingerprint()) == (read.documents, read.kind, read.fingerprint())
    assert [note.kind for note in given.notes] == [note.kind for note in read.notes]
    assert given.paths == ()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([" \n"], "text: no text in it"),
        (["a", ""], "text 2: no text in it"),
        ([], "no text"),
    ],
)
def test_a_given_text_without_text_is_refused(texts, message):
    with pytest.raises(CorpusError, match=message):
        read_given(TrainingConfig(), texts)
