"""The layer against keras.layers.LSTM, and its gradient against finite differences."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ALL_CORES, on_all_cores
from textgen.training.lstm import LSTM, ProjectedLSTM


def pair(features, units, **options):
    """The stock layer and ours with the same weights, none of them zero."""
    stock = keras.layers.LSTM(units, return_sequences=True, return_state=True, **options)
    ours = LSTM(units, return_sequences=True, return_state=True, **options)
    for layer in (stock, ours):
        layer.build((None, None, features))
    rng = np.random.default_rng(5)
    weights = [rng.normal(0, 0.3, weight.shape) for weight in stock.get_weights()]
    stock.set_weights(weights)
    ours.set_weights(weights)
    return stock, ours


def relative(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return np.abs(a - b).max() / max(np.abs(b).max(), 1e-30)


def batch_first(results):
    outputs, h, c = results
    return tf.transpose(outputs, (1, 0, 2)), h, c


def mixture(size, dtype):
    return tf.cos(tf.cast(tf.range(size), dtype))


def outputs_and_gradients(call, inputs, weights):
    """Outputs, and the gradient of a sum in which each output, early or late, has a weight of its own."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = call()
        loss = sum(tf.reduce_sum(tf.reshape(out, (-1,)) * mixture(tf.size(out), out.dtype)) for out in outputs)
    return outputs, tape.gradient(loss, [*inputs, *weights])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("batch", "time", "features", "units"), [(3, 7, 5, 4), (1, 1, 2, 3), (8, 33, 16, 32)])
def test_equal_to_the_stock_layer(batch, time, features, units, bias):
    stock, ours = pair(features, units, use_bias=bias)
    rng = np.random.default_rng(1)
    x = tf.constant(rng.normal(size=(batch, time, features)), tf.float32)
    state = [tf.constant(rng.normal(size=(batch, units)), tf.float32) for _ in range(2)]
    assert ours.has_own_path()
    wanted, wanted_gradients = outputs_and_gradients(
        lambda: stock(x, initial_state=state), [x, *state], stock.trainable_weights
    )
    got, got_gradients = outputs_and_gradients(
        lambda: ours(x, initial_state=state), [x, *state], ours.trainable_weights
    )
    for a, b in zip(got, wanted, strict=True):
        assert relative(a, b) < 1e-5
    for a, b in zip(got_gradients, wanted_gradients, strict=True):
        assert relative(a, b) < 1e-5


@pytest.mark.parametrize("vocabulary", [6, 500])  # fewer symbols than places in the batch, and more
@pytest.mark.parametrize("encoder", ["onehot", "embedding"])
def test_reading_symbols_is_reading_their_vectors(encoder, vocabulary):
    features = vocabulary if encoder == "onehot" else 5
    stock, ours = pair(features, 8)
    rng = np.random.default_rng(2)
    ids = tf.constant(rng.integers(0, vocabulary, (4, 9)))
    state = [tf.constant(rng.normal(size=(4, 8)), tf.float32) for _ in range(2)]
    embedding = tf.Variable(rng.normal(size=(vocabulary, 5)), dtype=tf.float32) if encoder == "embedding" else None
    extra = [embedding] if embedding is not None else []

    def dense():
        vectors = tf.one_hot(ids, vocabulary) if embedding is None else tf.gather(embedding, ids)
        return stock(vectors, initial_state=state)

    wanted, wanted_gradients = outputs_and_gradients(dense, state, [*extra, *stock.trainable_weights])
    got, got_gradients = outputs_and_gradients(
        lambda: batch_first(ours.run(tf.transpose(ids), state, embedding)), state, [*extra, *ours.trainable_weights]
    )
    for a, b in zip(got, wanted, strict=True):
        assert relative(a, b) < 1e-5
    for a, b in zip(got_gradients, wanted_gradients, strict=True):
        assert relative(tf.convert_to_tensor(a), tf.convert_to_tensor(b)) < 1e-5


@pytest.mark.parametrize("symbols", [False, True])
@pytest.mark.parametrize("bias", [True, False])
def test_a_projected_layer_equals_keras_s_loop_over_its_cell(bias, symbols, monkeypatch):
    rng, units, projection = np.random.default_rng(6), 7, 3
    layer = ProjectedLSTM(units, projection, use_bias=bias)
    layer.build((None, None, 5))
    layer.set_weights([rng.normal(0, 0.4, weight.shape) for weight in layer.get_weights()])
    state = [tf.constant(rng.normal(size=(4, size)), tf.float32) for size in (projection, units)]
    embedding = keras.Variable(rng.normal(size=(60, 5)).astype("float32")) if symbols else None
    x = tf.constant(rng.integers(0, 60, (9, 4)) if symbols else rng.normal(size=(9, 4, 5)).astype("float32"))
    weights = [*([embedding.value] if symbols else []), *(weight.value for weight in layer.trainable_weights)]
    found = []
    for own in (True, False):
        monkeypatch.setattr(LSTM, "has_own_path", lambda self, own=own: own)
        found.append(outputs_and_gradients(lambda: layer.run(x, state, embedding), state, weights))
    (got, got_gradients), (wanted, wanted_gradients) = found
    assert [tuple(each.shape) for each in got] == [(9, 4, projection), (4, projection), (4, units)]
    for a, b in zip([*got, *got_gradients], [*wanted, *wanted_gradients], strict=True):
        assert relative(tf.convert_to_tensor(a), tf.convert_to_tensor(b)) < 1e-5


def test_one_step_of_a_projected_layer_by_hand():
    layer = ProjectedLSTM(2, 1)
    layer.build((1, 1, 1))
    # Columns i, f, g, o of two units; biases open the gates, so that c is tanh of x and of 2x.
    kernel = np.array([[0, 0, 0, 0, 1, 2, 0, 0]])
    bias = np.array([50, 50, 50, 50, 0, 0, 50, 50])
    layer.set_weights([kernel, np.zeros((1, 8)), np.array([[3], [5]]), bias])
    outputs, h, c = layer.run(tf.constant([[[0.3]]]), [tf.zeros((1, 1)), tf.zeros((1, 2))])
    cells = np.tanh([0.3, 0.6])
    assert np.allclose(c, [cells], atol=1e-6)
    assert np.allclose(h, [[np.tanh(cells) @ [3, 5]]], atol=1e-6)
    assert np.array_equal(outputs[0], h)


@pytest.mark.parametrize("projection", [0, 2])
def test_the_gradient_against_finite_differences(projection):
    """In float64, every weight of a small layer nudged both ways."""
    keras.utils.set_random_seed(1)
    if projection:
        layer = ProjectedLSTM(3, projection, dtype="float64")
    else:
        layer = LSTM(3, return_sequences=True, return_state=True, dtype="float64")
    layer.build((2, 6, 4))
    rng, output = np.random.default_rng(3), projection or 3
    layer.set_weights([rng.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])
    x = tf.constant(rng.normal(size=(6, 2, 4)))
    state = [tf.constant(rng.normal(size=(2, size))) for size in (output, 3)]
    mixture = [tf.constant(rng.normal(size=shape)) for shape in ((6, 2, output), (2, output), (2, 3))]

    def loss():
        outputs = layer.run(x, state)
        return sum(tf.reduce_sum(out * mix) for out, mix in zip(outputs, mixture, strict=True))

    with tf.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, layer.trainable_weights)
    nudge = 1e-6
    for place, gradient in enumerate(gradients):
        weights = layer.get_weights()
        for index in np.ndindex(weights[place].shape):
            sides = []
            for sign in (1, -1):
                moved = [weight.copy() for weight in weights]
                moved[place][index] += sign * nudge
                layer.set_weights(moved)
                sides.append(float(loss()))
            layer.set_weights(weights)
            assert abs((sides[0] - sides[1]) / (2 * nudge) - float(gradient[index])) < 1e-7


def test_other_options_take_the_stock_path():
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    for options in ({"go_backwards": True}, {"activation": "relu"}, {"unroll": True}):
        stock, ours = pair(3, 4, **options)
        assert not ours.has_own_path()
        for a, b in zip(ours(x), stock(x), strict=True):
            assert relative(a, b) < 1e-6


def test_a_mask_is_honoured():
    stock, ours = pair(3, 4)
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    mask = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]], bool)
    for a, b in zip(ours(x, mask=mask), stock(x, mask=mask), strict=True):
        assert relative(a, b) < 1e-6


def test_the_last_output_alone():
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    stock, ours = keras.layers.LSTM(4), LSTM(4)
    stock.build(x.shape)
    ours.build(x.shape)
    ours.set_weights(stock.get_weights())
    assert relative(ours(x), stock(x)) < 1e-5


@pytest.mark.parametrize("time", [8, 7])  # several steps in a turn of the loop, and one
def test_lanes_change_nothing_but_the_order_of_sums(time):
    """The model cut into three uneven lanes against the model whole: logits, carried state, gradients."""
    from textgen.runs.config import ModelConfig
    from textgen.training.model import LanguageModel

    config = ModelConfig(vocabulary_size=11, units=8, embedding_size=4, layers=2, output_dropout=0.0)
    ids = np.random.default_rng(4).integers(0, 11, (7, time)).astype(np.int32)
    inputs = {"ids": ids, "carry": np.ones((7, 1), np.float32)}
    results = []
    for lanes in ([slice(0, 7)], [slice(0, 2), slice(2, 4), slice(4, 7)]):
        model = LanguageModel(config, 7, seed=1, lanes=lanes)
        model(inputs)  # so that there is a state to carry
        with tf.GradientTape() as tape:
            logits = model(inputs)
            loss = model.compute_loss(y=ids, y_pred=logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        results.append([tf.concat(logits, 1), loss, *model.carried[0], *model.carried[1], *gradients])
    for a, b in zip(*results, strict=True):
        assert relative(tf.convert_to_tensor(a), tf.convert_to_tensor(b)) < 1e-5


def test_a_batch_is_cut_as_evenly_as_can_be(monkeypatch):
    from textgen.training import lstm

    monkeypatch.setattr(lstm, "cores", lambda: 3)
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 1)
    assert lstm.lane_slices(32) == [slice(0, 10), slice(10, 21), slice(21, 32)]
    assert lstm.lane_slices(16) == [slice(0, 8), slice(8, 16)]  # thinner lanes would not be worth it
    assert lstm.lane_slices(3) == [slice(0, 3)]
    assert lstm.lane_slices(None) == [slice(None, None)]
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 0)
    assert lstm.lane_slices(32) == [slice(0, 32)]


def threads_after(*lines):
    """Threads inside an operation, operations at a time, and lanes of 32 rows, in a process of its own."""
    last = """
import tensorflow as tf
from textgen.training.lstm import lane_slices
threading = tf.config.threading
print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads(), len(lane_slices(32)))
"""
    script = "\n".join([*lines, last])
    on = on_all_cores if ALL_CORES else None
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, preexec_fn=on)
    return tuple(map(int, result.stdout.split()))


def test_threads_are_set_for_lanes_unless_tensorflow_has_started():
    cores = len(ALL_CORES) or os.cpu_count()
    assert threads_after("import textgen.training.fit") == (1, cores, min(cores, 4))
    started = "import tensorflow as tf; tf.zeros(1)"
    assert threads_after(started, "import textgen.training.fit") == (0, 0, 1)


@pytest.mark.parametrize("vocabulary", [5, 900])  # both ways of summing a table's gradient
def test_a_graph_that_does_not_know_its_shapes(vocabulary):
    stock, ours = pair(vocabulary, 8)

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def gradients(ids):
        state = [tf.zeros((tf.shape(ids)[1], 8))] * 2
        with tf.GradientTape() as tape:
            outputs, _, _ = ours.run(ids, state)
            loss = tf.reduce_sum(tf.sin(outputs))
        return loss, tape.gradient(loss, ours.trainable_weights)

    ids = np.random.default_rng(0).integers(0, vocabulary, (7, 3)).astype(np.int32)
    with tf.GradientTape() as tape:
        wanted = tf.reduce_sum(tf.sin(stock(tf.one_hot(ids.T, vocabulary))[0]))
    loss, got = gradients(ids)
    assert relative(loss, wanted) < 1e-5
    for a, b in zip(got, tape.gradient(wanted, stock.trainable_weights), strict=True):
        assert relative(tf.convert_to_tensor(a), b) < 1e-5
