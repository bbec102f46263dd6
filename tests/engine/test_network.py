"""The NumPy step equals the Keras model and the equations, and its state is a value."""

import itertools

import numpy as np
import pytest

from textgen.engine.network import Engine, State
from textgen.runs.config import ModelConfig
from textgen.training.model import LanguageModel


def random_weights(config, scale=0.3):
    rng = np.random.default_rng(7)
    return {name: rng.normal(0, scale, shape).astype(np.float32) for name, shape in config.weight_shapes().items()}


@pytest.mark.parametrize(
    ("encoder", "layers", "bias"), list(itertools.product(["onehot", "embedding"], [1, 3], [True, False]))
)
def test_equal_to_the_keras_model_over_200_steps(encoder, layers, bias):
    config = ModelConfig(vocabulary_size=50, encoder=encoder, embedding_size=16, units=64, layers=layers, bias=bias)
    weights = random_weights(config)
    model = LanguageModel(config, 3)
    model.import_weights(weights)
    ids = np.random.default_rng(8).integers(0, 50, (3, 200))
    lanes = model({"ids": ids.astype(np.int32), "carry": np.zeros((3, 1), np.float32)})
    wanted = np.concatenate(lanes, axis=1).transpose(1, 0, 2)
    engine = Engine(config, weights)
    state = engine.initial_state(3)
    worst = 0.0
    for step in range(200):
        logits, state = engine.step(state, ids[:, step])
        assert logits.dtype == np.float32
        worst = max(worst, np.abs(logits - wanted[:, step]).max())
    print(f"largest difference of logits: {worst:.1e}")
    assert worst <= 1e-4
    assert np.abs(wanted).max() > 1  # the logits are large enough for the bound to mean something


def by_hand(config, weights, ids):
    """The equations of the module's docstring, one gate at a time, in float64."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    units = config.units
    h = np.zeros((config.layers, units))
    c = np.zeros((config.layers, units))
    for index in ids:
        x = weights["embedding"][index].astype(np.float64)
        for layer in range(config.layers):
            kernel, recurrent, bias = (weights[f"lstm.{layer}.{n}"] for n in ("kernel", "recurrent_kernel", "bias"))
            i, f, g, o = (
                x @ kernel[:, gate * units : (gate + 1) * units]
                + h[layer] @ recurrent[:, gate * units : (gate + 1) * units]
                + bias[gate * units : (gate + 1) * units]
                for gate in range(4)
            )
            c[layer] = sigmoid(f) * c[layer] + sigmoid(i) * np.tanh(g)
            h[layer] = sigmoid(o) * np.tanh(c[layer])
            x = h[layer]
    return x @ weights["output.kernel"] + weights["output.bias"]


CONFIG = ModelConfig(vocabulary_size=9, embedding_size=5, units=6, layers=2)
ENGINE = Engine(CONFIG, random_weights(CONFIG))


def test_equal_to_the_equations_of_its_docstring():
    ids = [3, 1, 4, 1, 5, 8, 2, 6]
    logits, _ = ENGINE.read(ids)
    assert np.abs(logits - by_hand(CONFIG, random_weights(CONFIG), ids)).max() < 1e-5


def test_a_state_is_a_value():
    _, state = ENGINE.read([1, 2, 3])
    h, c = state.h.copy(), state.c.copy()
    first, _ = ENGINE.step(state, [4])
    ENGINE.step(state, [5])
    again, _ = ENGINE.step(state, [4])
    assert np.array_equal(first, again)
    assert np.array_equal(state.h, h)
    assert np.array_equal(state.c, c)


def test_rows_of_a_batch_are_independent():
    state = ENGINE.initial_state(3)
    for ids in ([1, 2, 3], [4, 5, 6]):
        logits, state = ENGINE.step(state, ids)
    for row, ids in enumerate(([1, 4], [2, 5], [3, 6])):
        alone, alone_state = ENGINE.read(ids)
        assert np.abs(alone - logits[row]).max() < 1e-6
        assert np.abs(state.rows([row]).h - alone_state.h).max() < 1e-6


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


@pytest.mark.parametrize("encoder", ["onehot", "embedding"])
def test_a_large_vocabulary_needs_no_table(encoder, monkeypatch):
    config = ModelConfig(vocabulary_size=20, encoder=encoder, embedding_size=5, units=4, layers=1)
    weights = random_weights(config)
    with_table, _ = Engine(config, weights).read([3, 19, 7])
    monkeypatch.setattr("textgen.engine.forward.MAX_TABLE_SYMBOLS", 10)
    without, _ = Engine(config, weights).read([3, 19, 7])
    assert np.abs(with_table - without).max() < 1e-6


def test_extreme_weights_stay_finite():
    config = ModelConfig(vocabulary_size=4, embedding_size=3, units=5, layers=1)
    logits, _ = Engine(config, random_weights(config, scale=1e4)).read([0, 1, 2, 3] * 20)
    assert np.isfinite(logits).all()
