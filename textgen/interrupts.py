"""Ctrl-C, kept until training can stop without losing anything. Knows nothing of Keras."""

import signal
import threading


class Interrupt:
    """Whether Ctrl-C was pressed. A context manager: within it the first Ctrl-C is only noted, for `check` to raise
    where nothing is half done; the second raises where it finds the program.

    Python raises KeyboardInterrupt between any two of its instructions, TensorFlow's callbacks into Python included,
    and there it is lost: a training went on to its end as if nothing had been pressed.

    Outside the main thread, or where the program has a handler of its own, everything is left as it is.
    """

    def __init__(self):
        self.was_asked = False

    def __enter__(self):
        self.previous = None
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self.previous = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_):
        if self.previous:
            signal.signal(signal.SIGINT, self.previous)

    def check(self):
        """Raise KeyboardInterrupt where Ctrl-C was pressed."""
        if self.was_asked:
            raise KeyboardInterrupt

    def _ask(self, number, frame):
        if self.was_asked:
            raise KeyboardInterrupt
        self.was_asked = True
