"""Ctrl-C and SIGTERM, held back until a program can stop without losing anything. Knows nothing of Keras."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn, Self


class Terminated(KeyboardInterrupt):
    """The process received SIGTERM."""


def _raise_terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


@contextlib.contextmanager
def raising_on_sigterm() -> Iterator[None]:
    """Raise Terminated in the block when SIGTERM comes, as Python raises KeyboardInterrupt on Ctrl-C.

    So a block that ends cleanly on Ctrl-C also ends cleanly on SIGTERM. Works in the main thread only; elsewhere, or
    where the program handles SIGTERM itself, nothing changes.
    """
    previous: Any = None
    if _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        previous = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


class Interrupt:
    """Whether Ctrl-C was pressed or SIGTERM came: a context manager.

    Within the block the first signal is only noted; `check` raises it where nothing is half done. A second signal
    raises at once.

    Python raises KeyboardInterrupt between any two of its instructions, also in Python code that TensorFlow calls,
    where the exception is lost: a training then continued to its end as if nothing had been pressed.

    Outside the main thread, or where the program has handlers of its own, nothing changes.

    Attributes:
        is_orderly: whether `check` has raised.
    """

    def __init__(self) -> None:
        self.is_orderly = False
        self._noted: type[KeyboardInterrupt] | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._previous = {}
        replaced: dict[signal.Signals, list[Any]] = {
            signal.SIGINT: [signal.default_int_handler],
            signal.SIGTERM: [signal.SIG_DFL, _raise_terminated],
        }
        for number, handlers in replaced.items():
            if _in_main_thread() and signal.getsignal(number) in handlers:
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed, Terminated if SIGTERM came."""
        if self._noted:
            self.is_orderly = True
            raise self._noted

    def _note(self, number: int, frame: FrameType | None) -> None:
        error = Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if self._noted:
            raise error
        self._noted = error


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
