"""The run folder: the names of its files, writing them, reading them back, finding runs.

A run folder is self-contained and holds plain data only: JSON, text, and tensors as safetensors. What writes text (the
best weights and what they are weights of) and what a continuation needs are snapshots: folders that appear whole, with
a manifest that vouches for each file (`textgen.system.snapshots`). Reading runs no code, follows no path in the
folder, and compares every tensor's name, shape and dtype with the configuration before it is allocated. This module
knows nothing of Keras or of how text is drawn.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from textgen._version import __version__
from textgen.errors import ModelError, RunError, UsageError
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.diary import GRADIENTS, HISTORY, RETRY_ADVICE, is_epoch, is_gradients, read_diary
from textgen.runs.folder import (
    BEST,
    CONFIG,
    FILES,
    KEPT,
    MEMORY,
    METADATA,
    RESUME,
    STATE,
    TENSORS,
    TOKENIZER,
    VERSE,
    WEIGHTS,
    find_run,
)
from textgen.runs.tensors import read_tensors, tensor_parts
from textgen.system import snapshots
from textgen.system.files import write_atomically
from textgen.system.safejson import read_json
from textgen.tokens import load_tokenizer
from textgen.tokens.base import Tokenizer

FORMAT = 2


FACTS = {"textgen": str, "keras": str, "backend": str, "corpus": str, "corpus_sha256": str, "characters": int}
FACTS |= {"created": str}


# Below this no product of weights, of any shape that a configuration allows, leaves the finite numbers.
LARGEST_WEIGHT = 1e9


@dataclass(frozen=True)
class Run:
    """A run that was read and checked; its weights are read when first asked for.

    Attributes:
        path: the run folder.
        folder: the snapshot in it that was read.
    """

    path: Path
    folder: Path
    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer

    @cached_property
    def weights(self):
        """Name to float32 array, the names and shapes of `ModelConfig.weight_shapes`."""
        shapes = self.model.weight_shapes()
        weights = read_tensors(self.folder / WEIGHTS, {name: (shape, "F32") for name, shape in shapes.items()})
        for name, array in weights.items():
            if np.abs(array).max() > LARGEST_WEIGHT:
                raise RunError(
                    f"{self.folder / WEIGHTS}: {name} holds numbers beyond {LARGEST_WEIGHT:g}, as no training"
                )
        return weights

    @cached_property
    def memory(self):
        """Hashes of the poems that were learned, as `textgen.corpus.memory.hash_poems` makes them; empty where none
        were."""
        parent = self.path / VERSE
        if not snapshots.has_snapshot(parent):
            return {}
        folder, _ = snapshots.latest_intact(parent, FILES[VERSE])
        return read_tensors(folder / MEMORY, dict.fromkeys(("lines", "words"), ((None,), "U64")))

    @cached_property
    def metadata(self):
        """Versions, corpus, date: never needed to write text. Empty where the file is missing."""
        path = self.path / METADATA
        if not path.exists():
            return {}
        values = read_json(path)
        if not isinstance(values, dict) or not all(type(values.get(name)) is kind for name, kind in FACTS.items()):
            raise RunError(f"{path}: damaged: not the facts of a run; it may be removed")
        return values

    def history(self):
        """One dict an epoch, oldest first."""
        return read_diary(self.path / HISTORY, is_epoch)

    def gradients(self):
        """What `--watch-gradients` noted: one dict an epoch, oldest first; empty where nothing was."""
        return read_diary(self.path / GRADIENTS, is_gradients)


def load_run(run=None):
    """Read a run: a folder's path, or a name below `checkpoints/`; None takes the newest.

    Raises:
        RunError: no such run, not a run, damaged, or written by a newer textgen.
    """
    path = find_run(run)
    folder, _ = snapshots.latest_intact(path / BEST, FILES[BEST])
    return read_run(path, folder)


def read_run(path, folder):
    """The Run in a snapshot whose files were verified. Raises RunError."""
    config = read_json(folder / CONFIG)
    if not isinstance(config, dict) or not {"format", "textgen"} <= set(config):
        raise RunError(f"{folder / CONFIG}: not a run's configuration: no format and version in it")
    if type(config["format"]) is not int or not 1 <= config["format"] <= FORMAT:
        raise RunError(
            f"{path}: run format {config['format']!r}; this textgen reads 1 to {FORMAT}: it wants textgen "
            f"{str(config['textgen'])[:20]} or newer"
        )
    if set(config) != {"format", "textgen", "model", "training"}:
        raise RunError(f"{folder / CONFIG}: not a run's configuration: wanted format, textgen, model and training")
    try:
        model = ModelConfig.from_json(config["model"], config["format"])
        training = TrainingConfig.from_json(config["training"], config["format"])
        if None in model.to_json().values():
            raise UsageError("ModelConfig: entries that are null")
    except UsageError as error:
        raise RunError(f"{folder / CONFIG}: {error}") from None
    try:
        tokenizer = load_tokenizer(read_json(folder / TOKENIZER))
    except ModelError as error:
        raise RunError(f"{folder / TOKENIZER}: {error}") from None
    if (tokenizer.kind, tokenizer.vocabulary_size) != (model.tokenizer, model.vocabulary_size):
        raise RunError(
            f"{folder}: {CONFIG} names a {model.tokenizer} vocabulary of {model.vocabulary_size}, "
            f"{TOKENIZER} holds a {tokenizer.kind} vocabulary of {tokenizer.vocabulary_size}"
        )
    return Run(path, folder, model, training, tokenizer)


def save_best(path, model, training, tokenizer, weights):
    """Save what writes text: weights by name, and what they are weights of."""
    files = description(model, training, tokenizer) | {WEIGHTS: tensor_parts(weights)}
    snapshots.save(path / BEST, files, KEPT[BEST], RETRY_ADVICE)


def save_memory(path, memory):
    """Save the hashes of the poems that are learned."""
    snapshots.save(path / VERSE, {MEMORY: tensor_parts(memory)}, KEPT[VERSE], RETRY_ADVICE)


def save_resume(path, model, training, tokenizer, state, tensors):
    """Save what a continuation needs: plain values and tensors by name."""
    files = description(model, training, tokenizer)
    files |= {STATE: [_json(state)], TENSORS: tensor_parts(tensors)}
    snapshots.save(path / RESUME, files, KEPT[RESUME], RETRY_ADVICE)


def description(model, training, tokenizer):
    """The files that say what a model is: name to parts."""
    config = {"format": FORMAT, "textgen": __version__, "model": model.to_json(), "training": training.to_json()}
    return {CONFIG: [_json(config)], TOKENIZER: [_json(tokenizer.to_json())]}


def write_json(path, values):
    """Write plain JSON values, whole or not at all."""
    write_atomically(path, [_json(values)], RETRY_ADVICE)


def _json(values):
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
