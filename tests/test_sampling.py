import numpy as np
import pytest

from textgen.errors import UsageError
from textgen.sampling import Forbid, Temperature, draw, probabilities

LOGITS = np.array([1.0, 3.0, 2.0, -1.0])


def test_temperature_divides():
    for value in (0.5, 1.0, 2.0):
        weights = np.exp(LOGITS / value)
        assert np.allclose(probabilities(Temperature(value)(LOGITS, [])), weights / weights.sum())


def test_temperature_zero_is_the_likeliest_the_first_of_equals():
    assert probabilities(Temperature(0)(np.array([1.0, 5.0, 5.0]), [])).tolist() == [0, 1, 0]


@pytest.mark.parametrize("value", [0, 1e-300, 1e-9, 1.0, 100.0])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_no_temperature_makes_nonsense(value, size):
    chances = probabilities(Temperature(value)(LOGITS * size, []))
    assert np.isfinite(chances).all()
    assert chances.sum() == pytest.approx(1)
    assert chances[1] == chances.max()


def test_forbidden_symbols_are_never_drawn_and_the_logits_stay_as_they_were():
    logits = LOGITS.copy()
    assert probabilities(Forbid((1, 2))(logits, []))[[1, 2]].tolist() == [0, 0]
    assert np.array_equal(logits, LOGITS)
    rng = np.random.default_rng(0)
    assert {draw(LOGITS, [], (Forbid((1, 2)), Temperature(5)), rng) for _ in range(200)} == {0, 3}


def test_everything_forbidden_is_an_error():
    with pytest.raises(UsageError, match="no symbol is left"):
        draw(LOGITS, [], (Forbid((0, 1, 2, 3)),), np.random.default_rng(0))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.5])
def test_draws_follow_the_softmax(temperature):
    """Pearson's chi-square over 20,000 draws; 16.27 is the 0.999 quantile for three degrees of freedom."""
    rng = np.random.default_rng(42)
    number = 20_000
    counts = np.bincount(
        [draw(LOGITS, [], (Temperature(temperature),), rng) for _ in range(number)], minlength=len(LOGITS)
    )
    weights = np.exp(LOGITS / temperature)
    expected = number * weights / weights.sum()
    assert ((counts - expected) ** 2 / expected).sum() < 16.27


def test_one_number_is_taken_a_draw():
    one, other = np.random.default_rng(1), np.random.default_rng(1)
    for temperature in (0, 1.0, 2.0):
        draw(LOGITS, [], (Temperature(temperature),), one)
        other.random()
    assert one.random() == other.random()
