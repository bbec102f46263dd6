"""Ctrl-C, SIGTERM and SIGHUP, held back until a program can stop without losing anything. Knows nothing of Keras."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Self


class Terminated(KeyboardInterrupt):
    """The process received SIGTERM."""


class HungUp(KeyboardInterrupt):
    """The process received SIGHUP: its terminal was closed, or the connection to it ended."""


# Each signal's exception, and the handler that a process starts with. Not every system has SIGHUP.
_HANGUP: int | None = getattr(signal, "SIGHUP", None)
_ERRORS: dict[int, type[KeyboardInterrupt]] = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}
_DEFAULTS: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
if _HANGUP is not None:
    _ERRORS[_HANGUP], _DEFAULTS[_HANGUP] = HungUp, signal.SIG_DFL


def ending(error: type[KeyboardInterrupt]) -> tuple[int, str]:
    """The exit code of a process that a signal ended, and what it says."""
    if issubclass(error, HungUp):
        return 129, "its terminal was closed"
    return (143, "terminated") if issubclass(error, Terminated) else (130, "interrupted")


class Received:
    """Which signal came first while `raising_on_signals` handles them.

    Attributes:
        error: the signal's exception; None where none came.
    """

    def __init__(self) -> None:
        self.error: type[KeyboardInterrupt] | None = None


_received = Received()


def _raise(number: int, frame: FrameType | None) -> None:
    first, _received.error = _received.error, _received.error or _ERRORS[number]
    if number != _HANGUP or first is None:  # a terminal that closes says so more than once
        raise _ERRORS[number]


@contextlib.contextmanager
def raising_on_signals(ends_process: bool = False) -> Iterator[Received]:
    """Raise KeyboardInterrupt on Ctrl-C, Terminated on SIGTERM and HungUp on SIGHUP in the block.

    So a block that ends cleanly on Ctrl-C also ends cleanly on the others. Works in the main thread only; elsewhere, or
    where the program handles a signal itself or ignores it (`nohup` has it ignore SIGHUP), nothing changes.

    Args:
        ends_process: whether the process ends after the block. Its exit code is settled then, so signals are ignored.

    Yields:
        the Received, which knows of a signal even where foreign code swallowed its exception or raised another. A block
        within such a block shares it.
    """
    previous = _replaced(_raise)
    try:
        yield _received
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_IGN if ends_process else handler)
        if previous:
            _received.error = None


class Interrupt:
    """Whether Ctrl-C was pressed, or SIGTERM or SIGHUP came: a context manager.

    Within the block the first signal is only noted; `check` raises it where nothing is half done. A second signal
    raises at once. SIGHUP never does, and does not count as the first: a terminal that closes sends it more than once,
    and a system that ends a session sends SIGTERM with it.

    Python raises KeyboardInterrupt between any two of its instructions, also in Python code that TensorFlow calls,
    where the exception is lost: a training then continued to its end as if nothing had been pressed.

    Outside the main thread, or where the program has handlers of its own, nothing changes.

    Attributes:
        is_orderly: whether `check` has raised.
    """

    def __init__(self) -> None:
        self.is_orderly = False
        self._noted: type[KeyboardInterrupt] | None = None
        self._is_next_urgent = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._previous = _replaced(self._note, _raise)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @property
    def is_noted(self) -> bool:
        """Whether a signal has come."""
        return self._noted is not None

    def note(self) -> None:
        """Act as if Ctrl-C had been pressed: it was, in another process of the group."""
        self._noted = self._noted or KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed, Terminated if SIGTERM came, HungUp if SIGHUP came."""
        if self._noted:
            self.is_orderly = True
            raise self._noted

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._noted = self._noted or _ERRORS[number]
        if self._previous.get(number) is _raise:
            _received.error = _received.error or self._noted
        if number != _HANGUP:
            if self._is_next_urgent:
                raise _ERRORS[number]
            self._is_next_urgent = True


def _replaced(handler: Any, *also: Any) -> dict[int, Any]:
    """Handle each signal that is handled by Python's default or by one of `also`. Returns the handlers until now."""
    previous: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number, default in _DEFAULTS.items():
            if signal.getsignal(number) in (default, *also):
                previous[number] = signal.signal(number, handler)
    return previous
