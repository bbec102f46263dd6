"""What counting alone predicts."""

import math

import numpy as np
import pytest

from textgen.corpus.documents import read_for
from textgen.planning import baselines as module
from textgen.planning.baselines import baselines
from textgen.planning.plan import plan
from textgen.runs.run import load_run


def ids(text):
    return np.array([ord(each) - ord("a") + 2 for each in text], np.uint8)


def test_by_hand():
    """Counts of "aab" among 4 symbols, measured on "ba"."""
    found = baselines(ids("aab"), ids("ba"), 4)
    # Two kinds share a weight of 2, evenly among 4 symbols: (2 + 0.5) / 5 and (1 + 0.5) / 5.
    a, b = 2.5 / 5, 1.5 / 5
    assert found.unigram_nats == pytest.approx(-(math.log(a) + math.log(b)) / 2)
    # Nothing followed b, so the a after it is predicted by its count.
    assert found.bigram_nats == pytest.approx(-math.log(a))
    # After a came one a and one b, two kinds: (1 + 2 x the count's probability) / 4.
    assert baselines(ids("aab"), ids("ab"), 4).bigram_nats == pytest.approx(-math.log((1 + 2 * b) / 4))
    assert found.symbols == 3


def test_symbols_drawn_evenly_have_the_logarithm_of_their_number():
    even = np.random.default_rng(0).integers(2, 10, 60_000).astype(np.uint8)
    found = baselines(even[:50_000], even[50_000:], 10)
    assert found.unigram_nats == pytest.approx(math.log(8), abs=0.001)
    assert found.bigram_nats == pytest.approx(math.log(8), abs=0.005)


def test_pairs_know_what_single_symbols_do_not():
    found = baselines(ids("ab" * 5000), ids("ab" * 500), 4)
    assert found.unigram_nats == pytest.approx(math.log(2), abs=0.001)
    assert found.bigram_nats < 0.001


def test_without_held_out_text_the_end_of_the_text_is_measured():
    text = ids("ab" * 4500 + "ba" * 500)
    found = baselines(text, text[:0], 4)
    known = baselines(text[:9000], text[9000:], 4)
    assert (found.unigram_nats, found.bigram_nats) == (known.unigram_nats, known.bigram_nats)
    assert found.symbols == 10_000


@pytest.mark.parametrize("length", range(4))
def test_hardly_any_text(length):
    found = baselines(ids("aba"[:length]), ids(""), 5)
    assert 0 < found.bigram_nats < 3
    assert 0 < found.unigram_nats < 3


def test_a_long_text_is_counted_in_stretches_from_all_its_parts(monkeypatch):
    rare = ids("abcd" * 2500 + "efgh" * 2500)
    whole = baselines(rare, rare[-1000:], 12)
    monkeypatch.setattr(module, "MAX_COUNTED", 3200)
    part = baselines(rare, rare[-1000:], 12)
    assert part.unigram_nats == pytest.approx(whole.unigram_nats, abs=0.01)
    assert part.bigram_nats == pytest.approx(whole.bigram_nats, abs=0.05)


def test_the_metadata_of_a_run_holds_them(tiny_run, text_file):
    run = load_run(tiny_run)
    text = read_for(run.training, text_file)
    assert run.baselines == plan(text, run.model, run.training, tokenizer=run.tokenizer).baselines()
    assert run.baselines.bigram_nats < run.baselines.unigram_nats < math.log(run.model.vocabulary_size)
