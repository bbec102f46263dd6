"""textgen: give it any text file; it trains a Keras LSTM, then writes in that text's voice.

    from textgen import Generator, train

    train("story.txt", out="checkpoints/story", epochs=5)
    print(Generator.load("checkpoints/story").generate("Once", temperature=0.8, length=300))

A Generator also streams, writes many texts side by side and scores; a CoWriter proposes how a text might go on.

Names are looked up when first used: importing textgen imports neither NumPy nor TensorFlow.
"""

from importlib import import_module

from textgen._version import __version__

_HOMES = {
    "CoWriter": "textgen.writing.cowriter",
    "Generator": "textgen.writing.generator",
    "ModelConfig": "textgen.runs.config",
    "SamplingConfig": "textgen.writing.sampling",
    "TextgenError": "textgen.errors",
    "TrainingConfig": "textgen.runs.config",
    "train": "textgen.training.trainer",
}

# Modules that are reached by their name alone: `textgen.inspection.trace` after `import textgen`.
_MODULES = {
    "gradients": "textgen.inspection.backward",
    "inspection": "textgen.inspection",
    "properties": "textgen.inspection.units",
    "verse": "textgen.verse",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name):
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name not in _HOMES:
        raise AttributeError(f"module 'textgen' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__():
    return sorted(__all__)
