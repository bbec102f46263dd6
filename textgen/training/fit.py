"""A session to a trained run: builds the model, puts the callbacks in their order, and calls Keras's `fit` once an
epoch.

Knows nothing of text files or of the command line.
"""

import contextlib
import dataclasses
import datetime
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.engine.network import NUMPY
from textgen.errors import OutOfMemoryError
from textgen.planning.budget import Budget, next_epoch
from textgen.planning.sizes import step_seconds
from textgen.runs import diary
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.state import differences, environment
from textgen.system.interrupts import Interrupt
from textgen.system.wording import count
from textgen.training.backend import backend_version, keras, on_tensorflow_cpu, without_retracing_warnings
from textgen.training.callbacks import (
    DivergenceGuard,
    GradientNorms,
    GradientWatch,
    Interruption,
    Progress,
    SampleWriter,
)
from textgen.training.compiled import MISSING, is_missing, variant
from textgen.training.distribution import Division, divide
from textgen.training.feed import feed
from textgen.training.model import LanguageModel
from textgen.training.optimizer import make_optimizer
from textgen.training.saver import BestWeights, Checkpointer, HistoryWriter, RunWriter
from textgen.training.session import Session
from textgen.training.timing import BudgetKeeper, Stopwatch, Tempo, measure, training_feed
from textgen.training.user_code import StoppedError, UserCallbacks, UserCode
from textgen.writing.generator import Generator

# Steps run as one call of a compiled function: enough that Python's share of the time is small, and few enough that
# the progress bar moves.
GROUP_SECONDS, MAX_GROUP_STEPS = 0.25, 32
# Symbols of the training text whose gradients are watched.
WATCHED_SYMBOLS = 512
# An epoch that ends by the clock is given this many times the steps that it has room for at the present pace.
SPARE_STEPS = 8


def fit(session: Session, interrupt: Interrupt) -> bool:
    """Train as a session's plan says, into its run folder.

    Args:
        session: the Session.
        interrupt: the Interrupt, which the caller has entered.

    Returns:
        whether training stopped early.

    Raises:
        OutOfMemoryError: the model and its batch do not fit the memory.
        DivergenceError: the loss stopped being a number.
        StorageError: the run folder cannot be written.
        KeyboardInterrupt: Ctrl-C, SIGTERM or SIGHUP; what was learned is saved.
        Exception: whatever the session's hooks or its reporter's sink raised; what was learned is saved.
    """
    code, company = UserCode(interrupt), session.company
    division = divide(company.group, session.plan.streams, company.average_every, is_asked=company.member is not None)
    with company.group.explained(), _memory_errors(session), without_retracing_warnings(), division.scope():
        training = _Fit(session, interrupt, code, division)
        training.check()  # nothing has been learned yet
        stopped_early = training.run()
    code.raise_kept()
    return stopped_early


class _Fit:
    """One training in this process: its model and its callbacks."""

    def __init__(self, session: Session, interrupt: Interrupt, code: UserCode, division: Division) -> None:
        self.session, self.plan, self.state, self.interrupt = session, session.plan, session.state, interrupt
        self.code, session.reporter.call_sink = code, code.call
        self.group, self.division = session.group, division
        plan, training = session.plan, session.plan.training
        if on_tensorflow_cpu() and is_missing():
            session.reporter.note(MISSING)
        self.model = compiled(plan.model, training, division.rows, plan.steps, division.group_steps, division.text_rows)
        if not session.resumes:
            self.model.head.begin_with(plan.counts)
            self._begin_with(session.weights or {})
        self.guard, self.tempo = DivergenceGuard(session.path), Tempo(session.state)
        self.watch = Stopwatch(clock=self.group.clock)
        self.interruption = Interruption(self.check, session, division)
        self.users = UserCallbacks(code, session, self.tempo)
        self.best = BestWeights(session)
        self.writer = RunWriter(session, _metadata(session))
        self.checkpointer = Checkpointer(session, self.writer, self.best, division)
        self.checkpointer.set_model(self.model)  # before fit does: Ctrl-C may come first
        if session.resumes:
            self.checkpointer.restore(self.model, session.snapshot)
            if changed := differences(self.state.environment, _environment(session)):
                session.reporter.note(
                    f"the environment changed ({changed}); continuing, but the result will not be bit-identical"
                )
        self.state.environment = _environment(session)
        self.callbacks = list(self._callbacks())

    def _callbacks(self) -> Iterator[Any]:
        """The callbacks in their order: each sees what those before it did to the logs and to the state."""
        session = self.session
        norms = GradientNorms(goes_on=session.is_within_epoch)
        yield from self.division.callbacks()
        yield from (self.guard, self.watch, self.tempo)
        if not session.reporter.is_quiet or session.reporter.live.is_shown:
            plan = session.plan
            yield Progress(session.state, self.tempo, session.reporter, plan.characters_per_step, plan.tokenizer.noun)
        yield from (norms, HistoryWriter(session), self.best, self.checkpointer)
        if self.group.is_first:
            yield from self._writers(norms)
        yield self.interruption  # the last: what an epoch's end saves is saved

    def _writers(self, norms: GradientNorms) -> Iterator[Any]:
        """The callbacks that write or call the program: of several processes, those of process 0."""
        session = self.session
        make_generator = _generators(session)
        if session.watch_gradients or (session.resumes and session.folder.has(diary.GRADIENTS)):
            yield GradientWatch(session, norms, make_generator, session.plan.streams.ids[: WATCHED_SYMBOLS + 1])
        if session.tensorboard:
            folder = Path(session.tensorboard) / session.path.absolute().name
            yield keras.callbacks.TensorBoard(folder, write_graph=False)
        if session.plan.training.sample_length:
            yield SampleWriter(session, make_generator)
        if session.hooks:
            yield self.users  # they find the epoch noted and the run saved

    def check(self) -> None:
        """Raise what ends the training here, if there is a reason in any process."""
        own = "signal" if self.interrupt.is_noted else "exception" if self.code.error is not None else ""
        everyones = self.group.gather("interruption", own)
        if not any(everyones):
            return
        self.interrupt.check()
        self.code.check()
        if "signal" not in everyones:
            raise StoppedError
        self.interrupt.note()
        self.interrupt.check()

    def _begin_with(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Give the model the weights of an older one, which process 0 has; none where it has none."""
        shapes = self.group.decide("weights", {name: list(array.shape) for name, array in weights.items()})
        if shapes:
            shared = {name: weights.get(name, np.zeros(shape, np.float32)) for name, shape in shapes.items()}
            import_older(self.model, self.division.share(shared))

    def run(self) -> bool:
        """Train to the end. Returns whether training stopped early."""
        try:
            keeper = self._settle_extent()
            while self.state.step < (self.state.last_step or 0):
                self._run_epoch(keeper)
                if self.best.stopped_early or self.users.wants_stop:
                    break
            stopped_early = self.best.stopped_early or self.state.step < (self.state.last_step or 0)
            self.checkpointer.finish()
            self.users.end()
        except (KeyboardInterrupt, StoppedError) as error:
            is_orderly = self.interrupt.is_orderly or isinstance(error, StoppedError)
            if is_orderly:  # else it struck in the middle of something: the last save is what there is
                self.checkpointer.save()
            if not self.writer.is_new:
                self.session.reporter.close()
                self.session.reporter.say(f"stopped; go on with: textgen train --resume {self.session.path}")
            if isinstance(error, KeyboardInterrupt):
                if is_orderly:  # in all processes
                    self.group.gather("stopped", True)
                    self.group.leave()
                raise
            return False  # the caller raises what stopped it
        return stopped_early

    def _settle_extent(self) -> BudgetKeeper | None:
        """Fix how far the training goes: to the end of its epochs, or as far as its budget of minutes holds."""
        state, session, streams = self.state, self.session, self.plan.streams
        if session.extension:
            self._extend()
        if state.last_step is not None:
            return None
        if session.minutes is None:
            state.last_step, state.epochs = self.plan.steps, self.plan.training.epochs
            return None
        budget = Budget(60 * session.minutes, self.group.decide("begin", session.began), self.group.clock)
        self.tempo.deadline = budget.began + budget.seconds
        session.reporter.status("measuring how fast this machine trains")
        timing = measure(
            self.model,
            self.plan,
            self.division,
            state.step,
            budget.seconds,
            [self.guard, self.interruption],
            self.check,
        )
        state.step = int(self.model.optimizer.iterations)
        held_out_steps = self.plan.held_out.steps if self.plan.held_out else 0
        left = budget.settle(timing, streams.steps, held_out_steps)
        state.evaluation_steps = budget.evaluation_steps
        state.last_step, state.epochs = state.step + left, state.epoch + budget.epochs_left
        self.model.optimizer.schedule.set_end(state.step, state.last_step)
        for line in _budget_lines(budget, session, left):
            session.reporter.say(line)
        keeper = BudgetKeeper(budget, state)
        self.watch.is_over = keeper.is_over
        return keeper

    def _extend(self) -> None:
        """Move the end of a resumed training, and lay the rest of its learning rate's schedule anew."""
        state, extension, schedule = self.state, self.session.extension, self.model.optimizer.schedule
        if extension is None:
            return
        was_finished = state.finished
        state.finished, state.patience_from = False, state.epoch
        if extension.epochs is None:
            state.last_step = state.epochs = state.epoch_end = None  # the budget will say
            schedule.extend_end(state.step, state.step + 1)
            return
        # Epochs come after those of a training that had ended, or in addition to those that it still had to do.
        to_come = 0 if was_finished or state.last_step is None else max(state.last_step - state.step, 0)
        epochs_to_come = max((state.epochs or 0) - state.epoch, 1) if to_come else 0
        state.last_step = state.step + to_come + extension.epochs * self.plan.streams.steps
        state.epochs = state.epoch + epochs_to_come + extension.epochs
        schedule.extend_end(state.step, state.last_step)

    def _run_epoch(self, keeper: BudgetKeeper | None) -> None:
        """Run one epoch, or the rest of one that was cut short."""
        state, held_out = self.state, self.plan.held_out
        seed, goes_on = self.plan.training.seed, state.epoch_end is not None
        if keeper:
            keeper.begin_epoch()
        elif state.epoch_end is None:
            left, epochs_left = (state.last_step or 0) - state.step, (state.epochs or 0) - state.epoch
            state.epoch_end = state.step + next_epoch(left, epochs_left)
        steps = (state.epoch_end or 0) - state.step
        if keeper and keeper.budget.left() > 0:
            steps *= SPARE_STEPS  # the watch ends the epoch
        if keeper:
            keeper.most_steps = steps
        self.model.fit(
            training_feed(self.plan, self.division, state.step, steps, goes_on),
            validation_data=feed(self.division.deal(held_out), seed, steps=state.evaluation_steps)
            if held_out
            else None,
            epochs=state.epoch + 1,
            initial_epoch=state.epoch,
            callbacks=self.callbacks,
            shuffle=False,  # a stretch must follow the one before it, or the carried state belongs to another text
            verbose=0,
        )
        if keeper:
            keeper.end_epoch(self.watch)
            self.model.optimizer.schedule.set_end(state.step, state.last_step)


def import_older(model: Any, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Set a model's weights from those of one whose vocabulary may be smaller.

    Its symbols keep their ids, so its rows and columns come first. Those of new symbols keep their first values.
    """
    own = model.export_weights()
    for name, array in own.items():
        older = weights.get(name, array[:0])  # a weight of labels may be new
        array[tuple(slice(0, size) for size in older.shape)] = older
    model.import_weights(own)


def compiled(
    config: ModelConfig,
    training: TrainingConfig,
    rows: int,
    steps: int | None,
    together: int | None = None,
    text_rows: int | None = None,
) -> LanguageModel:
    """The model of a ModelConfig, ready to be trained.

    Args:
        config, training: the configurations, complete.
        rows: of a step.
        steps: of the whole training; None where a budget of minutes will say.
        together: steps after each of which something happens, so that no group of steps crosses them; None for any.
        text_rows: rows that hold text; None for all.
    """
    model = LanguageModel(
        config,
        rows,
        seed=training.seed,
        samples=bool(training.softmax_samples),
        penalties=(training.activation_penalty or 0.0, training.change_penalty or 0.0),
        class_weight=training.classify_weight,
        text_rows=text_rows,
    )
    seconds = step_seconds(config, rows * training.sequence_length, training.softmax_samples)
    optimizer = make_optimizer(training, steps or max(60 * (training.minutes or 1) / seconds, 1), model.by_rows)
    compile_in_groups(model, optimizer, seconds, together)
    return model


def compile_in_groups(model: Any, optimizer: Any, seconds: float, together: int | None = None) -> None:
    """Make a model ready for `fit`, running several steps as one call where the backend can.

    Never under XLA on TensorFlow, which makes the loop over time steps three times slower on a CPU.

    Args:
        seconds: roughly what one step takes.
        together: as of `compiled`.
    """
    backend = keras.backend.backend()
    most = min(max(int(GROUP_SECONDS / seconds), 1), MAX_GROUP_STEPS)
    if together:
        most = max(size for size in range(1, most + 1) if together % size == 0)
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer,
        jit_compile=False if backend == "tensorflow" else "auto",
        steps_per_execution=1 if backend == "torch" else most,
    )


def _generators(session: Session) -> Any:
    """What makes a Generator of weights."""
    plan = session.plan
    return lambda weights: Generator.from_parts(plan.model, plan.training, plan.tokenizer, weights)


def _budget_lines(budget: Budget, session: Session, left: int) -> Iterator[str]:
    plan, state, steps = session.plan, session.state, count(left, "step")
    if budget.left() <= 0:
        yield f"note: a budget of {session.minutes:g} minutes is less than start-up takes; training for {steps} anyway"
    else:
        yield (
            f"budget: {session.minutes:g} minutes at {1000 * budget.step_seconds:.1f} ms a step make {steps} in "
            f"{budget.epochs_left} epochs, {left / plan.streams.steps:.2f} passes over the text"
        )
    if plan.held_out and state.evaluation_steps and state.evaluation_steps < plan.held_out.steps:
        share = state.evaluation_steps / plan.held_out.steps
        yield f"note: to keep to the budget, validation reads {share:.0%} of the held-out text, from all parts of it"


@contextlib.contextmanager
def _memory_errors(session: Session) -> Iterator[None]:
    """Turn any backend's way of saying that memory ran out into an OutOfMemoryError."""
    try:
        yield
    except Exception as error:
        is_memory = isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
        if isinstance(error, OutOfMemoryError) or not (
            is_memory or type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError")
        ):
            raise
        plan = session.plan
        raise OutOfMemoryError(
            f"{session.path}: out of memory: {plan.model.parameters():,} parameters, batches of {plan.streams.rows} x "
            f"{plan.training.sequence_length}; choose smaller `units`, `batch_size` or `sequence_length`, or, where it "
            "is a GPU's memory, train without the GPU: CUDA_VISIBLE_DEVICES=-1"
        ) from None


def _environment(session: Session) -> dict[str, Any]:
    """What the numbers depend on, of this process."""
    backend, processes = keras.backend.backend(), session.group.size
    more: dict[str, Any] = {"processes": processes} if processes > 1 else {}
    if on_tensorflow_cpu():
        more["recurrence"] = variant() or NUMPY
    if (every := session.company.average_every) > 1:
        more["average_every"] = every
    return environment(backend, keras.__version__, backend_version()) | more


def _metadata(session: Session) -> dict[str, Any]:
    plan = session.plan
    return (
        _environment(session)
        | {
            "python": platform.python_version(),
            "corpus": plan.corpus.name,
            "corpus_sha256": session.state.corpus_sha256,
            "characters": plan.text.characters + plan.text.held_out_extent.characters,
            "parameters": plan.model.parameters(),
            "baselines": dataclasses.asdict(plan.baselines()),
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        | ({"note": session.note} if session.note else {})
    )
