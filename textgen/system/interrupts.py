"""Ctrl-C and SIGTERM, kept until a program can stop without losing anything. Knows nothing of Keras."""

import contextlib
import signal
import threading


class Terminated(KeyboardInterrupt):
    """The process was told to end (SIGTERM)."""


def _raise_terminated(number, frame):
    raise Terminated


@contextlib.contextmanager
def raising_on_sigterm():
    """Within the block SIGTERM raises Terminated where it finds the program, as Ctrl-C does KeyboardInterrupt; so what
    ends a block by Ctrl-C in good order ends it so by SIGTERM too. In the main thread only."""
    previous = None
    if _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        previous = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        if previous is not None:
            signal.signal(signal.SIGTERM, previous)


class Interrupt:
    """Whether Ctrl-C was pressed, or SIGTERM came. A context manager: within it the first is only noted, for `check` to
    raise where nothing is half done; the second raises where it finds the program.

    Python raises KeyboardInterrupt between any two of its instructions, TensorFlow's callbacks into Python included,
    and there it is lost: a training went on to its end as if nothing had been pressed.

    Outside the main thread, or where the program has handlers of its own, everything is left as it is.

    Attributes:
        is_orderly: whether `check` has raised.
    """

    def __init__(self):
        self.asked = None  # the exception that was asked for
        self.is_orderly = False

    def __enter__(self):
        self.previous = {}
        ours = {signal.SIGINT: [signal.default_int_handler], signal.SIGTERM: [signal.SIG_DFL, _raise_terminated]}
        for number, handlers in ours.items():
            if _in_main_thread() and signal.getsignal(number) in handlers:
                self.previous[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_):
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def check(self):
        """Raise KeyboardInterrupt where Ctrl-C was pressed, Terminated where SIGTERM came."""
        if self.asked:
            self.is_orderly = True
            raise self.asked

    def _ask(self, number, frame):
        wanted = Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if self.asked:
            raise wanted
        self.asked = wanted


def _in_main_thread():
    return threading.current_thread() is threading.main_thread()
