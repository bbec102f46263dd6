import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
import safetensors.numpy

from textgen import runs
from textgen.config import ModelConfig, TrainingConfig
from textgen.errors import RunError, RunExistsError, StorageError
from textgen.tokenizers import CharTokenizer


@pytest.fixture
def run(tiny_run, tmp_path):
    """A copy of the tiny run, to be damaged."""
    return shutil.copytree(tiny_run, tmp_path / "run")


def test_a_run_holds_plain_files_only(tiny_run):
    assert {path.name for path in tiny_run.iterdir()} == {
        "config.json", "tokenizer.json", "model.safetensors", "history.jsonl", "samples.txt", "metadata.json",
    }  # fmt: skip
    config = json.loads((tiny_run / "config.json").read_text())
    assert config["format"] == 1
    assert config["model"]["units"] == 24
    tensors = safetensors.numpy.load_file(tiny_run / "model.safetensors")
    assert {name: array.shape for name, array in tensors.items()} == runs.load(tiny_run).model.weight_shapes()


def test_what_is_saved_is_loaded(tmp_path):
    tokenizer = CharTokenizer.train(["text"])
    model = ModelConfig(vocabulary_size=tokenizer.vocabulary_size, units=2, layers=1, embedding_size=2)
    model = dataclasses.replace(model, dropout=0.0, output_dropout=0.1, recurrent_dropconnect=0.0)
    training = TrainingConfig(epochs=3)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in model.weight_shapes().items()}
    runs.write_tensors(tmp_path / runs.WEIGHTS, weights)
    runs.save_description(tmp_path, model, training, tokenizer, {"corpus": "x"})
    run = runs.load(tmp_path)
    assert (run.model, run.training, run.tokenizer.symbols) == (model, training, tokenizer.symbols)
    assert run.metadata == {"corpus": "x"}
    for name, array in weights.items():
        assert np.array_equal(run.weights[name], array)


def test_metadata_is_never_needed(run):
    (run / "metadata.json").unlink()
    (run / "history.jsonl").unlink()
    (run / "samples.txt").unlink()
    loaded = runs.load(run)
    assert loaded.metadata == {}
    assert loaded.history() == []
    assert loaded.weights


def edit(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("config.json", lambda v: v.update(format=2), "run format 2; this textgen reads 1 to 1: upgrade"),
        ("config.json", lambda v: v.update(format="1"), "run format '1'"),
        ("config.json", lambda v: v.update(extra=1), "not a run's configuration"),
        ("config.json", lambda v: v["model"].update(units=10**9), "--units takes a whole number"),
        ("config.json", lambda v: v["model"].update(units=25), "the configuration wants F32"),
        ("config.json", lambda v: v["model"].update(layers=2), "missing tensors ['lstm.1.bias'"),
        ("config.json", lambda v: v["model"].update(path="../x"), "unknown entries 'path'"),
        ("config.json", lambda v: v["model"].update(vocabulary_size=99), "names a char vocabulary of 99"),
        ("tokenizer.json", lambda v: v["symbols"].append(v["symbols"][0]), "twice"),
        ("tokenizer.json", lambda v: v["symbols"].append("\ud800"), "surrogate"),
        ("tokenizer.json", lambda v: v["symbols"].pop(), "tokenizer.json holds a char vocabulary"),
    ],
)
def test_a_changed_file_is_refused_with_its_reason(run, name, change, complaint):
    edit(run / name, change)
    with pytest.raises(RunError) as caught:
        _ = runs.load(run).weights
    assert complaint in str(caught.value)
    assert str(run) in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "noise"])
def test_a_damaged_file_is_refused(run, name, damage):
    path = run / name
    data = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes({"empty": b"", "cut": data[: len(data) // 2], "noise": os.urandom(500)}[damage])
    with pytest.raises(RunError):
        _ = runs.load(run).weights


def test_weights_that_are_not_finite_are_refused(run):
    tensors = safetensors.numpy.load_file(run / "model.safetensors")
    tensors["output.bias"] = np.full_like(tensors["output.bias"], np.nan)
    (run / "model.safetensors").write_bytes(safetensors.numpy.save(tensors))
    with pytest.raises(RunError, match=r"output\.bias holds numbers that are not finite"):
        _ = runs.load(run).weights


def test_finding_a_run(empty_place, tiny_run):
    with pytest.raises(RunError, match="none yet; train one"):
        runs.load("ghost")
    shutil.copytree(tiny_run, "checkpoints/one")
    shutil.copytree(tiny_run, "checkpoints/two")
    (empty_place / "checkpoints/unfinished").mkdir()
    os.utime("checkpoints/one/model.safetensors")
    assert runs.find() == runs.CHECKPOINTS / "one"
    assert runs.find("two") == runs.find("checkpoints/two") == runs.CHECKPOINTS / "two"
    assert [path.name for path in runs.list_runs()] == ["one", "two"]
    with pytest.raises(RunError, match="no such run; there are: checkpoints/one, checkpoints/two"):
        runs.load("ghost")
    with pytest.raises(RunError, match="not a run, or one that has not saved anything yet"):
        runs.load("unfinished")
    with pytest.raises(RunError, match="not a single file"):
        runs.load("checkpoints/one/model.safetensors")


def test_nothing_that_stands_is_written_over(run, tmp_path):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(RunExistsError, match="--resume, write elsewhere with --out, or replace it with --overwrite"):
        runs.create(run)
    assert runs.create(run, overwrite=True) == run
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before

    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"meow")
    for overwrite in (False, True):
        with pytest.raises(RunExistsError, match="a folder with other files"):
            runs.create(other, overwrite=overwrite)
    with pytest.raises(RunExistsError, match="a file of that name"):
        runs.create(other / "cat.jpg")
    with pytest.raises(StorageError, match="part of that path is a file"):
        runs.create(other / "cat.jpg" / "run")


def test_clearing_a_run_leaves_what_is_not_its_own(run):
    (run / "notes.txt").write_text("mine")
    runs.clear(run)
    assert [path.name for path in run.iterdir()] == ["notes.txt"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    runs.write_json(path, {"old": 1})

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk full"):
        runs.write_json(path, {"new": 2})
    assert json.loads(path.read_text()) == {"old": 1}
    assert [found.name for found in tmp_path.iterdir()] == ["state.json"]


def test_tensors_are_written_as_the_library_reads_and_writes_them(tmp_path):
    draw = np.random.default_rng(0)
    tensors = {
        "odd": draw.normal(size=(3, 5)).astype(np.float32),
        "turned": draw.normal(size=(4, 6)).astype(np.float32).T,
        "count": np.array(7, dtype=np.int64),
        "seeds": np.array([1, 2], dtype=np.uint32),
        "none": np.zeros((0, 3), dtype=np.float32),
    }
    runs.write_tensors(tmp_path / "ours.safetensors", tensors)
    read = safetensors.numpy.load_file(tmp_path / "ours.safetensors")
    assert set(read) == set(tensors)
    for name, array in tensors.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)
    assert [path.name for path in tmp_path.iterdir()] == ["ours.safetensors"]
