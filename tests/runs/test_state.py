"""How far a training has come: what is saved is read back, and anything else is refused with its entry."""

import json

import pytest

from tests.helpers import forged_runs
from textgen.errors import RunError
from textgen.runs.folder import STATE
from textgen.runs.state import MAX_COUNT, TrainingState, differences, environment

LINE = {"epoch": 1, "step": 5, "seconds": 0.5, "training_nats": 2.0, "training_bits_per_character": 2.9}


def state(**entries):
    return TrainingState(["a.txt"], "0" * 64, epoch=1, step=7, epoch_end=10, last_step=20, epochs=2, **entries)


def load(folder, text):
    return TrainingState.load(forged_runs.opened(folder, {STATE: text.encode()}))


def test_a_state_and_back(tmp_path):
    before = state(history=[LINE], best_nats=2.0, best_epoch=1, environment=environment("jax", "3.15", "0.6"))
    after = load(tmp_path, json.dumps(before.to_json()))
    assert after == before
    # Whole numbers stay whole numbers in what is written again.
    assert [type(value) for value in after.history[0].values()] == [type(value) for value in LINE.values()]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"epoch": "x"}, "invalid value for \"epoch\": 'x'"),
        ({"epoch": 1.0}, 'invalid value for "epoch": 1.0'),
        ({"epoch": True}, 'invalid value for "epoch": True'),
        ({"epoch": None}, 'invalid value for "epoch": None'),
        ({"step": -1}, 'invalid value for "step": -1'),
        ({"last_step": MAX_COUNT + 1}, 'invalid value for "last_step": '),
        ({"finished": 0}, 'invalid value for "finished": 0'),
        ({"seconds": "1"}, "invalid value for \"seconds\": '1'"),
        ({"encoding": 8}, 'invalid value for "encoding": 8'),
        ({"best_nats": "low"}, "invalid value for \"best_nats\": 'low'"),
        ({"corpus_sha256": "A" * 64}, 'invalid value for "corpus_sha256": '),
        ({"paths": "a.txt"}, 'invalid value for "paths": '),
        ({"environment": []}, 'invalid value for "environment": []'),
        ({"history": [LINE, LINE | {"step": None}]}, "history[1]"),
        ({"history": [LINE | {"validation_nats": 2.0}]}, "missing entries 'validation_bits_per_character'"),
        ({"history": [{"epoch": 1}]}, "missing entries 'seconds', 'step', 'training_bits_per_character'"),
        ({"extra": 1}, "unknown entries 'extra'"),
        ({"epoch_end": 7}, "contradict each other"),
        ({"epochs": None}, "contradict each other"),
    ],
)
def test_an_invalid_entry_is_named(tmp_path, change, complaint):
    with pytest.raises(RunError) as caught:
        load(tmp_path, json.dumps(state().to_json() | change))
    assert str(tmp_path / STATE) in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_refused(tmp_path, number):
    with pytest.raises(RunError, match="not a finite number"):
        load(tmp_path, json.dumps(state().to_json()).replace('"seconds": 0.0', f'"seconds": {number}'))


def test_a_missing_entry_is_named(tmp_path):
    values = state().to_json()
    del values["step"]
    with pytest.raises(RunError, match="missing entries 'step'"):
        load(tmp_path, json.dumps(values))


def test_differences_of_two_environments_in_words():
    assert differences({"cores": 2, "keras": "3"}, {"cores": 4, "numpy": "2"}) == (
        "cores 2 -> 4, keras 3 -> none, numpy none -> 2"
    )
    assert differences({"cores": 2}, {"cores": 2}) == ""
