"""Limits on what a test may take."""

import contextlib
import signal


@contextlib.contextmanager
def within(seconds):
    """End the block with TimeoutError if it takes longer, even if it waits for a pipe. Main thread only."""

    def late(number, frame):
        raise TimeoutError(f"not done after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
