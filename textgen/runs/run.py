"""A run: what its folder holds, read, checked and written.

A run folder is self-contained and holds only plain data: JSON, text, and tensors as safetensors. What writing needs
(the best weights and what they are weights of) and what resuming needs are snapshots: folders that appear whole, with a
manifest of each file's size and SHA-256 (`textgen.system.snapshots`). Reading executes no code and follows no link in
the folder, and compares every tensor's name, shape and dtype with the configuration before it allocates the tensor.
This module does not know Keras or how text is sampled.
"""

import json
import os
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen._version import __version__
from textgen.errors import DamagedError, ModelError, RunError, UsageError
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.diary import GRADIENTS, HISTORY, RETRY_ADVICE, Line, check_epoch, check_gradients, read_diary
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
from textgen.runs.tensors import Parts, Tensors, read_tensors, tensor_parts
from textgen.system import snapshots
from textgen.system.files import write_atomically
from textgen.system.safejson import check_type, read_json
from textgen.tokens import load_tokenizer
from textgen.tokens.base import Tokenizer

FORMAT = 2  # of the run folders that are written; those of every format from 1 on are read

# With weights up to this size, no product of any shape that a configuration allows overflows float32.
MAX_WEIGHT = 1e9


@dataclass(frozen=True)
class Facts:
    """The entries that every metadata.json has: versions, the text, the date.

    Attributes:
        textgen, keras, backend: versions, and the name of the Keras backend.
        corpus: the text's name.
        corpus_sha256: the text's SHA-256.
        characters: Unicode code points of the text.
        created: when the training began, ISO 8601.
    """

    textgen: str
    keras: str
    backend: str
    corpus: str
    corpus_sha256: str
    characters: int
    created: str


@dataclass(frozen=True)
class ModelDescription:
    """What a saved model needs beside its weights."""

    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer

    def files(self) -> dict[str, Parts]:
        """Return the files that describe the model: name to parts."""
        config = {
            "format": FORMAT,
            "textgen": __version__,
            "model": self.model.to_json(),
            "training": self.training.to_json(),
        }
        return {CONFIG: [_json(config)], TOKENIZER: [_json(self.tokenizer.to_json())]}


@dataclass(frozen=True)
class Run:
    """A run that was read and checked. Its weights are read at their first use.

    Attributes:
        path: the run folder.
        folder: the snapshot in it that was read.
        model, training: its configurations.
        tokenizer: its tokenizer.
    """

    path: Path
    folder: Path
    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer

    @cached_property
    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Name to float32 array: the names and shapes of `ModelConfig.weight_shapes`. Raises RunError."""
        path = self.folder / WEIGHTS
        weights = read_tensors(path, {name: (shape, "F32") for name, shape in self.model.weight_shapes().items()})
        for name, array in weights.items():
            if np.abs(array).max() > MAX_WEIGHT:
                raise RunError(
                    f"{path}: {name} contains values above {MAX_WEIGHT:g}, which training never produces; refusing to "
                    "load"
                )
        return weights

    @cached_property
    def memory(self) -> dict[str, NDArray[np.uint64]]:
        """Hashes of the poems that the model learned (`textgen.corpus.memory.hash_poems`); empty for other texts."""
        parent = self.path / VERSE
        if not snapshots.has_snapshot(parent):
            return {}
        folder, _ = snapshots.latest_intact(parent, FILES[VERSE])
        return read_tensors(folder / MEMORY, dict.fromkeys(("lines", "words"), ((None,), "U64")))

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The Facts and more, such as the note. Writing does not need it. Empty if the file is missing."""
        path = self.path / METADATA
        if not path.exists():
            return {}
        values = read_json(path)
        try:
            if not isinstance(values, dict):
                raise ValueError("expected an object")
            names = {each.name for each in fields(Facts)}
            check_type({name: value for name, value in values.items() if name in names}, Facts)
        except ValueError as error:
            raise DamagedError(f"{path}: damaged: {error}; this file is not needed, remove it") from None
        return values

    def history(self) -> list[Line]:
        """Read the history: one dict for each epoch, oldest first."""
        return read_diary(self.path / HISTORY, check_epoch)

    def gradients(self) -> list[dict[str, Any]]:
        """Read what `watch_gradients` measured: one dict for each epoch, oldest first; empty if it was off."""
        return read_diary(self.path / GRADIENTS, check_gradients)


def load_run(run: str | os.PathLike[str] | None = None) -> Run:
    """Read a run.

    Args:
        run: the folder's path, or a name below `checkpoints/`; None reads the newest run there.

    Raises:
        RunError: there is no such run, it is damaged, or a newer textgen wrote it.
    """
    path = find_run(run)
    folder, _ = snapshots.latest_intact(path / BEST, FILES[BEST])
    return read_run(path, folder)


def read_run(path: Path, folder: Path) -> Run:
    """Read a run from one of its snapshots.

    Args:
        path: the run folder.
        folder: a snapshot in it whose files were verified.

    Raises:
        RunError: a file is damaged, or a newer textgen wrote the run.
    """
    config = read_json(folder / CONFIG)
    if not isinstance(config, dict) or not {"format", "textgen"} <= set(config):
        raise RunError(f"{folder / CONFIG}: not a run's configuration: it has no format and version")
    if type(config["format"]) is not int or not 1 <= config["format"] <= FORMAT:
        raise RunError(
            f"{path}: run format {config['format']!r}; this textgen reads formats 1 to {FORMAT}: it needs textgen "
            f"{str(config['textgen'])[:20]} or newer"
        )
    if set(config) != {"format", "textgen", "model", "training"}:
        raise RunError(f"{folder / CONFIG}: not a run's configuration: expected format, textgen, model and training")
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


def save_best(path: Path, description: ModelDescription, weights: Tensors) -> None:
    """Save what writing needs.

    Args:
        path: the run folder.
        description: what the weights are weights of.
        weights: name to float32 array.

    Raises:
        StorageError: the file system refused; what was saved before is still there.
    """
    files = description.files() | {WEIGHTS: tensor_parts(weights)}
    snapshots.save(path / BEST, files, KEPT[BEST], RETRY_ADVICE)


def save_memory(path: Path, memory: Tensors) -> None:
    """Save the hashes of the poems that the model learns. Raises StorageError as `save_best` does."""
    snapshots.save(path / VERSE, {MEMORY: tensor_parts(memory)}, KEPT[VERSE], RETRY_ADVICE)


def save_resume(path: Path, description: ModelDescription, state: dict[str, Any], tensors: Tensors) -> None:
    """Save what resuming needs.

    Args:
        path: the run folder.
        description: what is trained.
        state: plain JSON values, of a `textgen.runs.state.TrainingState`.
        tensors: name to array.

    Raises:
        StorageError: the file system refused; what was saved before is still there.
    """
    files = description.files() | {STATE: [_json(state)], TENSORS: tensor_parts(tensors)}
    snapshots.save(path / RESUME, files, KEPT[RESUME], RETRY_ADVICE)


def write_json(path: Path, values: object) -> None:
    """Write plain JSON values to a file, all or nothing."""
    write_atomically(path, [_json(values)], RETRY_ADVICE)


def _json(values: object) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
