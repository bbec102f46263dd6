"""A plan to a trained run: builds the model and the optimizer, puts the callbacks together, and calls `fit`.

The only caller of `fit`, once an epoch: a budget of minutes says before each how many steps it has. Knows nothing of
files of text or of the command line.
"""

import datetime
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from textgen.errors import OutOfMemoryError
from textgen.planning.budget import Budget, next_epoch
from textgen.planning.sizes import step_seconds
from textgen.runs import diary
from textgen.runs.state import differences, environment
from textgen.system.interrupts import Interrupt
from textgen.training.backend import keras
from textgen.training.callbacks import (
    DivergenceGuard,
    GradientNorms,
    GradientWatch,
    Interruption,
    Progress,
    SampleWriter,
    Stopwatch,
)
from textgen.training.feed import feed
from textgen.training.model import LanguageModel
from textgen.training.optimizer import make_optimizer
from textgen.training.saver import RunSaver
from textgen.writing.generator import Generator

# Steps run as one call of a compiled function, so many that Python's share is small and so few that the bar moves.
GROUP_SECONDS, LARGEST_GROUP = 0.25, 32
# Seconds of first steps that a budget is measured by: a share of it, within bounds.
TIMED_SHARE, TIMED_LEAST, TIMED_MOST = 0.03, 1.0, 5.0
# Symbols of the training text whose gradients are watched.
WATCHED = 512


def fit(
    settled,
    path,
    state,
    *,
    began,
    resumed=None,
    overwrite=False,
    weights=None,
    more=None,
    note="",
    quiet=False,
    watch_gradients=False,
    tensorboard=None,
):
    """Train as a Plan says, into a run folder.

    Args:
        settled: the Plan.
        path: the run folder, made already.
        state: the TrainingState to go on from; kept up to date.
        began: `time.monotonic()` when the budget of minutes, if any, began to run.
        resumed: the snapshot whose tensors are to be restored; None for a new run.
        overwrite: whether another run stands there, which makes way for the first save.
        weights: to begin from in place of chance: name to float32 array, shaped as the model's or, along the
            vocabulary, smaller.
        more: of a run that is resumed: an Extension, or None.
        note: kept in the run's metadata.
        quiet: nothing on standard error.
        watch_gradients: whether the gradients are noted after each epoch; a run that is resumed goes on noting them.
        tensorboard: a folder below which a TensorBoard log is written, in a folder of the run's name; or None.

    Returns:
        whether training stopped early.

    Raises:
        OutOfMemoryError: the model and its batch do not fit the memory.
        DivergenceError: the loss stopped being a number.
        StorageError: the run folder cannot be written.
    """
    try:
        with Interrupt() as interrupt:
            norms = GradientNorms(goes_on=resumed and state.epoch_end is not None)
            watch_gradients |= bool(resumed) and (path / diary.GRADIENTS).exists()
            watchers = [norms, *_watchers(settled, path, norms, watch_gradients, tensorboard)]
            return _fit(
                settled, path, state, began, resumed, overwrite, weights, more, note, quiet, interrupt, watchers
            )
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            f"{path}: out of memory: {settled.model.parameters():,} parameters, batches of {settled.streams.rows} x "
            f"{settled.training.sequence_length}; take a smaller --units, --batch-size or --sequence-length, or, where "
            "it is a GPU's memory, train without it: CUDA_VISIBLE_DEVICES=-1"
        ) from None


def _watchers(settled, path, norms, watch_gradients, tensorboard):
    """Callbacks that only look, once the run is saved."""
    if watch_gradients:
        yield GradientWatch(path, norms, _generators(settled), settled.streams.ids[: WATCHED + 1])
    if tensorboard:
        yield keras.callbacks.TensorBoard(Path(tensorboard) / path.absolute().name, write_graph=False)


def _generators(settled):
    """What makes a Generator of weights."""
    return lambda weights: Generator.from_parts(settled.model, settled.training, settled.tokenizer, weights)


def _fit(settled, path, state, began, resumed, overwrite, weights, more, note, quiet, interrupt, watchers):
    training, streams = settled.training, settled.streams
    model = compiled(settled.model, training, streams.rows, settled.steps)
    if weights:
        import_older(model, weights)

    def say(line):
        if not quiet:
            tqdm.write(line, file=sys.stderr)

    saver = RunSaver(
        path,
        state,
        describe=(settled.model, training, settled.tokenizer),
        metadata=_metadata(settled, state) | ({"note": note} if note else {}),
        memory=settled.memory,
        symbols_per_character=settled.symbols_per_character,
        began=began,
        is_new=not resumed,
        replaces=overwrite,
    )
    saver.set_model(model)  # before fit does: Ctrl-C may come first
    if resumed:
        saver.restore(model, resumed)
        changed = differences(state.environment, _environment())
        if changed:
            say(f"note: {changed}: the training goes on, but not bit for bit as it would have")
    state.environment = _environment()
    interruption = Interruption(interrupt, state)
    progress = Progress(state, settled.characters_per_step, settled.tokenizer.noun)
    watch = Stopwatch(lambda watch: False)
    guard = DivergenceGuard(path)
    norms, *others = watchers
    callbacks = [guard, watch, *([] if quiet else [progress]), norms, saver, *others]
    if training.sample_length:
        callbacks.append(
            SampleWriter(
                path,
                _generators(settled),
                {"length": training.sample_length, "temperature": training.sample_temperature, "seed": training.seed},
                quiet,
                0 if not resumed else state.epoch,
            )
        )
    callbacks.append(interruption)  # the last: what an epoch's end saves is saved
    budget, minutes = None, training.minutes
    if more:
        minutes = more.minutes
        more.extend(state, streams.steps, model.optimizer.anneal)
    try:
        if state.last_step is None:
            if minutes is None:
                state.last_step, state.epochs = settled.steps, training.epochs
            else:
                budget = Budget(60 * minutes, began)
                _settle_budget(budget, model, settled, state, guard, interruption)
                watch.is_over = lambda watch: _last_epoch_is_over(budget, state, watch)
                for line in _budget_lines(budget, minutes, settled, state):
                    say(line)
        while state.step < state.last_step:
            _run_epoch(model, settled, state, callbacks)
            if saver.stopped_early:
                break
            if budget:
                ended = time.monotonic() - watch.ended
                state.last_step = state.step + budget.epoch_ended(watch.step_seconds, ended)
                model.optimizer.anneal.set_end(state.step, state.last_step)
        saver.finish()
    except KeyboardInterrupt:
        if interrupt.is_orderly:  # else it struck in the middle of something: what was saved last is what there is
            saver.save()
        if not quiet and not saver.is_new:
            progress.close()
            print(f"stopped; go on with: textgen train --resume {path}", file=sys.stderr)
        raise
    finally:
        progress.close()
    return saver.stopped_early


@dataclass(frozen=True)
class Extension:
    """How much longer a run is trained: epochs or minutes.

    Attributes:
        after_the_end: whether the run had come to its end; else the epochs are added to those still to come.
    """

    epochs: int | None
    minutes: float | None
    after_the_end: bool

    def extend(self, state, steps_a_pass, anneal):
        """Move the end of a training, and lay the way of its learning rate anew."""
        state.finished, state.patience_from = False, state.epoch
        if self.epochs is None:
            state.last_step = state.epochs = state.epoch_end = None  # the budget will say
            anneal.extend_end(state.step, state.step + 1)
            return
        to_come = 0 if self.after_the_end or state.last_step is None else max(state.last_step - state.step, 0)
        epochs_to_come = max(state.epochs - state.epoch, 1) if to_come else 0
        state.last_step = state.step + to_come + self.epochs * steps_a_pass
        state.epochs = state.epoch + epochs_to_come + self.epochs
        anneal.extend_end(state.step, state.last_step)


def import_older(model, weights):
    """Set weights from a model whose vocabulary may be smaller: its symbols keep their ids, so its rows and columns
    come first; those of new symbols stay as they began."""
    own = model.export_weights()
    for name, array in own.items():
        older = weights[name]
        array[tuple(slice(0, size) for size in older.shape)] = older
    model.import_weights(own)


def compiled(config, training, rows, steps):
    """The model of a ModelConfig, ready to be fitted over `steps` steps (None: not known) of `rows` rows."""
    model = LanguageModel(config, rows, seed=training.seed)
    seconds = step_seconds(config, rows * training.sequence_length)
    optimizer = make_optimizer(training, steps or max(60 * (training.minutes or 1) / seconds, 1))
    compile_in_groups(model, optimizer, seconds)
    return model


def compile_in_groups(model, optimizer, seconds):
    """Make a model ready for `fit`, several steps of about so many seconds run as one call wherever the backend can.

    Never under XLA on TensorFlow, which makes the loop over time steps three times slower on a CPU.
    """
    backend = keras.backend.backend()
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer,
        jit_compile=False if backend == "tensorflow" else "auto",
        steps_per_execution=1 if backend == "torch" else min(max(int(GROUP_SECONDS / seconds), 1), LARGEST_GROUP),
    )


def _run_epoch(model, settled, state, callbacks):
    """An epoch, or the rest of one that was cut short."""
    streams, held_out, seed = settled.streams, settled.held_out, settled.training.seed
    goes_on = state.epoch_end is not None
    if not goes_on:
        state.epoch_end = state.step + next_epoch(state.last_step - state.step, state.epochs - state.epoch)
    model.fit(
        feed(streams, seed, state.step, state.epoch_end - state.step, goes_on),
        validation_data=feed(held_out, seed, steps=state.evaluation_steps) if held_out else None,
        epochs=state.epoch + 1,
        initial_epoch=state.epoch,
        callbacks=callbacks,
        shuffle=False,  # a stretch must follow the one before it, or the carried state is another text's
        verbose=0,
    )


def _settle_budget(budget, model, settled, state, guard, interruption):
    """Time the first steps, which count like any other, and some of the evaluation; fix the number of steps."""
    streams, held_out, seed = settled.streams, settled.held_out, settled.training.seed
    enough = min(max(TIMED_SHARE * budget.seconds, TIMED_LEAST), TIMED_MOST)
    watch = Stopwatch(lambda watch: sum(watch.groups) * model.steps_per_execution >= enough)
    first = feed(streams, seed, state.step, 64 * model.steps_per_execution)
    model.fit(first, callbacks=[guard, watch, interruption], shuffle=False, verbose=0)
    state.step = int(model.optimizer.iterations)
    evaluation = 0.0
    if held_out:
        group, seconds = min(held_out.steps, model.steps_per_execution), []
        for steps in (group, group, 3 * group):  # the first makes the graph; the others tell the start from the steps
            began = time.monotonic()
            some = feed(held_out, seed, steps=min(steps, held_out.steps))
            model.evaluate(some, verbose=0)
            interruption.interrupt.check()
            seconds.append(time.monotonic() - began)
        more = min(3 * group, held_out.steps) - group
        a_step = max((seconds[2] - seconds[1]) / more, 0.0) if more else seconds[1] / group
        state.evaluation_steps = budget.evaluation_steps(held_out.steps, a_step)
        evaluation = seconds[1] + a_step * max(state.evaluation_steps - group, 0)
    left = budget.settle(watch.step_seconds, evaluation, streams.steps)
    state.last_step, state.epochs = state.step + left, state.epoch + budget.epochs_left
    model.optimizer.anneal.set_end(state.step, state.last_step)


def _last_epoch_is_over(budget, state, watch):
    """Whether the last epoch has to end here; on the way, its end is moved to where the budget will be spent."""
    if budget.epochs_left != 1 or not watch.groups:
        return False
    step, left = state.step + watch.done, state.last_step - state.step - watch.done
    holds = budget.last_epoch_holds(left, watch.step_seconds)
    if holds < left:
        state.last_step = state.epoch_end = step + holds
        # Asked of the callback: on JAX that is what brings the optimizer's variables back in the middle of an epoch.
        watch.model.optimizer.anneal.set_end(step, state.last_step)
    return holds <= 0


def _budget_lines(budget, minutes, settled, state):
    left = state.last_step - state.step
    steps = f"{left:,} step{'s' * (left != 1)}"
    if budget.left() <= 0:
        yield f"note: --minutes {minutes:g} is less than starting takes; training on {steps} all the same"
    else:
        yield (
            f"budget: {minutes:g} minutes at {1000 * budget.step_seconds:.1f} ms a step make {steps} in "
            f"{state.epochs - state.epoch} epochs, {left / settled.streams.steps:.2f} passes over the text"
        )
    if settled.held_out and state.evaluation_steps < settled.held_out.steps:
        share = state.evaluation_steps / settled.held_out.steps
        yield f"note: to keep to the budget, validation reads {share:.0%} of the held-out text, from all parts of it"


def _is_out_of_memory(error):
    """Whether an exception of any backend, or of Python, says that memory ran out."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ in ("ResourceExhaustedError", "OutOfMemoryError")
        or "RESOURCE_EXHAUSTED" in str(error)
    ) and not isinstance(error, OutOfMemoryError)


def _environment():
    """What the numbers depend on, of this process."""
    backend = keras.backend.backend()
    return environment(backend, keras.__version__, sys.modules[backend].__version__)


def _metadata(settled, state):
    return _environment() | {
        "python": platform.python_version(),
        "corpus": settled.corpus.name,
        "corpus_sha256": state.corpus_sha256,
        "characters": settled.text.characters + settled.text.held_out_characters,
        "parameters": settled.model.parameters(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
