"""`train()`: text in, a run folder out. Reads, plans, makes the folder, and only then starts Keras.

So every mistake in a text, an option or a path is reported at once, and not after TensorFlow's seconds of start-up.
This module knows nothing of the command line.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from numpy.typing import NDArray

from textgen import arguments
from textgen.corpus.documents import Corpus
from textgen.corpus.memory import merge
from textgen.errors import CorpusError, RunError, UsageError
from textgen.group.group import Alone
from textgen.group.membership import Membership
from textgen.planning.plan import Plan
from textgen.planning.plan import plan as make_plan
from textgen.runs.config import DROPOUTS, ModelConfig, TrainingConfig
from textgen.runs.diary import GRADIENTS, check_gradients, read_diary
from textgen.runs.folder import (
    check_places,
    create_run_folder,
    find_run,
    open_run_folder,
    remove_if_empty,
    runs_folder,
)
from textgen.runs.run import Run, check_best, load_resumable, load_run
from textgen.runs.state import TrainingState
from textgen.runs.train_options import TrainOptions
from textgen.system import extras, memory
from textgen.system.folders import Folder
from textgen.system.interrupts import Interrupt
from textgen.system.keywords import answers_keywords, lists_options
from textgen.system.locks import locked
from textgen.system.wording import count
from textgen.tokens.base import Tokenizer
from textgen.training.history import History
from textgen.training.hooks import KerasCallback, OnEpoch, OnStep, read_hooks
from textgen.training.request import (
    CorpusLike,
    PathLike,
    Request,
    checked_corpus,
    checked_texts,
    configurations,
    path_or_none,
    read_and_plan,
    read_text,
)
from textgen.training.session import Company, Extension, Reporter, Session

# What a training that begins with another run's weights may choose for itself; the rest of the model is that run's.
FREE_WITH_FROM_RUN = frozenset({*DROPOUTS, "variational", "vocabulary_size"})
READING, KNOWING = "reading the text", "learning which lines and words of the poems go together"

# Of a budget of minutes, what is learned of poems before the network learns them may take this share; and the seconds
# that a poem takes, on one core of a laptop.
KNOWLEDGE_SHARE, SECONDS_A_POEM = 0.06, 0.002


@answers_keywords
@lists_options(ModelConfig, TrainingConfig)
def train(
    corpus: CorpusLike | None = None,
    out: PathLike | None = None,
    *,
    text: str | Sequence[str] | None = None,
    resume: PathLike | None = None,
    from_run: PathLike | None = None,
    encoding: str | None = None,
    note: str = "",
    overwrite: bool = False,
    quiet: bool = False,
    watch_gradients: bool = False,
    tensorboard: PathLike | None = None,
    report: Callable[[str], object] | None = None,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    callbacks: Sequence[KerasCallback] = (),
    progress: bool | None = None,
    member: Membership | None = None,
    average_every: int = 1,
    **options: Unpack[TrainOptions],
) -> History:
    """Train a model on text and keep it in a run folder.

    Args:
        corpus: a path, several paths, "-" for standard input, or a Corpus. May be left out with `text` or `resume`.
        out: the run folder; default `checkpoints/<corpus name>`, or that name in the folder that TEXTGEN_RUNS names.
        text: the text itself, or several texts, in place of `corpus`. Each is read as a file that holds it would be.
        resume: a run to continue from its last save, bit for bit as if it had never stopped; with `epochs` or
            `minutes`, to train that much longer than planned.
        from_run: a run whose weights training begins with; its vocabulary grows by the symbols that it never saw.
        encoding: how the files are decoded; default UTF-8, or what a byte-order mark says.
        note: kept in the run's metadata.
        overwrite: replace a run that exists at `out`, at the new run's first save and not before.
        quiet: print nothing on standard error.
        watch_gradients: after each epoch, note the norm of the gradient of each weight, and with respect to h at
            distances of 1, 2, 4, ... steps back (`textgen plot` draws them).
        tensorboard: a folder below which Keras writes a TensorBoard log, in a folder with the run's name.
        report: called with each line that the training says, in place of printing it on standard error.
        on_step: called with a StepInfo after each group of steps that runs as one, about four times a second.
        on_epoch: called with an EpochInfo after each epoch, once the run is saved.
        callbacks: Keras callbacks. textgen's own come first (the last of them writes the sample), then `on_step` and
            `on_epoch`, then these, in the order of the list.
        progress: whether a line shows the progress; None for one on a terminal and in a notebook.
        member: which process of a group that trains together this one is (`textgen.group.Membership`); every process
            of the group calls `train` with the same other arguments. Process 0 writes the run and calls the hooks.
            Training runs on JAX (the extra `machines`); KERAS_BACKEND is set for the rest of this process. If another
            process is lost, GroupError is raised; if this process does not get to that within two seconds, because it
            waits in JAX, it ends with exit code 1.
        average_every: with several processes, how many steps each makes alone before all average their weights
            (local SGD); 1 sums the gradients of every step, which gives the numbers of one process.
        options: fields of ModelConfig and TrainingConfig, listed below.

    Returns:
        the History.

    Raises:
        UsageError: an option that does not exist or is out of its range.
        CorpusError: a text that cannot be read, is too short, or (with `resume`) differs from the text of the run.
        RunError: the run to resume or to begin from cannot be read, or its training has ended.
        RunExistsError, RunInUseError, StorageError: the folder cannot be written; nothing was changed.
        OutOfMemoryError: this process may not use enough memory for TensorFlow.
        GroupError: the processes could not meet, differ in what they train, or one was lost.
        DivergenceError: the loss stopped being a number; the weights saved before are kept.
        KeyboardInterrupt: Ctrl-C; SIGTERM and SIGHUP raise subclasses of it. What was learned is saved.
        Exception: what `on_step`, `on_epoch`, `report` or a callback raised, unchanged. What was learned is saved.
    """
    request = Request(
        corpus=corpus if corpus is None else checked_corpus(corpus),
        texts=text if text is None else checked_texts(text, corpus, encoding),
        out=path_or_none("out", out),
        from_run=path_or_none("from_run", from_run),
        encoding=encoding if encoding is None else arguments.text("encoding", encoding),
        note=arguments.text("note", note),
        overwrite=arguments.switch("overwrite", overwrite),
        options=options,
        watch_gradients=arguments.switch("watch_gradients", watch_gradients),
        tensorboard=None if tensorboard is None else str(path_or_none("tensorboard", tensorboard)),
        reporter=Reporter(
            None if report is None else arguments.function("report", report),
            arguments.switch("quiet", quiet),
            None if progress is None else arguments.switch("progress", progress),
        ),
        hooks=read_hooks(on_step, on_epoch, callbacks),
        began=time.monotonic(),
    )
    resume = path_or_none("resume", resume)
    average_every = arguments.whole_number("average_every", average_every, low=1, high=1_000_000)
    if average_every > 1 and (member is None or member.size == 1):
        raise UsageError(f"`average_every={average_every}` is for several processes, and this is one")
    if member is not None:
        from textgen.training import cluster  # here, as all that only groups need

        cluster.check()
        if request.hooks.callbacks:
            raise UsageError(
                "`callbacks` belong to one process, and what one computes alone would keep the others waiting; use "
                "`on_step` and `on_epoch`"
            )
    extras.check_training("training")
    memory.check_for_keras()
    if tensorboard is not None:
        extras.check("tensorboard", "`tensorboard`")
    if resume is not None:
        _check_beside_resume(request)
    if member is None or member.size == 1:
        return _trained(dataclasses.replace(request, company=Company(Alone(), member)), resume)
    from textgen.group.meeting import meet
    from textgen.training import together

    with meet(member) as group:
        group.check_same("the command", together.asked(request, resume, average_every))
        # A budget of minutes begins when all are there.
        company = Company(group, member, average_every)
        request = dataclasses.replace(request, company=company, began=time.monotonic())
        if group.is_first:
            return _trained(request, resume, together.led)
        with together.following(request, is_new=resume is None and request.from_run is None) as session:
            return _run(session)


def _trained(
    request: Request, resume: PathLike | None, led: Callable[[Session], Session] = lambda session: session
) -> History:
    """Train in the one process that has the run folder.

    Args:
        request: what was asked for.
        resume: the run to continue; None for a new one.
        led: tells the other processes of the session, and returns it.
    """
    if resume is not None:
        with open_run_folder(find_run(resume)) as folder, locked(folder):
            return _run(led(_continue(request, folder)))
    session = _begin_from(request, load_run(request.from_run)) if request.from_run is not None else _begin(request)
    try:
        with locked(session.folder):
            return _run(led(session))
    finally:
        remove_if_empty(session.folder)


def _begin(request: Request) -> Session:
    """A new run: read, plan, make its folder."""
    model, training = configurations(request.options)
    return _planned(request, model, training)


def _begin_from(request: Request, older: Run) -> Session:
    """A new run that begins with another run's weights: read, plan, make its folder."""
    model, training = _as_begun(older, request.options)
    session = _planned(request, model, training, extend_from=older.tokenizer)
    plan = session.plan
    new = count(plan.model.sizes.vocabulary - older.model.sizes.vocabulary, f"new {plan.tokenizer.noun}")
    request.reporter.note(f"begins with the weights of {older.path}; the vocabulary grows by {new}")
    session.weights, session.memory = older.weights, merge(plan.memory, older.memory)
    return session


def _planned(
    request: Request, model: ModelConfig, training: TrainingConfig, extend_from: Tokenizer | None = None
) -> Session:
    with request.reporter.doing(READING):
        plan = read_and_plan(request, model, training, extend_from)
    text = plan.corpus
    with Interrupt() as interrupt:  # a folder that was made and holds nothing is removed
        folder = create_run_folder(request.out or runs_folder() / text.name, overwrite=request.overwrite)
        try:
            interrupt.check()
            for line in [*map(str, plan.facts()), *(f"note: {note}" for note in plan.notes), f"run: {folder.path}"]:
                request.reporter.say(line)
            interrupt.check()
        except BaseException:
            remove_if_empty(folder)
            raise
    return Session(
        plan=plan,
        folder=folder,
        state=TrainingState(paths=list(text.paths), encoding=request.encoding, corpus_sha256=plan.text.fingerprint),
        began=request.began,
        reporter=request.reporter,
        memory=plan.memory,
        knowledge=_known(request, plan),
        replaces=request.overwrite,
        note=request.note,
        watch_gradients=request.watch_gradients,
        tensorboard=request.tensorboard,
        hooks=request.hooks,
        company=request.company,
    )


def _known(request: Request, plan: Plan) -> Mapping[str, NDArray[Any]]:
    """What can be learned of poems before the network learns them, within a part of the time."""
    text, training = plan.corpus, plan.training
    if not plan.memory or not isinstance(text, Corpus):
        return {}
    from textgen.verse.meaning.knowledge import MAX_POEMS, Knowledge

    most = MAX_POEMS
    if training.minutes is not None and training.epochs is None:
        most = min(most, int(KNOWLEDGE_SHARE * 60 * training.minutes / SECONDS_A_POEM))
    with request.reporter.doing(KNOWING):
        knowledge = Knowledge.learn(text.split(training.validation)[0], most)
    return knowledge.arrays() if knowledge is not None else {}


def _continue(request: Request, folder: Folder) -> Session:
    """A run that is resumed: find its latest save, read, plan."""
    longer = TrainingConfig(**request.options) if request.options else None
    path = folder.path
    check_places(folder)
    run, state, passed_over = load_resumable(folder)
    read_diary(folder, GRADIENTS, check_gradients)  # a training that watches them adds to them
    notes = [f"{complaint}; continuing from the save before it" for complaint in passed_over]
    if state.finished and longer is None:
        raise RunError(f"{path}: its training has ended; train it longer with `epochs` or `minutes`")
    try:
        check_best(folder)
    except RunError as error:
        notes.append(f"{error}; the next epoch's weights replace the best")
        state.best_nats = None
    with request.reporter.doing(READING):
        text = read_text(request.with_text_of(state.paths, state.encoding, path), run.training)
        plan = make_plan(text, run.model, run.training, tokenizer=run.tokenizer)
    if plan.text.fingerprint != state.corpus_sha256:
        raise CorpusError(f"{text.name}: differs from the text that {path} was trained on; nothing was changed")
    about = [str(fact) for fact in plan.facts() if fact.name != "size"]  # the size was chosen before
    where = f"step {state.step:,}" + (f" of {state.last_step:,}" if state.last_step else "")
    for line in [*about, *(f"note: {note}" for note in [*plan.notes, *notes]), f"run: {path}, continuing from {where}"]:
        request.reporter.say(line)
    return Session(
        plan=plan,
        folder=folder,
        state=state,
        began=request.began,
        reporter=request.reporter,
        snapshot=run.snapshot,
        resumes=True,
        extension=Extension(longer.epochs, longer.minutes) if longer else None,
        memory=plan.memory,
        watch_gradients=request.watch_gradients,
        tensorboard=request.tensorboard,
        hooks=request.hooks,
        company=request.company,
    )


def _run(session: Session) -> History:
    """Train, and say what came of it."""
    with Interrupt() as interrupt, contextlib.closing(session.reporter):
        session.group.before_exit = session.reporter.close
        session.reporter.status("starting Keras, which takes some seconds")
        session.company.start()
        from textgen.training.fit import fit

        interrupt.check()
        stopped_early, state = fit(session, interrupt), session.state
        session.group.gather("end", True)
    watched = read_diary(session.folder, GRADIENTS, check_gradients)
    return History(
        session.path, state.history, state.best_nats, state.best_epoch, stopped_early, state.seconds, watched
    )


def _check_beside_resume(request: Request) -> None:
    """Raise UsageError where something is given that a resumed run cannot change."""
    given = [name for name in request.options if name not in ("epochs", "minutes")]
    given += [name for name in ("out", "overwrite", "from_run", "note") if getattr(request, name)]
    if given:
        names = ", ".join(f"`{name}`" for name in given)
        raise UsageError(
            f"`resume` continues a run as it was planned; leave out {names} (`epochs` or `minutes` train it longer)"
        )


def _as_begun(older: Run, options: Mapping[str, Any]) -> tuple[ModelConfig, TrainingConfig]:
    """The configurations of a training that begins with another run's weights: its model, except for dropout."""
    model, training = configurations(options)
    fixed = {field.name for field in dataclasses.fields(ModelConfig)} - FREE_WITH_FROM_RUN
    odd = sorted(
        name for name in fixed & set(options) if getattr(model, name) not in (None, getattr(older.model, name))
    )
    if odd:
        raise UsageError(
            f"`from_run` begins with the model of {older.path} as it is; leave out "
            + ", ".join(f"`{name}`" for name in odd)
        )
    given = {name: options[name] for name in FREE_WITH_FROM_RUN & set(options)}
    model = dataclasses.replace(older.model, **({"vocabulary_size": None} | given))
    kept = {name: getattr(older.training, name) for name in ("documents", "direction") if name not in options}
    return model, dataclasses.replace(training, **kept)
