"""Small real models: some whose next symbol is known beforehand, some trained, some with random weights."""

import hashlib
import itertools

import numpy as np

from tests.conftest import TINY
from tests.helpers import forged_runs
from textgen import Generator, train
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.folder import WEIGHTS
from textgen.tokens.base import Tokenizer
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.layout import BOUNDARY


def fixed(transitions, documents="line", symbols="ab", kind=CharTokenizer, sureness=20.0):
    """A generator whose next symbol depends only on the last one: `transitions` names it and gives it the logit
    `sureness`; all other logits are 0.

    With a one-hot encoder and open gates, the state after a symbol is a vector that identifies the symbol.

    Args:
        transitions: id to id, or to a dict of id and logit.
    """
    tokenizer = kind(list(symbols))
    size = tokenizer.vocabulary_size
    config = ModelConfig(tokenizer=kind.kind, vocabulary_size=size, encoder="onehot", units=size, layers=1)
    weights = {name: np.zeros(shape, np.float32) for name, shape in config.weight_shapes().items()}
    bias = weights["lstm.0.bias"]
    bias[:size], bias[size : 2 * size], bias[3 * size :] = 50, -50, 50  # input gate open, forget shut, output open
    weights["lstm.0.kernel"][:, 2 * size : 3 * size] = np.eye(size) * 50
    # The state holds tanh(tanh(50)) in the place of the symbol.
    named = np.tanh(np.tanh(50.0))
    for before, after in transitions.items():
        for index, logit in (after if isinstance(after, dict) else {after: sureness}).items():
            weights["output.kernel"][before, index] = logit / named
    return Generator.from_parts(config, TrainingConfig(documents=documents), tokenizer, weights)


def spelling(text, documents="line", sureness=20.0):
    """A generator that repeats a text whose characters all differ; each repetition is a document."""
    symbols = sorted(text)
    assert len(set(symbols)) == len(symbols)
    ids = [BOUNDARY, *(symbols.index(character) + 2 for character in text), BOUNDARY]
    return fixed(dict(itertools.pairwise(ids)), documents, symbols, sureness=sureness)


def random_weights(config, scale=0.3):
    """Weights of a network by name."""
    rng = np.random.default_rng(7)
    return {name: rng.normal(0, scale, shape).astype(np.float32) for name, shape in config.weight_shapes().items()}


def tiny(text, out, **options):
    """Train as TINY says, with other options where given."""
    return train(text, out, quiet=True, **TINY | options)


def best(run):
    """SHA-256 of a run's best weights."""
    return hashlib.sha256((forged_runs.newest(run) / WEIGHTS).read_bytes()).hexdigest()


def untaught(symbols, kind=CharTokenizer, seed=0, direction="forward", documents="poem", memory=None, sharpness=6.0):
    """A generator with random weights. Its logits are far apart, so that it has clear preferences.

    Args:
        symbols: its vocabulary, or a tokenizer.
        sharpness: how far apart its logits are.
    """
    tokenizer = symbols if isinstance(symbols, Tokenizer) else kind(sorted(set(symbols)))
    size = tokenizer.vocabulary_size
    config = ModelConfig(tokenizer=kind.kind, vocabulary_size=size, embedding_size=8, units=16, layers=1)
    numbers = np.random.default_rng(seed)
    weights = {
        name: numbers.standard_normal(shape).astype(np.float32) * (sharpness if name == "output.kernel" else 0.8)
        for name, shape in config.weight_shapes().items()
    }
    training = TrainingConfig(documents=documents, direction=direction)
    return Generator.from_parts(config, training, tokenizer, weights, memory)
