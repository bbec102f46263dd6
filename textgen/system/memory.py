"""Whether this process may use enough memory for what it is about to import.

Where memory is short, NumPy's OpenBLAS and TensorFlow raise no MemoryError: they end the process, with a message of
theirs or with none. So what they need is compared with the limits of this process before they are imported. Only
limits count that are certain to end the process: `ulimit -v`, and that of a container. This module imports nothing
that takes time.
"""

import os
from pathlib import Path

from textgen.errors import OutOfMemoryError

# Megabytes of address space, measured (docs/log.md). Beside each: for each thread that NumPy starts beyond the first,
# and for each core beyond the second.
NUMPY, NUMPY_THREAD = 165, 40
MATPLOTLIB = 45
TENSORFLOW, TENSORFLOW_CORE = 2_700, 100
# Megabytes of memory that a small training really uses.
TENSORFLOW_RESIDENT = 500

# More threads are never used for a product (`textgen.system.threads`).
NUMPY_THREADS = "OPENBLAS_NUM_THREADS"

# Where Linux keeps the limit of a container: of the second and of the first version of control groups.
CONTAINER_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def check_for_numpy(what: str = "NumPy", more: int = 0) -> None:
    """Call this before NumPy is imported. Where address space is limited, NumPy gets no more threads than it uses.

    Args:
        what: what needs the memory, for the message.
        more: megabytes that are needed beside NumPy's.

    Raises:
        OutOfMemoryError: NumPy would not start.
    """
    limit = address_limit()
    if limit is None:
        return
    from textgen.system.threads import MAX_THREADS, cores  # here, since few processes have a limit

    os.environ.setdefault(NUMPY_THREADS, str(min(cores(), MAX_THREADS)))
    given = os.environ[NUMPY_THREADS]
    threads = min(int(given), cores()) if given.isdecimal() and len(given) < 5 else cores()
    advice = f", or set {NUMPY_THREADS}=1" if threads > 1 else ""
    _compare(what, NUMPY + NUMPY_THREAD * (threads - 1) + more, limit, advice)


def check_for_keras() -> None:
    """Call this before Keras is imported.

    Raises:
        OutOfMemoryError: TensorFlow would not start. Other backends are not judged.
    """
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return
    from textgen.system.threads import cores

    limit, container = address_limit(), container_limit()
    if limit is not None:
        _compare("training with TensorFlow", TENSORFLOW + TENSORFLOW_CORE * max(cores() - 2, 0), limit)
    if container is not None and container < TENSORFLOW_RESIDENT:
        raise OutOfMemoryError(
            f"training with TensorFlow needs at least {TENSORFLOW_RESIDENT:,} MB of memory, and this container may use "
            f"{container:,} MB; give it more"
        )


def _compare(what: str, needed: int, limit: int, advice: str = "") -> None:
    if limit < needed:
        raise OutOfMemoryError(
            f"{what} needs about {needed:,} MB of address space, and this process may use {limit:,} MB; raise the "
            f"limit (ulimit -v){advice}"
        )


def address_limit() -> int | None:
    """The most address space that this process may use, in megabytes; None where there is no limit."""
    try:
        import resource  # Windows has none
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit // 1_000_000


def container_limit() -> int | None:
    """The most memory that this process's container may use, in megabytes; None where no limit is known."""
    for path in CONTAINER_LIMITS:
        try:
            limit = Path(path).read_text("ascii").strip()
        except (OSError, ValueError):
            continue
        return int(limit) // 1_000_000 if limit.isdecimal() else None
    return None
