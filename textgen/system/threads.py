"""How many threads NumPy's products run on while textgen writes: one, or more for a large one on a quiet machine.

The compiled step (`textgen.engine.compiled`) has no threads of its own and needs none of this. It is for the step in
NumPy (`textgen.engine.blas`), and for callers that step in several threads of Python.

OpenBLAS, which comes with NumPy, divides a product among threads that wait for each other by spinning. Where another
process wants the cores too, each product then waits until the scheduler has run all of them: texts took 10 to 40 times
as long beside a busy process (docs/log.md). So a product runs on one thread. Several texts are written in threads of
Python, each with products of its own, which wait for nothing.

One row times a large matrix is limited by how fast a core reads memory, and gains from a second core. It gets one while
no other process wants it. A text must not depend on that, so the network first makes sure that the numbers of threads
give the same bits (`textgen.engine.blas.BlasForward`).
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import threadpoolctl

MIN_WEIGHTS = 700_000  # numbers in a product's weights from which a single row gains from a second thread
MAX_THREADS = 4

# The variables that limit the threads of the libraries that NumPy multiplies with.
VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

# Linux tells here how many threads of all processes want a core at this moment.
LOAD = "/proc/loadavg"
# Between two looks at the load, where cores were free and where none was; a look takes 20 us.
LOOK_SECONDS, LOOK_AGAIN_SECONDS = 0.02, 0.004
# After a product on several threads, OpenBLAS's threads spin for this long, and count as threads that want a core.
SPIN_SECONDS = 0.05

S = TypeVar("S")
T = TypeVar("T")


def cores() -> int:
    """The number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def allowed() -> int:
    """The most threads that write: the cores, at most MAX_THREADS, and what the environment's variables allow."""
    given = [os.environ.get(name, "").partition(",")[0].strip() for name in VARIABLES]
    limits = [int(value) for value in given if value.isdecimal() and 0 < len(value) < 5 and int(value)]
    return min([cores(), MAX_THREADS, *limits])


def limited() -> contextlib.AbstractContextManager[None]:
    """Limit NumPy's products to one thread: a context manager. Inside, `use` may choose more.

    Blocks may overlap, as those of two streams do that a program reads in turn, in one thread or in several. When the
    last block ends, the limits are again what they were before the first.
    """
    return _limits.block()


def use(is_same_on: Callable[[int], bool] | None) -> None:
    """Choose the number of threads of the next products. Outside of a block of `limited`, do nothing.

    Args:
        is_same_on: whether the next products have the same bits on this many threads and gain from them; None for
            products that stay on one thread.
    """
    _limits.use(is_same_on)


def run_on(threads: int, products: Callable[[], T]) -> T:
    """Call a function whose products run on so many threads. Only inside a block of `limited`."""
    _limits.set(threads)
    try:
        return products()
    finally:
        _limits.set(1)


class Run(Protocol):
    """Calls a function with each of some items, several at a time, and returns the results in the items' order."""

    def __call__(self, function: Callable[[S], T], items: Iterable[S]) -> list[T]: ...


@contextlib.contextmanager
def pool(workers: int) -> Iterator[Run]:
    """Threads of Python that work while the context is open, inside a block of `limited`.

    One worker is the calling thread itself. The products of several keep to one thread each: a second one for a single
    row of one worker would be one for all rows of the others.
    """
    if workers < 2:
        yield lambda function, items: [function(item) for item in items]
        return
    from concurrent.futures import ThreadPoolExecutor  # a few milliseconds, which few calls need

    with limited(), ThreadPoolExecutor(workers) as executor:  # of two blocks, neither takes more threads
        yield lambda function, items: list(executor.map(function, items))


class _Limits:
    """The number of threads of the process's products while blocks of `limited` are open."""

    def __init__(self) -> None:
        # Held wherever more threads than one are chosen, so that no other block begins meanwhile.
        self._lock = threading.Lock()
        self._open_blocks = 0
        self._current = 1
        self._chosen_for: Callable[[int], bool] | None = None
        self._controllers: list[Any] = []
        self._before: list[int] = []  # what each controller's limit was before the first block
        self._free = 1  # threads that would find a core, at the latest look
        self._look_at = self._spins_until = 0.0

    @contextlib.contextmanager
    def block(self) -> Iterator[None]:
        with self._lock:
            if not self._open_blocks:
                # Finding the libraries takes a millisecond. NumPy has loaded its own by now.
                self._controllers = self._controllers or _blas_controllers()
                self._before = [controller.get_num_threads() for controller in self._controllers]
            self._open_blocks += 1
            self._chosen_for = None
            self.set(1)
        try:
            yield
        finally:
            with self._lock:
                self._open_blocks -= 1
                if not self._open_blocks:
                    for controller, before in zip(self._controllers, self._before, strict=True):
                        _set(controller, before)

    def use(self, is_same_on: Callable[[int], bool] | None) -> None:
        if is_same_on is None or self._open_blocks != 1:
            if self._current > 1 and self._open_blocks:
                self._chosen_for = None
                self.set(1)
            return
        now = time.monotonic()
        if now >= self._look_at or is_same_on != self._chosen_for:
            with self._lock:
                self._choose(is_same_on, now)
        if self._current > 1:
            self._spins_until = now + SPIN_SECONDS

    def _choose(self, is_same_on: Callable[[int], bool], now: float) -> None:
        """Choose the number of threads for these products, unless a second block has begun. Under the lock."""
        if self._open_blocks != 1:
            return
        if now >= self._look_at:
            spinning = self._current if now < self._spins_until else 1
            self._free = free_threads(spinning)
            self._look_at = now + (LOOK_SECONDS if self._free > 1 else LOOK_AGAIN_SECONDS)
        self._chosen_for = is_same_on
        threads = self._free if self._free > 1 and is_same_on(self._free) else 1
        if threads != self._current:
            self.set(threads)

    def set(self, threads: int) -> None:
        self._current = threads
        for controller in self._controllers:
            _set(controller, threads)


def free_threads(own: int = 1) -> int:
    """How many threads would find a core at this moment: 1, 2 or 4, as `allowed`. 1 where this is not known.

    Args:
        own: threads of this process that want a core now.
    """
    most = allowed()
    if most < 2:
        return 1
    try:
        with open(LOAD, "rb") as file:
            wanting = int(file.read(100).split()[3].partition(b"/")[0])
    except (OSError, ValueError, IndexError):
        return 1
    left = min(most, cores() - max(wanting - own, 0)) if wanting else 1
    return 4 if left >= 4 else 2 if left >= 2 else 1


def _blas_controllers() -> list[Any]:
    found = threadpoolctl.ThreadpoolController().select(user_api="blas")
    return list(found.lib_controllers)


def _set(controller: Any, threads: int) -> None:
    # From 3.8 on, threadpoolctl ignores a limit that another thread sets than the one that did so first.
    clear = getattr(controller, "clear_controlling_thread", None)
    if clear:
        clear(force=True)
    controller.set_num_threads(threads)


_limits = _Limits()
