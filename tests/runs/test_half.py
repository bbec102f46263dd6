"""Weights in half precision: half as large, and read as any others."""

import shutil

import numpy as np
import pytest
import safetensors.numpy

from tests.helpers import forged_runs
from tests.helpers.models import tiny
from textgen import Generator
from textgen.errors import RunError, RunInUseError
from textgen.runs.folder import BEST, WEIGHTS, open_run_folder
from textgen.runs.half import halve
from textgen.runs.run import load_run
from textgen.system.locks import locked


@pytest.fixture
def run(tiny_run, tmp_path):
    """A copy of the tiny run."""
    return shutil.copytree(tiny_run, tmp_path / "half")


def test_the_weights_take_half_the_space_and_are_nearly_the_same(run):
    before, size = load_run(run).weights, (forged_runs.newest(run) / WEIGHTS).stat().st_size
    halve(run)
    file = forged_runs.newest(run) / WEIGHTS
    assert file.stat().st_size < 0.6 * size
    assert {array.dtype for array in safetensors.numpy.load_file(file).values()} == {np.dtype(np.float16)}
    after = load_run(run).weights
    assert {array.dtype for array in after.values()} == {np.dtype(np.float32)}
    for name, array in before.items():
        np.testing.assert_allclose(after[name], array, rtol=1e-3, atol=1e-7)
    assert len(list((run / BEST).iterdir())) == 1


def test_such_a_run_writes_and_is_trained_further(run, text_file, tmp_path):
    halve(run)
    assert Generator.load(run).generate("the", length=20, seed=1)
    tiny(text_file, tmp_path / "further", from_run=run, epochs=1)
    assert {array.dtype for array in load_run(tmp_path / "further").weights.values()} == {np.dtype(np.float32)}


def test_a_run_that_is_in_use_is_left_alone(run):
    with open_run_folder(run) as folder, locked(folder), pytest.raises(RunInUseError):
        halve(run)
    halve(run)


def test_a_weight_that_half_precision_cannot_hold_is_refused(run):
    folder = forged_runs.newest(run)
    weights = {name: array.copy() for name, array in load_run(run).weights.items()}
    next(iter(weights.values())).flat[0] = 1e6
    safetensors.numpy.save_file(weights, folder / WEIGHTS)
    forged_runs.seal(folder)
    with pytest.raises(RunError, match="the largest number of half precision"):
        halve(run)
