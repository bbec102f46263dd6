"""Imports that take less time."""

import contextlib
import gc
import sys
from collections.abc import Iterator

# What Keras imports wherever it finds it, for pictures and wrappers that textgen never uses: a quarter of the start of
# a training (docs/log.md). scikit-learn brings SciPy.
UNUSED_BY_KERAS = ("matplotlib", "sklearn")


@contextlib.contextmanager
def without_collections() -> Iterator[None]:
    """In the block, collect no garbage: for imports, which make many objects and no garbage.

    Collections in between took a tenth of the time, both of a short command and of TensorFlow's import.
    """
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_collecting:
            gc.enable()


@contextlib.contextmanager
def without_packages(*names: str) -> Iterator[None]:
    """In the block, the import of a package fails as if it was not installed, unless it has been imported before.

    For packages that another one imports wherever it finds them. What was imported in the block goes without it for as
    long as the process lives, so this is for processes of our own, never for a library in somebody's program.
    """
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # Python's own mark of a package that cannot be imported
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
