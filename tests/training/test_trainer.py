"""The central test of the house: train, save, load, the same text."""

import shutil

import numpy as np
import pytest

from tests.conftest import TINY
from tests.helpers.models import best, tiny
from textgen import Generator, train
from textgen.corpus.documents import Corpus, read_corpus
from textgen.errors import CorpusError, RunExistsError, UsageError
from textgen.planning.streams import TrainingStreams, held_out_streams
from textgen.runs.describe import describe
from textgen.runs.diary import SAMPLES
from textgen.runs.losses import bits
from textgen.runs.run import load_run
from textgen.tokens.layout import IGNORED
from textgen.training.feed import Batches


def samples_are_written_again(run):
    """The best epoch's sample was written by the weights in memory; the run, loaded, writes it again."""
    history = load_run(run).history()
    best_epoch = min(history, key=lambda line: line["validation_nats"])["epoch"]
    settings = {"length": 20, "temperature": 0.8, "seed": 0}
    sample = f"=== epoch {best_epoch} ===\n{Generator.load(run).generate(**settings)}\n"
    return sample in (run / SAMPLES).read_text("utf-8")


def test_the_default_model_writes_the_same_text_when_loaded(tiny_run):
    assert samples_are_written_again(tiny_run)


@pytest.mark.parametrize(
    "options",
    [
        {"encoder": "onehot"},
        {"layers": 2, "dropout": 0.2},
        {"bias": False},
        {"tokenizer": "word", "documents": "line"},
        {"tokenizer": "word", "vocabulary_size": 30, "encoder": "onehot", "documents": "block"},
        {"projection": 10, "embedding_size": 10, "tie": True, "layers": 2},
        {"tokenizer": "word", "documents": "line", "softmax_samples": 24},
        {
            "tokenizer": "word",
            "documents": "line",
            "softmax_samples": 24,
            "embedding_size": 7,
            "projection": 7,
            "tie": True,
        },
    ],
)
def test_train_save_load_same_text(text_file, tmp_path, options):
    history = tiny(text_file, tmp_path / "run", **options)
    assert history.path == tmp_path / "run"
    assert samples_are_written_again(history.path)


def test_the_loss_falls_and_the_figures_agree(text_file, tmp_path):
    history = tiny(text_file, tmp_path / "run", epochs=4, learning_rate=0.01)
    losses = [line["training_nats"] for line in history.epochs]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 0.3
    assert history.best_nats == min(line["validation_nats"] for line in history.epochs)
    assert [line["epoch"] for line in history.epochs] == [1, 2, 3, 4]
    for line in history.epochs:
        assert line["validation_bits_per_character"] == pytest.approx(line["validation_nats"] / np.log(2))
        assert line["validation_bits_per_byte"] == pytest.approx(line["validation_bits_per_character"])  # all is ASCII
        assert line["steps_per_second"] > 0
    # The cosine has come down to a hundredth of the top.
    assert history.epochs[-1]["learning_rate"] == pytest.approx(0.0001, rel=0.05)


def test_the_validation_loss_is_the_engine_s(text_file, tiny_run):
    """Recomputed outside Keras: the streams of the held-out text, symbol by symbol."""
    told = min(line["validation_nats"] for line in load_run(tiny_run).history())
    generator = Generator.load(tiny_run)
    held_out = "".join(read_corpus(text_file).split(0.1)[1])
    ids = np.array([0, *generator.tokenizer.encode(held_out)])
    streams = held_out_streams(ids, TINY["batch_size"], TINY["sequence_length"])
    state, nats = generator.engine.initial_state(streams.rows), []
    for inputs, targets in (streams.step(index) for index in range(streams.steps)):
        for time in range(streams.length):
            logits, state = generator.engine.step(state, inputs[:, time])
            logits = logits.astype(np.float64)
            log_sums = np.log(np.exp(logits).sum(axis=1))
            counted = np.flatnonzero(targets[:, time] != IGNORED)
            nats += (log_sums[counted] - logits[counted, targets[counted, time]]).tolist()
    assert len(nats) == len(ids) - 1
    assert np.mean(nats) == pytest.approx(told, rel=1e-4)


def test_word_losses_are_told_by_the_character_the_byte_and_the_word_of_papers(word_run, text_file):
    last = load_run(word_run).history()[-1]
    assert last["validation_bits_per_character"] < bits(last["validation_nats"]) / 2
    run = load_run(word_run)
    held_out = read_corpus(text_file, "block").split(0.1)[1]
    symbols = sum(len(run.tokenizer.split(text)) for text in held_out) + len(held_out) - 1
    words = sum(len(text.split()) + text.count("\n") for text in held_out) + len(held_out) - 1
    assert last["validation_bits_per_word"] == pytest.approx(bits(last["validation_nats"]) * symbols / words)
    size = sum(len(text.encode()) for text in held_out)
    assert last["validation_bits_per_byte"] == pytest.approx(bits(last["validation_nats"]) * symbols / size)
    assert f"{last['validation_bits_per_byte']:.4f} bits a byte, word perplexity " in dict(describe(run))["best"]


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
        tiny(text_file, tmp_path / name, seed=seed, layers=2, dropout=0.3, epochs=1, sample_length=0)
    one, two, three = (best(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two != three


def test_a_run_is_overwritten_only_when_asked_and_then_wholly(text_file, tiny_run, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(tiny_run, path)
    first = best(path)
    with pytest.raises(RunExistsError):
        tiny(text_file, path, units=8)
    assert best(path) == first
    train(text_file, path, overwrite=True, quiet=True, **TINY | {"units": 8, "epochs": 1})
    assert load_run(path).model.units == 8
    assert len(load_run(path).history()) == 1


def test_stretches_are_read_in_the_order_of_the_text(text_file, tmp_path, monkeypatch):
    """Each stretch begins where the last ended, or the carried state is another text's."""
    original, seen = Batches.__getitem__, []

    def watched(dataset, index):
        inputs, targets = original(dataset, index)
        if isinstance(dataset.streams, TrainingStreams):
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
    with pytest.raises(UsageError, match="no text given: give `corpus`, a path or several, or `text`, the text itself"):
        train()
    with pytest.raises(CorpusError, match="needs 65"):
        train(Corpus("short", ("brief",)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_budget_of_minutes_is_annealed_to_its_end(text_file, tmp_path):
    path = tmp_path / "run"
    left = []
    options = TINY | {"epochs": None, "minutes": 0.15}
    history = train(text_file, path, quiet=True, on_step=lambda info: left.append(info.seconds_left), **options)
    assert 9 > left[0] > left[-1] >= 0  # what is left of the budget
    last = history.epochs[-1]
    # The end is 0.0001, a hundredth of the peak. On a busy machine the clock ends the training a few steps before.
    assert 0.000099 <= last["learning_rate"] < 0.001
    assert history.seconds >= 0.5 * 9
    run = load_run(path)
    assert (run.training.minutes, run.training.epochs, run.training.patience) == (0.15, None, 0)


def test_a_budget_too_short_for_anything_trains_on_what_fits_and_says_so(text_file, tmp_path, capsys):
    options = {name: value for name, value in TINY.items() if name != "epochs"}
    history = train(text_file, tmp_path / "run", minutes=0.001, **options)
    assert len(history.epochs) == 1
    assert 0 < history.epochs[0]["step"] < 10_000
    assert "note: a budget of 0.001 minutes is less than start-up takes" in capsys.readouterr().err
    assert Generator.load(tmp_path / "run").generate(length=3)


def test_epochs_and_minutes_together_are_refused(text_file, tmp_path):
    with pytest.raises(UsageError, match="`epochs=3` and `minutes=2`"):
        train(text_file, tmp_path / "run", epochs=3, minutes=2)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_minutes_are_a_positive_number(text_file, tmp_path, minutes):
    with pytest.raises(UsageError, match="`minutes` takes a number above 0"):
        train(text_file, tmp_path / "run", minutes=minutes)


def test_documents_that_a_program_made_are_what_the_options_say(tmp_path, text_file):
    lines = tuple(line for line in text_file.read_text().splitlines() if line)
    history = train(Corpus("lines", lines), tmp_path / "run", quiet=True, documents="line", **TINY | {"epochs": 1})
    assert load_run(history.path).training.documents == "line"
