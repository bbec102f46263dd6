"""The symbols that a step's loss is over: which they are, and that their sum estimates the whole without bias."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import examples
from textgen.planning.candidates import CandidateSampler
from textgen.tokens.layout import IGNORED


def drawn(counts, number, targets, seed=0):
    return CandidateSampler(np.array(counts), number).draw(np.array(targets), np.random.default_rng(seed))


def test_they_are_the_targets_the_most_frequent_and_a_sample_of_the_rest():
    counts = np.arange(100)[::-1]  # the smaller the id, the more frequent
    found = drawn(counts, 16, [[3, 50], [90, IGNORED]])
    assert len(found.ids) == 16
    assert {3, 50, 90} <= set(found.ids)
    assert set(range(10)) <= set(found.ids)  # 16, of which 4 are sampled and 2 are rare targets
    sampled = found.corrections > 0
    assert sampled.sum() == 4
    assert not set(found.ids[sampled]) & {3, 50, 90, *range(10)}
    # 100 symbols, of which 12 are there in any case; each of the 4 stands for 22 of the other 88.
    assert found.corrections[sampled] == pytest.approx(np.log(22), rel=1e-6)
    assert (found.corrections[~sampled] == 0).all()


@given(
    counts=st.lists(st.integers(0, 50), min_size=3, max_size=60),
    number=st.integers(1, 80),
    picks=st.lists(st.integers(-1, 1000), min_size=1, max_size=40),
    seed=st.integers(0, 100),
)
@settings(max_examples=examples(150))
def test_each_symbol_is_there_once_and_each_target_is_found(counts, number, picks, seed):
    targets = np.array([IGNORED if pick < 0 else pick % len(counts) for pick in picks])
    found = drawn(counts, number, targets, seed)
    assert len(set(found.ids.tolist())) == len(found.ids)
    assert found.ids.dtype == found.targets.dtype == np.int32
    assert found.ids.min() >= 0
    assert found.ids.max() < len(counts)
    assert found.targets.shape == targets.shape
    counted = targets != IGNORED
    assert np.array_equal(found.ids[found.targets[counted]], targets[counted])
    assert (found.targets[~counted] == IGNORED).all()
    # What the candidates stand for is the whole vocabulary.
    assert np.exp(found.corrections.astype(np.float64)).sum() == pytest.approx(len(counts), rel=1e-5)


def test_the_sum_over_candidates_has_no_bias():
    rng = np.random.default_rng(1)
    logits, counts = rng.normal(0, 1, 200), rng.integers(0, 1000, 200)
    sampler, targets = CandidateSampler(counts, 40), rng.integers(0, 200, 20)
    sums = []
    for seed in range(2000):
        found = sampler.draw(targets, np.random.default_rng(seed))
        sums.append(np.exp(logits[found.ids] + found.corrections).sum())
    error = np.std(sums) / np.sqrt(len(sums))
    assert abs(np.mean(sums) - np.exp(logits).sum()) < 3 * error
    assert error < 0.02 * np.exp(logits).sum()  # small enough for the line above to mean something


def test_a_batch_with_many_symbols_has_more_candidates():
    counts, sampler = np.ones(1000, int), CandidateSampler(np.ones(1000, int), 64)
    rng = np.random.default_rng(0)
    sizes = [len(sampler.draw(rng.permutation(1000)[:own], rng).ids) for own in (10, 56, 57, 84, 200)]
    assert sizes == [64, 64, 96, 96, 256]
    assert len(CandidateSampler(counts[:50], 64).draw(np.arange(50), rng).ids) == 50


def test_equal_numbers_give_equal_candidates():
    one, other, third = (drawn(np.ones(500), 32, [1, 2, 3], seed).ids for seed in (7, 7, 8))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)
