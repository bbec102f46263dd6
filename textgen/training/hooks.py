"""What a program gives a training to call, and what it is called with. Knows nothing of Keras."""

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from textgen import arguments


@dataclass(frozen=True)
class StepInfo:
    """Where a training stands after some steps: what `on_step` receives.

    Attributes:
        step: steps done, those before a resume included.
        last_step: steps of the whole training. A budget of minutes moves it.
        epoch: the current epoch, from 1 on.
        epochs: epochs of the whole training.
        training_nats: mean training loss of the current epoch so far, nats a symbol.
        learning_rate: the rate of the next step.
        steps_per_second: speed in the current epoch.
        characters_per_second: the same in characters of text.
        seconds: wall time of the training so far, that before a resume included.
        seconds_left: an estimate of what is left, evaluations included; None until it can be made.
    """

    step: int
    last_step: int
    epoch: int
    epochs: int
    training_nats: float
    learning_rate: float
    steps_per_second: float
    characters_per_second: float
    seconds: float
    seconds_left: float | None


@dataclass(frozen=True)
class EpochInfo:
    """What an epoch came to: what `on_epoch` receives. The run in the folder is saved by then and can be loaded.

    Attributes:
        path: the run folder.
        epoch: the epoch, from 1 on.
        epochs: epochs of the whole training.
        step: steps done, those before a resume included.
        last_step: steps of the whole training. A budget of minutes moves it.
        training_nats: mean training loss, nats a symbol.
        validation_nats: loss on the held-out text, nats a symbol; None where nothing is held out.
        training_bits_per_character, validation_bits_per_character: the same in bits a character.
        validation_bits_per_byte: the same in bits a byte of UTF-8.
        validation_bits_per_word: the same for each word and end of a line (`textgen.tokens.extent.Extent`).
        gradient_norm: mean of the gradient's norm before clipping.
        best_nats: the best loss so far, on held-out text where there is some.
        best_epoch: the epoch that reached it.
        is_best: whether that is this epoch.
        learning_rate: at the end of the epoch.
        steps_per_second: speed of the epoch, its evaluation not counted.
        seconds: wall time of the training so far, that before a resume included.
        seconds_left: an estimate of what is left; None until it can be made.
    """

    path: Path
    epoch: int
    epochs: int
    step: int
    last_step: int
    training_nats: float
    validation_nats: float | None
    training_bits_per_character: float
    validation_bits_per_character: float | None
    validation_bits_per_byte: float | None
    validation_bits_per_word: float | None
    gradient_norm: float
    best_nats: float
    best_epoch: int
    is_best: bool
    learning_rate: float
    steps_per_second: float
    seconds: float
    seconds_left: float | None


class KerasCallback(Protocol):
    """A `keras.callbacks.Callback`, as far as type checkers are concerned: Keras comes without types."""

    def set_model(self, model: Any, /) -> Any: ...
    def set_params(self, params: Any, /) -> Any: ...


OnStep: TypeAlias = Callable[[StepInfo], object]
OnEpoch: TypeAlias = Callable[[EpochInfo], object]


@dataclass(frozen=True)
class Hooks:
    """What a training calls.

    Attributes:
        on_step: called after each group of steps that runs as one; None for nothing.
        on_epoch: called after each epoch; None for nothing.
        callbacks: Keras callbacks, in the order in which they are called.
    """

    on_step: OnStep | None = None
    on_epoch: OnEpoch | None = None
    callbacks: tuple[KerasCallback, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.on_step or self.on_epoch or self.callbacks)


def read_hooks(on_step: OnStep | None, on_epoch: OnEpoch | None, callbacks: Iterable[KerasCallback]) -> Hooks:
    """Read what a training is to call. Raises UsageError, which names the parameter."""
    wanted = "Keras callbacks: a list of keras.callbacks.Callback"
    keras = sys.modules.get("keras")  # who has made a callback has imported Keras
    found = []
    for each in arguments.items("callbacks", callbacks, wanted):
        if keras is None or not isinstance(each, keras.callbacks.Callback):
            raise arguments.refused("callbacks", wanted, each)
        found.append(each)
    step = None if on_step is None else _function_of_one("on_step", on_step, "a StepInfo")
    epoch = None if on_epoch is None else _function_of_one("on_epoch", on_epoch, "an EpochInfo")
    return Hooks(step, epoch, tuple(found))


def _function_of_one(name: str, value: object, what: str) -> Callable[..., object]:
    wanted = f"a function of one argument, {what}"
    function = arguments.function(name, value, wanted)
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        raise arguments.refused(name, wanted, value) from None
    except ValueError:  # some functions written in C have no signature
        pass
    return function
