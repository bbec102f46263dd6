"""textgen: give it any text file; it trains a Keras LSTM, then writes in that text's voice.

    from textgen import Generator, train

    train("story.txt", out="checkpoints/story", epochs=5)
    print(Generator.load("checkpoints/story").generate("Once", temperature=0.8, length=300))

A Generator also streams, writes many texts side by side and scores; a CoWriter proposes how a text might continue.

Each name is imported when it is first used, so that `import textgen` loads neither NumPy nor TensorFlow. Type checkers
and editors see the same names as ordinary imports.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from textgen._version import __version__
from textgen.lazy import attributes

__all__ = [
    "CoWriter",
    "Context",
    "Corpus",
    "CorpusError",
    "DamagedError",
    "DivergenceError",
    "EpochInfo",
    "Generator",
    "GroupError",
    "History",
    "InputError",
    "Logits",
    "ModelConfig",
    "ModelError",
    "NothingLeftError",
    "OutOfMemoryError",
    "PromptError",
    "Proposal",
    "RunError",
    "RunExistsError",
    "RunInUseError",
    "Sample",
    "SamplingConfig",
    "Score",
    "StepInfo",
    "StorageError",
    "TextgenError",
    "TrainingConfig",
    "UsageError",
    "Writing",
    "__version__",
    "train",
]

# Where each public name is defined.
_HOMES = {
    "CoWriter": "textgen.writing.cowriter",
    "Context": "textgen.sampling.context",
    "Corpus": "textgen.corpus.documents",
    "CorpusError": "textgen.errors",
    "DamagedError": "textgen.errors",
    "DivergenceError": "textgen.errors",
    "EpochInfo": "textgen.training.hooks",
    "Generator": "textgen.writing.generator",
    "GroupError": "textgen.errors",
    "History": "textgen.training.history",
    "InputError": "textgen.errors",
    "Logits": "textgen.sampling.context",
    "ModelConfig": "textgen.runs.config",
    "ModelError": "textgen.errors",
    "NothingLeftError": "textgen.errors",
    "OutOfMemoryError": "textgen.errors",
    "PromptError": "textgen.errors",
    "Proposal": "textgen.writing.cowriter",
    "RunError": "textgen.errors",
    "RunExistsError": "textgen.errors",
    "RunInUseError": "textgen.errors",
    "Sample": "textgen.writing.samples",
    "SamplingConfig": "textgen.sampling.config",
    "Score": "textgen.engine.measure",
    "StepInfo": "textgen.training.hooks",
    "StorageError": "textgen.errors",
    "TextgenError": "textgen.errors",
    "TrainingConfig": "textgen.runs.config",
    "UsageError": "textgen.errors",
    "Writing": "textgen.writing.samples",
    "train": "textgen.training.trainer",
}

# Modules that `import textgen` makes available as attributes: `textgen.inspection.trace`.
_MODULES = {
    "gradients": "textgen.inspection.backward",
    "inspection": "textgen.inspection",
    "judging": "textgen.judging",
    "properties": "textgen.inspection.units",
    "verse": "textgen.verse",
}

if TYPE_CHECKING:
    from textgen import inspection as inspection
    from textgen import judging as judging
    from textgen import verse as verse
    from textgen.corpus.documents import Corpus
    from textgen.engine.measure import Score
    from textgen.errors import (
        CorpusError,
        DamagedError,
        DivergenceError,
        GroupError,
        InputError,
        ModelError,
        NothingLeftError,
        OutOfMemoryError,
        PromptError,
        RunError,
        RunExistsError,
        RunInUseError,
        StorageError,
        TextgenError,
        UsageError,
    )
    from textgen.inspection import backward, units
    from textgen.runs.config import ModelConfig, TrainingConfig
    from textgen.sampling.config import SamplingConfig
    from textgen.sampling.context import Context, Logits
    from textgen.training.history import History
    from textgen.training.hooks import EpochInfo, StepInfo
    from textgen.training.trainer import train
    from textgen.writing.cowriter import CoWriter, Proposal
    from textgen.writing.generator import Generator
    from textgen.writing.samples import Sample, Writing

    gradients = backward
    properties = units

else:  # hidden from type checkers, which would otherwise accept any name
    _find = attributes(__name__, _HOMES)

    def __getattr__(name: str) -> object:
        return import_module(_MODULES[name]) if name in _MODULES else _find(name)


def __dir__() -> list[str]:
    return sorted(__all__)
