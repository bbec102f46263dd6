"""The streams on which a person is shown something.

What acts on a terminal is made visible (`textgen.shown`): on standard error always, on standard output where it is a
terminal. Text for a pipe or a file stays as it is.

Knows nothing of what is shown.
"""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import NoReturn, TextIO, cast

from textgen.errors import StorageError
from textgen.shown import visible_text


class Styled(str):
    """Text of our own making, such as colours around filtered text, that reaches a terminal as it is."""

    __slots__ = ()


class OutputClosed(Exception):
    """The program that reads standard output has ended, as `head` does. That is no error."""


class _Stream(io.TextIOBase):
    """What the streams share: a text stream underneath, which may be missing, closed or gone at any time."""

    def __init__(self, stream: TextIO | None, owns_process: bool) -> None:
        super().__init__()
        self._stream, self._owns_process = stream, owns_process

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a plain attribute
        """How text is encoded, for those who ask, such as Click."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]  # likewise
        """What happens to characters that cannot be encoded."""
        return getattr(self._stream, "errors", None) or "backslashreplace"

    def writable(self) -> bool:
        """True."""
        return True

    def isatty(self) -> bool:
        """Whether a terminal shows what is written."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # closed
            return False

    def fileno(self) -> int:
        """The descriptor. Raises OSError (or io.UnsupportedOperation, which is one) where there is none."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def close(self) -> None:
        """Nothing: the stream underneath belongs to the process."""

    def _give_up(self) -> None:
        """Let what is still held back, and what other code writes to the descriptor, go nowhere.

        Python would otherwise try again at its end, and change the exit code when that fails.
        """
        if not self._owns_process:
            return
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(descriptor, self.fileno())
            finally:
                os.close(descriptor)


class ErrorStream(_Stream):
    """Standard error: filters what is written, and goes on without its terminal or its reader.

    A training must not end because nobody listens any more. After the first write that fails, nothing is written.

    Args:
        stream: the standard error underneath; None where the process has none.
        owns_process: whether the process is a command of textgen, not a program that uses the library.

    Attributes:
        raw: the same stream without the filter, for what draws by escape codes of its own, such as a progress bar.
    """

    def __init__(self, stream: TextIO | None, owns_process: bool = False) -> None:
        super().__init__(stream, owns_process)
        self._is_lost = stream is None
        self.raw = _RawErrorStream(self)

    def write(self, text: str) -> int:
        """Write filtered text; Styled text as it is."""
        return self.write_raw(text if isinstance(text, Styled) else visible_text(text))

    def write_raw(self, text: str) -> int:
        """Write text as it is."""
        if self._stream is not None and not self._is_lost:
            try:
                self._stream.write(text)
            except (OSError, ValueError):  # ValueError: closed
                self._lose()
        return len(text)

    def flush(self) -> None:
        """Have what was written shown."""
        if self._stream is not None and not self._is_lost:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._lose()

    def _lose(self) -> None:
        self._is_lost = True
        self._give_up()


class _RawErrorStream(_Stream):
    """An ErrorStream without the filter."""

    def __init__(self, stream: ErrorStream) -> None:
        super().__init__(cast(TextIO, stream), owns_process=False)
        self._target = stream

    def write(self, text: str) -> int:
        return self._target.write_raw(text)

    def flush(self) -> None:
        self._target.flush()


class OutputStream(_Stream):
    """Standard output: filters what is written if it is a terminal, and says what is wrong where it cannot be written.

    Args:
        stream: the standard output underneath; None where the process has none.

    Raises from `write` and `flush`:
        OutputClosed: the program that reads it has ended.
        StorageError: it is closed, on a full disk, or refuses for another reason.
    """

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(stream, owns_process=True)
        self._filters = self.isatty()
        self._failure: StorageError | OutputClosed | None = None

    def write(self, text: str) -> int:
        """Write text: filtered on a terminal, except for Styled text."""
        if self._failure is not None:
            raise self._failure
        if self._stream is None:
            if text:
                raise StorageError("standard output is closed; open it, or send it to a file")
            return 0
        try:
            return self._stream.write(visible_text(text) if self._filters and not isinstance(text, Styled) else text)
        except (OSError, ValueError) as error:
            self._fail(error)

    def flush(self) -> None:
        """Have what was written arrive."""
        if self._failure is not None:
            raise self._failure
        if self._stream is None:
            return
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._fail(error)

    def _fail(self, error: OSError | ValueError) -> NoReturn:
        """Raise what an error means, and at each later call again: whoever catches it loses nothing."""
        self._give_up()
        if isinstance(error, BrokenPipeError):
            self._failure = OutputClosed()
        elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            self._failure = StorageError("standard output: disk full: make room, then try again")
        else:
            reason = getattr(error, "strerror", None) or error
            self._failure = StorageError(f"standard output: cannot be written: {reason}")
        raise self._failure from None


def error_stream() -> ErrorStream:
    """Standard error as it is now, filtered and tolerant of its loss; what else a program writes there is its own."""
    stream = sys.stderr
    return stream if isinstance(stream, ErrorStream) else ErrorStream(stream)


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """In the block, standard output and standard error are an OutputStream and an ErrorStream, in UTF-8.

    For a program that owns its process. Descriptors that the process was started without are opened on the null device:
    otherwise the next file that is opened becomes the standard error that C++ code writes to.
    """
    _fill_descriptors()
    output, error = sys.stdout, sys.stderr
    for stream in (output, error):
        # Texts are Unicode, whatever encoding the locale gives the terminal.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stdout, sys.stderr = cast(TextIO, OutputStream(output)), cast(TextIO, ErrorStream(error, owns_process=True))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = output, error


def _fill_descriptors() -> None:
    """Open the null device in place of each of the descriptors 0, 1 and 2 that is closed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is taken, which is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
