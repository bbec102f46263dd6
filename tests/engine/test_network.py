"""The step equals the Keras model, and its state is a value. test_step.py compares the ways to compute it."""

import itertools

import numpy as np
import pytest

from tests.helpers.models import random_weights
from textgen.engine.compiled import VARIANTS
from textgen.engine.network import NUMPY, VARIABLE, Engine, State
from textgen.runs.config import ModelConfig
from textgen.training.model import LanguageModel

OPTIONS = [
    *({"encoder": encoder, "bias": bias} for encoder in ("onehot", "embedding") for bias in (True, False)),
    {"projection": 24},
    {"encoder": "onehot", "projection": 24, "bias": False},
    {"projection": 24, "tie": True, "embedding_size": 24},
    {"tie": True, "embedding_size": 64},
]


@pytest.mark.parametrize(("options", "layers"), list(itertools.product(OPTIONS, [1, 3])))
def test_equal_to_the_keras_model_over_200_steps(options, layers, monkeypatch):
    config = ModelConfig(**{"vocabulary_size": 50, "embedding_size": 16, "units": 64, "layers": layers} | options)
    # Products of two random matrices make the network chaotic, so that a difference of the last bit grows.
    scale, bound = (0.2, 1e-5) if config.projection or config.tie else (0.3, 1e-4)
    weights = random_weights(config, scale)
    model = LanguageModel(config, 3)
    model.import_weights(weights)
    ids = np.random.default_rng(8).integers(0, 50, (3, 200))
    lanes = model.logits(model({"ids": ids.astype(np.int32), "carry": np.zeros((3, 1), np.float32)}))
    wanted = np.concatenate(lanes, axis=1).transpose(1, 0, 2)
    for way in (*VARIANTS, NUMPY):
        monkeypatch.setenv(VARIABLE, way)
        engine = Engine(config, weights)
        state = engine.initial_state(3)
        worst = 0.0
        for step in range(200):
            logits, state = engine.step(state, ids[:, step])
            assert logits.dtype == np.float32
            worst = max(worst, np.abs(logits - wanted[:, step]).max())
        print(f"largest difference of logits, {way}: {worst:.1e}")
        assert worst <= bound
    assert np.abs(wanted).max() > 0.5  # the logits are large enough for the bound to mean something


CONFIG = ModelConfig(vocabulary_size=9, embedding_size=5, units=6, layers=2)
ENGINE = Engine(CONFIG, random_weights(CONFIG))


def test_a_state_is_a_value():
    _, state = ENGINE.read([1, 2, 3])
    h, c = state.h.copy(), state.c.copy()
    first, _ = ENGINE.step(state, [4])
    ENGINE.step(state, [5])
    again, _ = ENGINE.step(state, [4])
    assert np.array_equal(first, again)
    assert np.array_equal(state.h, h)
    assert np.array_equal(state.c, c)


def test_rows_and_stack_are_inverse():
    _, state = ENGINE.step(ENGINE.initial_state(3), [1, 2, 3])
    again = State.stack([state.rows([0]), state.rows(slice(1, 3))])
    for whole, stacked in zip(state, again, strict=True):
        assert np.array_equal(whole, stacked)
    assert np.array_equal(state.rows(np.array([True, False, True])).c, state.rows(np.array([0, 2])).c)


def test_reading_goes_on_from_a_state():
    whole, _ = ENGINE.read([1, 2, 3, 4])
    _, state = ENGINE.read([1, 2])
    rest, _ = ENGINE.read([3, 4], state)
    assert np.array_equal(whole, rest)


def test_extreme_weights_stay_finite():
    config = ModelConfig(vocabulary_size=4, embedding_size=3, units=5, layers=1)
    logits, _ = Engine(config, random_weights(config, scale=1e4)).read([0, 1, 2, 3] * 20)
    assert np.isfinite(logits).all()
