"""What libraries written in C++ print by themselves."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from textgen.system.terminal import error_stream


@contextlib.contextmanager
def suppress_native_stderr() -> Iterator[None]:
    """Hold back what the process writes to standard error; write it after all if an error ends the block.

    TensorFlow 2.21 prints notices about CUDA and oneDNN that no environment variable silences and that only alarm a
    user without a GPU. They come from C++, so they are held back at the file descriptor.
    """
    error_stream().flush()
    with _held_back(2):
        try:
            yield
        finally:
            error_stream().flush()


@contextlib.contextmanager
def suppress_native_output() -> Iterator[None]:
    """The same for standard output and standard error: gloo writes to the first that it has connected."""
    sys.stdout.flush()
    with _held_back(1), suppress_native_stderr():
        yield


# What stands in for the streams that are held back now: descriptors of those themselves, by theirs.
_kept: dict[int, int] = {}


def release() -> None:
    """Stop to hold back, for a thread that ends the process with a last word."""
    for descriptor, kept in list(_kept.items()):
        with contextlib.suppress(OSError):
            os.dup2(kept, descriptor)


@contextlib.contextmanager
def _held_back(descriptor: int) -> Iterator[None]:
    with contextlib.ExitStack() as opened:
        try:
            kept, held = os.dup(descriptor), opened.enter_context(tempfile.TemporaryFile())
        except OSError:  # there is no such stream, or no room for a temporary file
            yield
            return
        opened.callback(os.close, kept)
        os.dup2(held.fileno(), descriptor)
        _kept[descriptor] = kept
        try:
            yield
        except Exception:
            held.seek(0)
            with contextlib.suppress(OSError):  # its terminal is gone
                os.write(kept, held.read())
            raise
        finally:
            del _kept[descriptor]
            os.dup2(kept, descriptor)
