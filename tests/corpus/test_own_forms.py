"""A user's own form: where a file may stand for a name, and what becomes of files of every other kind."""

import os
import time

import pytest

from textgen.corpus.forms import form_of
from textgen.corpus.forms.own import MAX_BYTES, MAX_LINE
from textgen.corpus.poems import Selection
from textgen.errors import UsageError

TERCET = '[tercet]\nabout = "three lines"\nscheme = "AAA"\nmeter = "wswswsws"\n'
TUNE = '[mine]\nabout = "two lines"\ntune = ["NZPPa，NZPPa。"]\n'


def test_a_path_stands_for_a_name(tmp_path):
    path = tmp_path / "tercet.toml"
    path.write_text(TERCET)
    form = form_of(str(path))
    assert (form.name, form.lines, form.rhyme, form.language) == ("tercet", 3, "AAA", "english")
    assert form_of(str(path)) is form  # read once
    path.write_text(TERCET.replace("AAA", "AABA"))
    assert form_of(str(path)).lines == 4  # and again when it changes
    selection = Selection(forms=(str(path), "jueju5"))
    assert selection.fits(["one", "two", "three", "four"])
    assert not selection.fits(["one", "two", "three"])


def test_a_file_of_another_system(tmp_path):
    path = tmp_path / "Tercet.TOML"
    path.write_bytes(b"\xef\xbb\xbf" + TUNE.replace("\n", "\r\n").encode())
    assert form_of(str(path)).tune[1].mark == "。"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds 0 forms; give a file with one table"),
        ((TERCET + TUNE).encode(), "holds 2 forms; give a file with one table"),
        (b"\x89PNG\r\n\x1a\n\xff", "byte 0 is not UTF-8; save the file as UTF-8"),
        (b"\x00" * 100, "not TOML: "),
        (b"#" * (MAX_BYTES + 1), "larger than 64 KiB; a form of verse is a short text"),
        (b"#" * (MAX_LINE + 1), "a line has more than 4,000 characters; divide it"),
        (b"[x]\na = " + b"[\n" * 30_000, "nested too deeply"),
        (b"[x]\na = " + b"{b=" * 1_300 + b"1", "x.toml: "),
        (b"\n".join(b"[x" + b".y" * 1_900 + b".z%d]" % at for at in range(16)), r"\[x\] y: is no key of a form"),
        (b"[x]\nabout = 'a'\n" + b"y.z = 1\n", r"\[x\] y: is no key of a form"),
        (b"[x]\nabout = 'a'\n", r"\[x\]: has no rules; add scheme and meter for English verse, tune or templates for"),
        (b"[[x]]\nabout = 'a'\n", "x: stands outside a table; begin the file"),
        (b"x = nan\n", "x: stands outside a table"),
        (b"[x]\nabout = 1979-05-27\n", r"\[x\] about: takes a text"),
        (b"[x]\nabout = 'a'\nscheme = 'AA'\n", r"\[x\] scheme: needs `meter` beside it"),
        (
            b"[x]\nabout = 'a'\nscheme = 'AA'\nmeter = 'ws'\nlanguage = 'chinese'\n",
            r"\[x\] language: is chinese, and",
        ),
        (b"[x]\nabout = 'a'\nscheme = 'AA'\nmeter = 'ws'\ntune = ['PPa,']\n", r"\[x\] tune: goes without `scheme`"),
        ("[x]\nabout = 'a'\ntune = 'PPa，'\n".encode(), r"\[x\] tune: takes a list of texts"),
        ("[x]\nabout = 'a'\ntune = ['PPa，', 3]\n".encode(), r"\[x\] tune: takes a list of texts"),
        ("[x]\nabout = 'a'\ntune = ['PPa，QQa。']\n".encode(), r"\[x\] tune: 'QQa。' is no line; write its tones"),
        ("[x]\nabout = 'a'\ntune = ['PPa，', ' ']\n".encode(), r"\[x\] tune: a stanza has no lines; take it out"),
        (
            "[x]\nabout = 'a'\ntune = ['PP|Pa，PPa。']\n".encode(),
            r"\[x\] tune: 'PP\|P' has patterns of several",
        ),
        ("[x]\nabout = 'a'\ntune = ['PP|PZa，PPa。']\n".encode(), r"\[x\] tune: 'PP\|PZ' rhymes in two tones; end"),
        ("[x]\nabout = 'a'\ntune = ['PPa，PP。']\n".encode(), r"\[x\] tune: only one line has the rhyme a; give two"),
        ("[x]\nabout = 'a'\ntune = ['PNa，PPa。']\n".encode(), r"\[x\] tune: the rhyme a ends in N and in P or Z; end"),
        ("[x]\nabout = 'a'\ntune = ['PP，PP{2}。']\n".encode(), r"\[x\] tune: \{2\} names no earlier line; count"),
        ("[x]\nabout = 'a'\ntune = ['PP，PP{1.3}。']\n".encode(), r"\[x\] tune: \{1.3\} names a character that line 1"),
        (
            "[x]\nabout = 'a'\ntune = ['PP，PP{1.1}。']\n".encode(),
            r"\[x\] tune: \{1.1\} has 1 characters, and",
        ),
        (
            "[x]\nabout = 'a'\ntune = ['PP，PP{a}。']\n".encode(),
            r"\[x\] tune: \{a\} names no earlier line; write",
        ),
        (f"[x]\nabout = 'a'\ntune = ['{'PP，' * 501}']\n".encode(), r"\[x\] tune: has 501 lines, more than 500"),
        (
            f"[x]\nabout = 'a'\ntune = ['{'P' * 65}，']\n".encode(),
            r"\[x\] tune: a line takes at most 32 patterns",
        ),
        (f"[x]\nabout = 'a'\ntune = ['{'P|' * 32}P，']\n".encode(), r"\[x\] tune: a line takes at most 32 patterns of"),
        (
            "[x]\nabout = 'a'\ntune = ['PPa，PPa。']\nrhymes = 'all'\n".encode(),
            r"\[x\] rhymes: takes tunes or poems",
        ),
        (
            "[x]\nabout = 'a'\ntune = ['PPa，PPa。']\nleast = 3\n".encode(),
            r"\[x\] least: takes an even number",
        ),
        ("[x]\nabout = 'a'\ntune = ['PPa，', 'PPa。']\nleast = 2\n".encode(), r"\[x\] least: goes with one stanza"),
        (
            "[x]\nabout = 'a'\ntune = ['PPa，PPa。']\nnames = ['a b']\n".encode(),
            r"\[x\] names: 'a b' is no name",
        ),
        (b"[x]\nabout = 'a'\ncouplet = false\n", r"\[x\] couplet: takes true; got False"),
        (b"[x]\nabout = 'a'\nleast = 4\n", r"\[x\] least: needs `templates` or `tune` beside it"),
    ],
)
def test_files_that_are_no_form_end_in_one_line(tmp_path, content, complaint):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    start = time.monotonic()
    with pytest.raises(UsageError, match=complaint) as caught:
        form_of(str(path))
    assert time.monotonic() - start < 5
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert len(message) < 2_100


def test_what_is_no_file(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    for name, complaint in (
        ("folder.toml", "(not a file|Is a directory|Permission denied); give a TOML file with one form"),
        ("missing.toml", "No such file or directory; give a TOML file with one form"),
        ("a" * 300 + ".toml", "a path of at most"),
        ("a\0.toml", "a path without NUL characters"),
    ):
        with pytest.raises(UsageError, match=complaint) as caught:
            form_of(str(tmp_path / name))
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"no form 'missing'.*or give a path to a form of your own"):
        form_of("missing")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(UsageError, match="not a file"):
        form_of(str(tmp_path / "pipe.toml"))
