"""The small model that comes with a clone."""

import dataclasses
import json
import re
import shutil
import time

import pytest

from tests.conftest import ROOT
from tests.helpers import forged_runs
from tests.helpers.models import tiny
from textgen import Generator
from textgen.planning.plan import plan
from textgen.runs.folder import SHIPPED as NAME
from textgen.runs.run import load_run

SHIPPED = ROOT / "checkpoints" / NAME


@pytest.fixture
def clone(empty_place):
    """A working directory like a clone's before any training."""
    shutil.copytree(SHIPPED, empty_place / "checkpoints" / NAME)
    return empty_place


def test_it_is_small_and_says_how_it_was_made():
    size = sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file())
    assert size <= 3_000_000
    run = load_run(SHIPPED)
    assert run.metadata["note"] == "made by: make checkpoint"
    assert "checkpoint:" in (ROOT / "Makefile").read_text()
    assert not (SHIPPED / "resume").exists()


def test_its_text_is_the_one_in_the_clone():
    from textgen.corpus.documents import read_corpus

    corpus = read_corpus(ROOT / "corpora" / "ferryman.txt")
    run = load_run(SHIPPED)
    assert run.metadata["corpus_sha256"] == corpus.fingerprint()
    counted = plan(corpus, run.model, run.training, tokenizer=run.tokenizer).baselines()
    assert dataclasses.asdict(run.baselines) == pytest.approx(dataclasses.asdict(counted))
    # It predicts the held-out text as well as its history says.
    held_out = corpus.split(0.1)[1]
    score = Generator.load(SHIPPED).score(held_out)
    best = min(line["validation_nats"] for line in load_run(SHIPPED).history())
    assert score.nats / len(score.symbols) == pytest.approx(best, rel=0.02)
    assert best < 1.2


def test_it_writes_before_anybody_has_trained(clone, command):
    result = command("sample", "--length", 300, "--seed", 1)
    assert result.exit_code == 0
    assert f"run checkpoints/{NAME}" in result.stderr
    words = set(re.findall(r"[a-z]+", (ROOT / "corpora" / "ferryman.txt").read_text().lower()))
    written = re.findall(r"[a-z]+", result.stdout.lower())[1:-1]
    assert sum(word in words for word in written) / len(written) > 0.85, result.stdout
    assert len(written) > 40


def test_any_other_run_comes_first(clone, command, text_file):
    tiny(text_file, clone / "checkpoints" / "mine", epochs=1)
    # This holds even where the shipped run is newer, as in a clone that was made later.
    time.sleep(0.01)
    forged_runs.newest(clone / "checkpoints" / NAME).touch()
    result = command("sample", "--length", 5, "--json")
    assert json.loads(result.stdout)["run"] == "checkpoints/mine"
    assert json.loads(command("sample", "jabez", "--length", 5, "--json").stdout)["run"] == "checkpoints/jabez"
