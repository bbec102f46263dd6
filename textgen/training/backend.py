"""The one door to Keras: every module of this package takes `keras` and `ops` from here, so that no order of imports
matters.

Importing this module starts Keras on the backend that KERAS_BACKEND names (TensorFlow where it names none), with
TensorFlow's threads set for this package's lanes, and without its notices on standard error.
"""

import contextlib
import os
import sys
import tempfile

from textgen.system.threads import cores

# Told to keep its notices to itself, TensorFlow still talks until it has started.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextlib.contextmanager
def suppress_native_stderr():
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


def on_tensorflow_cpu():
    """Whether Keras runs on TensorFlow and no GPU is in sight."""
    return keras.backend.backend() == "tensorflow" and not tensorflow().config.list_physical_devices("GPU")


def use_all_cores():
    """Set TensorFlow's threads for lanes: one inside an operation, as many operations at a time as there are cores.

    Call it before TensorFlow's first operation. A program that has used TensorFlow before keeps the threads it has;
    training then runs in one lane, its products spread over the cores by TensorFlow, a third to a half slower.
    """
    if on_tensorflow_cpu():
        threading = tensorflow().config.threading
        try:
            threading.set_intra_op_parallelism_threads(1)
            threading.set_inter_op_parallelism_threads(cores())
        except RuntimeError:  # started already, with other settings
            return


def tensorflow():
    import tensorflow

    return tensorflow


with suppress_native_stderr():
    import keras
    from keras import ops

    use_all_cores()
    ops.zeros(1)  # the first operation looks for devices, and is as talkative as the import
