"""The one door to Keras: every module of this package takes `keras` and `ops` from here, so import order never matters.

Importing this module starts Keras on the backend that KERAS_BACKEND names (TensorFlow by default), with TensorFlow's
threads set for the lanes of `textgen.training.lstm`, and without TensorFlow's start-up notices.
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeAlias

from textgen.system import memory
from textgen.system.imports import without_collections
from textgen.system.native import suppress_native_stderr
from textgen.system.threads import cores

Tensor: TypeAlias = Any  # of whatever backend runs

# This silences most of TensorFlow's notices; it still writes some until it has started.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextlib.contextmanager
def without_retracing_warnings() -> Iterator[None]:
    """Leave out TensorFlow's warning that a function is traced again and again: every training traces its own model.

    TensorFlow takes the trainings of one process for one function, and would warn from the fifth on.
    """

    def is_other(record: logging.LogRecord) -> bool:
        return "tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def tensorflow() -> Any:
    """TensorFlow itself, for the few modules that hold code for it."""
    return import_module("tensorflow")


def on_tensorflow_cpu() -> bool:
    """Whether Keras runs on TensorFlow and TensorFlow sees no GPU."""
    return keras.backend.backend() == "tensorflow" and not tensorflow().config.list_physical_devices("GPU")


def backend_version() -> str:
    """The version of the package that Keras runs on."""
    package = import_module(keras.backend.backend())
    return str(package.__version__)


def use_all_cores() -> None:
    """Set TensorFlow's threads for lanes: one inside an operation, and as many operations at a time as there are cores.

    This works only before TensorFlow's first operation. A program that used TensorFlow before keeps the threads it has;
    training then runs in one lane whose products TensorFlow spreads over the cores, a third to a half slower.
    """
    if on_tensorflow_cpu():
        threading = tensorflow().config.threading
        try:
            threading.set_intra_op_parallelism_threads(1)
            threading.set_inter_op_parallelism_threads(cores())
        except RuntimeError:  # TensorFlow has started already, with other settings
            return


memory.check_for_keras()

with suppress_native_stderr(), without_collections():
    import keras
    from keras import ops

    use_all_cores()
    ops.zeros(1)  # the first operation looks for devices, and prints as much as the import

__all__ = [
    "Tensor",
    "backend_version",
    "keras",
    "on_tensorflow_cpu",
    "ops",
    "tensorflow",
    "without_retracing_warnings",
]
