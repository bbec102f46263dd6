"""The draw itself: probabilities, streams, options."""

import dataclasses
import re
import typing

import numpy as np
import pytest

from textgen.engine.probability import log_probabilities
from textgen.errors import ModelError, NothingLeftError, UsageError
from textgen.sampling.chain import transformed
from textgen.sampling.config import SamplingConfig, SamplingOptions
from textgen.sampling.context import Context
from textgen.sampling.draw import Uniforms, draw
from textgen.sampling.schedules import Constant, Cycle, Ramp
from textgen.sampling.transforms import Temperature, TransformConfig, TransformOptions

LOGITS = np.array([1.0, 3.0, 2.0, -1.0])
NOTHING = Context(np.zeros((1, 1), np.intp))

# The 0.999 quantile of chi-square with three degrees of freedom (tables of Pearson's test).
CRITICAL = 16.27


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("rows", [1, 20])
def test_draws_follow_the_softmax(temperature, rows):
    """Pearson's chi-square over 20,000 draws, of one row and of several side by side."""
    number = 20_000
    uniforms = Uniforms(42, [(0, row) for row in range(rows)])
    logits = Temperature(Constant(temperature))(np.tile(LOGITS, (rows, 1)), NOTHING)
    drawn = np.concatenate([draw(logits, uniforms()) for _ in range(number // rows)])
    weights = np.exp(LOGITS / temperature)
    expected = number * weights / weights.sum()
    statistic = ((np.bincount(drawn, minlength=4) - expected) ** 2 / expected).sum()
    print(f"temperature {temperature}, {rows} rows: chi-square {statistic:.2f}, below {CRITICAL} at 0.999")
    assert statistic < CRITICAL


def test_the_test_above_can_fail():
    """Draws at one temperature are not taken for draws at another, even one nearby."""
    uniforms, number = Uniforms(42, [(0,)]), 20_000
    drawn = [draw(LOGITS[None] / 1.0, uniforms())[0] for _ in range(number)]
    weights = np.exp(LOGITS / 1.05)
    expected = number * weights / weights.sum()
    assert ((np.bincount(drawn, minlength=4) - expected) ** 2 / expected).sum() > CRITICAL


def test_one_row_and_many_draw_alike():
    rng = np.random.default_rng(0)
    logits, numbers = rng.normal(0, 3, (500, 40)), rng.random((500, 1))
    together = draw(logits, numbers)
    alone = [int(draw(logits[row, None], numbers[row, None])[0]) for row in range(500)]
    assert together.tolist() == alone


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-53])
@pytest.mark.parametrize("rows", [1, 3])
def test_a_symbol_of_probability_zero_is_never_drawn(number, rows):
    logits = np.tile([-np.inf, 0.0, -np.inf, 0.0, -np.inf], (rows, 1))
    drawn = draw(logits, np.full((rows, 1), number))
    assert drawn.tolist() == [3 if number > 0.5 else 1] * rows


@pytest.mark.parametrize("rows", [1, 3])
def test_nothing_left_and_bad_numbers_are_different_errors(rows):
    nothing, nan = np.full((rows, 4), -np.inf), np.full((rows, 4), np.nan)
    with pytest.raises(NothingLeftError, match="no symbol is left"):
        draw(nothing, np.full((rows, 1), 0.5))
    with pytest.raises(ModelError, match="not numbers"):
        draw(nan, np.full((rows, 1), 0.5))


def test_each_row_has_its_own_stream():
    """The k-th number of a row is the same whichever rows stand beside it, beyond the block they are made in too."""
    alone, among = Uniforms(7, [(0, 2, 0)]), Uniforms(7, [(0, row, 0) for row in range(5)])
    other = Uniforms(8, [(0, 2, 0)])
    numbers = [(alone()[0, 0], among()[2, 0], other()[0, 0]) for _ in range(600)]
    assert all(one == two for one, two, _ in numbers)
    assert all(one != three for one, _, three in numbers)
    assert len({one for one, _, _ in numbers}) == 600


def test_a_row_that_joins_has_its_own_stream_from_the_beginning():
    """Whenever it joins, and whoever leaves: also across the ends of the blocks in which numbers are made."""
    for waited in (0, 1, 255, 256, 300):
        company, alone = Uniforms(7, [(0,), (1,)]), Uniforms(9, [(5,)])
        first = Uniforms(7, [(0,)])
        for _ in range(waited):
            company()
            first()
        company.add(9, (5,))
        company.keep([2, 0])
        for _ in range(600):
            numbers = company()
            assert numbers[0] == alone()[0]
            assert numbers[1] == first()[0]


def test_log_probabilities_are_those_of_the_softmax():
    chances = np.exp(LOGITS) / np.exp(LOGITS).sum()
    logits = np.tile(LOGITS, (4, 1)).astype(np.float32)
    assert np.allclose(log_probabilities(logits, np.arange(4)), np.log(chances), atol=1e-7)
    assert log_probabilities(LOGITS[None] * 1e30, [0])[0] == pytest.approx(-2e30)


def test_a_transform_that_returns_something_else_is_refused():
    for wrong, returned in (
        (lambda logits, context: logits[:, :2], "an array of shape (1, 2)"),
        (lambda logits, context: None, "None"),  # its return is missing
    ):
        # The next transform does not get it.
        with pytest.raises(UsageError, match=re.escape(f"a transform returned {returned}; expected an array of shape")):
            transformed(LOGITS[None], NOTHING, [wrong, lambda logits, context: logits / 2])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"top_p": 0}, "`top_p` takes a number above 0 and at most 1; got 0"),
        ({"top_p": 1.5}, "`top_p`"),
        ({"top_k": 0}, "`top_k` takes a whole number at least 1; got 0"),
        ({"min_p": 1.01}, "`min_p` takes a number above 0 and at most 1"),
        ({"typical": 0}, "`typical`"),
        ({"temperature": ()}, "`temperature` takes a number from 0 to 100, several taken in turn"),
        ({"temperature": ""}, "got ''"),
        ({"temperature": "0.5,,1"}, "`temperature`"),
        ({"temperature": "1:2:3"}, "`temperature`"),
        ({"temperature": [0.5, -1]}, "`temperature`"),
        ({"temperature": True}, "`temperature`"),
        ({"temperature": "nan"}, "got 'nan'"),
        ({"temperature": None}, "`temperature`"),
        ({"repetition_penalty": 0}, "`repetition_penalty`"),
        ({"repetition_penalty": 1e-310}, "`repetition_penalty`"),
        ({"no_repeat": 0}, "`no_repeat`"),
        ({"stop": ""}, "`stop` takes a text that is not empty; got ''"),
        ({"stop": ["a", ""]}, "`stop`"),
        ({"stop": 5}, "`stop`"),
        ({"forbid": ""}, "`forbid` takes a text that is not empty"),
        ({"forbid_word": "two words"}, "`forbid_word` takes one word"),
        ({"bias": "e"}, "`bias` takes a symbol and a number"),
        ({"bias": "e=much"}, "`bias` takes a symbol and a number"),
        ({"bias": {"e": float("inf")}}, "`bias`"),
        ({"bias": {"e": float("nan")}}, "`bias`"),
        ({"length": -1}, "`length` takes a whole number at least 0"),
        ({"documents": 0}, "`documents`"),
        ({"count": 0}, "`count`"),
        ({"unknown": "ignore"}, "`unknown` takes one of error, skip, nearest"),
        ({"beam": 3, "best_of": 2}, "`beam` and `best_of`"),
        ({"beam": 3, "count": 4}, "`count=4` is more than the texts that `beam=3` keeps"),
        ({"beam": 3, "max_copy": 4}, "`beam` and `max_copy`"),
        ({"temperature": "1:0.5", "documents": 2}, "`temperature=1:0.5` changes over the length: give `length` too"),
    ],
)
def test_options_out_of_range_are_refused(options, complaint):
    with pytest.raises(UsageError) as caught:
        SamplingConfig(**options)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [(0.8, 0.8), ("0.8", 0.8), (1, 1.0), ("0.5,1,2", (0.5, 1.0, 2.0)), ([0.5, 1], (0.5, 1.0)), ("1.2:0.6", "1.2:0.6")],
)
def test_a_temperature_is_kept_in_one_form(given, kept):
    assert SamplingConfig(temperature=given).temperature == kept


@pytest.mark.parametrize(
    ("given", "schedule"),
    [(0.8, Constant(0.8)), ("1", Constant(1.0)), ([0.5, 1], Cycle((0.5, 1.0))), ("1.2:0.6", Ramp(1.2, 0.6))],
)
def test_a_temperature_is_parsed_into_a_schedule(given, schedule):
    assert SamplingConfig(temperature=given).schedule == schedule


@pytest.mark.parametrize(
    ("config", "options"), [(TransformConfig, TransformOptions), (SamplingConfig, SamplingOptions)]
)
def test_the_keyword_options_are_the_fields(config, options):
    accepted = typing.get_type_hints(options)
    fields = {field.name: field for field in dataclasses.fields(config)}
    assert set(accepted) == set(fields), (
        f"{options.__name__} and {config.__name__} must have the same names; "
        f"these are in one of them only: {sorted(set(accepted) ^ set(fields))}"
    )
    for name, field in fields.items():
        allowed, default = accepted[name], field.default
        kinds = {typing.get_origin(kind) or kind for kind in typing.get_args(allowed) or (allowed,)}
        assert isinstance(default, tuple(kinds)), (
            f"{options.__name__}.{name} is {allowed}, which does not accept the default {default!r} of "
            f"{config.__name__}.{name}"
        )
        assert (None in typing.get_args(field.type) or type(None) in kinds) == (default is None), (
            f"{options.__name__}.{name} must accept None exactly where {config.__name__}.{name} does"
        )


def test_biases_are_kept_in_one_form():
    kept = (("e", -1.5), ("=", 2.0))
    assert SamplingConfig(bias=["e=-1.5", "==2"]).bias == kept
    assert SamplingConfig(bias={"e": -1.5, "=": 2}).bias == kept
    assert SamplingConfig(bias="e=-1.5").bias == kept[:1]


def test_a_configuration_survives_json():
    import json

    config = SamplingConfig(temperature=[0.5, 1], stop="x", bias={"e": 1}, top_p=0.9, documents=3)
    assert SamplingConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_the_limit_of_symbols():
    assert SamplingConfig().limit == 500
    assert SamplingConfig(documents=3).limit == 30_000
    assert SamplingConfig(documents=3, length=40).limit == 40
    assert SamplingConfig(length=10**12).limit == 10**12
