"""Runs written before the modules became packages load, write the same texts, and resume to the same weights.

`tests/data/before_packages` was written by the version before that change (commit 962951b) and is never written again:
`texts.json` holds what its runs wrote; `cut` is a run interrupted within an epoch, and `cut-finished` is what that
version reached when it resumed the run.
"""

import json
import shutil

import numpy as np
import pytest
import safetensors.numpy

from tests.conftest import ROOT
from tests.helpers import forged_runs
from textgen import Generator, train
from textgen.runs.folder import BEST, WEIGHTS
from textgen.verse import compose

KEPT = ROOT / "tests/data/before_packages"
RUNS = {
    "format1": ROOT / "tests/data/format1/run",
    "format2": ROOT / "tests/data/format2/run",
    "shipped": ROOT / "checkpoints/jabez",
    "poems": KEPT / "poems",
}
TEXTS = json.loads((KEPT / "texts.json").read_text("utf-8"))


@pytest.mark.parametrize("kept", TEXTS, ids=lambda kept: f"{kept['run']}-{kept['how']}-{kept['options'].get('seed')}")
def test_the_same_seed_writes_the_same_text(kept):
    generator = Generator.load(RUNS[kept["run"]])
    if kept["how"] == "compose":
        text = compose(generator, **kept["options"]).text
    else:
        text = getattr(generator, kept["how"])(kept["prompt"], **kept["options"])
    assert text == kept["text"]


def test_an_interrupted_run_resumes_to_the_same_weights(tmp_path):
    shutil.copytree(KEPT / "cut", tmp_path / "run")
    history = train(ROOT / "tests/data/format2/tale.txt", resume=tmp_path / "run", quiet=True)
    wanted = json.loads((KEPT / "cut-finished.json").read_text("utf-8"))
    for line, kept in zip(history.epochs, wanted, strict=True):
        assert {name: line[name] for name in kept} == pytest.approx(kept, rel=1e-4)
    # Equal to the bit on the machine that wrote them; on another, products round differently.
    weights = safetensors.numpy.load_file(forged_runs.newest(tmp_path / "run", BEST) / WEIGHTS)
    kept = safetensors.numpy.load_file(KEPT / "cut-finished.safetensors")
    assert set(weights) == set(kept)
    for name, array in kept.items():
        np.testing.assert_allclose(weights[name], array, rtol=1e-3, atol=1e-4)
