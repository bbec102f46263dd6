import math

import numpy as np
import pytest
import tensorflow as tf

from textgen.runs.config import TrainingConfig
from textgen.training.backend import keras
from textgen.training.optimizer import Adam, make_optimizer


def rates(optimizer, steps):
    return [float(optimizer.schedule(step)) for step in steps]


def laid(steps, **options):
    return make_optimizer(TrainingConfig(learning_rate=0.01, **options), steps)


def test_the_rate_rises_then_falls_along_a_cosine_to_a_hundredth():
    optimizer = laid(1000, warmup=0.1)
    assert rates(optimizer, [0, 50, 100]) == pytest.approx([0, 0.005, 0.01])
    half_way = 0.01 * (0.01 + 0.99 / 2)
    assert rates(optimizer, [550, 1000, 2000]) == pytest.approx([half_way, 0.0001, 0.0001])
    quarter = 0.01 * (0.01 + 0.99 * (1 + math.cos(math.pi / 4)) / 2)
    assert rates(optimizer, [325]) == pytest.approx([quarter])


def test_without_warmup_the_rate_begins_at_the_top():
    assert rates(laid(10, warmup=0.0), [0, 10]) == pytest.approx([0.01, 0.0001])


@pytest.mark.parametrize("last", [400, 700, 5000])
def test_another_end_changes_the_slope_and_not_the_rate(last):
    optimizer = laid(1000, warmup=0.1)
    before = rates(optimizer, [300])
    optimizer.schedule.set_end(300, last)
    assert rates(optimizer, [300, last]) == pytest.approx([*before, 0.0001], rel=1e-4)
    middle = rates(optimizer, [(300 + last) // 2])[0]
    assert 0.0001 < middle < before[0]


def test_an_end_that_is_now_or_past_stays_a_number():
    optimizer = laid(1000)
    optimizer.schedule.set_end(500, 400)
    assert all(map(math.isfinite, rates(optimizer, [0, 500, 501, 900])))


def test_the_path_is_kept_with_the_optimizer_s_other_tensors():
    optimizer = laid(1000)
    assert any(variable is optimizer.schedule.path for variable in optimizer.variables)


def test_the_update_is_keras_s_adam_s():
    """Weights and moments after some steps, from the same gradients, sparse in time and of very different sizes."""
    draw, shapes = np.random.default_rng(3), [(7, 5), (11,)]
    starts = [draw.normal(size=shape).astype(np.float32) for shape in shapes]
    gradients = [
        [(draw.normal(size=shape) * 10.0 ** draw.integers(-6, 3)).astype(np.float32) for shape in shapes]
        for _ in range(30)
    ]
    ends = []
    for kind in (keras.optimizers.Adam, Adam):
        variables = [keras.Variable(start) for start in starts]
        optimizer = kind(0.01)
        for step in gradients:
            optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in step], variables)
        assert int(optimizer.iterations) == 30
        ends.append(
            [
                keras.ops.convert_to_numpy(variable)
                for variable in [*variables, *optimizer._momentums, *optimizer._velocities]
            ]
        )
    for theirs, ours in zip(*ends, strict=True):
        # The operation takes 1 - 0.999 in float32, which is 0.00100005 and no better.
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-6)


def by_rows(number):
    """A table of 6 rows, and Adam that changes the rows of it that a step reads."""
    start = np.random.default_rng(number).normal(size=(6, 3)).astype(np.float32)
    table = keras.Variable(start, name="table")
    optimizer = Adam(0.1, by_rows=[table.path])
    optimizer.build([table])
    return start, table, optimizer


def test_rows_that_a_step_does_not_read_keep_their_numbers_and_moments():
    start, table, optimizer = by_rows(0)
    rng, plain = np.random.default_rng(1), keras.Variable(start[[1, 4]])
    reference = keras.optimizers.Adam(0.1)
    reference.build([plain])
    for _ in range(5):
        gradient = rng.normal(size=(2, 3)).astype(np.float32)
        # Row 4 is read twice in the step: its gradient comes in two halves.
        halves = np.stack([gradient[0], gradient[1] / 2, gradient[1] / 2])
        optimizer.apply([tf.IndexedSlices(tf.constant(halves), tf.constant([1, 4, 4]), tf.constant([6, 3]))], [table])
        reference.apply([tf.constant(gradient)], [plain])
    found = np.asarray(table)
    assert np.abs(found[[1, 4]] - np.asarray(plain)).max() < 1e-6
    assert np.array_equal(found[[0, 2, 3, 5]], start[[0, 2, 3, 5]])
    for kept in (*optimizer._momentums, *optimizer._velocities):
        assert (np.asarray(kept)[[0, 2, 3, 5]] == 0).all()


def test_a_sparse_gradient_and_a_dense_one_with_zeros_change_the_same():
    """The dense form is what JAX and PyTorch give."""
    _, sparse, one = by_rows(2)
    _, dense, other = by_rows(2)
    rng = np.random.default_rng(3)
    for rows in ([0, 1], [5, 1], [2, 3]):
        values = rng.normal(size=(2, 3)).astype(np.float32)
        whole = np.zeros((6, 3), np.float32)
        whole[rows] = values
        one.apply([tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant([6, 3]))], [sparse])
        other.apply([tf.constant(whole)], [dense])
    assert np.abs(np.asarray(sparse) - np.asarray(dense)).max() < 1e-6
    for left, right in zip(one.variables, other.variables, strict=True):
        assert np.abs(np.asarray(left) - np.asarray(right)).max() < 1e-6


def test_the_norm_of_a_sparse_gradient_is_that_of_its_sums_and_is_clipped():
    _, table, optimizer = by_rows(4)
    optimizer.clip_norm = 1.0
    values = np.array([[3, 0, 0], [1, 0, 0]], np.float32)
    optimizer.apply([tf.IndexedSlices(tf.constant(values), tf.constant([2, 2]), tf.constant([6, 3]))], [table])
    assert np.asarray(optimizer.norms).tolist() == pytest.approx([4, 4, 1])
    assert np.asarray(optimizer._momentums[0])[2].tolist() == pytest.approx([0.1, 0, 0])  # (1 - beta1) times 1
