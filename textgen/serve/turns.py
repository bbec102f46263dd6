"""Whose turn it is: threads that compute step aside while the event loop has something to do.

Python runs one thread at a time. Without this, the loop would get its turn only in between those of all threads, and a
request that takes a millisecond of work would be answered after many.
"""

import selectors
import threading
from typing import Any

# The longest that a thread steps aside at a time: texts go on also where the loop is never idle.
ASIDE_SECONDS = 0.005

_is_idle = threading.Event()
_is_idle.set()
_loops_thread = 0


class Selector(selectors.DefaultSelector):
    """The selector of an event loop that has precedence."""

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait for what is to be done: meanwhile the threads have their turn."""
        global _loops_thread
        _loops_thread = threading.get_ident()
        _is_idle.set()
        try:
            return super().select(timeout)
        finally:
            _is_idle.clear()

    def close(self) -> None:
        """The loop has ended."""
        _is_idle.set()
        super().close()


def step_aside() -> None:
    """Let the loop do what it has to do. In the loop's own thread, this does nothing."""
    if not _is_idle.is_set() and threading.get_ident() != _loops_thread:
        _is_idle.wait(ASIDE_SECONDS)
