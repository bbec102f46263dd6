"""Run folders of every released format can be loaded: one of each is kept here and never written again."""

import shutil

import pytest

from tests.conftest import ROOT
from textgen import Generator, train
from textgen.runs.run import FORMAT, load_run

KEPT = sorted((ROOT / "tests/data").glob("format*"))


def test_there_is_a_run_of_each_format():
    assert [path.name for path in KEPT] == [f"format{number}" for number in range(1, FORMAT + 1)]


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_an_old_run_is_loaded_and_writes(folder):
    run = load_run(folder / "run")
    assert (run.model.units, run.model.layers, run.model.embedding_size, run.training.seed) == (6, 1, 4, 3)
    assert run.tokenizer.unknown((folder / "tale.txt").read_text()) == []
    assert len(run.history()) == 2
    assert run.metadata["corpus"] == "tale"
    generator = Generator.load(folder / "run")
    assert len(generator.generate("The hen", length=30, temperature=0)) >= 37
    # It predicts the training text about as well as its history says.
    score = generator.score((folder / "tale.txt").read_text())
    assert score.nats / len(score.symbols) == pytest.approx(run.history()[-1]["training_nats"], rel=0.2)


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_an_old_run_is_trained_further(folder, tmp_path):
    shutil.copytree(folder / "run", tmp_path / "run")
    history = train(folder / "tale.txt", resume=tmp_path / "run", epochs=2, quiet=True)
    assert [line["epoch"] for line in history.epochs] == [1, 2, 3, 4]
    assert history.best_nats < history.epochs[0]["validation_nats"]
