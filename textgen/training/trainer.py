"""train(): a text in, a run folder out. Reads, plans, makes the folder, and only then wakes Keras.

So every mistake in a text, an option or a path is told at once and not after TensorFlow's seconds of starting. This
module knows nothing of the command line.
"""

import dataclasses
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from textgen.corpus.documents import Corpus, read_for
from textgen.corpus.memory import merge
from textgen.errors import CorpusError, RunError, UsageError
from textgen.planning.plan import plan
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.folder import BEST, CHECKPOINTS, FILES, RESUME, create_run_folder, find_run, remove_if_empty
from textgen.runs.run import load_run, read_run
from textgen.runs.state import TrainingState
from textgen.system import extras, snapshots
from textgen.system.locks import locked
from textgen.system.wording import did_you_mean


@dataclass(frozen=True)
class History:
    """What a training did.

    Attributes:
        path: the run folder.
        epochs: one dict an epoch, as in the run's history.jsonl.
        best_nats: the best loss, nats a symbol, on held-out text (on the training text where none was held out).
        best_epoch: the epoch that reached it; its weights are the run's.
        stopped_early: whether the loss had stopped improving before the last epoch.
        seconds: wall time from start to end, the time before a resume included.
    """

    path: Path
    epochs: list
    best_nats: float
    best_epoch: int
    stopped_early: bool
    seconds: float


def train(
    corpus=None,
    out=None,
    *,
    resume=None,
    from_run=None,
    encoding=None,
    note="",
    overwrite=False,
    quiet=False,
    watch_gradients=False,
    tensorboard=None,
    **options,
) -> History:
    """Train a model on text and keep it in a run folder.

    Args:
        corpus: a path, several paths, "-" for standard input, or a Corpus. May be left out with `resume`.
        out: the run folder; default `checkpoints/<corpus name>`.
        resume: a run to be continued from where it was last saved, bit for bit as if it had never stopped; with
            `epochs` or `minutes`, for so much longer than it was meant to.
        from_run: a run whose weights are begun from; its vocabulary grows by what it never saw.
        encoding: how the files are decoded; default UTF-8, or what a byte-order mark says.
        note: kept in the run's metadata.
        overwrite: replace a run that stands at `out`, when the new one first saves and not before.
        quiet: nothing on standard error.
        watch_gradients: note after each epoch how long the gradients are, of each weight and with respect to h at
            distances of 1, 2, 4, ... steps back (`textgen plot` draws them).
        tensorboard: a folder below which Keras writes a TensorBoard log, in a folder of the run's name.
        options: any field of ModelConfig and TrainingConfig.

    Raises:
        UsageError: an option unknown or out of its range.
        CorpusError: a text that cannot be read, is too short, or (with `resume`) is not the one that was begun on.
        RunError: the run to resume or to begin from cannot be read, or its training has ended.
        RunExistsError, RunInUseError, StorageError: the folder cannot be written; nothing was changed.
        DivergenceError: the loss stopped being a number; the weights saved before are kept.
    """
    began = time.monotonic()
    watching = {"watch_gradients": watch_gradients, "tensorboard": tensorboard}
    if tensorboard:
        extras.check("tensorboard", "--tensorboard")
    if resume is not None:
        given = [name for name in options if name not in ("epochs", "minutes")]
        given += [
            name
            for name, value in (("out", out), ("overwrite", overwrite), ("from", from_run), ("note", note))
            if value
        ]
        if given:
            raise UsageError(
                f"--resume continues a run as it was begun; leave out: {', '.join(given)} (--epochs or --minutes train "
                "it longer)"
            )
        more = TrainingConfig(**options) if options else None
        path = find_run(resume)
        with locked(path):
            return _resume(path, corpus, encoding, more, began, quiet, watching)
    model, training = configurations(options)
    older = None
    if from_run is not None:
        older = load_run(from_run)
        model, training = _as_begun(older, model, options, training)
    text = _text(corpus, training, encoding)
    training = dataclasses.replace(training, documents=text.kind)
    settled = plan(text, model, training, grown=older and older.tokenizer)
    path = create_run_folder(out or CHECKPOINTS / text.name, overwrite=overwrite)
    state = TrainingState(paths=list(text.paths), encoding=encoding, corpus_sha256=settled.text.fingerprint)
    notes = list(settled.notes)
    if older:
        new = settled.model.vocabulary_size - older.model.vocabulary_size
        notes.append(
            f"begins with the weights of {older.path}; {new} {settled.tokenizer.noun}{'s' * (new != 1)} that it never "
            f"saw {'is' if new == 1 else 'are'} new"
        )
    try:
        with locked(path):
            _say(quiet, [*settled.lines(), *(f"note: {note}" for note in notes), f"run: {path}"])
            from textgen.training.fit import fit

            weights = older.weights if older else None
            if older:
                settled = dataclasses.replace(settled, memory=merge(settled.memory, older.memory))
            stopped = fit(
                settled,
                path,
                state,
                began=began,
                overwrite=overwrite,
                weights=weights,
                note=note,
                quiet=quiet,
                **watching,
            )
            return _history(path, state, stopped)
    finally:
        remove_if_empty(path)


def _resume(path, corpus, encoding, more, began, quiet, watching):
    folder, passed_over = snapshots.latest_intact(path / RESUME, FILES[RESUME], fall_back=True)
    run, state = read_run(path, folder), TrainingState.load(folder)
    notes = [f"{complaint}; going on from the save before it" for complaint in passed_over]
    if state.finished and more is None:
        raise RunError(f"{path}: its training has ended; train it longer with --epochs N or --minutes N")
    try:
        snapshots.latest_intact(path / BEST, FILES[BEST])
    except RunError as error:
        notes.append(f"{error}; the next epoch's weights take the place of the best")
        state.best_nats = None
    encoding = encoding or state.encoding
    text = _text(corpus if corpus is not None else state.paths, run.training, encoding)
    settled = plan(text, run.model, run.training, tokenizer=run.tokenizer)
    if settled.text.fingerprint != state.corpus_sha256:
        raise CorpusError(f"{text.name}: differs from the text that {path} was begun on; nothing was changed")
    about = [line for line in settled.lines() if not line.startswith("size: ")]  # nothing is chosen any more
    where = f"step {state.step:,}" + (f" of {state.last_step:,}" if state.last_step else "")
    notes = [f"note: {note}" for note in [*settled.notes, *notes]]
    _say(quiet, [*about, *notes, f"run: {path}, going on from {where}"])
    from textgen.training.fit import Extension, fit

    extension = Extension(more.epochs, more.minutes, state.finished) if more else None
    stopped = fit(settled, path, state, began=began, resumed=folder, more=extension, quiet=quiet, **watching)
    return _history(path, state, stopped)


def _history(path, state, stopped_early):
    return History(
        path=path,
        epochs=state.history,
        best_nats=state.best_nats,
        best_epoch=state.best_epoch,
        stopped_early=stopped_early,
        seconds=state.seconds,
    )


def _say(quiet, lines):
    if not quiet:
        for line in lines:
            print(line, file=sys.stderr)


def _as_begun(older, model, options, training):
    """The configurations of a training that begins with another run's weights: its model, but for dropout."""
    free = {"dropout", "output_dropout", "recurrent_dropconnect", "vocabulary_size"}
    fixed = {field.name for field in dataclasses.fields(ModelConfig)} - free
    odd = sorted(
        name for name in fixed & set(options) if getattr(model, name) not in (None, getattr(older.model, name))
    )
    if odd:
        raise UsageError(f"--from begins with the model of {older.path} as it is; leave out: {', '.join(odd)}")
    given = {name: options[name] for name in free & set(options)}
    model = dataclasses.replace(older.model, **({"vocabulary_size": None} | given))
    if "documents" not in options:
        training = dataclasses.replace(training, documents=older.training.documents)
    if "direction" not in options:
        training = dataclasses.replace(training, direction=older.training.direction)
    return model, training


def configurations(options):
    """Keyword options, split into the two configurations they belong to."""
    fields = {cls: {field.name for field in dataclasses.fields(cls)} for cls in (ModelConfig, TrainingConfig)}
    known = sorted(set().union(*fields.values()))
    for name in options:
        if name not in known:
            raise UsageError(f"train() has no option {name!r}; {did_you_mean(name, known)}")
    return tuple(cls(**{name: options[name] for name in names & set(options)}) for cls, names in fields.items())


def _text(corpus, training, encoding):
    if corpus is None:
        raise UsageError("no text given: name at least one file, or - for standard input")
    if isinstance(corpus, Corpus):  # documents that a program made: what one is, the options say
        return dataclasses.replace(corpus, kind=training.documents)
    return read_for(training, corpus, encoding, may_stay=True)
