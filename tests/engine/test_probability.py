"""Probabilities and losses, against values computed by hand."""

import math

import numpy as np
import pytest

from textgen.engine.probability import log_probabilities, log_softmax, softmax
from textgen.runs.losses import bits, perplexity

# In a row: probabilities 1/4 and 3/4, one symbol forbidden; the same shifted far from 0.
LOGITS = np.array([[0.0, math.log(3), -np.inf], [-800.0, -800.0 + math.log(3), -np.inf]])
PROBABILITIES = np.array([[0.25, 0.75, 0.0]] * 2)


def test_softmax():
    np.testing.assert_allclose(softmax(LOGITS), PROBABILITIES, rtol=1e-12)
    assert softmax(np.full((1, 3), -np.inf)).tolist() == [[0.0, 0.0, 0.0]]


def test_log_softmax_is_the_logarithm_of_softmax():
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(log_softmax(LOGITS), np.log(PROBABILITIES), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_probabilities_of_one_id_a_row(dtype):
    found = log_probabilities(LOGITS[:, :2], [0, 1], dtype)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, np.log([0.25, 0.75]), rtol=1e-3 if dtype is np.float32 else 1e-12)


def test_bits_of_a_number_and_of_an_array():
    assert bits(math.log(8)) == pytest.approx(3)
    np.testing.assert_allclose(bits(np.log([2.0, 4.0])), [1, 2])


def test_perplexity_stays_finite():
    assert perplexity(math.log(8)) == pytest.approx(8)
    assert perplexity(1e6) == math.exp(700)
