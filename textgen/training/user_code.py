"""The program's own code in a training: its Keras callbacks and hooks, and what becomes of an exception in one.

An exception does not end Keras's `fit` where it is raised, which may be in the middle of an epoch's end or of an
evaluation. It is kept, no more of the program's code is called, and `textgen.training.callbacks.Interruption` ends the
training at the next place where nothing is half done. There the state is saved as it is on Ctrl-C.
"""

from collections.abc import Callable
from typing import Any

from textgen.system.interrupts import Interrupt
from textgen.training.backend import keras
from textgen.training.hooks import EpochInfo, StepInfo
from textgen.training.saver import Logs
from textgen.training.session import Session
from textgen.training.timing import Tempo


class StoppedError(Exception):
    """The program's own code raised an exception: its cause."""


class UserCode:
    """Calls the program's code, until an exception in it.

    Args:
        interrupt: the Interrupt.

    Attributes:
        error: the exception; None as long as there was none.
    """

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self.error: BaseException | None = None

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function of the program. Keeps an exception; a second Ctrl-C that strikes in it passes at once."""
        if self.error is not None:
            return
        try:
            function(*arguments)
        except KeyboardInterrupt as error:
            if self._interrupt.is_noted:
                raise
            self.error = error
        except BaseException as error:
            self.error = error

    def check(self) -> None:
        """Raise StoppedError where an exception is kept."""
        if self.error is not None:
            raise StoppedError from self.error

    def raise_kept(self) -> None:
        """Raise the exception that is kept, as the program raised it. Call this outside every `except`."""
        if self.error is not None:
            raise self.error


class UserCallbacks(keras.callbacks.Callback):
    """Passes what happens on to the program's callbacks, as one `fit` over the whole training would.

    textgen calls `fit` once an epoch. So `on_train_begin` is passed on once, `on_train_end` by `end`, and a callback
    that sets `stop_training` ends the training and not only the call.

    Args:
        code: the UserCode.
        session: the Session, whose hooks these are and whose state knows how many epochs there are.
        tempo: the Tempo, which comes before this one in the order of callbacks.

    Attributes:
        wants_stop: whether a callback has set `stop_training`.
    """

    def __init__(self, code: UserCode, session: Session, tempo: Tempo) -> None:
        super().__init__()
        self._code, self._state, hooks = code, session.state, session.hooks
        self._callbacks: list[Any] = [HookCaller(session, tempo), *hooks.callbacks]
        self.wants_stop = self._has_begun = False
        self._watched: Any = None  # `self.model` costs a copy of all variables on JAX
        self._logs: Logs = {}

    def _pass_on(self, event: str, *arguments: Any) -> None:
        ends_epoch = self._watched.stop_training  # as the clock of a budget does
        if ends_epoch:
            self._watched.stop_training = False
        for callback in self._callbacks:
            self._code.call(getattr(callback, event), *arguments)
        self.wants_stop = self.wants_stop or self._watched.stop_training
        if ends_epoch:
            self._watched.stop_training = True

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        for callback in self._callbacks:
            self._code.call(callback.set_params, params | {"epochs": self._state.epochs})

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        self._watched = model
        for callback in self._callbacks:
            self._code.call(callback.set_model, model)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._pass_on("on_train_begin", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._pass_on("on_epoch_begin", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._pass_on("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._pass_on("on_train_batch_end", batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._pass_on("on_test_begin", logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._pass_on("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._pass_on("on_test_batch_end", batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._pass_on("on_test_end", logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._logs = logs or {}
        self._pass_on("on_epoch_end", epoch, logs)

    def end(self) -> None:
        """Pass on that the training has ended. What it came to is saved by then."""
        if self._has_begun:
            self._pass_on("on_train_end", self._logs)


class HookCaller(keras.callbacks.Callback):
    """Calls `on_step` and `on_epoch`.

    Args:
        session: the Session, whose hooks these are.
        tempo: the Tempo.
    """

    def __init__(self, session: Session, tempo: Tempo) -> None:
        super().__init__()
        self._session, self._state, self._hooks, self._tempo = session, session.state, session.hooks, tempo

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._hooks.on_step is None:
            return
        state, tempo = self._state, self._tempo
        info = StepInfo(
            step=tempo.step,
            last_step=state.last_step or tempo.step,
            epoch=state.epoch + 1,
            epochs=state.epochs or 1,
            training_nats=(logs or {})["nats"],
            learning_rate=float(self.model.optimizer.learning_rate),
            steps_per_second=tempo.steps_per_second,
            characters_per_second=tempo.steps_per_second * self._session.plan.characters_per_step,
            seconds=self._session.seconds(),
            seconds_left=tempo.seconds_left(),
        )
        with self._session.reporter.lifted():  # the progress line is out of the way of what it prints
            self._hooks.on_step(info)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._hooks.on_epoch is None:
            return
        state, line = self._state, self._state.history[-1]
        info = EpochInfo(
            path=self._session.path,
            epoch=state.epoch,
            epochs=state.epochs or state.epoch,
            step=state.step,
            last_step=state.last_step or state.step,
            training_nats=line["training_nats"],
            validation_nats=line.get("validation_nats"),
            training_bits_per_character=line["training_bits_per_character"],
            validation_bits_per_character=line.get("validation_bits_per_character"),
            validation_bits_per_byte=line.get("validation_bits_per_byte"),
            validation_bits_per_word=line.get("validation_bits_per_word"),
            gradient_norm=line["gradient_norm"],
            best_nats=line["training_nats"] if state.best_nats is None else state.best_nats,
            best_epoch=state.best_epoch,
            is_best=state.best_epoch == state.epoch,
            learning_rate=line["learning_rate"],
            steps_per_second=line["steps_per_second"],
            seconds=line["seconds"],
            seconds_left=self._tempo.seconds_left(),
        )
        with self._session.reporter.lifted():
            self._hooks.on_epoch(info)
