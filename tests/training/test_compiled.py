"""The compiled loop as the layer uses it: against keras.layers.LSTM, beside the framework's loop, and its memory."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import TINY, missing
from tests.training.test_lstm import batch_first, outputs_and_gradients, pair, relative
from textgen import train
from textgen.engine import compiled as engine
from textgen.engine.network import NUMPY, VARIABLE
from textgen.errors import UsageError
from textgen.training import compiled, lstm
from textgen.training.buffers import Buffers
from textgen.training.lstm import Beside, ProjectedLSTM

needs_compiled = pytest.mark.usefixtures("compiled_loop")


@pytest.fixture
def compiled_loop():
    """The compiled loop is there: `make test` installs textgen with a compiler."""
    if not compiled.VARIANTS:
        missing("no compiled loop on this machine: textgen was installed without a compiler")


@pytest.fixture(params=[*compiled.VARIANTS, NUMPY])
def way(request, monkeypatch):
    """Each set of vector instructions that this machine has, and the framework's loop."""
    monkeypatch.setenv(VARIABLE, request.param)
    return request.param


def state_of(rng, batch, *sizes):
    return [tf.constant(rng.normal(size=(batch, size)), tf.float32) for size in sizes]


def assert_equal(got, wanted):
    for a, b in zip(got, wanted, strict=True):
        assert relative(tf.convert_to_tensor(a), tf.convert_to_tensor(b)) < 1e-5


@needs_compiled
def test_the_compiled_loop_is_taken_where_it_is_there(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert compiled.variant() == compiled.VARIANTS[0]
    monkeypatch.setattr(lstm, "recurrence", None)  # the framework's
    _, ours = pair(3, 4)
    ours(np.ones((2, 5, 3), np.float32))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("batch", "time", "units"), [(1, 1, 1), (5, 1, 3), (33, 4, 17), (5, 9, 65)])
def test_equal_to_the_stock_layer(way, batch, time, units, bias):
    stock, ours = pair(3, units, use_bias=bias)
    rng = np.random.default_rng(1)
    x, state = tf.constant(rng.normal(size=(batch, time, 3)), tf.float32), state_of(rng, batch, units, units)
    wanted, wanted_gradients = outputs_and_gradients(
        lambda: stock(x, initial_state=state), [x, *state], stock.trainable_weights
    )
    got, got_gradients = outputs_and_gradients(
        lambda: ours(x, initial_state=state), [x, *state], ours.trainable_weights
    )
    assert_equal([*got, *got_gradients], [*wanted, *wanted_gradients])


def test_symbols_labels_and_dropped_connections(way):
    """Symbols, two kinds of labels beside them, and a kernel not the layer's own, against one product of all."""
    units, symbols = 9, 6
    stock, ours = pair(symbols + 4, units)
    rng = np.random.default_rng(2)
    ids = [tf.constant(rng.integers(0, size, (7, 5))) for size in (symbols, 3, 300)]
    tables = [tf.Variable(rng.normal(size=(size, 4)), dtype=tf.float32) for size in (3, 300)]
    kernel = tf.Variable(rng.normal(0, 0.4, (4, 4 * units)), dtype=tf.float32)
    numbers = rng.normal(0, 0.4, (units, 4 * units)) * rng.integers(0, 2, (units, 4 * units))
    dropped = tf.Variable(numbers, dtype=tf.float32)
    state = state_of(rng, 5, units, units)
    stock.cell.recurrent_kernel.assign(dropped)
    stock.cell.kernel.assign(tf.concat([ours.cell.kernel[:symbols], kernel], 0))
    small, _ = pair(symbols, units)
    layer = lstm.LSTM(units, return_sequences=True, return_state=True)
    layer.build((None, None, symbols))
    layer.set_weights([ours.cell.kernel[:symbols], small.cell.recurrent_kernel, ours.cell.bias])

    def whole():
        beside = sum(tf.gather(table, each) for table, each in zip(tables, ids[1:], strict=True))
        vectors = tf.concat([tf.one_hot(ids[0], symbols), beside], -1)
        return stock(tf.transpose(vectors, (1, 0, 2)), initial_state=state)

    def apart():
        beside = Beside(ids[1:], [tf.convert_to_tensor(table) for table in tables], tf.convert_to_tensor(kernel))
        return batch_first(layer.run(ids[0], state, None, None, dropped, beside=beside))

    wanted, wanted_gradients = outputs_and_gradients(
        whole, state, [*tables, stock.cell.kernel, stock.cell.recurrent_kernel, stock.cell.bias]
    )
    got, got_gradients = outputs_and_gradients(
        apart, state, [*tables, layer.cell.kernel.value, kernel, dropped, layer.cell.bias.value]
    )
    first, second, *others = got_gradients[4:]
    assert_equal(got, wanted)
    assert_equal([*got_gradients[:4], tf.concat([first, second], 0), *others], wanted_gradients)


def test_a_gradient_may_be_taken_twice(way):
    layer = ProjectedLSTM(5, 3)
    layer.build((None, None, 2))
    x = tf.constant(np.random.default_rng(3).normal(size=(4, 2, 2)), tf.float32)

    @tf.function
    def twice(x):
        with tf.GradientTape(persistent=True) as tape:
            outputs, h, c = layer.run(x, [tf.zeros((2, 3)), tf.zeros((2, 5))])
            loss = tf.reduce_sum(tf.square(outputs)) + tf.reduce_sum(h) + tf.reduce_sum(c)
        weights = [weight.value for weight in layer.trainable_weights]
        return tape.gradient(loss, weights), tape.gradient(loss, weights)

    for _ in range(3):  # the memory of the first turn is used again in the next
        first, second = twice(x)
        for a, b in zip(first, second, strict=True):
            assert np.array_equal(a, b)


@needs_compiled
def test_threads_of_a_call_change_no_bit(monkeypatch):
    _, ours = pair(4, 17)
    rng = np.random.default_rng(4)
    x, state, found = tf.constant(rng.normal(size=(33, 6, 4)), tf.float32), state_of(rng, 33, 17, 17), []
    for threads in (1, 2, 3):
        monkeypatch.setattr(compiled, "_most_threads", lambda threads=threads: threads)
        results, gradients = outputs_and_gradients(
            lambda: ours(x, initial_state=state), [x, *state], ours.trainable_weights
        )
        found.append([np.asarray(each).tobytes() for each in [*results, *gradients]])
    assert found[0] == found[1] == found[2]


def test_other_numbers_than_float32_take_the_framework_s_loop(monkeypatch):
    monkeypatch.setattr(lstm, "compiled_recurrence", None)
    _, ours = pair(3, 4, dtype="float64")
    assert ours(np.ones((2, 5, 3)))[0].dtype == "float64"


def test_an_unknown_kernel_is_refused(monkeypatch):
    monkeypatch.setenv(VARIABLE, "mmx")
    with pytest.raises(UsageError, match=f"^{VARIABLE} is 'mmx'; set it to one of: .*numpy$"):
        compiled.variant()


def test_a_missing_loop_is_said_once(text_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compiled, "VARIANTS", ())
    monkeypatch.delenv(VARIABLE, raising=False)
    train(text_file, tmp_path / "run", **TINY)
    assert capsys.readouterr().err.count(compiled.MISSING) == 1


def test_where_it_is_missing_the_variable_may_name_what_the_engine_has(monkeypatch):
    monkeypatch.setattr(compiled, "VARIANTS", ())
    for name in (*engine.VARIANTS, NUMPY):
        monkeypatch.setenv(VARIABLE, name)
        assert compiled.variant() is None
        assert compiled.is_missing() == (name != NUMPY)


def test_memory_is_given_out_again_when_nobody_holds_it():
    buffers = Buffers()
    first = buffers.array((3, 4))
    address = first.ctypes.data
    assert address % 64 == 0
    second = buffers.array((4, 3))
    assert second.ctypes.data != address
    part = first[1:]  # a view holds it as well
    del first
    assert buffers.array((12,)).ctypes.data != address
    del part
    assert buffers.array((2, 6)).ctypes.data == address
    assert len(buffers) == 3


def test_sizes_that_are_nearly_equal_share_pieces():
    """A piece is at most an eighth larger than what it holds."""
    buffers = Buffers()
    for size in range(1, 5000):
        array = buffers.array((size,))
        assert array.shape == (size,)
        assert array.base.size - 16 < max(1.125 * size, size + 1)
        del array
    assert len(buffers) < 8 * 13


@pytest.fixture
def buffers(monkeypatch):
    """Memory of a test's own."""
    monkeypatch.setattr(compiled, "BUFFERS", Buffers())
    return compiled.BUFFERS


@needs_compiled
def test_memory_is_bounded_over_many_steps(buffers):
    """What a graph's steps let go of is used again: as many pieces after many steps as after a few."""
    _, ours = pair(3, 8)
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build(ours.trainable_variables)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(ours(x)[0])
        weights = ours.trainable_variables
        optimizer.apply(tape.gradient(loss, [each.value for each in weights]), weights)

    counts = []
    for turn in range(40):
        step(np.ones((2, 5, 3), np.float32))
        if turn in (9, 39):
            counts.append(len(buffers))
    assert 0 < counts[0] == counts[1]


@needs_compiled
def test_memory_is_bounded_where_each_step_has_other_symbols(buffers):
    """Of a large vocabulary the table has a row for each symbol that occurs, at each step another number of them."""
    _, layer = pair(4, 8)
    embedding = tf.Variable(np.random.default_rng(1).normal(size=(500, 4)).astype(np.float32))
    random = np.random.default_rng(2)

    @tf.function(input_signature=[tf.TensorSpec((8, 20), tf.int32)])
    def step(ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer.run(ids, [tf.zeros((20, 8))] * 2, embedding.value())[0] ** 2)
        return tape.gradient(loss, [layer.cell.kernel.value, layer.cell.recurrent_kernel.value])

    counts, sizes = [], set()
    for turn in range(120):
        ids = random.integers(0, int(random.integers(60, 90)), (8, 20)).astype(np.int32)
        sizes.add(len(set(ids.ravel().tolist())))
        step(ids)
        if turn in (39, 119):
            counts.append(len(buffers))
    assert len(sizes) > 20
    assert counts[1] < counts[0] + 6 < 60


@needs_compiled
def test_results_that_are_held_stay_as_they_are(buffers):
    """TensorFlow may hold what a call gave for as long as it likes: later calls write elsewhere."""
    _, ours = pair(3, 8)
    step = tf.function(lambda x: ours(x)[0])
    random = np.random.default_rng(1)
    given = [random.normal(size=(4, 5, 3)).astype(np.float32) for _ in range(30)]
    held = [step(each) for each in given]
    kept = [each.numpy().copy() for each in held]
    for each in given:
        step(each)
    for result, before, each in zip(held, kept, given, strict=True):
        np.testing.assert_array_equal(result.numpy(), before)
        np.testing.assert_array_equal(step(each).numpy(), before)
