"""Gates that are held at a value: exactly, in every unit or in one, whatever else the network has."""

import math

import numpy as np
import pytest

from tests.helpers.models import random_weights
from tests.inspection.test_tracing import made, text_of
from textgen import Generator
from textgen.engine.holding import GATES, Hold, preactivation, read_holds
from textgen.engine.network import NUMPY, VARIABLE
from textgen.errors import PromptError, UsageError
from textgen.inspection.tracing import trace
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.labels import LabelSet

NAMES = {"input": "input_gate", "forget": "forget_gate", "candidate": "candidate", "output": "output_gate"}


@pytest.mark.parametrize("kernel", [None, NUMPY])
@pytest.mark.parametrize("value", [0, 0.25, 0.5, 1])
@pytest.mark.parametrize("gate", GATES)
def test_a_held_gate_has_its_value_and_the_others_go_on(gate, value, kernel, monkeypatch):
    if kernel:
        monkeypatch.setenv(VARIABLE, kernel)
    generator, _ = made(layers=2, units=8)
    seen = trace(generator.with_hold({f"{gate}:1": value}), text_of(30))
    free = trace(generator, text_of(30))
    for name in NAMES.values():
        first = getattr(seen, name)[:, 0]
        np.testing.assert_array_equal(first, getattr(free, name)[:, 0])  # the layer below is untouched
    own = getattr(seen, NAMES[gate])[:, 1]
    if value in (0, 1) or (value == 0.5 and gate != "candidate"):
        np.testing.assert_array_equal(own, np.float32(value))
    else:
        np.testing.assert_allclose(own, value, rtol=1e-6)
    other = NAMES["output" if gate == "input" else "input"]
    assert np.ptp(getattr(seen, other)[:, 1]) > 0.01


def test_one_unit_is_held_and_its_neighbours_are_not():
    generator, _ = made(layers=1, units=8)
    seen, free = trace(generator.with_hold({"output:0:3": 0}), text_of(30)), trace(generator, text_of(30))
    assert not seen.hidden[:, 0, 3].any()
    assert free.hidden[:, 0, 3].any()
    engine, held = generator.engine, generator.with_hold({"output:0:3": 0}).engine
    one, other = (each.step(each.initial_state(1), [0])[1] for each in (engine, held))
    np.testing.assert_array_equal(one.c, other.c)
    np.testing.assert_array_equal(np.delete(one.h, 3, axis=2), np.delete(other.h, 3, axis=2))


def test_the_later_of_two_counts():
    generator, _ = made(units=8)
    seen = trace(generator.with_hold({"forget": 0, "forget:0:2": 1}), text_of(10))
    assert (seen.forget_gate[:, 0, 2] == 1).all()
    assert not np.delete(seen.forget_gate[:, 0], 2, axis=1).any()


def test_texts_as_on_the_command_line():
    generator, _ = made(units=8)
    one, other = (
        generator.with_hold(["forget=0.5", "input:0:1=1"]),
        generator.with_hold({"forget": 0.5, "input:0:1": 1}),
    )
    assert one.generate(seed=1, length=60) == other.generate(seed=1, length=60)


@pytest.mark.parametrize(
    "options",
    [{"bias": False}, {"projection": 5}, {"encoder": "onehot"}, {"labels": (LabelSet("voice", ("a", "b")),)}],
    ids=["without bias", "projected", "one-hot", "labels"],
)
def test_every_kind_of_network_can_be_held(options):
    tokenizer = CharTokenizer(sorted("abc \n"))
    config = ModelConfig(vocabulary_size=tokenizer.vocabulary_size, embedding_size=4, units=8, layers=2, **options)
    generator = Generator.from_parts(config, TrainingConfig(documents="line"), tokenizer, random_weights(config))
    held = generator.with_hold({"forget": 0.5})
    if "labels" in options:
        held = held.with_labels({"voice": "b"})
    assert (trace(held, "abc cab").forget_gate == 0.5).all()
    assert held.score("abc cab").nats != generator.score("abc cab").nats


def test_nothing_held_changes_nothing():
    generator, _ = made(units=8)
    assert generator.with_hold({}).engine is generator.engine
    assert generator.generate(seed=3, length=80, hold={}) == generator.generate(seed=3, length=80)


def test_labels_and_a_hold_go_together_in_any_order():
    tokenizer = CharTokenizer(sorted("abc \n"))
    sets = (LabelSet("voice", ("a", "b")),)
    config = ModelConfig(vocabulary_size=tokenizer.vocabulary_size, embedding_size=4, units=8, layers=1, labels=sets)
    generator = Generator.from_parts(config, TrainingConfig(documents="line"), tokenizer, random_weights(config))
    told = {"voice": "a"}
    first = generator.with_labels(told).with_hold({"input": 0.5}).generate(seed=1, length=60)
    assert first == generator.with_hold({"input": 0.5}).with_labels(told).generate(seed=1, length=60)
    assert first != generator.with_hold({"input": 0.5}).generate(seed=1, length=60)


def test_a_state_takes_the_place_of_the_prompts():
    generator, _ = made(units=8)
    # After its last symbol, the prompt is as if the other text had come before it.
    swapped = generator.generate("abc", seed=4, length=40, state_of="gfe", include_prompt=False)
    assert swapped == generator.generate("gfec", seed=4, length=40, include_prompt=False)
    many = generator.generate_many("abc", seed=4, length=40, count=2, state_of="gfe")
    assert many[0] == "abc" + swapped


def test_an_unknown_symbol_of_that_text_is_named_as_such():
    generator, _ = made(units=8)
    with pytest.raises(PromptError, match=r"^`state_of` holds 1 character the model never saw: '#'; change `state_of`"):
        generator.generate("abc", state_of="gf#")


@pytest.mark.parametrize(
    ("hold", "value"),
    [
        (Hold("forget", 0), -math.inf),
        (Hold("forget", 1), math.inf),
        (Hold("candidate", -1), -math.inf),
        (Hold("input", 0.5), 0),
    ],
)
def test_the_sum_behind_a_value(hold, value):
    assert preactivation(hold) == value


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        ({"forgot": 0.5}, "no gate 'forgot'"),
        ({"forget": 1.5}, "from 0 to 1"),
        ({"forget": -0.1}, "from 0 to 1"),
        ({"candidate": -2}, "from -1 to 1"),
        ({"forget": float("nan")}, "give a number"),
        ({"forget": "open"}, "give a number"),
        ({"forget": None}, "give a number"),
        ({"forget:9": 0.5}, "no layer 9"),
        ({"forget:0:99": 0.5}, "no unit 99"),
        ({"forget:x": 0.5}, "LAYER:UNIT"),
        ({"forget:0:1:2": 0.5}, "LAYER:UNIT"),
        ({"forget:" + "9" * 99: 0.5}, "LAYER:UNIT"),
        ({"forget:-1": 0.5}, "LAYER:UNIT"),
        ({7: 0.5}, "gates and their values"),
        ("forget=0.5", "gates and their values"),
        (["forget"], "give a number"),
        ([0.5], "gates and their values"),
        (0.5, "gates and their values"),
    ],
)
def test_what_cannot_be_held_is_said_in_one_line(hold, said):
    generator, _ = made(units=8)
    with pytest.raises(UsageError, match=said) as error:
        read_holds(hold, generator.engine.config)
    assert "\n" not in str(error.value)


def test_a_mixture_cannot_be_held():
    generator, _ = made(units=8)
    with pytest.raises(UsageError, match="one run"):
        Generator.mix([generator, generator]).with_hold({"forget": 0.5})
