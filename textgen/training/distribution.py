"""A training's rows and numbers, divided among processes and devices on keras.distribution.

Three ways, of which a training takes one:

- `Whole`: one process reads all rows, as an ordinary training does.
- `DataParallel`: every device reads rows of its own, and the gradients are summed at each step (Keras's DataParallel on
  JAX). The numbers are those of one process. The carried state stays where its rows are.
- `Averaging`: every process steps alone on rows of its own, and all average their weights every K steps (local SGD:
  Stich 2019), where a network is too slow for each step.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from textgen.errors import UsageError
from textgen.group.group import Group
from textgen.planning.streams import Streams
from textgen.training.backend import keras
from textgen.training.model import CARRIED

AnyStreams = TypeVar("AnyStreams", bound=Streams)
Array = NDArray[Any]
Logs = dict[str, float]
# The name of Keras's axis of rows.
ROWS = "batch"


class Division(ABC):
    """What of a training this process computes.

    Args:
        group: the processes.
        streams: all rows of the text to train on.

    Attributes:
        rows: rows of the model here.
        is_together: whether all processes have the same weights now. Only then is a training saved or stopped.
        group_steps: steps after each of which something happens between processes; None for every step.
    """

    group_steps: int | None = None

    def __init__(self, group: Group, streams: Streams) -> None:
        self.group, self._all = group, streams.rows
        self.rows, self.is_together = streams.rows, True

    @property
    def text_rows(self) -> int:
        """Rows of the model here that hold text; the others are padding."""
        return self.rows

    def deal(self, streams: AnyStreams) -> AnyStreams:
        """The rows of some streams that this process reads."""
        return streams

    def whole(self, streams: Streams) -> Streams | None:
        """All rows, where candidates are chosen for all of them; None where for those of this process."""
        return None

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """In the block, variables that are made are divided."""
        yield

    def shape(self, variable: Any) -> tuple[int, ...]:
        """The shape of a variable as a run keeps it: the carried state has all rows that hold text."""
        return (self._all, *variable.shape[1:]) if is_carried(variable) else tuple(variable.shape)

    @abstractmethod
    def fetch(self, variables: Mapping[str, Any]) -> dict[str, Array]:
        """The numbers of variables, as a run keeps them. All processes call it."""

    @abstractmethod
    def put(self, variable: Any, array: Array) -> None:
        """Set a variable from numbers as a run keeps them. All processes call it with the same."""

    def share(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The arrays of process 0 in every process. The others give arrays of the same names, shapes and types."""
        return dict(arrays)

    def callbacks(self) -> list[Any]:
        """What must come before all other callbacks."""
        return []


class Whole(Division):
    """One process reads all rows."""

    def fetch(self, variables: Mapping[str, Any]) -> dict[str, Array]:
        """The numbers of variables: see `Division.fetch`."""
        return {name: keras.ops.convert_to_numpy(variable) for name, variable in variables.items()}

    def put(self, variable: Any, array: Array) -> None:
        """Set a variable: see `Division.put`."""
        variable.assign(array)


class _OnJax(Division):
    """What both ways of several processes have in common.

    Args:
        group, streams: as of Division.
        parts: into how many parts the rows are divided; a last part may hold padding.
        own: the numbers of the parts that this process reads, first and last.
    """

    def __init__(self, group: Group, streams: Streams, parts: int, own: tuple[int, int]) -> None:
        super().__init__(group, streams)
        of_part = -(-self._all // parts)
        self._padded = of_part * parts
        self._first, self._own = of_part * own[0], of_part * (own[1] + 1 - own[0])

    def deal(self, streams: AnyStreams) -> AnyStreams:
        """The rows of some streams that this process reads."""
        return streams.dealt(self._first, self._own)

    def share(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The arrays of process 0: see `Division.share`."""
        if self.group.size == 1:
            return dict(arrays)
        shared = _multihost().broadcast_one_to_all(dict(arrays))
        return {name: np.asarray(array) for name, array in shared.items()}

    def _with_padding(self, array: Array) -> Array:
        return np.concatenate([array, np.zeros((self._padded - len(array), *array.shape[1:]), array.dtype)])


class RowLayout(keras.distribution.DataParallel):
    """keras.distribution.DataParallel, with the carried state where its rows are and candidates everywhere."""

    def get_variable_layout(self, variable: Any) -> Any:
        """Where a variable lies."""
        if is_carried(variable):
            return keras.distribution.TensorLayout([ROWS, None], self.device_mesh)
        return super().get_variable_layout(variable)

    def get_data_layout(self, data_shape: Any) -> Any:
        """Where an input lies: by rows, or the candidates, of which there is one axis, everywhere."""
        if len(data_shape) == 1:
            return keras.distribution.TensorLayout([None], self.device_mesh)
        return super().get_data_layout(data_shape)


class DataParallel(_OnJax):
    """Every device of every process reads rows of its own, and all step together.

    Attributes:
        layout: where variables and inputs lie.
    """

    def __init__(self, group: Group, streams: Streams) -> None:
        devices = _jax().devices()
        # The devices of a process stand side by side, by their ids.
        local = [place for place, device in enumerate(devices) if device.process_index == _jax().process_index()]
        super().__init__(group, streams, len(devices), (local[0], local[-1]))
        self.rows = self._padded
        mesh = keras.distribution.DeviceMesh((len(devices),), [ROWS], devices)
        self.layout = RowLayout(mesh, auto_shard_dataset=False)

    @property
    def text_rows(self) -> int:
        """Rows of the model that hold text."""
        return self._all

    def whole(self, streams: Streams) -> Streams:
        """All rows: candidates are chosen for all of them."""
        return streams.dealt(0, self._padded)

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """In the block, variables that are made are divided."""
        with self.layout.scope():
            yield

    def fetch(self, variables: Mapping[str, Any]) -> dict[str, Array]:
        """The numbers of variables: see `Division.fetch`."""
        found = {}
        for name, variable in variables.items():
            if is_carried(variable):
                found[name] = np.asarray(_multihost().process_allgather(variable.value, tiled=True))[: self._all]
            else:
                found[name] = np.asarray(variable.value)
        return found

    def put(self, variable: Any, array: Array) -> None:
        """Set a variable: see `Division.put`."""
        variable.assign(self._with_padding(array) if is_carried(variable) else array)


class Averaging(_OnJax):
    """Every process steps alone, and all average their numbers every so many steps.

    Weights, the optimizer's moments and the sums of the losses are averaged; the carried state stays with its rows.

    Args:
        group, streams: as of Division.
        every: the number of steps.
    """

    def __init__(self, group: Group, streams: Streams, every: int) -> None:
        super().__init__(group, streams, group.size, (group.index, group.index))
        if self._all % group.size:
            fewer = self._all // group.size * group.size
            raise UsageError(
                f"`average_every` gives every process as many rows as the others: {self._all} streams are not divided "
                f"by {group.size}; choose a `batch_size` of {fewer or group.size} or {fewer + group.size}"
            )
        self.rows, self.every, self.group_steps = self._own, every, every
        local = _jax().local_devices()
        self._layout = None
        if len(local) > 1 and self._own % len(local) == 0:
            mesh = keras.distribution.DeviceMesh((len(local),), [ROWS], local)
            self._layout = RowLayout(mesh, auto_shard_dataset=False)
        self._mean = _Mean()

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """In the block, variables that are made are divided among the devices of this process."""
        if self._layout is None:
            yield
        else:
            with self._layout.scope():
                yield

    def fetch(self, variables: Mapping[str, Any]) -> dict[str, Array]:
        """The numbers of variables: see `Division.fetch`."""
        found = {name: np.asarray(variable.value) for name, variable in variables.items()}
        for name, variable in variables.items():
            if is_carried(variable):
                rows = np.asarray(_multihost().process_allgather(found[name]))
                found[name] = rows.reshape(-1, *rows.shape[2:])[: self._all]
        return found

    def put(self, variable: Any, array: Array) -> None:
        """Set a variable: see `Division.put`."""
        if is_carried(variable):
            array = self._with_padding(array)[self._first : self._first + self._own]
        variable.assign(array)

    def callbacks(self) -> list[Any]:
        """What averages."""
        return [WeightAverage(self)]

    def average(self, variables: list[Any]) -> None:
        """Set each of some variables to its mean over the processes."""
        means = self._mean.of(np.concatenate([np.asarray(each.value).ravel() for each in variables]))
        ends = np.cumsum([int(np.prod(each.shape)) for each in variables])
        for variable, part in zip(variables, np.split(means, ends[:-1]), strict=True):
            variable.assign(part.reshape(variable.shape))


class _Mean:
    """The mean over all processes of an array that each has, as one exchange."""

    def __init__(self) -> None:
        jax = _jax()
        devices = np.array(jax.devices()).reshape(jax.process_count(), -1)
        mesh = jax.sharding.Mesh(devices, ("process", "device"))
        of_processes, everywhere = (
            jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*axes)) for axes in (("process",), ())
        )
        self._place: Callable[[Array], Any] = lambda array: jax.make_array_from_process_local_data(of_processes, array)
        self._compute = jax.jit(lambda arrays: arrays.mean(axis=0), out_shardings=everywhere)

    def of(self, array: Array) -> Array:
        """The mean of a vector of float32."""
        return np.asarray(self._compute(self._place(array[None])))


class WeightAverage(keras.callbacks.Callback):
    """Averages every so many steps, and before anything is measured, saved or told.

    Args:
        division: the Averaging.
    """

    def __init__(self, division: Averaging) -> None:
        super().__init__()
        self._division = division
        self._nats: float | None = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._nats = None

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        # Counted from the epoch's begin, where all are together: so a group of steps never crosses an average.
        self._division.is_together = (batch + 1) % self._division.every == 0
        if self._division.is_together:
            self._average()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if self._nats is None:
            self._end_training()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {} if logs is None else logs
        if "val_nats" in logs:
            self._division.average(self.model.nats.variables)
            logs["val_nats"] = float(self.model.nats.result())
        elif self._nats is None:
            self._end_training()
        logs["nats"] = self._nats or 0.0

    def _end_training(self) -> None:
        """Average at the end of an epoch, and keep its loss, which an evaluation resets."""
        if not self._division.is_together:
            self._average()
        self._division.is_together = True
        self._nats = float(self.model.nats.result())

    def _average(self) -> None:
        model = self.model
        schedule = model.optimizer.schedule  # the same everywhere
        variables = [*model.trainable_variables, *model.optimizer.variables, *model.nats.variables]
        self._division.average([each for each in variables if each is not schedule.path and "float" in str(each.dtype)])


def divide(group: Group, streams: Streams, average_every: int, is_asked: bool) -> Division:
    """How a training is divided.

    Args:
        group: the processes.
        streams: all rows of the text to train on.
        average_every: after how many steps the processes average their weights; 1 for a sum of gradients at each step.
        is_asked: whether the training was to be divided at all.
    """
    if not is_asked:
        return Whole(group, streams)
    if group.size > 1 and average_every > 1:
        return Averaging(group, streams, average_every)
    return DataParallel(group, streams)


def is_carried(variable: Any) -> bool:
    """Whether a variable is state that a model carries from step to step, row by row."""
    return str(variable.name).startswith(CARRIED)


def _jax() -> Any:
    return import_module("jax")


def _multihost() -> Any:
    return import_module("jax.experimental.multihost_utils")
