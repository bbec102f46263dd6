"""What a text is, before an hour is spent on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT, verse
from textgen.corpus.spans import duplicates, longest_repeat


def slow_longest_repeat(text):
    """The length of the longest span that occurs twice, found the simple way."""
    return max(
        (length for length in range(1, len(text)) for at in range(len(text)) if at + length <= len(text)
         and text.find(text[at : at + length], at + 1) >= 0),
        default=0,
    )  # fmt: skip


@given(st.text("ab", max_size=24) | st.text("abcde", max_size=24))
def test_the_longest_repeat_is_the_longest(text):
    span = longest_repeat(text)
    assert len(span) == slow_longest_repeat(text)
    if span:
        assert text.find(span, text.find(span) + 1) > 0


def test_a_long_repeat_in_a_long_text():
    numbers = np.random.default_rng(0)
    letters = "".join(numbers.choice(list("abcdefghij"), 200_000))
    span = "here is what stands in two places, " * 8
    text = letters[:50_000] + span + letters[50_000:150_000] + span + letters[150_000:]
    assert span in longest_repeat(text)
    assert len(longest_repeat(text)) < len(span) + 8
    assert longest_repeat("a" * 5000) == "a" * 4999
    assert longest_repeat("") == longest_repeat("x") == longest_repeat("xy") == ""


def test_duplicates():
    assert duplicates(["a", "b", "a", "", "", "a", "b"]) == (3, "a")
    assert duplicates(["a", "b"]) == (0, "")


@pytest.fixture
def check(command, empty_place):
    def run(text, *options):
        (empty_place / "t.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
        result = command("corpora", "check", "t.txt", *options)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_the_report_has_every_line(check):
    told = dict(line.split("  ", 1) for line in check(verse()).splitlines() if not line.startswith("note"))
    assert set(told) >= {
        "encoding", "size", "symbols", "rare", "lines twice", "blocks twice", "longest repeat", "unit",
        "would take", "model",
    }  # fmt: skip
    text = verse()
    assert "ASCII, line ends LF" in told["encoding"]
    assert (
        f"{len(text):,} bytes, {len(text):,} characters in {len(text.splitlines()):,} lines, 1 document" in told["size"]
    )
    assert f"{len(set(text))} distinct" in told["symbols"]
    assert "of memory on this machine" in told["would take"]


def test_the_lines_of_poems_are_counted_as_an_editor_counts_them(check):
    poem = "The moon\u2019s a lamp\nabove the hill,\n"
    told = check("\n".join([poem] * 30 + [poem + "and still.\n"]), "--documents", "poem")
    assert "in 5 lines, 2 documents" in told  # a poem that occurs again is left out
    assert "in the first" not in told
    assert "encoding        UTF-8" in told  # the curly apostrophe became a straight one
    assert "in 4 lines, 1 document" in check("one\ntwo\n\nthree of them, longer than a stretch" + " of characters" * 3)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (
            "a short tale, " * 100,
            "(--from RUN in training), or forbid long copies when it writes (--max-copy 30 in sampling)",
        ),
        (verse() * 10 + "\ufffd" * 7, "7 replacement characters (U+FFFD): the text was decoded wrongly once"),
        (verse() * 10 + "\x07", "control characters \\x07"),
        (verse() * 10 + "cafe\u0301 ", "--normalise nfc"),
        (verse() * 10, "a span of"),
        (verse() * 10, "of the lines occurred before"),
        ("*** START OF THE PROJECT\n" + verse() * 8, "Project Gutenberg"),
        ("<p>so<br>it</p>" * 20 + verse() * 8, "HTML tags"),
        (verse().replace("\n", "\r\n"), "CR or CR LF line ends read as LF"),
        ("one line\nanother line\n\n" * 60, "--documents poem"),
        ("\n".join(f"a headline of {number} words" for number in range(400)), "--documents line"),
        ("".join(map(chr, range(0x4E00, 0x4E80))) + verse() * 40, "--vocabulary-size"),
    ],
)
def test_warnings_come_with_advice(check, text, note):
    notes = [line for line in check(text).splitlines() if line.startswith("note")]
    assert any(note in line for line in notes), notes


def test_a_good_text_has_no_warnings(command):
    result = command("corpora", "check", ROOT / "corpora" / "ferryman.txt")
    assert "note" not in result.stdout, result.stdout


def test_the_options_of_a_training_count(check):
    assert "5.0 minutes" in check(verse() * 10, "--minutes", "5").split("would take")[1]
    assert "1 LSTM layer of 77 units" in check(verse(), "--units", "77")
    assert "10 documents" in check(verse(), "--documents", "block")
    assert "words in the vocabulary" not in check(verse())
    assert "encoding        UTF-16-LE" in check("\ufeff".encode("utf-16-le") + verse().encode("utf-16-le"))


def test_texts_that_cannot_be_trained_on_are_refused(refused, empty_place):
    (empty_place / "short.txt").write_text("short")
    assert "one stretch of --sequence-length 64 needs 65" in refused(3, "corpora", "check", "short.txt")
    assert "no such file" in refused(3, "corpora", "check", "missing.txt")
    assert "--units takes a whole number at least 1" in refused(2, "corpora", "check", "short.txt", "--units", "0")
