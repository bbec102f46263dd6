"""The run folder: what is saved is loaded, what is damaged is refused, and other files are not touched."""

import dataclasses
import json
import os
import shutil
import struct

import numpy as np
import pytest
import safetensors.numpy

from tests.helpers import forged_runs
from textgen.errors import RunError, RunExistsError, StorageError
from textgen.runs.config import DROPOUTS, ModelConfig, TrainingConfig
from textgen.runs.folder import (
    FOREIGN,
    METADATA,
    clear_for_overwrite,
    create_run_folder,
)
from textgen.runs.run import FORMAT, ModelDescription, load_run, save_best, save_metadata
from textgen.runs.tensors import tensor_parts
from textgen.system.folders import Folder
from textgen.tokens.chars import CharTokenizer


@pytest.fixture
def run(tiny_run, tmp_path):
    """A copy of the tiny run that a test may damage."""
    return shutil.copytree(tiny_run, tmp_path / "run")


@pytest.fixture
def best(run):
    """The snapshot of the copy's best weights."""
    return forged_runs.newest(run)


def test_a_run_holds_plain_files_only(tiny_run):
    assert {path.name for path in tiny_run.iterdir()} == {
        "best", "resume", "history.jsonl", "samples.txt", "metadata.json",
    }  # fmt: skip
    (best,) = (tiny_run / "best").iterdir()
    assert {path.name for path in best.iterdir()} == {
        "config.json", "tokenizer.json", "model.safetensors", "manifest.json",
    }  # fmt: skip
    assert len(list((tiny_run / "resume").iterdir())) == 2
    config = json.loads((best / "config.json").read_text())
    assert config["format"] == FORMAT
    assert config["model"]["units"] == 24
    tensors = safetensors.numpy.load_file(best / "model.safetensors")
    assert {name: array.shape for name, array in tensors.items()} == load_run(tiny_run).model.weight_shapes()


def test_what_is_saved_is_loaded(tmp_path):
    tokenizer = CharTokenizer.train(["text"])
    model = ModelConfig(vocabulary_size=tokenizer.vocabulary_size, units=2, layers=1, embedding_size=2)
    rates = dict.fromkeys(DROPOUTS, 0.0) | {"output_dropout": 0.1}
    model = dataclasses.replace(model, **rates, tie=False)
    training = TrainingConfig(epochs=3)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in model.weight_shapes().items()}
    save_best(Folder.opened(tmp_path), ModelDescription(model, training, tokenizer), weights)
    run = load_run(tmp_path)
    assert (run.model, run.training, run.tokenizer.symbols) == (model, training, tokenizer.symbols)
    assert run.metadata == {}
    for name, array in weights.items():
        assert np.array_equal(run.weights[name], array)


def test_the_diary_is_never_needed(run):
    for name in ("metadata.json", "history.jsonl", "samples.txt"):
        (run / name).unlink()
    shutil.rmtree(run / "resume")
    loaded = load_run(run)
    assert loaded.metadata == {}
    assert loaded.history() == []
    assert loaded.weights


CHANGES = [
    (
        "config.json",
        lambda v: v.update(format=FORMAT + 1),
        f"run format {FORMAT + 1}; this textgen reads formats 1 to {FORMAT}: it needs textgen 0.1.0 or newer",
    ),
    ("config.json", lambda v: v.update(format="1"), "run format '1'"),
    ("config.json", lambda v: v.update(format=True), "run format True"),
    ("config.json", lambda v: v.update(extra=1), "not a run's configuration"),
    ("config.json", lambda v: v["model"].update(units=10**9), "`units` takes a whole number"),
    ("config.json", lambda v: v["model"].update(units=2.5), "`units` takes a whole number"),
    ("config.json", lambda v: v["model"].update(units=None), "entries that are null"),
    ("config.json", lambda v: v["model"].update(units=25), "the configuration requires F32"),
    ("config.json", lambda v: v["model"].update(layers=2), "missing tensors ['lstm.1.bias'"),
    ("config.json", lambda v: v["model"].update(layers=65, units=65536), "`layers` takes"),
    ("config.json", lambda v: v["model"].update(layers=64, units=65536), "missing tensors"),
    ("config.json", lambda v: v["model"].update(path="../x"), "unknown entries 'path'"),
    ("config.json", lambda v: v["model"].update(vocabulary_size=99), "names a char vocabulary of 99"),
    ("tokenizer.json", lambda v: v["symbols"].append(v["symbols"][0]), "twice"),
    ("tokenizer.json", lambda v: v["symbols"].append("\ud800"), "surrogate"),
    ("tokenizer.json", lambda v: v["symbols"].append("ab"), "not one character"),
    ("tokenizer.json", lambda v: v["symbols"].append(7), "a list of texts"),
    ("tokenizer.json", lambda v: v.update(kind="pickle"), "tokenizer kind 'pickle'; the kinds are char, word"),
    ("tokenizer.json", lambda v: v["symbols"].pop(), "tokenizer.json holds a char vocabulary"),
]


@pytest.mark.parametrize(("name", "change", "complaint"), CHANGES)
def test_a_changed_file_is_refused_with_its_reason(run, best, name, change, complaint):
    forged_runs.edit(best, name, change)
    with pytest.raises(RunError) as caught:
        _ = load_run(run).weights
    assert complaint in str(caught.value)
    assert str(run) in str(caught.value)


def test_a_newer_format_says_which_textgen_it_wants(run, best):
    def newer(values):
        values.update(format=7, textgen="3.2", voice="low")

    forged_runs.edit(best, "config.json", newer)
    with pytest.raises(
        RunError, match=rf"run format 7; this textgen reads formats 1 to {FORMAT}: it needs textgen 3\.2"
    ):
        load_run(run)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors", "manifest.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "noise", "longer", "a flip"])
def test_a_damaged_file_is_refused(run, best, name, damage):
    path = best / name
    data = path.read_bytes()
    path.unlink()
    middle = len(data) // 2
    damaged = {
        "empty": b"",
        "cut": data[:middle],
        "noise": os.urandom(500),
        "longer": data + b"x",
        "a flip": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
    }
    if damage != "gone":
        path.write_bytes(damaged[damage])
    with pytest.raises(RunError) as caught:
        _ = load_run(run).weights
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "manifest",
    [
        b"[]",
        b'{"files": []}',
        b'{"files": {"../x": {"size": 1, "sha256": "0"}}}',
        b'{"files": {"config.json": {"size": -1, "sha256": "0"}}}',
        b'{"files": {"config.json": {"size": 1}}}',
        b'{"files": {}, "files": {}}',
        b'{"files": {"config.json": NaN}}',
        b"[" * 100_000,
        b'{"files": {"a": {"size": ' + b"9" * 5000 + b', "sha256": ""}}}',
        b" " * 100_000,
    ],
)
def test_an_invalid_manifest_is_refused(run, best, manifest):
    (best / "manifest.json").write_bytes(manifest)
    with pytest.raises(RunError, match=r"manifest\.json"):
        load_run(run)


def header(name="embedding", shape=(2, 2), offsets=(0, 16), dtype="F32", data=16, length=None):
    """A safetensors file with the header of one tensor."""
    text = json.dumps({name: {"dtype": dtype, "shape": shape, "data_offsets": offsets}}).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        header(length=2**63),
        header(length=2**30),
        header(offsets=(0, 8)),
        header(offsets=(8, 24), data=24),
        header(offsets=(-8, 8)),
        header(shape=(2**40, 2**40), offsets=(0, 16)),
        header(shape=(10**9, 64), offsets=(0, 256 * 10**9)),
        header(dtype="F64", offsets=(0, 32), data=32),
        header(dtype="PICKLE"),
        header(data=8),
        header(data=64),
        b"\x80\x04\x95pickle",
    ],
)
def test_a_hostile_safetensors_is_refused(run, best, data):
    forged_runs.replace(best, "model.safetensors", data)
    with pytest.raises(RunError, match=r"model\.safetensors"):
        _ = load_run(run).weights


def test_weights_that_are_not_finite_are_refused(run, best):
    tensors = safetensors.numpy.load_file(best / "model.safetensors")
    tensors["output.bias"] = np.full_like(tensors["output.bias"], np.nan)
    forged_runs.replace(best, "model.safetensors", safetensors.numpy.save(tensors))
    with pytest.raises(RunError, match=r"output\.bias holds numbers that are not finite"):
        _ = load_run(run).weights


def test_weights_that_would_overflow_are_refused(run, best):
    tensors = safetensors.numpy.load_file(best / "model.safetensors")
    tensors["embedding"][3, 2] = -2e9
    forged_runs.replace(best, "model.safetensors", safetensors.numpy.save(tensors))
    with pytest.raises(RunError, match=r"embedding contains values above 1e\+09"):
        _ = load_run(run).weights


@pytest.mark.parametrize(
    "what", ["best", "best/N", "best/N/config.json", "best/N/model.safetensors", "best/N/manifest.json"]
)
def test_a_symbolic_link_in_a_run_is_refused(run, best, tmp_path, what):
    path = run / what.replace("N", best.name)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(RunError, match="symbolic link"):
        load_run(run)


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.pkl", "m.pt", "m.pth", "m.npz", "M.HDF5"])
def test_model_files_of_other_tools_are_refused_by_name(empty_place, name):
    (empty_place / name).write_bytes(b"whatever")
    with pytest.raises(RunError, match=r"unsupported: an? .*; textgen opens only its own run folders"):
        load_run(name)
    assert "pickle" in FOREIGN[".pkl"]


def test_no_existing_file_is_overwritten(run, tmp_path):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(RunExistsError, match=r"`resume`, .*`out`, .*`overwrite=True`"):
        create_run_folder(run)
    assert create_run_folder(run, overwrite=True).path == run
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before

    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"meow")
    for overwrite in (False, True):
        with pytest.raises(RunExistsError, match="a folder with other files"):
            create_run_folder(other, overwrite=overwrite)
    with pytest.raises(RunExistsError, match="a file of that name"):
        create_run_folder(other / "cat.jpg")
    with pytest.raises(StorageError, match="part of that path is a file"):
        create_run_folder(other / "cat.jpg" / "run")


def test_clearing_for_another_run_keeps_files_that_no_run_writes(run):
    (run / "notes.txt").write_text("mine")
    clear_for_overwrite(Folder.opened(run))
    assert {path.name for path in run.iterdir()} == {"notes.txt", "best", "resume"}
    assert not list((run / "resume").iterdir())
    assert load_run(run).weights  # until new ones are saved


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    folder, path = Folder.opened(tmp_path), tmp_path / METADATA
    save_metadata(folder, {"old": 1})

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk full: make room, then train with `resume`"):
        save_metadata(folder, {"new": 2})
    assert json.loads(path.read_text()) == {"old": 1}
    assert [found.name for found in tmp_path.iterdir()] == [METADATA]


def test_tensors_are_written_as_the_library_reads_and_writes_them(tmp_path):
    draw = np.random.default_rng(0)
    tensors = {
        "odd": draw.normal(size=(3, 5)).astype(np.float32),
        "turned": draw.normal(size=(4, 6)).astype(np.float32).T,
        "count": np.array(7, dtype=np.int64),
        "seeds": np.array([1, 2], dtype=np.uint32),
        "none": np.zeros((0, 3), dtype=np.float32),
    }
    (tmp_path / "ours.safetensors").write_bytes(b"".join(bytes(part) for part in tensor_parts(tensors)))
    read = safetensors.numpy.load_file(tmp_path / "ours.safetensors")
    assert set(read) == set(tensors)
    for name, array in tensors.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)
