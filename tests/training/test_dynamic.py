import hashlib
import json

import numpy as np
import pytest

from tests.conftest import shell
from textgen.engine.measure import evaluate
from textgen.runs.run import load_run
from textgen.tokens.extent import Extent
from textgen.training.dynamic import LENGTH, evaluate_dynamically
from textgen.writing.generator import Generator


@pytest.fixture(scope="module")
def loaded(tiny_run):
    return load_run(tiny_run)


def ids_of(run, text):
    return np.concatenate([[0], run.tokenizer.encode(text)])


def dynamic(run, ids):
    return evaluate_dynamically(run.model, run.weights, ids, Extent(len(ids) - 1, 1, 1))


def test_nothing_is_learned_before_it_was_predicted(loaded, tiny_run):
    """The first stretch is predicted by the run's own weights."""
    ids = ids_of(loaded, "the fox went down to the pond")[: LENGTH + 1]
    carried = evaluate(Generator.load(tiny_run).engine, ids, Extent(len(ids) - 1, 1, 1))
    result = dynamic(loaded, ids)
    assert result.symbols == carried.symbols
    assert result.nats == pytest.approx(carried.nats, rel=1e-5)


def test_a_text_that_repeats_what_the_run_never_saw_is_learned(loaded, tiny_run):
    ids = ids_of(loaded, "dell wolf mend, " * 200)
    carried = evaluate(Generator.load(tiny_run).engine, ids, Extent(len(ids) - 1, 1, 1))
    result = dynamic(loaded, ids)
    assert result.symbols == len(ids) - 1
    assert result.nats < 0.6 * carried.nats


def test_noise_teaches_nothing(loaded, tiny_run):
    """No symbol is told of before it comes: independent draws cannot be predicted better than by their frequencies."""
    draws = np.random.default_rng(0).integers(2, loaded.model.vocabulary_size, 1500)
    assert dynamic(loaded, np.concatenate([[0], draws])).nats > np.log(loaded.model.vocabulary_size - 2)


def test_the_command_names_it_apart_and_leaves_the_run_as_it_was(tiny_run, text_file, tmp_path):
    def fingerprints():
        files = [path for path in tiny_run.rglob("*") if path.is_file()]
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = fingerprints()
    done = shell("evaluate", tiny_run, text_file, "--dynamic", "--json")
    assert done.returncode == 0
    assert done.stderr == b""  # TensorFlow was woken, and kept its notices to itself
    values = json.loads(done.stdout)
    assert values["dynamic"]["nats"] < values["carried"]["nats"]
    assert "window" not in values["dynamic"]
    assert values["windows"]["window"] == 256
    assert fingerprints() == before
    assert "dynamic" not in json.loads(shell("evaluate", tiny_run, text_file, "--json").stdout)
