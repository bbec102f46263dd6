"""History, gradients and metadata: what a line must hold, and how an invalid one is reported."""

import json
import shutil

import pytest

from textgen.errors import RunError
from textgen.runs.diary import GRADIENTS, HISTORY, check_epoch, check_gradients, cut_samples, read_diary, save_gradients
from textgen.runs.folder import METADATA
from textgen.runs.run import load_run
from textgen.system.folders import Folder

LINE = {"epoch": 1, "step": 5, "seconds": 0.5, "training_nats": 2.0, "training_bits_per_character": 2.9}
NORMS = {"epoch": 1, "step": 5, "weights": {"output.bias": 0.1}, "distances": [0, 1], "hidden": [[1.0, 0.5]]}


def test_a_line_of_history_may_hold_more_numbers():
    line = LINE | {"gradient_norm": 0.3}
    assert check_epoch(line) == line


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"epoch": "x"}, "invalid value for \"epoch\": 'x'"),
        ({"speed": None}, 'invalid value for "speed": None'),
        ({"two\nlines": None}, r'invalid value for "two\nlines": None'),
        ({"step": True}, 'invalid value for "step": True'),
        ({"seconds": float("nan")}, "line 2: NaN is not a finite number"),
        ({"seconds": float("inf")}, "line 2: Infinity is not a finite number"),
        ({"step": 10**400}, "line 2: 10000000000000000000... is too large"),
        ({"seconds": -1e300}, 'invalid value for "seconds": -1e+300'),
        ({"validation_nats": 1.0}, "missing entries 'validation_bits_per_character'"),
    ],
)
def test_an_invalid_line_of_history_is_named_with_its_entry(tmp_path, change, complaint):
    path = tmp_path / HISTORY
    path.write_text(json.dumps(LINE) + "\n" + json.dumps(LINE | change) + "\n")
    with pytest.raises(RunError) as caught:
        read_diary(Folder.opened(path.parent), path.name, check_epoch)
    assert str(caught.value).startswith(f"{path}: damaged: line 2: ")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "null", "{", "[" * 100_000, "\ufeff{}"])
def test_a_line_that_is_not_an_object_is_refused(tmp_path, text):
    (tmp_path / HISTORY).write_text(text + "\n")
    with pytest.raises(RunError, match="line 1"):
        read_diary(Folder.opened(tmp_path), HISTORY, check_epoch)


def test_there_may_be_no_diary(tmp_path):
    assert read_diary(Folder.opened(tmp_path), HISTORY, check_epoch) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"more": 1}, "unknown entries 'more'"),
        ({"epoch": "x"}, "invalid value for \"epoch\": 'x'"),
        ({"epoch": float("nan")}, 'invalid value for "epoch": nan'),
        ({"weights": []}, 'invalid value for "weights": []'),
        ({"weights": {"output.bias": float("inf")}}, "output.bias"),
        ({"distances": [0]}, "hidden[0]"),
        ({"hidden": [[1.0, None]]}, "hidden[0][1]"),
        ({"hidden": [1.0]}, "hidden[0]"),
    ],
)
def test_an_invalid_line_of_gradients_is_named_with_its_entry(change, complaint):
    with pytest.raises(ValueError, match=r"value|entries|norms") as caught:
        check_gradients(NORMS | change)
    assert complaint in str(caught.value)


def test_gradients_of_a_repeated_epoch_replace_the_older_ones(tmp_path):
    for epoch in (1, 2, 3, 2):
        save_gradients(Folder.opened(tmp_path), NORMS | {"epoch": epoch, "step": 10 * epoch})
    lines = read_diary(Folder.opened(tmp_path), GRADIENTS, check_gradients)
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[0] == NORMS | {"step": 10}


def test_samples_of_later_epochs_are_removed(tmp_path):
    (tmp_path / "samples.txt").write_text("=== epoch 1 ===\na\n\n=== epoch 2 ===\nb\n\n")
    cut_samples(Folder.opened(tmp_path), 1)
    assert (tmp_path / "samples.txt").read_text() == "=== epoch 1 ===\na\n\n"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda values: values.update(characters="many"), "invalid value for \"characters\": 'many'"),
        (lambda values: values.update(created=None), 'invalid value for "created": None'),
        (lambda values: values.pop("keras"), "missing entries 'keras'"),
    ],
)
def test_invalid_metadata_is_named_with_its_entry(tiny_run, tmp_path, change, complaint):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    values = json.loads((run / METADATA).read_text())
    assert load_run(run).metadata == values  # with more entries than are checked
    change(values)
    (run / METADATA).write_text(json.dumps(values))
    with pytest.raises(RunError) as caught:
        _ = load_run(run).metadata
    assert str(run / METADATA) in str(caught.value)
    assert complaint in str(caught.value)
