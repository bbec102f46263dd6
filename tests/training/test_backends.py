"""The same training on every Keras backend: `make test-backends` installs JAX and PyTorch and runs these."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT, environment, shell
from textgen.engine.network import Engine
from textgen.runs.run import load_run
from textgen.tokens.layout import IGNORED

pytestmark = pytest.mark.backends

BACKENDS = ["tensorflow", "jax", "torch"]
EVERY = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(scope="module")
def worker():
    """What tests/helpers/backend_worker.py found on a backend, each asked once."""
    answers = {}

    def ask(backend):
        if backend not in answers:
            command = [sys.executable, "-m", "tests.helpers.backend_worker"]
            done = subprocess.run(
                command, cwd=ROOT, env=environment(KERAS_BACKEND=backend), capture_output=True, text=True, timeout=600
            )
            assert done.returncode == 0, done.stderr[-2000:]
            answers[backend] = json.loads(done.stdout.splitlines()[-1])
            assert answers[backend]["backend"] == backend
        return answers[backend]

    return ask


def losses_by_hand(streams, steps, carried):
    """Mean loss of each step as the NumPy engine, which knows nothing of Keras, reads it; the state kept or not."""
    from tests.helpers.backend_worker import CONFIG, weights

    engine = Engine(CONFIG, weights())
    state, losses = engine.initial_state(streams.rows), []
    offset = int(np.random.default_rng([0, 0]).integers(len(streams.ids)))
    for index in range(steps):
        if not carried:
            state = engine.initial_state(streams.rows)
        inputs, targets = streams.step(index, offset)
        nats = []
        for time in range(streams.length):
            logits, state = engine.step(state, inputs[:, time])
            chances = np.exp(logits.astype(np.float64))
            chances /= chances.sum(axis=1, keepdims=True)
            nats += [-np.log(chances[row, at]) for row, at in enumerate(targets[:, time]) if at != IGNORED]
        losses.append((np.sum(nats), len(nats)))
    return np.array(losses)


@EVERY
def test_200_steps_from_the_same_weights_and_text_lose_the_same(worker, backend):
    learned = np.array(worker(backend)["learned"])
    expected = np.array(worker("tensorflow")["learned"])
    assert len(learned) == 200
    assert expected[-1] < 0.6 * expected[0]  # they did learn
    assert np.abs(learned / expected - 1).max() < 0.01


@EVERY
def test_the_state_is_carried_from_step_to_step_in_training(worker, backend):
    from tests.helpers.backend_worker import text
    from textgen.planning.streams import training_streams

    streams = training_streams(text(), 8, 16)
    carried, anew = (losses_by_hand(streams, 40, kept)[:, 0] / (8 * 16) for kept in (True, False))
    assert np.abs(carried[1:] / anew[1:] - 1).max() > 1e-3  # it matters on this text
    np.testing.assert_allclose(worker(backend)["frozen"], carried, rtol=1e-4)


@EVERY
def test_the_state_is_carried_from_step_to_step_in_evaluation(worker, backend):
    from tests.helpers.backend_worker import held_out

    streams = held_out()
    totals, counts = losses_by_hand(streams, streams.steps, carried=True).sum(axis=0)
    anew, _ = losses_by_hand(streams, streams.steps, carried=False).sum(axis=0)
    assert abs(anew / totals - 1) > 1e-4
    assert worker(backend)["evaluated"] == pytest.approx(totals / counts, rel=1e-5)


@EVERY
def test_steps_over_candidates_are_the_same(worker, backend):
    """Tied weights, projected layers, a table of which a step reads some rows."""
    found, expected = worker(backend), worker("tensorflow")
    assert expected["words_learned"][-1] < 0.95 * expected["words_learned"][0]
    assert np.abs(np.array(found["words_learned"]) / expected["words_learned"] - 1).max() < 1e-3
    assert found["words_evaluated"] == pytest.approx(expected["words_evaluated"], rel=1e-3)


@EVERY
def test_labels_are_told_and_predicted_alike(worker, backend):
    found, expected = worker(backend), worker("tensorflow")
    told, hidden = expected["labels_evaluated"]
    assert told < 0.85 * hidden  # the label says which of two symbols follows
    assert np.abs(np.array(found["labels_learned"]) / expected["labels_learned"] - 1).max() < 0.01
    assert found["labels_evaluated"] == pytest.approx(expected["labels_evaluated"], rel=0.01)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_a_projected_layer_is_torch_s():
    """The numbers of torch.nn.LSTM with `proj_size`, from the same weights."""
    import torch

    from textgen.engine.network import Engine
    from textgen.runs.config import ModelConfig

    config = ModelConfig(vocabulary_size=9, units=7, layers=2, projection=3, embedding_size=5)
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    stack = torch.nn.LSTM(5, 7, 2, proj_size=3)
    with torch.no_grad():
        for layer in range(2):
            for name, own in (("ih", "kernel"), ("hh", "recurrent_kernel"), ("hr", "projection")):
                getattr(stack, f"weight_{name}_l{layer}").copy_(torch.tensor(weights[f"lstm.{layer}.{own}"].T))
            getattr(stack, f"bias_ih_l{layer}").copy_(torch.tensor(weights[f"lstm.{layer}.bias"]))
            getattr(stack, f"bias_hh_l{layer}").zero_()
        ids = rng.integers(0, 9, 20)
        outputs, _ = stack(torch.tensor(weights["embedding"][ids])[:, None])
    engine = Engine(config, weights)
    state = engine.initial_state(1)
    for step, index in enumerate(ids):
        _, state = engine.step(state, [index])
        assert np.abs(state.h[-1, 0] - outputs[step, 0].numpy()).max() < 1e-6


@EVERY
def test_the_commands_are_the_same(backend, text_file, tmp_path):
    """Train, stop, go on, measure, write: nothing but KERAS_BACKEND differs."""

    def run(*arguments):
        done = shell(*arguments, cwd=tmp_path, env=environment(KERAS_BACKEND=backend))
        assert done.returncode == 0, done.stderr.decode()
        return done

    small = "--units 24 --embedding-size 12 --batch-size 8 --sequence-length 16 --sample-length 20".split()
    regularised = "--layers 2 --dropout 0.1 --output-dropout 0.1 --recurrent-dropconnect 0.1".split()
    run("train", text_file, "--out", "run", "--epochs", "3", "--watch-gradients", *small, *regularised)
    loaded = load_run(tmp_path / "run")
    history = loaded.history()
    assert loaded.metadata["backend"] == backend
    assert len(history) == 3
    assert history[-1]["validation_nats"] < history[0]["validation_nats"]
    # Of a weight, its share of the norm of all together.
    for line, watched in zip(history, loaded.gradients(), strict=True):
        assert 0.01 < max(watched["weights"].values()) < line["gradient_norm"] < 10

    values = json.loads(run("evaluate", "run", text_file, "--dynamic", "--json").stdout)
    assert values["dynamic"]["nats"] < values["carried"]["nats"]  # the text has a habit that three epochs left to learn
    assert len(run("sample", "run", "--length", "30", "--seed", "1").stdout.decode()) > 20

    told = run("train", text_file, "--out", "timed", "--minutes", "0.25", *small).stderr.decode()
    assert "budget: 0.25 minutes" in told
    steps = load_run(tmp_path / "timed").history()[-1]["step"]
    assert steps > 10
