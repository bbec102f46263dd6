"""Labels in the network: what they add to the gates, guidance, mixtures, and what is said of bad ones."""

import dataclasses
import itertools

import numpy as np
import pytest

from tests.helpers.models import random_weights
from textgen.engine.blas import BlasForward
from textgen.engine.cache import CachedNetwork
from textgen.engine.cache_config import CacheConfig
from textgen.engine.labelled import GuidedNetwork, read_shares, told_of
from textgen.engine.measure import evaluate
from textgen.engine.network import Engine, State
from textgen.engine.weights import arrange
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig
from textgen.tokens.extent import Extent
from textgen.tokens.labels import LabelSet
from textgen.tokens.layout import BOUNDARY

SETS = (LabelSet("who", ("Ann", "Bob", "Cid")), LabelSet("form", ("ode", "")))
CONFIG = ModelConfig(vocabulary_size=9, embedding_size=5, units=6, layers=2, labels=SETS, label_size=4, classify="who")
WEIGHTS = random_weights(CONFIG, scale=0.8)
ENGINE = Engine(CONFIG, WEIGHTS)
IDS = np.random.default_rng(3).integers(0, 9, 30)
MIXTURE = {"who": {"Ann": 0.25, "Cid": 0.75}, "form": {"": 1.0}}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(ids, vector, weights=WEIGHTS, layers=2):
    """Logits after each id in float64, from the equations: the label's vector beside each symbol's."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    h, c, found = np.zeros((layers, 6)), np.zeros((layers, 6)), []
    for index in ids:
        x = w["embedding"][index]
        for layer in range(layers):
            gates = (
                x @ w[f"lstm.{layer}.kernel"] + h[layer] @ w[f"lstm.{layer}.recurrent_kernel"] + w[f"lstm.{layer}.bias"]
            )
            if not layer:
                gates = gates + vector @ w["label.kernel"]
            i, f, g, o = np.split(gates, 4)
            c[layer] = sigmoid(f) * c[layer] + sigmoid(i) * np.tanh(g)
            x = h[layer] = sigmoid(o) * np.tanh(c[layer])
        found.append(x @ w["output.kernel"] + w["output.bias"])
    return np.array(found)


def logits(network, ids=IDS):
    state, found = network.initial_state(1), []
    for index in ids:
        some, state = network.step(state, np.array([index]))
        found.append(some[0].copy())
    return np.array(found)


def vector_of(shares):
    tables = {"who": WEIGHTS["label.0.embedding"], "form": WEIGHTS["label.1.embedding"]}
    values = {labels.name: labels.values for labels in SETS}
    return sum(
        share * tables[name][values[name].index(label)].astype(np.float64)
        for name, some in shares.items()
        for label, share in some.items()
    ) + np.zeros(4)


@pytest.mark.parametrize("shares", [{}, {"who": {"Bob": 1.0}}, MIXTURE])
def test_labels_by_hand(shares):
    assert np.abs(logits(ENGINE.told(shares)) - by_hand(IDS, vector_of(shares))).max() < 1e-5


def test_labels_matter_and_nothing_told_is_no_label():
    free, ann, bob = (logits(ENGINE.told(each)) for each in ({}, {"who": {"Ann": 1.0}}, {"who": {"Bob": 1.0}}))
    assert np.array_equal(free, logits(ENGINE))
    assert min(np.abs(free - ann).max(), np.abs(ann - bob).max()) > 0.05


@pytest.mark.parametrize("options", [{}, {"projection": 3}, {"encoder": "onehot"}, {"bias": False}, {"layers": 1}])
def test_the_same_folded_into_the_bias(options):
    config = dataclasses.replace(CONFIG, **options)
    engine = Engine(config, random_weights(config))
    plain = engine.plain(MIXTURE)
    assert not plain.config.labels
    assert set(plain.weights) == set(plain.config.weight_shapes())
    assert np.abs(logits(Engine(*plain)) - logits(engine.told(MIXTURE))).max() < 1e-5


def test_the_weights_come_back_as_they_were():
    named = ENGINE.told(MIXTURE).named_weights()
    assert set(named) == set(CONFIG.weight_shapes())
    for name, array in WEIGHTS.items():
        assert np.array_equal(named[name], array), name


def test_compiled_and_numpy_steps_add_the_same():
    numpy_step = BlasForward(CONFIG, arrange(CONFIG, WEIGHTS))
    state = ENGINE.told(MIXTURE).initial_state(3)
    ids, work = np.array([1, 5, 8]), numpy_step.workspace(3)
    for _ in range(5):
        h, _c = numpy_step.step(state.h, state.c, ids, work, state.offsets)
        compiled, after = ENGINE.step(state, ids)
        assert np.abs(compiled - work.logits).max() < 1e-5
        assert np.abs(after.h - h).max() < 1e-6
        state = after


def test_rows_with_other_labels_have_the_bits_that_they_have_alone():
    kinds = [{}, {"who": {"Ann": 1.0}}, MIXTURE]
    together = State.stack([ENGINE.told(each).initial_state(1) for each in kinds])
    alone = [ENGINE.told(each).initial_state(1) for each in kinds]
    for index in IDS:
        ids = np.full(3, index)
        found, together = ENGINE.step(together, ids)
        for row in range(3):
            own, alone[row] = ENGINE.step(alone[row], ids[:1])
            assert np.array_equal(own[0], found[row])
    backwards = together.rows([2, 0])
    assert np.array_equal(backwards.offsets, together.offsets[[2, 0]])


def test_states_without_labels_have_no_offsets():
    assert ENGINE.initial_state(2).offsets is None
    assert State.stack([ENGINE.initial_state(1), ENGINE.initial_state(2)]).offsets is None
    mixed = State.stack([ENGINE.initial_state(1), ENGINE.told(MIXTURE).initial_state(1)])
    assert not mixed.offsets[0].any()
    assert mixed.offsets[1].any()


@pytest.mark.parametrize("guidance", [0.0, 1.0, 1.5, 3.0])
def test_guidance_goes_on_from_the_text_without_labels_to_that_with_them(guidance):
    free, told = logits(ENGINE), logits(ENGINE.told(MIXTURE))
    found = logits(GuidedNetwork(ENGINE, MIXTURE, guidance))
    assert np.abs(found - (free + guidance * (told - free))).max() < 1e-5


def test_guidance_starts_from_a_text_without_any_label():
    """Whatever the network was told before."""
    before = ENGINE.told({"who": {"Bob": 1.0}})
    assert np.array_equal(logits(GuidedNetwork(before, MIXTURE, 2.0)), logits(GuidedNetwork(ENGINE, MIXTURE, 2.0)))


def test_labels_of_each_document_beside_one_of_all():
    ids = np.concatenate([[BOUNDARY], IDS[IDS > 0][:5]] * 2)
    told = told_of(ENGINE, ids, ["who"], [("Ann",), ("Bob",)], {"form": {"ode": 1.0}})
    for place, who in ((2, "Ann"), (8, "Bob")):
        both = ENGINE.offset({"who": {who: 1.0}, "form": {"ode": 1.0}})
        assert np.array_equal(told.offsets[told.places[place]], both)


def test_a_guided_state_is_a_value():
    network = GuidedNetwork(ENGINE, MIXTURE, 2.0)
    _, state = network.step(network.initial_state(2), np.array([1, 2]))
    both = state.stack([state.rows([1]), state.rows([0, 1])])
    found, _ = network.step(both, np.array([3, 3, 3]))
    expected, _ = network.step(state, np.array([3, 3]))
    assert np.array_equal(found, expected[[1, 0, 1]])


def test_a_mixture_is_continuous():
    """From one label to another in small steps: no step moves the logits by more than a part of the whole way."""
    way = [logits(ENGINE.told({"who": {"Ann": 1 - share, "Bob": share}})) for share in np.linspace(0, 1, 21)]
    whole = np.abs(way[-1] - way[0]).max()
    steps = [np.abs(after - before).max() for before, after in itertools.pairwise(way)]
    assert whole > 0.05
    assert max(steps) < 0.2 * whole


def test_labels_of_the_classifier_by_hand():
    hidden = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    found = ENGINE.labels.class_logits(hidden)
    expected = hidden.astype(float) @ WEIGHTS["classifier.kernel"] + WEIGHTS["classifier.bias"]
    assert found.shape == (4, 3)
    assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("window", [None, 7])
def test_a_text_is_measured_with_the_label_of_each_document(window):
    documents = [IDS[:8][IDS[:8] > 0], IDS[8:20][IDS[8:20] > 0], IDS[20:][IDS[20:] > 0]]
    labels = [("Ann",), ("Zoe",), ("Cid",)]  # Zoe is not known: she is not told
    ids = np.concatenate([np.concatenate([[BOUNDARY], each]) for each in documents])
    told = told_of(ENGINE, ids, ["who"], labels)
    of_place = np.cumsum(ids == BOUNDARY) - 1
    state, nats = ENGINE.initial_state(1), []
    for place in range(len(ids) - 1):
        if window and place % window == 0:
            state = ENGINE.initial_state(1)
        (label,) = labels[of_place[place]]
        shares = {} if label == "Zoe" else {"who": {label: 1.0}}
        offset = ENGINE.told(shares).initial_state(1).offsets
        some, state = ENGINE.step(state._replace(offsets=offset), ids[place : place + 1])
        chances = np.exp(some[0].astype(float))
        nats.append(-np.log(chances[ids[place + 1]] / chances.sum()))
    found = evaluate(ENGINE, ids, Extent(1, 1, 1), window, told=told)
    assert found.nats == pytest.approx(np.mean(nats), rel=1e-5)


def test_labels_that_change_need_one_network():
    told = told_of(ENGINE, IDS, ["who"], [("Ann",)] * int((IDS == BOUNDARY).sum() + 1))
    rows = IDS[None, :-1], IDS[None, 1:], told._replace(places=np.zeros((1, len(IDS) - 1), int))
    for network in (CachedNetwork(ENGINE, CacheConfig()), GuidedNetwork(ENGINE, MIXTURE, 2.0)):
        with pytest.raises(UsageError, match="labels"):
            network.log_likelihood(*rows)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"who": "Ann"}, {"who": {"Ann": 1}}),
        ({"who": {"Ann": 3, "Bob": 1}}, {"who": {"Ann": 0.75, "Bob": 0.25}}),
        ({"who": {"Ann": 0, "Bob": "2"}, "form": ""}, {"who": {"Ann": 0, "Bob": 1}, "form": {"": 1}}),
        (["who=Ann"], {"who": {"Ann": 1}}),
        (["who=Ann:0.6,Bob:0.4", "form="], {"who": {"Ann": 0.6, "Bob": 0.4}, "form": {"": 1}}),
        ([], {}),
    ],
)
def test_labels_are_read(given, expected):
    found = read_shares(SETS, given)
    assert {name: dict(shares) for name, shares in found.items()} == {
        name: pytest.approx(shares) for name, shares in expected.items()
    }


def test_a_label_that_looks_like_a_mixture_is_a_label():
    sets = (LabelSet("who", ("a:1,b:2", "a", "b")),)
    assert read_shares(sets, ["who=a:1,b:2"]) == {"who": {"a:1,b:2": 1.0}}
    assert read_shares(sets, ["who=a:1,b:3"]) == {"who": {"a": 0.25, "b": 0.75}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"whom": "Ann"}, "knows no label 'whom'; did you mean 'who'?"),
        ({"who": "An"}, "knows no who 'An'; did you mean 'Ann'?"),
        ({"who": "Xerxes"}, "there are: Ann, Bob, Cid"),
        ({"who": None}, "knows no who None"),
        ({"who": {}}, "the weights of who sum to 0"),
        ({"who": {"Ann": 0, "Bob": 0}}, "the weights of who sum to 0"),
        ({"who": {"Ann": -1, "Bob": 2}}, "the weight of 'Ann' is -1"),
        ({"who": {"Ann": float("nan")}}, "the weight of 'Ann' is nan"),
        ({"who": {"Ann": float("inf")}}, "the weight of 'Ann' is inf"),
        ({"who": {"Ann": "much"}}, "the weight of 'Ann' is 'much'"),
        ({"who": {"Ann": None}}, "the weight of 'Ann' is None"),
        (["who"], "'who' has no =; write for instance who=Ann"),
        (["=Ann"], "knows no label ''"),
        (["who=Ann", "who=Bob"], "'who' is there twice"),
        (["who=Ann:0.5,Bob"], "knows no who 'Ann:0.5,Bob'"),
        (["who=Ann:x,Bob:1"], "the weight of 'Ann' is 'x'"),
        (["who=Ann:1e400"], "the weight of 'Ann' is '1e400'"),
    ],
)
def test_bad_labels(given, message):
    with pytest.raises(UsageError) as caught:
        read_shares(SETS, given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_without_labels_says_so():
    plain = dataclasses.replace(CONFIG, labels=(), classify="")
    engine = Engine(plain, random_weights(plain))
    with pytest.raises(UsageError, match="knows no labels; it was trained without `label`"):
        read_shares(plain.labels, {"who": "Ann"})
    with pytest.raises(UsageError, match="knows no labels"):
        engine.offset({"who": {"Ann": 1.0}})
    assert np.array_equal(logits(engine.told({})), logits(engine))


def test_of_many_labels_a_message_names_some():
    sets = (LabelSet("who", tuple(f"label {number}" for number in range(10_000))),)
    with pytest.raises(UsageError, match=r"and 9,900 more$") as caught:
        read_shares(sets, {"who": "Xerxes"})
    assert len(str(caught.value)) < 1500
