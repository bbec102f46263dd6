"""What a person is shown: the filter, and streams that are full, closed or gone."""

import errno
import io
import os

import pytest

from textgen.errors import StorageError
from textgen.shown import one_line, visible_text
from textgen.system.terminal import (
    ErrorStream,
    OutputClosed,
    OutputStream,
    Styled,
    error_stream,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text,\n\ttwo lines", "plain text,\n\ttwo lines"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("over\rwritten\x08\x7f", "over\\rwritten\\x08\\x7f"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("a\u202eb\u2066c\u2069\u2028d", "a\\u202eb\\u2066c\\u2069\\u2028d"),
        ("caf\udce9", "caf\\udce9"),
        ("雞\u3000한글 שלום مرحبا 👩\u200d💻 e\u0301\u00a0", "雞\u3000한글 שלום مرحبا 👩\u200d💻 e\u0301\u00a0"),
    ],
)
def test_what_acts_on_a_terminal_becomes_visible(text, shown):
    assert visible_text(text) == shown
    assert one_line(text) == shown.replace("\n", "\\n")


class Refusing(io.StringIO):
    """A stream that a system error keeps from being written once it is refusing."""

    encoding, errors = "utf-8", "backslashreplace"

    def __init__(self, error=None, terminal=False):
        super().__init__()
        self.error, self.terminal = error, terminal

    def isatty(self):
        return self.terminal

    def write(self, text):
        if self.error:
            raise self.error
        return super().write(text)


def test_standard_error_is_filtered_but_not_what_we_styled_ourselves():
    under = Refusing()
    stream = ErrorStream(under)
    stream.write("a\x1bb\n")
    stream.write(Styled("\x1b[1mbold\x1b[0m\n"))
    stream.raw.write("\r 50%")
    assert under.getvalue() == "a\\x1bb\n\x1b[1mbold\x1b[0m\n\r 50%"


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ENOSPC, errno.EBADF])
def test_standard_error_that_is_lost_stays_lost(number):
    under = Refusing(OSError(number, "refused"))
    stream = ErrorStream(under)
    assert stream.write("first\n") == 6
    under.error = None
    stream.write("second\n")
    stream.raw.write("third\n")
    stream.flush()
    assert under.getvalue() == ""


def test_standard_error_that_is_closed_or_missing():
    closed = io.StringIO()
    closed.close()
    for under in (closed, None):
        stream = ErrorStream(under)
        stream.write("nobody hears this\n")
        stream.flush()
        assert not stream.isatty()
    with pytest.raises(OSError, match="fileno"):
        ErrorStream(None).fileno()


def test_text_for_a_pipe_stays_as_it_is_and_a_terminal_sees_it():
    pipe, terminal = Refusing(), Refusing(terminal=True)
    for under in (pipe, terminal):
        stream = OutputStream(under)
        stream.write("a\x1bb")
        stream.write(Styled("\x1b[1mc\x1b[0m"))
        stream.flush()
    assert pipe.getvalue() == "a\x1bb\x1b[1mc\x1b[0m"
    assert terminal.getvalue() == "a\\x1bb\x1b[1mc\x1b[0m"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "full"), "standard output: disk full: make room, then try again"),
        (OSError(errno.EIO, "Input/output error"), "standard output: cannot be written: Input/output error"),
        (ValueError("I/O operation on closed file"), "standard output: cannot be written: I/O operation on closed"),
    ],
)
def test_standard_output_that_cannot_be_written(error, said, monkeypatch):
    monkeypatch.setattr(OutputStream, "fileno", lambda self: os.open(os.devnull, os.O_WRONLY))
    stream = OutputStream(Refusing(error))
    for _ in range(2):  # also where the first was caught
        with pytest.raises(StorageError, match=said):
            stream.write("text")
    with pytest.raises(StorageError, match=said):
        stream.flush()


def test_a_reader_that_has_had_enough_is_no_storage_error():
    stream = OutputStream(Refusing(BrokenPipeError(errno.EPIPE, "Broken pipe")))
    with pytest.raises(OutputClosed):
        stream.write("text")


def test_a_program_without_a_standard_output():
    stream = OutputStream(None)
    stream.flush()
    with pytest.raises(StorageError, match="standard output is closed"):
        stream.write("text")


def test_the_standard_error_of_a_program_is_wrapped_once(monkeypatch):
    stream = ErrorStream(io.StringIO())
    monkeypatch.setattr("sys.stderr", stream)
    assert error_stream() is stream
