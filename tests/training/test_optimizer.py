import math

import numpy as np
import pytest

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
