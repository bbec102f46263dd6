"""A plan to a trained run: builds the model and the optimizer, puts the callbacks together, and calls `fit`.

The only caller of `fit`. Knows nothing of files of text or of the command line.
"""

import datetime
import os
import platform
import sys

from textgen.quiet import quietly

# Told to keep its notices to itself, TensorFlow still talks until it has started.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with quietly():
    import keras

    from textgen.lstm import use_all_cores

    use_all_cores()
    keras.ops.zeros(1)  # the first operation looks for devices, and is as talkative as the import

import numpy as np

import textgen
from textgen import runs
from textgen.callbacks import DivergenceGuard, Progress, RunSaver, SampleWriter
from textgen.generator import Generator
from textgen.model import LanguageModel


def fit(settled, path, state, *, resumed=False, overwrite=False, quiet=False):
    """Train as a Plan says, into a run folder.

    Args:
        settled: the Plan.
        path: the run folder, made already.
        state: the TrainingState to go on from; kept up to date.
        resumed: whether the run stands already and its tensors are to be restored.
        overwrite: whether another run stands there, to be cleared before the first save.
        quiet: nothing on standard error.
    """
    training, streams = settled.training, settled.streams
    model = LanguageModel(settled.model, streams.rows, seed=training.seed)
    optimizer = make_optimizer(training, settled.steps)
    optimizer.build(model.trainable_variables)
    # XLA makes the loop over time steps three times slower on a CPU; the other backends compile as they see fit.
    model.compile(optimizer, jit_compile=False if keras.backend.backend() == "tensorflow" else "auto")

    def describe():
        runs.save_description(path, settled.model, training, settled.tokenizer, _metadata(settled, state))

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


def make_optimizer(training, steps):
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


def _metadata(settled, state):
    return {
        "textgen": textgen.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "corpus": settled.corpus.name,
        "corpus_sha256": state.corpus_sha256,
        "characters": settled.corpus.characters,
        "parameters": settled.model.parameters(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
