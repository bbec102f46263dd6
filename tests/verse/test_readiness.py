"""When a run has learned too little for verse, told by its history: a real run, and the same run with other losses."""

import dataclasses
import json
import shutil

import pytest

from tests.conftest import ROOT, TINY
from textgen import train
from textgen.runs.run import load_run
from textgen.verse.readiness import warning


@pytest.fixture(scope="session")
def barely(made_once):
    def learn(folder):
        train(ROOT / "corpora" / "lamplighter.txt", folder / "lamplighter", documents="poem", quiet=True, **TINY)

    return made_once("barely-run", learn) / "lamplighter"


def with_losses(run, folder, ratios, steps=(50, 100), seconds=(30, 60)):
    """A copy of a run whose history has these losses, as shares of what pairs of symbols would give."""
    shutil.copytree(run, folder)
    pairs = load_run(folder).baselines.bigram_nats
    first = json.loads((folder / "history.jsonl").read_text("utf-8").splitlines()[0])
    lines = [
        first
        | {"epoch": epoch, "step": step, "seconds": second, "validation_nats": ratio * pairs, "training_nats": 1.0}
        for epoch, (ratio, step, second) in enumerate(zip(ratios, steps, seconds, strict=True), 1)
    ]
    (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return load_run(folder)


def test_a_run_of_seconds_has_barely_learned(barely):
    found = warning(load_run(barely))
    nats = min(json.loads(line)["validation_nats"] for line in (barely / "history.jsonl").read_text().splitlines())
    assert "barely learned" in found
    assert f"{nats:.2f} nats a character on held-out text" in found
    assert f"`resume={barely}` `epochs=" in found
    assert "\n" not in found


def test_the_rule_and_the_advice(barely, tmp_path):
    assert warning(with_losses(barely, tmp_path / "good", (0.9, 0.7))) is None
    assert warning(with_losses(barely, tmp_path / "edge", (0.9, 0.74))) is None
    found = warning(with_losses(barely, tmp_path / "poor", (0.9, 0.8)))
    # At least as many steps again, at its own speed of 100 steps a minute, 50 an epoch.
    assert "about 2 epochs more would help, 1 minute at its speed" in found
    slow = with_losses(barely, tmp_path / "slow", (0.9, 0.8), seconds=(300, 600))
    assert "about 2 epochs more would help, 10 minutes at its speed" in warning(slow)
    budget = dataclasses.replace(slow, training=dataclasses.replace(slow.training, minutes=10.0, epochs=None))
    assert f"about 10 minutes more would help; train with `resume={slow.path}` `minutes=10`" in warning(budget)
    # A run whose loss rose again learned its text by heart.
    assert "more training would not help" in warning(with_losses(barely, tmp_path / "heart", (0.8, 0.95)))


def test_a_run_without_what_tells_it_is_not_judged(barely, tmp_path):
    shutil.copytree(barely, tmp_path / "bare")
    (tmp_path / "bare" / "history.jsonl").unlink()
    assert warning(load_run(tmp_path / "bare")) is None
    shutil.copytree(barely, tmp_path / "damaged")
    (tmp_path / "damaged" / "history.jsonl").write_text("{", "utf-8")
    assert warning(load_run(tmp_path / "damaged")) is None
    shutil.copytree(barely, tmp_path / "old")
    metadata = json.loads((tmp_path / "old" / "metadata.json").read_text("utf-8"))
    del metadata["baselines"]
    (tmp_path / "old" / "metadata.json").write_text(json.dumps(metadata), "utf-8")
    assert warning(load_run(tmp_path / "old")) is None
