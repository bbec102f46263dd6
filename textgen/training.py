"""train(): a text in, a run folder out. Reads, plans, makes the folder, and only then wakes Keras.

So every mistake in a text, an option or a path is told at once and not after TensorFlow's seconds of starting. This
module knows nothing of the command line.
"""

import dataclasses
import difflib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from textgen import runs
from textgen.config import ModelConfig, TrainingConfig
from textgen.corpus import Corpus, read_corpus
from textgen.errors import CorpusError, UsageError
from textgen.planning import plan
from textgen.resume import TrainingState


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


def train(corpus=None, out=None, *, resume=None, overwrite=False, quiet=False, **options) -> History:
    """Train a model on text and keep it in a run folder.

    Args:
        corpus: a path, several paths, "-" for standard input, or a Corpus. May be left out with `resume`.
        out: the run folder; default `checkpoints/<corpus name>`.
        resume: a run whose training was cut short, to be continued from its last whole epoch.
        overwrite: replace a run that stands at `out`, when the new one first saves and not before.
        quiet: nothing on standard error.
        options: any field of ModelConfig and TrainingConfig.

    Raises:
        UsageError: an option unknown or out of its range.
        CorpusError: a text that cannot be read, is too short, or (with `resume`) is not the one that was begun on.
        RunError: the run to resume cannot be read, or its training has ended.
        RunExistsError, StorageError: the folder cannot be written; nothing was changed.
        DivergenceError: the loss stopped being a number; the weights saved before are kept.
    """
    began = time.monotonic()
    if resume is None:
        model, training = _configurations(options)
        text = _text(corpus, training.documents)
        settled = plan(text, model, training)
        path = runs.create(out or runs.CHECKPOINTS / text.name, overwrite=overwrite)
        state = TrainingState(paths=text.paths, corpus_sha256=text.fingerprint())
    else:
        if options or out is not None or overwrite:
            given = [*options, *["out"] * (out is not None), *["overwrite"] * overwrite]
            raise UsageError(f"--resume continues a run as it was begun; leave out: {', '.join(given)}")
        run = runs.load(resume)
        path, state = run.path, TrainingState.load(run.path)
        text = _text(corpus if corpus is not None else state.paths, run.training.documents)
        if text.fingerprint() != state.corpus_sha256:
            raise CorpusError(f"{text.name}: differs from the text that {path} was begun on; nothing was changed")
        settled = plan(text, run.model, run.training, tokenizer=run.tokenizer)

    if not quiet:
        for line in [*settled.lines(), *(f"note: {note}" for note in settled.notes), f"run: {path}"]:
            print(line, file=sys.stderr)
    from textgen.fitting import fit

    stopped_early = fit(settled, path, state, began=began, resumed=resume is not None, overwrite=overwrite, quiet=quiet)
    return History(
        path=path,
        epochs=runs.load(path).history(),
        best_nats=state.best_nats,
        best_epoch=state.best_epoch,
        stopped_early=stopped_early,
        seconds=state.seconds,
    )


def _configurations(options):
    """Keyword options, split into the two configurations they belong to."""
    fields = {cls: {field.name for field in dataclasses.fields(cls)} for cls in (ModelConfig, TrainingConfig)}
    known = sorted(set().union(*fields.values()))
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise UsageError(f"train() has no option {name!r}; {hint}")
    return tuple(cls(**{name: options[name] for name in names & set(options)}) for cls, names in fields.items())


def _text(corpus, documents):
    if corpus is None:
        raise UsageError("no text given: name at least one file, or - for standard input")
    return corpus if isinstance(corpus, Corpus) else read_corpus(corpus, documents)
