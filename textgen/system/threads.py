"""How many threads a product of matrices runs on, by measurement.

OpenBLAS, which NumPy comes with, wakes a second thread for products that one finishes sooner alone, and its threads
spin between products, taking time from everything else. Measured on 2 cores (docs/log.md): a row times a recurrent
kernel of 256 units takes 13 us on one thread and 15 on two, and the other operations of the step take half again as
long; of 512 units, 66 us on one thread and 52 on two. Thirty-two rows gain from a second thread at either size. So the
rule is by size, the same in every process: a text must not depend on how busy the machine was.
"""

import contextlib
import os
import threading

import threadpoolctl

# Numbers in the weights of one product from which more than one thread pays for a single row; the most threads.
LARGE, MOST = 700_000, 4


def cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def for_rows(rows: int, numbers: int) -> int:
    """Threads for the products of so many rows with weights of so many numbers."""
    return 1 if rows == 1 and numbers < LARGE else min(cores(), MOST)


_lock = threading.Lock()
_blocks, _first = 0, None  # how many blocks are open; the limits of the first, which knows how things were before


@contextlib.contextmanager
def limited(threads: int):
    """Within the block, NumPy's products run on at most so many threads.

    Blocks may overlap, as those of two streams do that a program reads in turn: when the last one ends, all is as it
    was before the first.
    """
    global _blocks, _first
    with _lock:
        limits = threadpoolctl.threadpool_limits(threads, user_api="blas")
        _first = _first or limits
        _blocks += 1
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            if not _blocks:
                _first.restore_original_limits()
                _first = None
