"""The central test of the house: train, save, load, the same text."""

import hashlib
import itertools
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests import forging
from tests.conftest import TINY, verse
from textgen import Generator, runs, train
from textgen.callbacks import bits
from textgen.corpus import Corpus, read_corpus
from textgen.errors import CorpusError, DivergenceError, RunError, RunExistsError, UsageError
from textgen.feeding import Batches


def tiny(text, out, **options):
    return train(text, out, quiet=True, **TINY | options)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"encoder": "onehot"},
        {"layers": 2, "dropout": 0.2},
        {"bias": False},
        {"tokenizer": "word", "documents": "line"},
        {"tokenizer": "word", "vocabulary_size": 30, "encoder": "onehot", "documents": "block"},
    ],
)
def test_train_save_load_same_text(text_file, tmp_path, options):
    history = tiny(text_file, tmp_path / "run", **options)
    assert history.path == tmp_path / "run"
    run = runs.load(history.path)
    samples = (history.path / runs.SAMPLES).read_text("utf-8")
    # The best epoch's sample was written by the weights in memory; the run, loaded, writes it again.
    settings = {"length": 20, "temperature": 0.8, "seed": 0}
    assert f"=== epoch {history.best_epoch} ===\n{Generator.load(run.path).generate(**settings)}\n" in samples


def test_the_loss_falls_and_the_figures_agree(text_file, tmp_path):
    history = tiny(text_file, tmp_path / "run", epochs=4, learning_rate=0.01)
    losses = [line["training_nats"] for line in history.epochs]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 0.3
    assert history.best_nats == min(line["validation_nats"] for line in history.epochs)
    assert [line["epoch"] for line in history.epochs] == [1, 2, 3, 4]
    for line in history.epochs:
        assert line["validation_bits_per_character"] == pytest.approx(line["validation_nats"] / np.log(2))
        assert line["steps_per_second"] > 0
    # The cosine has come down to a hundredth of the top.
    assert history.epochs[-1]["learning_rate"] == pytest.approx(0.0001, rel=0.05)


def test_the_validation_loss_is_the_engine_s(text_file, tmp_path):
    """Recomputed outside Keras: the held-out text read in one stream, symbol by symbol."""
    history = tiny(text_file, tmp_path / "run")
    generator = Generator.load(tmp_path / "run")
    held_out = "".join(read_corpus(text_file).split(0.1)[1])
    ids = [0, *generator.tokenizer.encode(held_out)]
    state, total = generator.engine.initial_state(1), 0.0
    for before, after in itertools.pairwise(ids):
        logits, state = generator.engine.step(state, [before])
        logits = logits[0].astype(np.float64)
        total += np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[after]
    # Keras read it as several streams, each beginning without context.
    assert total / (len(ids) - 1) == pytest.approx(history.best_nats, rel=0.02)


def test_word_losses_are_told_by_the_character_too(word_run):
    last = runs.load(word_run).history()[-1]
    assert last["validation_bits_per_character"] < bits(last["validation_nats"]) / 2


def test_best_weights_are_kept_and_training_stops_early(tmp_path):
    """Learning the training text by heart makes the held-out text, which is another, worse and worse."""
    text = Corpus("two halves", ("abcdefgh" * 250 + "hgfedcba" * 30,))
    history = tiny(text, tmp_path / "run", epochs=60, patience=3, learning_rate=0.05)
    assert history.stopped_early
    assert len(history.epochs) == history.best_epoch + 3
    assert history.best_nats == history.epochs[history.best_epoch - 1]["validation_nats"]
    assert history.epochs[-1]["validation_nats"] > history.best_nats


def test_no_validation_means_the_training_loss_decides(text_file, tmp_path):
    history = tiny(text_file, tmp_path / "run", validation=0.0)
    assert "validation_nats" not in history.epochs[0]
    assert history.best_nats == history.epochs[-1]["training_nats"]


def test_equal_seeds_learn_equal_weights(text_file, tmp_path):
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        tiny(text_file, tmp_path / name, seed=seed, layers=2, dropout=0.3)
    one, two, three = (best(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two != three


def best(run):
    """SHA-256 of a run's best weights."""
    return sha256(forging.newest(run) / runs.WEIGHTS)


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(text_file, tmp_path):
    """A real process, a real Ctrl-C."""
    options = ["--units", 24, "--embedding-size", 12, "--batch-size", 8, "--sequence-length", 16, "--sample-length", 0]
    options = [*map(str, options), "--epochs", "12", "--layers", "2", "--dropout", "0.2", "--patience", "0"]
    whole = tmp_path / "whole"
    command = [sys.executable, "-m", "textgen", "train"]
    subprocess.run([*command, str(text_file), "--out", str(whole), *options], check=True, capture_output=True)
    cut = tmp_path / "cut"
    process = subprocess.Popen(
        [*command, str(text_file), "--out", str(cut), *options], stderr=subprocess.PIPE, text=True
    )
    try:
        history = cut / runs.HISTORY
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
    state = json.loads((forging.newest(cut, runs.RESUME) / runs.STATE).read_text())
    assert 2 <= state["epoch"] < 12

    resumed = subprocess.run([*command, "--resume", str(cut)], capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert best(cut) == best(whole)
    losses = [[line["validation_nats"] for line in runs.load(path).history()] for path in (whole, cut)]
    assert losses[0] == losses[1]


@pytest.fixture
def cut_run(text_file, tmp_path, monkeypatch):
    """A run cut short by Ctrl-C in its second epoch."""
    original = Batches.__getitem__

    def interrupted(dataset, index):
        if dataset.first and index == 20 and dataset.streams.wrap:
            signal.raise_signal(signal.SIGINT)
        return original(dataset, index)

    path = tmp_path / "cut"
    with monkeypatch.context() as patch:
        patch.setattr(Batches, "__getitem__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tiny(text_file, path)
    assert len(runs.load(path).history()) == 1
    return path


def test_interrupted_before_the_first_epoch_ends_nothing_is_lost(text_file, tmp_path, monkeypatch):
    original = Batches.__getitem__

    def interrupted(dataset, index):
        if index == 20 and dataset.streams.wrap:
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
    with pytest.raises(UsageError, match="leave out: units, out"):
        train(resume=cut_run, out="x", units=3)
    assert {path: path.read_bytes() for path in cut_run.rglob("*") if path.is_file()} == before


def test_a_resume_state_that_is_none_is_refused(cut_run):
    folder = forging.newest(cut_run, runs.RESUME)
    forging.tensors(folder, lambda tensors: tensors.pop("weight.0"))
    with pytest.raises(RunError, match=r"missing tensors \['weight\.0'\]"):
        train(resume=cut_run, quiet=True)
    forging.edit(folder, runs.STATE, lambda state: state.update(step=-1))
    with pytest.raises(RunError, match="step is '-1', which it cannot be"):
        train(resume=cut_run, quiet=True)
    forging.edit(folder, runs.STATE, lambda state: state.pop("step"))
    with pytest.raises(RunError, match="not the state of a training"):
        train(resume=cut_run, quiet=True)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": None},
        {"last_step": None},
        {"epoch_end": 1},
        {"epoch_end": 10**9},
        {"best_epoch": 99},
        {"history": [{"epoch": 1}]},
        {"history": ["x"]},
        {"paths": [{}]},
    ],
)
def test_a_state_that_contradicts_itself_is_refused(cut_run, change):
    folder = forging.newest(cut_run, runs.RESUME)
    forging.edit(folder, runs.STATE, lambda state: state.update(change))
    with pytest.raises(RunError, match="contradict each other"):
        train(resume=cut_run, quiet=True)


def test_a_damaged_resume_state_is_passed_over_and_said(cut_run, text_file, tmp_path, capsys):
    """An older one is gone on from, to the same end."""
    newest = forging.newest(cut_run, runs.RESUME)
    older = min((cut_run / runs.RESUME).iterdir())
    assert older != newest
    data = (newest / runs.TENSORS).read_bytes()
    (newest / runs.TENSORS).write_bytes(data[:-1] + bytes([data[-1] ^ 64]))
    train(resume=cut_run)
    errors = capsys.readouterr().err
    assert f"{newest / runs.TENSORS}: damaged: its SHA-256 is not the one it was saved with; going on from" in errors
    tiny(text_file, tmp_path / "whole")
    assert best(cut_run) == best(tmp_path / "whole")


def test_where_no_resume_state_is_sound_the_newest_is_complained_of(cut_run):
    for folder in (cut_run / runs.RESUME).iterdir():
        (folder / runs.STATE).write_text("{}")
    with pytest.raises(RunError, match=r"state\.json: damaged"):
        train(resume=cut_run, quiet=True)


def test_damaged_best_weights_are_replaced_by_the_next(cut_run, capsys):
    weights = forging.newest(cut_run) / runs.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-5])
    with pytest.raises(RunError, match="damaged"):
        runs.load(cut_run)
    train(resume=cut_run)
    assert "the next epoch's weights take the place of the best" in capsys.readouterr().err
    assert Generator.load(cut_run).generate(length=3)


def test_a_finished_run_is_not_resumed_by_accident(tiny_run):
    with pytest.raises(RunError, match="its training has ended; train it longer with --epochs N or --minutes N"):
        train(resume=tiny_run)


def test_a_finished_run_is_trained_longer(text_file, tmp_path):
    path = tmp_path / "run"
    first = tiny(text_file, path)
    more = train(resume=path, epochs=3, quiet=True)
    assert [line["epoch"] for line in more.epochs] == [1, 2, 3, 4, 5]
    assert more.epochs[:2] == first.epochs
    assert more.best_nats < first.best_nats
    rates = [line["learning_rate"] for line in more.epochs]
    assert rates[1] < rates[2] > rates[3] > rates[4]
    assert rates[4] == pytest.approx(0.0001, rel=0.05)
    longer = train(resume=path, minutes=0.1, quiet=True)
    assert len(longer.epochs) > 5
    assert longer.epochs[-1]["step"] > more.epochs[-1]["step"]
    assert runs.load(path).history() == longer.epochs
    with pytest.raises(UsageError, match="both say how long"):
        train(resume=path, minutes=0.1, epochs=2)


def test_a_run_cut_short_is_trained_longer_than_it_was_meant_to(cut_run):
    history = train(resume=cut_run, epochs=1, quiet=True)
    assert [line["epoch"] for line in history.epochs] == [1, 2, 3]


def test_patience_begins_anew_when_a_run_is_trained_longer(tmp_path):
    text = Corpus("two halves", ("abcdefgh" * 250 + "hgfedcba" * 30,))
    history = tiny(text, tmp_path / "run", epochs=60, patience=2, learning_rate=0.05)
    assert history.stopped_early
    more = train(text, resume=tmp_path / "run", epochs=5, quiet=True)
    assert len(more.epochs) >= len(history.epochs) + 2


def test_another_environment_is_told(cut_run, capsys):
    folder = forging.newest(cut_run, runs.RESUME)
    forging.edit(folder, runs.STATE, lambda state: state["environment"].update(keras="3.0.0", cores=64))
    train(resume=cut_run)
    errors = capsys.readouterr().err
    assert "note: cores 64 -> " in errors
    assert "keras 3.0.0 -> " in errors
    assert "the training goes on, but not bit for bit as it would have" in errors


def test_samples_are_not_told_twice(cut_run):
    with open(cut_run / "samples.txt", "a") as file:
        file.write("=== epoch 2 ===\nwritten before the power went\n\n")
    train(resume=cut_run, quiet=True)
    samples = (cut_run / "samples.txt").read_text()
    assert [line for line in samples.splitlines() if line.startswith("===")] == ["=== epoch 1 ===", "=== epoch 2 ==="]
    assert "power" not in samples


def test_a_run_is_overwritten_only_when_asked_and_then_wholly(text_file, tmp_path):
    path = tmp_path / "run"
    tiny(text_file, path)
    first = best(path)
    with pytest.raises(RunExistsError):
        tiny(text_file, path, units=8)
    assert best(path) == first
    train(text_file, path, overwrite=True, quiet=True, **TINY | {"units": 8, "epochs": 1})
    assert runs.load(path).model.units == 8
    assert len(runs.load(path).history()) == 1


def test_a_loss_that_is_no_number_stops_training_and_keeps_the_last_weights(cut_run):
    """A weight in the resume state that is far too large: the next step's loss is no number."""
    kept = best(cut_run)

    def enormous(tensors):
        for name in tensors:
            if name.startswith("weight."):
                tensors[name] = np.full_like(tensors[name], 3e38)

    forging.tensors(forging.newest(cut_run, runs.RESUME), enormous)
    with pytest.raises(DivergenceError, match=r"the loss stopped being a number by step \d+; what was saved"):
        train(resume=cut_run, quiet=True)
    assert best(cut_run) == kept
    assert np.isfinite(runs.load(cut_run).weights["output.bias"]).all()


def test_stretches_are_read_in_the_order_of_the_text(text_file, tmp_path, monkeypatch):
    """Each stretch begins where the last ended, or the carried state is another text's."""
    original, seen = Batches.__getitem__, []

    def watched(dataset, index):
        inputs, targets = original(dataset, index)
        if dataset.streams.wrap:
            seen.append((dataset.first + index, inputs, targets, inputs["carry"].max()))
        return inputs, targets

    monkeypatch.setattr(Batches, "__getitem__", watched)
    history = tiny(text_file, tmp_path / "run", epochs=3)
    steps = history.epochs[0]["step"]
    seen = {step: rest for step, *rest in seen}  # fit looks at some more than once
    assert sorted(seen) == list(range(3 * steps))
    firsts = set()
    for step, (inputs, targets, carry) in seen.items():
        assert np.array_equal(inputs["ids"][:, 1:], targets[:, :-1])
        assert carry == float(step % steps > 0)
        if step % steps:
            assert np.array_equal(seen[step - 1][1][:, -1], inputs["ids"][:, 0])
        else:
            firsts.add(inputs["ids"].tobytes())
    assert len(firsts) == 3  # and each pass begins elsewhere


def test_options_are_checked_before_anything_is_made(text_file, tmp_path):
    with pytest.raises(UsageError, match="no option 'unitz'; did you mean 'units'"):
        train(text_file, tmp_path / "run", unitz=3)
    with pytest.raises(UsageError, match="no text given"):
        train()
    with pytest.raises(CorpusError, match="needs 65"):
        train(Corpus("short", ("brief",)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_budget_of_minutes_is_annealed_to_its_end(text_file, tmp_path):
    path = tmp_path / "run"
    history = train(text_file, path, quiet=True, **TINY | {"epochs": None, "minutes": 0.15})
    last = history.epochs[-1]
    assert last["learning_rate"] == pytest.approx(0.0001, rel=0.05)
    assert history.seconds >= 0.5 * 9
    run = runs.load(path)
    assert (run.training.minutes, run.training.epochs, run.training.patience) == (0.15, None, 0)


def test_a_budget_too_short_for_anything_trains_on_what_fits_and_says_so(text_file, tmp_path, capsys):
    options = {name: value for name, value in TINY.items() if name != "epochs"}
    history = train(text_file, tmp_path / "run", minutes=0.001, **options)
    assert len(history.epochs) == 1
    assert 0 < history.epochs[0]["step"] < 10_000
    assert "note: --minutes 0.001 is less than starting takes; training on" in capsys.readouterr().err
    assert Generator.load(tmp_path / "run").generate(length=3)


def test_a_budget_cut_short_is_gone_on_with(text_file, tmp_path, monkeypatch):
    original, path = Batches.__getitem__, tmp_path / "cut"

    pressed = []

    def interrupted(dataset, index):
        if dataset.first and dataset.streams.wrap and not pressed:  # the first steps are timed
            pressed.append(signal.raise_signal(signal.SIGINT))
        return original(dataset, index)

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "__getitem__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(text_file, path, quiet=True, **TINY | {"epochs": None, "minutes": 0.15})
    state = json.loads((forging.newest(path, runs.RESUME) / runs.STATE).read_text())
    history = train(resume=path, quiet=True)
    # The number of steps was fixed when it was cut, and stays.
    assert history.epochs[-1]["step"] == state["last_step"]
    assert history.epochs[-1]["learning_rate"] == pytest.approx(0.0001, rel=0.05)


def test_epochs_and_minutes_together_are_refused(text_file, tmp_path):
    with pytest.raises(UsageError, match="--epochs 3 and --minutes 2 both say how long: give one"):
        train(text_file, tmp_path / "run", epochs=3, minutes=2)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_minutes_are_a_positive_number(text_file, tmp_path, minutes):
    with pytest.raises(UsageError, match="--minutes takes a number above 0"):
        train(text_file, tmp_path / "run", minutes=minutes)
