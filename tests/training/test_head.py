"""The last layer: the loss over all symbols, over candidates, and in pieces; tied weights; weights in and out."""

import numpy as np
import pytest
import tensorflow as tf

from textgen.planning.candidates import CandidateSampler
from textgen.runs.config import ModelConfig
from textgen.tokens.layout import IGNORED
from textgen.training import head
from textgen.training.model import LanguageModel

V, ROWS, TIME = 40, 3, 5
RNG = np.random.default_rng(0)
IDS, TARGETS = RNG.integers(0, V, (2, ROWS, TIME)).astype(np.int32)
TARGETS[0, 3:] = IGNORED
FORMS = [{}, {"tie": True, "embedding_size": 6}, {"tie": True, "embedding_size": 4, "projection": 4}]
EVERY_FORM = pytest.mark.parametrize("options", FORMS)


def make(samples, options, lanes=None):
    config = ModelConfig(**{"vocabulary_size": V, "units": 6, "layers": 1, "embedding_size": 4} | options)
    return LanguageModel(config, ROWS, seed=3, lanes=lanes, samples=samples)


def inputs(**more):
    return {"ids": IDS, "carry": np.zeros((ROWS, 1), np.float32), **more}


def candidates(number):
    found = CandidateSampler(np.bincount(IDS.ravel(), minlength=V), number).draw(TARGETS, np.random.default_rng(1))
    return inputs(candidates=found.ids, corrections=found.corrections), found.targets


def loss_and_gradients(model, x, y):
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=True), training=True)
    named = model.named_weights()
    grown = tape.gradient(loss, [variable.value for variable in named.values()])
    return float(loss), {name: np.asarray(tf.convert_to_tensor(each)) for name, each in zip(named, grown, strict=True)}


def by_hand(weights, outputs, tie):
    """The mean cross-entropy over the whole vocabulary, in float64."""
    kernel = weights["embedding"].T if tie else weights["output.kernel"]
    logits = outputs.astype(np.float64) @ kernel + weights["output.bias"]
    log_sums = np.log(np.exp(logits).sum(-1))
    rows, times = np.nonzero(TARGETS != IGNORED)
    return (log_sums[rows, times] - logits[rows, times, TARGETS[rows, times]]).mean()


@EVERY_FORM
@pytest.mark.parametrize("samples", [False, True])
def test_the_loss_is_that_of_all_symbols(options, samples):
    model = make(samples, options)
    outputs = np.concatenate([np.asarray(lane) for lane in model(inputs())], axis=1).transpose(1, 0, 2)
    loss = float(model.compute_loss(inputs(), TARGETS, model(inputs()), training=False))
    assert loss == pytest.approx(by_hand(model.export_weights(), outputs, model.config.tie), rel=1e-5)


@EVERY_FORM
def test_over_all_symbols_as_candidates_loss_and_gradients_are_the_same(options):
    exact, sampled = make(False, options), make(True, options)
    sampled.import_weights(exact.export_weights())
    one, other = loss_and_gradients(exact, inputs(), TARGETS), loss_and_gradients(sampled, *candidates(V))
    assert one[0] == pytest.approx(other[0], rel=1e-6)
    for name, gradient in one[1].items():
        turned = other[1][name].T if name == "output.kernel" else other[1][name]
        assert np.abs(gradient - turned).max() < 1e-6, name


@EVERY_FORM
def test_over_some_symbols_the_gradient_of_the_others_is_zero(options):
    model = make(True, options)
    x, y = candidates(20)
    loss, gradients = loss_and_gradients(model, x, y)
    assert abs(loss - float(model.compute_loss(inputs(), TARGETS, model(inputs()), training=False))) < 1
    others = np.setdiff1d(np.arange(V), x["candidates"])
    assert len(others) == V - 20
    assert np.abs(gradients["output.bias"][others]).max() == 0
    assert np.abs(gradients["output.bias"][x["candidates"]]).min() > 0


def test_the_mean_loss_over_many_samples_is_near_the_loss_over_all():
    """Jensen: the logarithm of an estimate without bias is a little low on average, and no more than that."""
    model, losses = make(True, {}), []
    sampler = CandidateSampler(np.bincount(IDS.ravel(), minlength=V), 24)
    for seed in range(100):
        found = sampler.draw(TARGETS, np.random.default_rng(seed))
        x = inputs(candidates=found.ids, corrections=found.corrections)
        losses.append(float(model.compute_loss(x, found.targets, model(x), training=True)))
    exact = float(model.compute_loss(inputs(), TARGETS, model(inputs()), training=False))
    assert exact - 0.05 < np.mean(losses) < exact + 3 * np.std(losses) / 10


@EVERY_FORM
@pytest.mark.parametrize("samples", [False, True])
def test_in_pieces_the_loss_is_the_same(options, samples, monkeypatch):
    model = make(samples, options, lanes=[slice(0, 1), slice(1, 3)])
    whole, made = float(model.compute_loss(inputs(), TARGETS, model(inputs()), training=False)), []
    nats = head._nats

    def noting(outputs, *others):
        made.append(outputs.shape[0] * outputs.shape[1] * V)
        return nats(outputs, *others)

    monkeypatch.setattr(head, "_nats", noting)
    monkeypatch.setattr(head, "MAX_LOGITS", 2 * 2 * V)  # two steps of the second lane, four of the first
    assert float(model.compute_loss(inputs(), TARGETS, model(inputs()), training=False)) == pytest.approx(whole)
    assert len(made) > 3
    assert max(made) <= 2 * 2 * V


@EVERY_FORM
@pytest.mark.parametrize("samples", [False, True])
def test_weights_are_those_of_the_configuration(options, samples):
    model = make(samples, options)
    weights = model.export_weights()
    assert {name: array.shape for name, array in weights.items()} == model.config.weight_shapes()
    assert all(array.flags.c_contiguous for array in weights.values())
    other = make(not samples, options)
    other.import_weights(weights)
    for name, array in other.export_weights().items():
        assert np.array_equal(array, weights[name])


def test_a_step_over_candidates_reads_rows_and_never_the_whole_table():
    """No operation of the graph gives a tensor with a row for each symbol, and the gradients are sparse."""
    model = make(True, {"tie": True, "embedding_size": 6})
    x, y = candidates(20)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True), training=True)
        table, bias = model.embedding.value, model.head.bias.value
        grown = tape.gradient(loss, [table, bias])
        assert all(isinstance(each, tf.IndexedSlices) for each in grown)
        return loss

    graph = step.get_concrete_function(x, y).graph
    tables = [each for each in graph.get_operations() for output in each.outputs if V in (output.shape or [])]
    assert [each.type for each in tables if each.type not in ("Const", "Placeholder")] == []
