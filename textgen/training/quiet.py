"""Keeping C++ libraries from talking on standard error while they start."""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def quietly():
    """Hold back what is written to the process's standard error; write it after all where an exception ends the block.

    TensorFlow 2.21 greets with notices about CUDA and oneDNN that no environment variable silences, and that a user
    without a GPU can only be alarmed by. Held at the file descriptor, since the writer is not Python.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no standard error at all: nothing to keep quiet
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            sys.stderr.flush()
            os.dup2(kept, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
