"""Trainings that were cut short, and gone on with to the same end; and finished ones, trained longer."""

import json
import shlex
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import ALL_CORES, TINY, on_all_cores, verse
from tests.helpers import forged_runs
from tests.helpers.models import best, tiny
from textgen import Generator, train
from textgen.corpus.documents import Corpus
from textgen.errors import CorpusError, DivergenceError, RunError, UsageError
from textgen.planning.streams import TrainingStreams
from textgen.runs.diary import HISTORY
from textgen.runs.folder import RESUME, STATE, TENSORS, WEIGHTS
from textgen.runs.run import load_run
from textgen.training.feed import Batches

OF_CHARACTERS = "--embedding-size 12 --epochs 6"
# A loss over candidates, tables of which a step reads some rows, and everything that is drawn at random: which labels
# are told, too.
OF_WORDS = "--unit word --documents line --epochs 8 --tie --projection 12 --softmax-samples 40 --variational"
OF_WORDS += " --embedding-dropout 0.1 --input-dropout 0.1 --recurrent-dropconnect 0.1 --change-penalty 1"
OF_WORDS += " --label file --classify file"
# Runs the commands that it is given in one process, so that TensorFlow starts once for them.
ONE_BY_ONE = """
import runpy, shlex, sys
for line in sys.argv[1:]:
    sys.argv = ["textgen", *shlex.split(line)]
    try:
        runpy.run_module("textgen", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise
"""


@pytest.mark.interrupted
@pytest.mark.parametrize("options", [OF_CHARACTERS, OF_WORDS])
def test_a_resumed_training_ends_where_an_uninterrupted_one_does(options, text_file, tmp_path):
    """A real process on every core, a real Ctrl-C; a new process goes on, and then trains the whole at a stretch."""
    real = {"text": True, "preexec_fn": on_all_cores if ALL_CORES else None}
    options = f"{options} --units 24 --batch-size 8 --sequence-length 16 --sample-length 0 --layers 2 --dropout 0.2"
    options = [*options.split(), "--patience", "0"]
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    command = [sys.executable, "-m", "textgen", "train", str(text_file), "--out", str(cut), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, **real)
    try:
        history = cut / HISTORY
        deadline = time.monotonic() + 120
        while not (history.exists() and len(history.read_text().splitlines()) >= 2):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert f"textgen train --resume {cut}" in errors
    assert "Traceback" not in errors
    state = json.loads((forged_runs.newest(cut, RESUME) / STATE).read_text())
    assert 2 <= state["epoch"] < state["epochs"]

    lines = [
        shlex.join(["train", "--resume", str(cut)]),
        shlex.join(["train", str(text_file), "--out", str(whole), *options]),
    ]
    both = subprocess.run([sys.executable, "-c", ONE_BY_ONE, *lines], capture_output=True, check=False, **real)
    assert both.returncode == 0, both.stderr
    assert best(cut) == best(whole)
    for name in ("validation_nats", "gradient_norm"):
        told = [[line[name] for line in load_run(path).history()] for path in (whole, cut)]
        assert told[0] == told[1]


@pytest.fixture
def cut_run(made_once, text_file, tmp_path):
    """A run cut short by Ctrl-C in its second epoch: a copy of one that is trained once."""
    original = Batches.__getitem__

    def interrupted(dataset, index):
        if dataset.first and index == 20 and isinstance(dataset.streams, TrainingStreams):
            signal.raise_signal(signal.SIGINT)
        return original(dataset, index)

    def learn(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Batches, "__getitem__", interrupted)
            with pytest.raises(KeyboardInterrupt):
                tiny(text_file, folder / "cut")

    path = tmp_path / "cut"
    shutil.copytree(made_once("cut-run", learn) / "cut", path)
    assert len(load_run(path).history()) == 1
    return path


def test_interrupted_before_the_first_epoch_ends_nothing_is_lost(text_file, tmp_path, monkeypatch):
    original = Batches.__getitem__

    def interrupted(dataset, index):
        if index == 20 and isinstance(dataset.streams, TrainingStreams):
            signal.raise_signal(signal.SIGINT)
        return original(dataset, index)

    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Batches, "__getitem__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tiny(text_file, path)
    assert Generator.load(path).generate(length=5)
    history = train(resume=path, quiet=True)
    assert [line["epoch"] for line in history.epochs] == [1, 2]


def test_resuming_a_changed_text_is_refused(cut_run, tmp_path):
    before = {path: path.read_bytes() for path in cut_run.rglob("*") if path.is_file()}
    other = tmp_path / "other.txt"
    other.write_text(verse().replace("hen", "jay"))
    with pytest.raises(CorpusError, match="differs from the text"):
        train(other, resume=cut_run, quiet=True)
    with pytest.raises(UsageError, match="leave out `units`, `out`"):
        train(resume=cut_run, out="x", units=3)
    assert {path: path.read_bytes() for path in cut_run.rglob("*") if path.is_file()} == before


def test_a_resume_state_that_is_none_is_refused(cut_run):
    folder = forged_runs.newest(cut_run, RESUME)
    forged_runs.tensors(folder, lambda tensors: tensors.pop("weight.0"))
    with pytest.raises(RunError, match=r"missing tensors \['weight\.0'\]"):
        train(resume=cut_run, quiet=True)
    forged_runs.edit(folder, STATE, lambda state: state.update(step=-1))
    with pytest.raises(RunError, match='invalid value for "step": -1'):
        train(resume=cut_run, quiet=True)
    forged_runs.edit(folder, STATE, lambda state: state.pop("step"))
    with pytest.raises(RunError, match="missing entries 'step'"):
        train(resume=cut_run, quiet=True)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"epochs": None}, "contradict each other"),
        ({"last_step": None}, "contradict each other"),
        ({"epoch_end": 1}, "contradict each other"),
        ({"epoch_end": 10**9}, "contradict each other"),
        ({"best_epoch": 99}, "contradict each other"),
        ({"history": [{"epoch": 1}]}, r"history\[0\].*missing entries"),
        ({"history": ["x"]}, r"history\[0\]"),
        ({"paths": [{}]}, r"paths\[0\]"),
    ],
)
def test_a_state_that_contradicts_itself_is_refused(cut_run, change, complaint):
    folder = forged_runs.newest(cut_run, RESUME)
    forged_runs.edit(folder, STATE, lambda state: state.update(change))
    with pytest.raises(RunError, match=complaint):
        train(resume=cut_run, quiet=True)


def test_a_damaged_resume_state_is_passed_over_and_said(cut_run, tiny_run, capsys):
    """An older one is gone on from, to the same end: that of `tiny_run`, which nobody interrupted."""
    newest = forged_runs.newest(cut_run, RESUME)
    older = min((cut_run / RESUME).iterdir())
    assert older != newest
    data = (newest / TENSORS).read_bytes()
    (newest / TENSORS).write_bytes(data[:-1] + bytes([data[-1] ^ 64]))
    train(resume=cut_run)
    errors = capsys.readouterr().err
    assert f"{newest / TENSORS}: damaged: its SHA-256 is not the one it was saved with; continuing from" in errors
    assert best(cut_run) == best(tiny_run)


def test_where_no_resume_state_is_sound_the_newest_is_complained_of(cut_run):
    for folder in (cut_run / RESUME).iterdir():
        (folder / STATE).write_text("{}")
    with pytest.raises(RunError, match=r"state\.json: damaged"):
        train(resume=cut_run, quiet=True)


def test_damaged_best_weights_are_replaced_by_the_next(cut_run, capsys):
    weights = forged_runs.newest(cut_run) / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-5])
    with pytest.raises(RunError, match="damaged"):
        load_run(cut_run)
    train(resume=cut_run)
    assert "the next epoch's weights replace the best" in capsys.readouterr().err
    assert Generator.load(cut_run).generate(length=3)


def test_a_finished_run_is_not_resumed_by_accident(tiny_run):
    with pytest.raises(RunError, match="its training has ended; train it longer with `epochs` or `minutes`"):
        train(resume=tiny_run)


def test_a_finished_run_is_trained_longer(tiny_run, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(tiny_run, path)
    first = load_run(path).history()
    more = train(resume=path, epochs=3, quiet=True)
    assert [line["epoch"] for line in more.epochs] == [1, 2, 3, 4, 5]
    assert more.epochs[:2] == first
    assert more.best_nats < min(line["validation_nats"] for line in first)
    rates = [line["learning_rate"] for line in more.epochs]
    assert rates[1] < rates[2] > rates[3] > rates[4]
    assert rates[4] == pytest.approx(0.0001, rel=0.05)
    longer = train(resume=path, minutes=0.05, quiet=True)
    assert len(longer.epochs) > 5
    assert longer.epochs[-1]["step"] > more.epochs[-1]["step"]
    assert load_run(path).history() == longer.epochs
    with pytest.raises(UsageError, match="both set the length"):
        train(resume=path, minutes=0.05, epochs=2)


def test_a_run_cut_short_is_trained_longer_than_it_was_meant_to(cut_run):
    history = train(resume=cut_run, epochs=1, quiet=True)
    assert [line["epoch"] for line in history.epochs] == [1, 2, 3]


def test_patience_begins_anew_when_a_run_is_trained_longer(tmp_path):
    text = Corpus("two halves", ("abcdefgh" * 250 + "hgfedcba" * 30,))
    history = tiny(text, tmp_path / "run", epochs=60, patience=2, learning_rate=0.05)
    assert history.stopped_early
    more = train(text, resume=tmp_path / "run", epochs=5, quiet=True)
    assert len(more.epochs) >= len(history.epochs) + 2


def test_another_environment_is_told_and_samples_are_not_told_twice(cut_run, capsys):
    folder = forged_runs.newest(cut_run, RESUME)
    forged_runs.edit(folder, STATE, lambda state: state["environment"].update(keras="3.0.0", cores=64))
    with open(cut_run / "samples.txt", "a") as file:
        file.write("=== epoch 2 ===\nwritten before the power went\n\n")
    train(resume=cut_run)
    errors = capsys.readouterr().err
    assert "cores 64 -> " in errors
    assert "keras 3.0.0 -> " in errors
    assert "the result will not be bit-identical" in errors
    samples = (cut_run / "samples.txt").read_text()
    assert [line for line in samples.splitlines() if line.startswith("===")] == ["=== epoch 1 ===", "=== epoch 2 ==="]
    assert "power" not in samples


def test_a_loss_that_is_no_number_stops_training_and_keeps_the_last_weights(cut_run):
    """A weight in the resume state that is far too large: the next step's loss is no number."""
    kept = best(cut_run)

    def enormous(tensors):
        for name in tensors:
            if name.startswith("weight."):
                tensors[name] = np.full_like(tensors[name], 3e38)

    forged_runs.tensors(forged_runs.newest(cut_run, RESUME), enormous)
    with pytest.raises(DivergenceError, match=r"the loss stopped being a number by step \d+; what was saved"):
        train(resume=cut_run, quiet=True)
    assert best(cut_run) == kept
    assert np.isfinite(load_run(cut_run).weights["output.bias"]).all()


def test_a_budget_cut_short_is_gone_on_with(text_file, tmp_path, monkeypatch):
    original, path = Batches.__getitem__, tmp_path / "cut"

    pressed = []

    def interrupted(dataset, index):
        if dataset.first and isinstance(dataset.streams, TrainingStreams) and not pressed:  # the first steps are timed
            pressed.append(signal.raise_signal(signal.SIGINT))
        return original(dataset, index)

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "__getitem__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(text_file, path, quiet=True, **TINY | {"epochs": None, "minutes": 0.05})
    state = json.loads((forged_runs.newest(path, RESUME) / STATE).read_text())
    history = train(resume=path, quiet=True)
    # The number of steps was fixed when it was cut, and stays.
    assert history.epochs[-1]["step"] == state["last_step"]
    # On a machine so busy that the budget was over at the first look, no step was left to anneal in.
    if state["step"] < state["last_step"]:
        assert history.epochs[-1]["learning_rate"] == pytest.approx(0.0001, rel=0.05)
