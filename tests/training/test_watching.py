"""What a training notes of its gradients, and what it tells TensorBoard."""

import json
import shutil

import numpy as np
import pytest

from tests.helpers.models import best, tiny
from textgen import Generator, train
from textgen.errors import RunError, UsageError
from textgen.inspection.backward import gradients
from textgen.inspection.tracing import trace_ids
from textgen.runs import diary
from textgen.runs.config import TrainingConfig
from textgen.runs.run import load_run
from textgen.system.folders import Folder
from textgen.training.optimizer import make_optimizer


def test_the_optimizer_adds_up_the_lengths_of_gradients_before_they_are_clipped():
    import keras

    variables = [keras.Variable(np.zeros(shape, np.float32)) for shape in ((2, 2), (3,))]
    optimizer = make_optimizer(TrainingConfig(learning_rate=0.01, clip_norm=0.1), 100)
    optimizer.build(variables)
    optimizer.apply([np.array([[3, 0], [0, 4]], np.float32), np.array([0, 0, 12], np.float32)])
    optimizer.apply([np.zeros((2, 2), np.float32), np.array([0, 8, 0], np.float32)])
    assert keras.ops.convert_to_numpy(optimizer.norms).tolist() == pytest.approx([5, 20, 13 + 8, 2])


def test_history_tells_the_gradients_norm_of_the_training_steps(text_file, tmp_path):
    """An epoch of one step from the initial weights: its norm is that of the loss's gradient, by TensorFlow's tape."""
    import tensorflow as tf

    from textgen.corpus.documents import read_for
    from textgen.planning.plan import plan
    from textgen.training.feed import feed
    from textgen.training.fit import compiled
    from textgen.training.trainer import configurations

    text = tmp_path / "short.txt"
    text.write_text(text_file.read_text()[:600])
    options = {
        "units": 16,
        "embedding_size": 8,
        "batch_size": 8,
        "sequence_length": 64,
        "epochs": 1,
        "sample_length": 0,
    }
    history = train(text, tmp_path / "run", quiet=True, validation=0.0, watch_gradients=True, **options).epochs
    assert history[-1]["step"] == 1
    settled = plan(read_for(TrainingConfig(), str(text)), *configurations(options | {"validation": 0.0}))
    model = compiled(settled.model, settled.training, settled.streams.rows, 1)
    model.head.begin_with(settled.counts)
    inputs, targets = next(iter(feed(settled.streams, settled.training.seed, 0, 1)))[:2]
    with tf.GradientTape() as tape:
        loss = model.compute_loss(inputs, targets, model(inputs, training=True))
    named = model.named_weights()
    grown = tape.gradient(loss, [variable.value for variable in named.values()])
    norms = [float(tf.linalg.norm(tf.convert_to_tensor(each))) for each in grown]
    assert history[-1]["gradient_norm"] == pytest.approx(np.linalg.norm(norms), rel=1e-3)
    (line,) = load_run(tmp_path / "run").gradients()
    assert line["weights"] == pytest.approx(dict(zip(named, norms, strict=True)), rel=1e-3)


@pytest.fixture(scope="session")
def watched(made_once, text_file):
    def learn(folder):
        tiny(text_file, folder / "run", watch_gradients=True, epochs=3, layers=2)

    return made_once("watched-run", learn) / "run"


def test_gradients_by_distance_are_those_of_the_weights_that_were_learned(watched, text_file):
    run = load_run(watched)
    lines = run.gradients()
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert set(lines[0]["weights"]) == set(run.model.weight_shapes())
    generator = Generator.load(watched)
    ids = np.concatenate([[0], generator.encode(text_file.read_text()[:512])])
    found = gradients(generator, trace_ids(generator, ids))
    line = lines[int(np.argmin([each["validation_nats"] for each in run.history()]))]
    assert line["distances"] == [1, 2, 4, 8, 16, 32, 64, 128]
    np.testing.assert_allclose(line["hidden"], found.typical, rtol=1e-4)


def test_watching_changes_no_weight(watched, text_file, tmp_path):
    tiny(text_file, tmp_path / "plain", epochs=3, layers=2)
    assert best(tmp_path / "plain") == best(watched)
    assert load_run(tmp_path / "plain").gradients() == []
    assert [line["gradient_norm"] for line in load_run(tmp_path / "plain").history()] == [
        line["gradient_norm"] for line in load_run(watched).history()
    ]


def test_a_resumed_training_goes_on_watching(watched, text_file, tmp_path):
    shutil.copytree(watched, tmp_path / "run")
    train(text_file, resume=tmp_path / "run", epochs=1, quiet=True)
    assert [line["epoch"] for line in load_run(tmp_path / "run").gradients()] == [1, 2, 3, 4]


def test_a_run_in_the_place_of_a_watched_one_is_not_watched(watched, text_file, tmp_path):
    shutil.copytree(watched, tmp_path / "run")
    tiny(text_file, tmp_path / "run", overwrite=True, epochs=1)
    assert load_run(tmp_path / "run").gradients() == []


def test_what_is_written_again_takes_the_place_of_what_was(tmp_path):
    line = {"epoch": 1, "step": 10, "weights": {"embedding": 0.5}, "distances": [1, 2], "hidden": [[0.1, 0.2]]}
    for epoch in (1, 2, 3, 2):
        diary.save_gradients(Folder.opened(tmp_path), line | {"epoch": epoch, "step": 10 * epoch})
    kept = diary.read_diary(Folder.opened(tmp_path), diary.GRADIENTS, diary.check_gradients)
    assert [each["epoch"] for each in kept] == [1, 2]


@pytest.mark.parametrize(
    "damage",
    [
        {"hidden": [[0.1]]},
        {"hidden": "x"},
        {"weights": {"embedding": "x"}},
        {"weights": [1]},
        {"distances": [1, None]},
        {"epoch": float("nan")},
        {"more": 1},
    ],
)
def test_a_damaged_line_is_told(watched, tmp_path, damage):
    shutil.copytree(watched, tmp_path / "run")
    path = tmp_path / "run" / diary.GRADIENTS
    lines = path.read_text().splitlines()
    path.write_text(json.dumps(json.loads(lines[0]) | damage) + "\n")
    with pytest.raises(RunError, match=r"gradients\.jsonl: damaged: line 1: .*remove it"):
        load_run(tmp_path / "run").gradients()


def test_tensorboard_reads_the_same_numbers(text_file, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    history = tiny(text_file, tmp_path / "run", tensorboard=tmp_path / "logs").epochs
    for side, name in (("train", "training_nats"), ("validation", "validation_nats")):
        log = EventAccumulator(str(tmp_path / "logs" / "run" / side))
        log.Reload()
        told = [tensor_util.make_ndarray(each.tensor_proto).item() for each in log.Tensors("epoch_nats")]
        assert told == pytest.approx([line[name] for line in history], rel=1e-6)
    log = EventAccumulator(str(tmp_path / "logs" / "run" / "train"))
    log.Reload()
    assert {"epoch_gradient_norm", "epoch_learning_rate"} <= set(log.Tags()["tensors"])


def test_without_tensorboard_one_line_names_the_extra(text_file, tmp_path, monkeypatch):
    from textgen.system import extras

    monkeypatch.setattr(extras, "is_there", lambda package: package != "tensorboard")
    with pytest.raises(UsageError, match=r"`tensorboard` needs the extra 'tensorboard': pip install"):
        tiny(text_file, tmp_path / "run", tensorboard=tmp_path / "logs")
    assert not (tmp_path / "run").exists()
