"""The neural cache: its probabilities by hand, its state as a value, what it does for a text that repeats itself."""

import threading

import numpy as np
import pytest

from tests.helpers.models import random_weights, spelling
from textgen.engine.cache import CachedNetwork, CachedState
from textgen.engine.cache_config import CacheConfig
from textgen.engine.measure import evaluate
from textgen.engine.mixture import Mixture
from textgen.engine.network import Engine, Network
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig
from textgen.tokens.extent import Extent
from textgen.tokens.layout import IGNORED
from textgen.writing.generator import Generator

CONFIG = ModelConfig(vocabulary_size=9, embedding_size=5, units=6, layers=2, projection=4)
ENGINE = Engine(CONFIG, random_weights(CONFIG))
IDS = np.random.default_rng(3).integers(0, 9, 40)


def cached(**options):
    return CachedNetwork(ENGINE, CacheConfig(**options))


def by_hand(ids, size, weight, sharpness):
    """The probabilities after each id, from the definition, in float64."""
    state, hidden, found = ENGINE.initial_state(1), [], []
    for step, index in enumerate(ids):
        logits, state = ENGINE.step(state, [index])
        own = np.exp(logits[0].astype(np.float64))
        own /= own.sum()
        hidden.append(state.h[-1, 0].astype(np.float64))
        remembered = range(max(step - size, 0), step)  # h after symbol i, and the symbol i + 1
        if remembered:
            strengths = np.exp([sharpness * hidden[i] @ hidden[-1] for i in remembered])
            shares = np.zeros(9)
            for i, strength in zip(remembered, strengths, strict=True):
                shares[ids[i + 1]] += strength / strengths.sum()
            own = (1 - weight) * own + weight * shares
        found.append(own)
    return np.array(found)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_probabilities_by_hand(size):
    network = cached(cache_size=size, cache_weight=0.4, cache_sharpness=2.0)
    state, found = network.initial_state(1), []
    for index in IDS:
        logits, state = network.step(state, np.array([index]))
        assert logits.dtype == np.float32
        found.append(np.exp(logits[0].astype(np.float64)))
    assert np.abs(np.array(found) - by_hand(IDS, size, 0.4, 2.0)).max() < 1e-6


@pytest.mark.parametrize("size", [1, 100, 256, 300, 100_000])
@pytest.mark.parametrize("time", [1, 255, 257, 700])
def test_a_known_text_in_blocks(size, time):
    """The likelihood of a text that is known is the one of its steps, wherever the blocks begin and end."""
    chance = np.random.default_rng(time)
    inputs = np.resize(chance.integers(0, 9, 60), (3, time))  # a text that repeats itself
    targets = np.roll(inputs, -1, axis=1)
    targets[0, : time // 2], targets[1, ::3], targets[2, time // 3 :] = IGNORED, IGNORED, IGNORED
    network = cached(cache_size=size, cache_weight=0.4, cache_sharpness=2.0)
    by_steps = Network.log_likelihood(network, inputs, targets)
    assert network.log_likelihood(inputs, targets) == pytest.approx(by_steps, rel=1e-5)
    if time == 700:
        assert abs(ENGINE.log_likelihood(inputs, targets) / by_steps - 1) > 1e-3, "the cache does nothing here"


def test_a_state_is_a_value():
    """Texts that go on from one state do not see each other's symbols, and the state can be used again."""
    network = cached(cache_size=5, cache_weight=0.5, cache_sharpness=1.0)
    _, start = network.read(IDS[:12])
    alone = [network.read([*range(begin, 9), *range(begin)], start)[0] for begin in range(4)]
    state = CachedState.stack([start] * 4)
    for step in range(9):
        logits, state = network.step(state, np.array([(begin + step) % 9 for begin in range(4)]))
    for row in range(4):
        assert np.array_equal(logits[row], alone[row])
    assert np.array_equal(network.read([1, 2, 3], start)[0], network.read([1, 2, 3], start)[0])
    assert np.array_equal(state.rows([2]).remembered[0].latest(5)[1], state.remembered[2].latest(5)[1])
    assert len(state.rows(np.array([True, False, True, False])).remembered) == 2


def test_texts_in_threads_go_on_from_one_state():
    network = cached(cache_size=50, cache_weight=0.5, cache_sharpness=1.0)
    _, start = network.read(IDS)
    wanted = [network.read([begin] * 30, start)[0] for begin in range(8)]
    found = [None] * 8

    def go_on(begin):
        found[begin] = network.read([begin] * 30, start)[0]

    threads = [threading.Thread(target=go_on, args=(begin,)) for begin in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(found, wanted, strict=True):
        assert np.array_equal(one, other)


def test_what_occurred_becomes_likelier():
    """A name that no probability speaks for, read twice: the second time it is expected after what preceded it."""
    ids = np.tile(IDS[:10], 4)
    extent = Extent(40, 40, 10)
    plain = evaluate(ENGINE, ids, extent, rows=1)
    remembering = evaluate(cached(cache_weight=0.3, cache_sharpness=5.0), ids, extent, rows=1)
    assert remembering.nats < 0.9 * plain.nats
    assert remembering.symbols == plain.symbols


def test_a_generator_with_a_cache_writes_and_scores():
    generator = spelling("abcdef")
    remembering = generator.with_cache(cache_size=10, cache_weight=0.2)
    assert remembering.generate("a", length=6, temperature=0) == generator.generate("a", length=6, temperature=0)
    assert remembering.generate_many(["a", "b"], length=4, temperature=0) == generator.generate_many(
        ["a", "b"], length=4, temperature=0
    )
    assert remembering.score("abcdef\nabcdef").nats > 0
    assert isinstance(generator.engine, Engine)  # unchanged
    with pytest.raises(UsageError, match="a cache needs one run"):
        remembering.with_cache()
    mixed = Generator.mix([generator, generator])
    assert isinstance(mixed.engine, Mixture)
    with pytest.raises(UsageError, match="a cache needs one run"):
        mixed.with_cache()


@pytest.mark.parametrize(
    "options", [{"cache_size": 0}, {"cache_weight": 1}, {"cache_weight": -0.1}, {"cache_sharpness": -1}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match=f"`{next(iter(options))}"):
        spelling("ab").with_cache(**options)
