"""train(): a text in, a run folder out. Wires plan, model, optimizer and callbacks, and calls `fit`.

This module knows nothing of the command line. It is the only caller of `fit`.
"""

import dataclasses
import datetime
import difflib
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from textgen.quiet import quietly

# Told to keep its notices to itself, TensorFlow still talks until it has started.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with quietly():
    import keras

    keras.ops.zeros(1)  # the first operation looks for devices, and is as talkative as the import

import numpy as np

import textgen
from textgen import runs
from textgen.callbacks import DivergenceGuard, Progress, RunSaver, SampleWriter, TrainingState
from textgen.config import ModelConfig, TrainingConfig
from textgen.corpus import Corpus, read_corpus
from textgen.errors import CorpusError, RunError, UsageError
from textgen.generator import Generator
from textgen.model import LanguageModel
from textgen.planning import plan


@dataclass(frozen=True)
class History:
    """What a training did.

    Attributes:
        path: the run folder.
        epochs: one dict an epoch, as in the run's history.jsonl.
        best_nats: the best loss, nats a symbol, on held-out text (on the training text where none was held out).
        best_epoch: the epoch that reached it; its weights are the run's.
        stopped_early: whether the loss had stopped improving before the last epoch.
        seconds: wall time of all epochs, those before a resume among them.
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
        path = run.path
        if not runs.can_resume(path):
            raise RunError(f"{path}: its training has ended; there is nothing to resume")
        state = TrainingState.from_json(runs.read_json(path / runs.RESUME_STATE))
        text = _text(corpus if corpus is not None else state.paths, run.training.documents)
        if text.fingerprint() != state.corpus_sha256:
            raise CorpusError(f"{text.name}: differs from the text that {path} was begun on; nothing was changed")
        settled = plan(text, run.model, run.training, tokenizer=run.tokenizer)

    if not quiet:
        for line in [*settled.lines(), *(f"note: {note}" for note in settled.notes), f"run: {path}"]:
            print(line, file=sys.stderr)
    return _fit(settled, path, state, overwrite, quiet, resumed=resume is not None)


def _fit(settled, path, state, overwrite, quiet, resumed):
    training, streams = settled.training, settled.streams
    model = LanguageModel(settled.model, streams.rows, seed=training.seed)
    optimizer = _optimizer(training, settled.steps)
    optimizer.build(model.trainable_variables)
    # XLA makes the loop over time steps three times slower on a CPU; the other backends compile as they see fit.
    model.compile(optimizer, jit_compile=False if keras.backend.backend() == "tensorflow" else "auto")

    def describe():
        runs.save_description(path, settled.model, training, settled.tokenizer, _metadata(settled))

    saver = RunSaver(
        path,
        state,
        patience=training.patience,
        symbols_per_character=settled.symbols_per_character,
        before_first_save=(lambda: runs.clear(path)) if overwrite else None,
        after_first_save=None if resumed else describe,
    )
    if resumed:
        saver.restore(model)
    dataset = StreamDataset(streams, training.seed)
    held_out = StreamDataset(settled.held_out, training.seed) if settled.held_out else None
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=dataset.begin_epoch), DivergenceGuard(path)]
    progress = Progress(streams.steps, settled.characters_per_step, settled.tokenizer.noun, state.epoch)
    if not quiet:
        callbacks.append(progress)
    callbacks.append(saver)
    if training.sample_length:
        callbacks.append(
            SampleWriter(
                path,
                lambda weights: Generator(settled.model, training, settled.tokenizer, weights),
                {"length": training.sample_length, "temperature": training.sample_temperature, "seed": training.seed},
                quiet,
            )
        )
    try:
        model.fit(
            dataset,
            validation_data=held_out,
            epochs=training.epochs,
            initial_epoch=state.epoch,
            callbacks=callbacks,
            shuffle=False,  # a stretch must follow the one before it, or the carried state is another text's
            verbose=0,
        )
    except KeyboardInterrupt:
        saver.save_if_never_saved()
        if not quiet:
            progress.close()
            print(f"stopped; go on with: textgen train --resume {path}", file=sys.stderr)
        raise
    finally:
        progress.close()
    runs.remove_resume(path)
    return History(
        path=path,
        epochs=runs.load(path).history(),
        best_nats=state.best_nats,
        best_epoch=state.best_epoch,
        stopped_early=saver.stopped_early,
        seconds=state.seconds,
    )


class StreamDataset(keras.utils.PyDataset):
    """Streams as Keras takes them. Where in the text a pass begins follows from the seed and the epoch alone."""

    def __init__(self, streams, seed):
        super().__init__()
        self.streams, self.seed = streams, seed
        self.offset = 0

    def begin_epoch(self, epoch, logs=None):
        """Let the next pass begin at another place than the last, so that stretches are not cut alike each time."""
        self.offset = int(np.random.default_rng([self.seed, epoch]).integers(len(self.streams.ids)))

    def __len__(self):
        return self.streams.steps

    def __getitem__(self, index):
        inputs, targets = self.streams.step(index, self.offset)
        carry = np.full((len(inputs), 1), float(index > 0), dtype=np.float32)
        return {"ids": inputs, "carry": carry}, targets


def _optimizer(training, steps):
    """Adam (Kingma and Ba 2015), its rate rising over the warm-up, then a cosine down (Loshchilov and Hutter 2017);
    the gradient's global norm is clipped, the cure for gradients that explode (Pascanu et al. 2013)."""
    warmup = round(training.warmup * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else training.learning_rate,
        decay_steps=max(steps - warmup, 1),
        alpha=0.01,
        warmup_target=training.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    return keras.optimizers.Adam(rate, global_clipnorm=training.clip_norm)


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


def _metadata(settled):
    return {
        "textgen": textgen.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "corpus": settled.corpus.name,
        "corpus_sha256": settled.corpus.fingerprint(),
        "characters": settled.corpus.characters,
        "parameters": settled.model.parameters(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
