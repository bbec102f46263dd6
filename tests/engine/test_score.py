"""Surprisal, symbol by symbol."""

import math

import numpy as np
import pytest

from tests.helpers.models import fixed
from textgen import Generator
from textgen.engine.measure import evaluate
from textgen.tokens.extent import Extent
from textgen.tokens.layout import BOUNDARY, lay_out


def test_surprisal_equals_the_surprisal_computed_by_hand():
    """After a boundary all four symbols are equally likely; after a, b is e^2 times as likely as each other symbol."""
    score = fixed({2: {3: 2.0}}).score("ab")
    assert score.symbols == ["a", "b"]
    assert score.surprisal == pytest.approx([math.log(4), math.log(math.exp(2) + 3) - 2], abs=1e-6)
    assert score.nats == pytest.approx(score.surprisal.sum())
    assert score.bits == pytest.approx(score.nats / math.log(2))
    assert score.bits_per_character == pytest.approx(score.bits / 2)
    assert score.perplexity == pytest.approx(math.exp(score.nats / 2))


def test_the_total_equals_the_loss_of_evaluate(tiny_run, word_run, text_file):
    for run in (tiny_run, word_run):
        generator = Generator.load(run)
        documents = ["the hen went down to the barn,", "and what did you see?"]
        score = generator.score(documents)
        ids = lay_out(generator.tokenizer, documents)
        result = evaluate(generator.engine, ids, Extent.of(documents))
        assert score.nats == pytest.approx(result.nats * result.symbols, rel=1e-5)
        assert score.bits_per_character == pytest.approx(result.bits_per_character, rel=1e-5)


def test_symbols_are_the_texts_own_and_unknown_ones_are_marked():
    score = fixed({}, "block").score(["aéb", "a"])
    assert score.symbols == ["a", "é", "b", "\n\n", "a"]
    assert score.unknown.tolist() == [False, True, False, False, False]
    assert score.characters == 4
    assert np.isfinite(score.surprisal).all()


def test_an_empty_text_has_no_surprise():
    score = fixed({}).score("")
    assert (score.symbols, score.nats, score.bits_per_character, score.perplexity) == ([], 0, 0, 1)


def test_the_surprisal_of_a_sample_is_minus_its_log_probability(tiny_run):
    """The log-probability of a text that began a document is minus its score."""
    generator = Generator.load(tiny_run)
    generator.documents = "block"  # so that it begins after a boundary, as a score does
    writing = generator.write(length=50, seed=1, measured=True, forbid="\n", bias={}, stop="\x00")
    writing.finish()
    (sample,) = writing.samples
    assert BOUNDARY not in generator.tokenizer.encode(sample.text)
    assert generator.score(sample.text).nats == pytest.approx(-sample.log_probability, rel=1e-5)
