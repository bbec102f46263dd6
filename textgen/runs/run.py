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
from textgen.runs.diary import (
    GRADIENTS,
    HISTORY,
    MAX_NUMBER,
    RETRY_ADVICE,
    Line,
    check_epoch,
    check_gradients,
    read_diary,
)
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
    open_run_folder,
)
from textgen.runs.state import TrainingState
from textgen.runs.tensors import MAX_HEADER_BYTES, Parts, Tensors, read_tensors, tensor_parts
from textgen.system import snapshots
from textgen.system.files import write_in
from textgen.system.folders import Folder
from textgen.system.safejson import check_type, read_json
from textgen.system.snapshots import Snapshot
from textgen.tokens import load_tokenizer
from textgen.tokens.base import Tokenizer

FORMAT = 6  # of the run folders that are written; those of every format from 1 on are read

# With weights up to this size, no product of any shape that a configuration allows overflows float32.
MAX_WEIGHT = 1e9

MAX_METADATA_BYTES = 1 << 20
# Hashes of lines, 8 bytes each: those of a gigabyte of poems.
MAX_MEMORY_BYTES = 1 << 28


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
class Baselines:
    """What the loss would be without a network, in nats a symbol: the scale on which a run's loss is read.

    Attributes:
        unigram_nats: of a model that knows only how often each symbol occurs.
        bigram_nats: of a model that knows only how often each symbol follows each other one.
        symbols: symbols in the text to train on.
    """

    unigram_nats: float
    bigram_nats: float
    symbols: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= MAX_NUMBER:
                raise ValueError(f'invalid value for "{name}": {value}; expected 0 to {MAX_NUMBER:g}')


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
    """A run that was read and checked. Its weights are read and verified at their first use.

    Attributes:
        path: the run folder.
        snapshot: the snapshot in it that was read.
        model, training: its configurations.
        tokenizer: its tokenizer.
    """

    path: Path
    snapshot: Snapshot
    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer

    @cached_property
    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Name to float32 array: the names and shapes of `ModelConfig.weight_shapes`. Raises RunError."""
        file = self.snapshot.open(WEIGHTS)
        rules = {name: (shape, "F32 or F16") for name, shape in self.model.weight_shapes().items()}
        weights = {name: array.astype(np.float32, copy=False) for name, array in read_tensors(file, rules).items()}
        for name, array in weights.items():
            if np.abs(array).max() > MAX_WEIGHT:
                raise RunError(
                    f"{file.path}: {name} contains values above {MAX_WEIGHT:g}, which training never produces; "
                    "refusing to load"
                )
        return weights

    @cached_property
    def memory(self) -> dict[str, NDArray[np.uint64]]:
        """Hashes of the poems that the model learned (`textgen.corpus.memory.hash_poems`); empty for other texts."""
        with open_run_folder(self.path) as folder:
            if not snapshots.has_snapshot(folder, VERSE):
                return {}
            memory, _ = snapshots.latest_intact(folder, VERSE, FILES[VERSE], _read_memory)
        return memory

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The Facts and more, such as the note. Writing does not need it. Empty if the file is missing."""
        path = self.path / METADATA
        with open_run_folder(self.path) as folder:
            if not folder.has(METADATA):
                return {}
        values = read_json(path, max_bytes=MAX_METADATA_BYTES)
        try:
            if not isinstance(values, dict):
                raise ValueError("expected an object")
            names = {each.name for each in fields(Facts)}
            check_type({name: value for name, value in values.items() if name in names}, Facts)
            if "baselines" in values:
                check_type(values["baselines"], Baselines)
        except ValueError as error:
            raise DamagedError(f"{path}: damaged: {error}; this file is not needed, remove it") from None
        return values

    @property
    def baselines(self) -> Baselines | None:
        """The Baselines in the metadata; None where an older textgen made the run."""
        values = self.metadata.get("baselines")
        return Baselines(**values) if values else None

    def is_finished(self) -> bool:
        """Whether its training has ended: what its last save says; True where none that is intact says otherwise."""
        with open_run_folder(self.path) as folder:
            if not snapshots.has_snapshot(folder, RESUME):
                return True
            try:
                state, _ = snapshots.latest_intact(folder, RESUME, FILES[RESUME], TrainingState.load)
            except RunError:  # whoever resumes it is told
                return True
        return state.finished

    def history(self) -> list[Line]:
        """Read the history: one dict for each epoch, oldest first."""
        with open_run_folder(self.path) as folder:
            return read_diary(folder, HISTORY, check_epoch)

    def gradients(self) -> list[dict[str, Any]]:
        """Read what `watch_gradients` measured: one dict for each epoch, oldest first; empty if it was off."""
        with open_run_folder(self.path) as folder:
            return read_diary(folder, GRADIENTS, check_gradients)


def load_run(run: str | os.PathLike[str] | None = None) -> Run:
    """Read a run.

    Args:
        run: the folder's path, or its name in the folder of runs; None reads the newest run there (`find_run`).

    Raises:
        RunError: there is no such run, it is damaged, or a newer textgen wrote it.
    """
    path = find_run(run)
    with open_run_folder(path) as folder:
        found, _ = snapshots.latest_intact(folder, BEST, FILES[BEST], lambda snapshot: read_run(path, snapshot))
    found.snapshot.check_size(WEIGHTS, _bytes_of(found.model.parameters()))
    return found


def load_resumable(folder: Folder) -> tuple[Run, TrainingState, list[str]]:
    """Read the newest save of a run that training can go on from.

    Args:
        folder: the run folder.

    Returns:
        the run as it was saved, where its training stands, and for each damaged newer save a line that says why it was
        passed over.

    Raises:
        RunError: there is no save that is intact, or a newer textgen wrote the run.
    """

    def read(snapshot: Snapshot) -> tuple[Run, TrainingState]:
        run = read_run(folder.path, snapshot)
        model, rows = run.model, run.training.batch_size
        # The weights, the optimizer's two moments of each and its average; h and c of each layer, of training and of
        # evaluation. Twice that is plenty.
        carried = 4 * rows * model.sizes.units * model.sizes.layers
        snapshot.check_size(TENSORS, _bytes_of(2 * (4 * model.parameters() + carried)))
        snapshot.verify()
        return run, TrainingState.load(snapshot)

    (run, state), complaints = snapshots.latest_intact(folder, RESUME, FILES[RESUME], read, fall_back=True)
    return run, state, complaints


def check_best(folder: Folder) -> None:
    """Raise RunError where the best weights of a run are damaged or missing."""

    def verify(snapshot: Snapshot) -> None:
        run = read_run(folder.path, snapshot)
        snapshot.check_size(WEIGHTS, _bytes_of(run.model.parameters()))
        snapshot.verify()

    snapshots.latest_intact(folder, BEST, FILES[BEST], verify)


def read_run(path: Path, snapshot: Snapshot) -> Run:
    """Read a run from one of its snapshots; its weights are not read yet.

    Args:
        path: the run folder.
        snapshot: the snapshot.

    Raises:
        RunError: a file is damaged, or a newer textgen wrote the run.
    """
    config = snapshot.json(CONFIG)
    folder = snapshot.path
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
        tokenizer = load_tokenizer(snapshot.json(TOKENIZER))
    except ModelError as error:
        raise RunError(f"{folder / TOKENIZER}: {error}") from None
    if (tokenizer.kind, tokenizer.vocabulary_size) != (model.tokenizer, model.vocabulary_size):
        raise RunError(
            f"{folder}: {CONFIG} names a {model.tokenizer} vocabulary of {model.vocabulary_size}, "
            f"{TOKENIZER} holds a {tokenizer.kind} vocabulary of {tokenizer.vocabulary_size}"
        )
    return Run(path, snapshot, model, training, tokenizer)


def save_best(folder: Folder, description: ModelDescription, weights: Tensors, advice: str = RETRY_ADVICE) -> None:
    """Save what writing needs.

    Args:
        folder: the run folder.
        description: what the weights are weights of.
        weights: name to array, float32 or float16.
        advice: what the message about a full disk recommends once there is room.

    Raises:
        StorageError: the file system refused; what was saved before is still there.
        DamagedError: a link, or anything else that no run has, is in the place of a file or folder of the run.
    """
    files = description.files() | {WEIGHTS: tensor_parts(weights)}
    snapshots.save(folder, BEST, files, KEPT[BEST], advice)


def save_memory(folder: Folder, memory: Tensors, advice: str = RETRY_ADVICE) -> None:
    """Save the hashes of the poems that the model learns. Raises as `save_best` does."""
    snapshots.save(folder, VERSE, {MEMORY: tensor_parts(memory)}, KEPT[VERSE], advice)


def save_resume(
    folder: Folder,
    description: ModelDescription,
    state: dict[str, Any],
    tensors: Tensors,
    advice: str = RETRY_ADVICE,
) -> None:
    """Save what resuming needs.

    Args:
        folder, description, advice: as of `save_best`.
        state: plain JSON values, of a `textgen.runs.state.TrainingState`.
        tensors: name to array.

    Raises: as `save_best`.
    """
    files = description.files() | {STATE: [_json(state)], TENSORS: tensor_parts(tensors)}
    snapshots.save(folder, RESUME, files, KEPT[RESUME], advice)


def save_metadata(folder: Folder, values: object, advice: str = RETRY_ADVICE) -> None:
    """Save the metadata: plain JSON values. Raises as `save_best` does."""
    write_in(folder, METADATA, [_json(values)], advice)


def _read_memory(snapshot: Snapshot) -> dict[str, NDArray[np.uint64]]:
    snapshot.check_size(MEMORY, MAX_MEMORY_BYTES)
    return read_tensors(snapshot.open(MEMORY), dict.fromkeys(("lines", "words"), ((None,), "U64")))


def _bytes_of(numbers: int) -> int:
    """The largest file of so many numbers of four bytes."""
    return 4 * numbers + MAX_HEADER_BYTES


def _json(values: object) -> bytes:
    # The name of a file may hold bytes that are no text; JSON has escapes for what stands for them.
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "backslashreplace")
