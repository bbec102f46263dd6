"""How many threads a matrix product runs on: a rule found by measurement.

OpenBLAS, which comes with NumPy, wakes a second thread for products that one thread finishes sooner. Its threads also
spin between products and so slow down everything else. Measured on 2 cores (docs/log.md): a row times a recurrent
kernel of 256 units takes 13 us on one thread and 15 on two, and the step's other operations take half again as long;
with 512 units, 66 us on one thread and 52 on two. Thirty-two rows gain from a second thread at either size. So the rule
goes by size and is the same in every process: a text must not depend on how busy the machine was.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

import threadpoolctl

MIN_WEIGHTS = 700_000  # numbers in a product's weights from which a single row gains from a second thread
MAX_THREADS = 4


def cores() -> int:
    """The number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def for_rows(rows: int, weights: int) -> int:
    """The number of threads for the product of a matrix of `rows` rows with a matrix of `weights` numbers."""
    return 1 if rows == 1 and weights < MIN_WEIGHTS else min(cores(), MAX_THREADS)


def limited(threads: int) -> AbstractContextManager[None]:
    """Limit NumPy's products to this many threads: a context manager.

    Blocks may overlap, as those of two streams do that a program reads in turn. When the last block ends, the limits
    are again what they were before the first.
    """
    return _limits.block(threads)


class _OverlappingLimits:
    """Thread limits of the process, restored when the last of several overlapping blocks ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_blocks = 0
        # The limits of the first block, which remember what was set before.
        self._first: threadpoolctl.threadpool_limits | None = None

    @contextlib.contextmanager
    def block(self, threads: int) -> Iterator[None]:
        with self._lock:
            limits = threadpoolctl.threadpool_limits(threads, user_api="blas")
            self._first = self._first or limits
            self._open_blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self._open_blocks -= 1
                if not self._open_blocks:
                    self._first.restore_original_limits()
                    self._first = None


_limits = _OverlappingLimits()
