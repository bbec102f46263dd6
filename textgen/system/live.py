"""A line that is drawn again and again while something runs: the last line of a terminal, or an output of a notebook.

Where neither is there (a pipe, a file, a CI log) there is no such line. Knows nothing of what is shown.
"""

import os
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

from textgen.system.terminal import ErrorStream, error_stream

# A line for a width in columns: ASCII, which every terminal shows in one column a character, and no longer than that.
Render: TypeAlias = Callable[[int], str]

# Seconds between two drawings.
TERMINAL_SECONDS, NOTEBOOK_SECONDS = 0.1, 0.5
# Wider lines are hard to read.
MAX_WIDTH = 120
# The width where none is known, and in a notebook.
USUAL_WIDTH, NOTEBOOK_WIDTH = 80, 80


class LiveLine:
    """The line where there is none: draws nothing. The base of those that do.

    Attributes:
        is_shown: whether drawing shows anything.
    """

    is_shown = False
    _seconds = 0.0

    def __init__(self) -> None:
        self._render: Render | None = None
        self._drawn = -float("inf")

    @property
    def width(self) -> int | None:
        """How many columns a line may have beside it; None where any number."""
        return None

    def draw(self, render: Render, is_urgent: bool = False) -> None:
        """Show a line in place of the one before.

        Args:
            render: the line for a width.
            is_urgent: draw it even if another was drawn a moment ago.
        """
        self._render, now = render, time.monotonic()
        if is_urgent or now - self._drawn >= self._seconds:
            self._drawn = now
            self._put(render)

    def lift(self) -> None:
        """Take the line away while something else is shown."""

    def lower(self) -> None:
        """Show the line again that was lifted."""

    def clear(self) -> None:
        """Take the line away for good."""
        if self._render is not None:
            self._render = None
            self._wipe()

    def _put(self, render: Render) -> None:
        """Show a line."""

    def _wipe(self) -> None:
        """Show no line."""


class TerminalLine(LiveLine):
    """The last line of a terminal.

    The cursor waits at the line's beginning, and each drawing erases all that follows: what a narrower window has
    broken into two lines, and the ^C that a terminal shows for Ctrl-C. The last column stays free, since some terminals
    begin a new line when it is filled.

    Args:
        stream: the terminal.
    """

    is_shown = True
    _seconds = TERMINAL_SECONDS
    _ERASE = "\x1b[J"

    def __init__(self, stream: ErrorStream) -> None:
        super().__init__()
        self._stream = stream
        self._length = 0  # of the line that is shown

    @property
    def width(self) -> int | None:
        return columns(self._stream)

    def lift(self) -> None:
        if self._render is not None:
            self._wipe()

    def lower(self) -> None:
        if self._render is not None:
            self._put(self._render)

    def _put(self, render: Render) -> None:
        width = self._room()
        self._show(render(width)[:width], width)

    def _wipe(self) -> None:
        self._show("", self._room())

    def _room(self) -> int:
        return min(columns(self._stream) - 1, MAX_WIDTH)

    def _show(self, line: str, width: int) -> None:
        # The spaces are for what shows a terminal's output without knowing the code that erases, as notebooks do.
        self._stream.write_raw(f"\r{line:<{min(self._length, width)}}{self._ERASE}\r")
        self._stream.flush()
        self._length = len(line)


class NotebookLine(LiveLine):
    """An output of its own in a notebook, which is changed in place. Needs no widgets, and is saved as it ends.

    Args:
        display: IPython's `display`.
    """

    is_shown = True
    _seconds = NOTEBOOK_SECONDS

    def __init__(self, display: Callable[..., Any]) -> None:
        super().__init__()
        self._display = display
        self._name: str | None = None
        self._drawn = time.monotonic()  # what lasts a moment makes no output: others are shown below the first

    def _put(self, render: Render) -> None:
        self._update(render(NOTEBOOK_WIDTH))

    def _wipe(self) -> None:
        if self._name is not None:
            self._update("")

    def _update(self, line: str) -> None:
        is_new = self._name is None
        self._name = self._name or uuid.uuid4().hex
        self._display({"text/plain": line}, raw=True, display_id=self._name, update=not is_new)


def live_line(stream: ErrorStream, is_wanted: bool | None = None) -> LiveLine:
    """The line that suits a place.

    Args:
        stream: where messages are shown.
        is_wanted: True draws it wherever messages go, False nowhere; None draws it in a notebook, and on a terminal
            that can move its cursor and is not the log of a CI service (CI is set, as all of them do).
    """
    if is_wanted is False:
        return LiveLine()
    if (notebook := notebook_display()) is not None:
        return NotebookLine(notebook)
    is_plain = bool(os.environ.get("CI")) or os.environ.get("TERM") == "dumb"
    if is_wanted or (stream.isatty() and not is_plain):
        return TerminalLine(stream)
    return LiveLine()


def message_stream() -> ErrorStream:
    """Where messages are shown: standard error, and standard output in a notebook, which colours the other red."""
    return error_stream() if notebook_display() is None else ErrorStream(sys.stdout)


def notebook_display() -> Callable[..., Any] | None:
    """What shows something in the notebook that this program runs in; None elsewhere. Imports nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    if ipython is None or not hasattr(shell, "kernel"):
        return None
    display: Callable[..., Any] = ipython.display.display
    return display


def columns(stream: ErrorStream) -> int:
    """How many columns a terminal has now; COLUMNS or 80 where it does not say."""
    try:
        found = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):  # no terminal, or closed
        found = 0
    if found > 0:
        return found
    given = os.environ.get("COLUMNS", "")
    return int(given) if given.isdecimal() and 0 < int(given) < 1 << 16 else USUAL_WIDTH
