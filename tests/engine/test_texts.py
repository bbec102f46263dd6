"""Many texts read side by side: the same figures as one after another."""

import numpy as np
import pytest

from tests.engine.test_labelled import CONFIG, ENGINE, WEIGHTS
from tests.helpers.models import random_weights
from textgen.engine.network import Engine
from textgen.engine.texts import ROWS, class_log_probabilities, log_likelihoods, vectors
from textgen.runs.config import ModelConfig

CHANCE = np.random.default_rng(5)
# More than one group of texts, of all lengths from 1 on, in no order.
TEXTS = [CHANCE.integers(0, 9, size) for size in CHANCE.permutation(np.arange(1, ROWS + 20))]


def hidden(ids):
    """The last layer's hidden state after each id."""
    state, found = ENGINE.initial_state(1), []
    for index in ids:
        _, state = ENGINE.step(state, np.array([index]))
        found.append(state.h[-1, 0])
    return np.array(found)


def test_a_vector_is_the_mean_and_the_last_of_the_hidden_states():
    found = vectors(ENGINE, TEXTS)
    assert (found.dtype, found.shape) == (np.float32, (len(TEXTS), 12))
    for text, vector in zip(TEXTS, found, strict=True):
        states = hidden(text).astype(float)
        parts = [states.mean(axis=0), states[-1]]
        expected = np.concatenate([part / np.linalg.norm(part) for part in parts])
        assert np.abs(vector - expected).max() < 1e-5


def test_a_text_s_vector_has_the_same_bits_in_any_company():
    together = vectors(ENGINE, TEXTS)
    for place in (0, 7, len(TEXTS) - 1):
        assert np.array_equal(vectors(ENGINE, [TEXTS[place]])[0], together[place])


def test_hidden_states_of_zero_stay_zero():
    weights = {name: np.zeros_like(array) for name, array in WEIGHTS.items()}
    assert not vectors(Engine(CONFIG, weights), TEXTS[:3]).any()


def test_the_label_that_is_said_is_the_mean_of_what_is_said_after_each_symbol():
    found = class_log_probabilities(ENGINE, TEXTS)
    assert found.shape == (len(TEXTS), 3)
    assert np.allclose(np.exp(found).sum(axis=1), 1)
    for text, row in zip(TEXTS, found, strict=True):
        logits = (hidden(text).astype(float) @ WEIGHTS["classifier.kernel"] + WEIGHTS["classifier.bias"]).mean(axis=0)
        assert np.abs(row - (logits - np.log(np.exp(logits).sum()))).max() < 1e-5


def test_the_likelihood_with_each_label_is_that_of_reading_with_it():
    engines = [ENGINE.told({"who": {label: 1.0}}) for label in ("Ann", "Bob", "Cid")]
    found = log_likelihoods(engines, TEXTS)
    for text, row in zip(TEXTS, found, strict=True):
        for engine, value in zip(engines, row, strict=True):
            expected = engine.log_likelihood(text[None, :-1], text[None, 1:]) if len(text) > 1 else 0.0
            assert value == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_network_without_a_classifier_says_nothing():
    config = ModelConfig(vocabulary_size=9, embedding_size=5, units=6, layers=1)
    with pytest.raises(ValueError, match="without a classifier"):
        class_log_probabilities(Engine(config, random_weights(config)), TEXTS)
