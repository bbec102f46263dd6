"""Beam search, compared with results found by hand."""

import itertools

import numpy as np
import pytest

from tests.helpers.models import fixed, spelling
from textgen import Generator
from textgen.errors import UsageError
from textgen.tokens.layout import BOUNDARY

A, B = 2, 3
# After a boundary a is likelier than b; but after a everything is equally likely, after b only b.
GARDEN = {BOUNDARY: {A: 1.0, B: 0.8, BOUNDARY: -60}, A: {A: 0, B: 0, BOUNDARY: -60}, B: {B: 9, BOUNDARY: -60}}


def likeliest(generator, length):
    """The likeliest text, found by trying every one."""
    scores = {}
    for ids in itertools.product((A, B), repeat=length):
        logits, state = generator.engine.read([BOUNDARY])
        total = 0.0
        for index in ids:
            logits[1] = logits[BOUNDARY] = -np.inf
            total += logits[index] - np.log(np.exp(logits).sum())
            logits, state = generator.engine.read([index], state)
        scores[generator.tokenizer.decode(ids)] = total
    return max(scores, key=scores.get)


def test_a_beam_finds_what_greedy_search_misses():
    generator = fixed(GARDEN)
    assert generator.generate(length=5, temperature=0)[0] == "a"
    assert generator.generate(length=5, beam=1)[0] == "a"
    assert generator.generate(length=5, beam=4) == "bbbbb" == likeliest(generator, 5)


def test_a_beam_does_not_depend_on_seed_or_temperature():
    generator = fixed(GARDEN)
    texts = {generator.generate(length=6, beam=3, seed=seed, temperature=t) for seed, t in ((1, 0.1), (2, 3.0))}
    assert len(texts) == 1


def test_several_of_a_beam_are_its_best(tiny_run):
    generator = Generator.load(tiny_run)
    writing = generator.write("the ", length=12, beam=6, count=3)
    assert len(set(writing.finish())) == 3
    means = [sample.mean_log_probability for sample in writing.samples]
    assert means == sorted(means, reverse=True)
    greedy = generator.write("the ", length=12, temperature=0, measured=True)
    greedy.finish()
    assert means[0] >= greedy.samples[0].mean_log_probability - 1e-6


def test_a_beam_never_writes_what_is_forbidden(tiny_run):
    generator = Generator.load(tiny_run)
    text = generator.generate("the ", length=25, beam=3, forbid="e", include_prompt=False)
    assert len(text) == 25
    assert "e" not in text


def test_a_beam_ends_where_texts_end():
    generator = spelling("tale\n x")
    assert generator.generate(documents=1, beam=3) == "tale\n x"
    assert generator.generate(length=30, beam=3, stop="\n") == "tale"
    writing = generator.write(length=30, beam=3, stop="\n")
    writing.finish()
    assert writing.samples[0].ended == "stop"


@pytest.mark.parametrize("beam", [1, 7])
def test_a_prompt_is_shown_or_not(beam):
    generator = spelling("abcdef")
    assert generator.generate("abc", length=3, beam=beam) == "abcdef"
    assert generator.generate("abc", length=3, beam=beam, include_prompt=False) == "def"


def test_a_beam_that_finds_too_few_texts_is_an_error():
    generator = fixed({BOUNDARY: {A: 5.0}})
    with pytest.raises(UsageError, match=r"`count=3`.* 1 text;"):
        generator.generate_many(length=1, beam=3, count=3, forbid="b")
