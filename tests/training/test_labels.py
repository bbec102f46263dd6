"""Labels in training: Keras and the engine agree, labels are learned, and runs with labels are ordinary runs."""

import numpy as np
import pytest

from tests.conftest import TINY
from tests.helpers.models import random_weights
from tests.helpers.voices import CORPUS
from textgen import Generator, train
from textgen.corpus.documents import Corpus
from textgen.engine.network import Engine
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig
from textgen.runs.run import load_run
from textgen.tokens.labels import LabelSet
from textgen.tokens.layout import IGNORED
from textgen.training.backend import ops
from textgen.training.labels import Classifier
from textgen.training.model import LanguageModel

SETS = (LabelSet("who", ("Ann", "Bob", "Cid")), LabelSet("form", ("ode", "")))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"layers": 2},
        {"encoder": "onehot"},
        {"projection": 4},
        {"bias": False},
        {"input_dropout": 0.5, "embedding_dropout": 0.5},  # nothing is dropped outside training
        {"tie": True, "embedding_size": 7},
    ],
)
def test_the_engine_has_the_numbers_of_keras(options):
    config = ModelConfig(
        **{"vocabulary_size": 9, "embedding_size": 5, "units": 7, "layers": 1, "labels": SETS, "label_size": 4}
        | options
    )
    weights = random_weights(config)
    model = LanguageModel(config, batch_size=4)
    model.import_weights(weights)
    assert {name: array.shape for name, array in model.export_weights().items()} == config.weight_shapes()
    chance = np.random.default_rng(1)
    ids, labels = chance.integers(0, 9, (4, 12)), chance.integers(0, 3, (4, 12, 2))
    labels[0] = labels[0, :1]  # a row whose labels do not change
    outputs = model({"ids": ids, "carry": np.zeros((4, 1), np.float32), "labels": labels})
    found = np.concatenate([ops.convert_to_numpy(lane) for lane in model.logits(outputs)], axis=1)
    engine = Engine(config, weights)
    state = engine.initial_state(4)
    for time_step in range(12):
        offsets = []
        for row in range(4):
            shares = {
                each.name: {each.values[index - 1]: 1.0}
                for each, index in zip(SETS, labels[row, time_step], strict=True)
                if index
            }
            offsets.append(engine.offset(shares))
        logits, state = engine.step(engine.tell(state, np.array(offsets)), ids[:, time_step])
        assert np.abs(logits - found[time_step]).max() < 1e-5


def test_the_loss_of_a_label_by_hand():
    config = ModelConfig(vocabulary_size=9, units=4, layers=1, labels=SETS, classify="who")
    classifier = Classifier(config, seed=1)
    kernel = ops.convert_to_numpy(classifier.kernel).astype(float)
    chance = np.random.default_rng(2)
    outputs = [chance.normal(size=(5, rows, 4)).astype(np.float32) for rows in (2, 1)]
    classes = [chance.integers(-1, 3, (5, rows)) for rows in (2, 1)]
    losses = []
    for lane, wanted in zip(outputs, classes, strict=True):
        logits = lane.astype(float) @ kernel
        chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        losses += [-np.log(chances[place][label]) for place, label in np.ndenumerate(wanted) if label != IGNORED]
    assert float(classifier.nats(outputs, classes)) == pytest.approx(np.mean(losses), rel=1e-5)
    nothing = [np.full((5, 2), IGNORED), np.full((5, 1), IGNORED)]
    assert float(classifier.nats(outputs, nothing)) == 0


def test_what_was_learned(labelled_run):
    """Each voice in its own order, and which voice a text is in."""
    found = load_run(labelled_run)
    assert found.model.labels == (LabelSet("who", ("Ann", "Bob")),)
    assert found.training.label == ("who",)
    generator = Generator.load(labelled_run)
    ann, bob = "the hen sat by the pond 7", "7 pond the by sat hen the"
    told = {who: generator.with_labels({"who": who}) for who in ("Ann", "Bob")}
    for who, own, other in (("Ann", ann, bob), ("Bob", bob, ann)):
        assert told[who].score(own).nats < 0.6 * told[who].score(other).nats
        assert told[who].score(own).nats < generator.score(own).nats
    classes = generator.classify([ann, bob])
    assert classes.labels == ("Ann", "Bob")
    for probabilities in (classes.by_classifier, classes.by_bayes):
        assert probabilities[0, 0] > 0.7
        assert probabilities[1, 1] > 0.7
    assert classes.best == ["Ann", "Bob"]
    texts = {who: each.generate_many("", documents=1, length=25, count=20, seed=3) for who, each in told.items()}
    assert sum(text[-1].isdigit() for text in texts["Ann"]) > 15
    assert sum(text.endswith("hen the") for text in texts["Bob"]) > 15


def test_a_saved_run_writes_what_it_wrote(labelled_run):
    assert load_run(labelled_run).model.label_shapes() == {
        "label.0.embedding": (2, 8),
        "label.kernel": (8, 96),
        "classifier.kernel": (24, 2),
        "classifier.bias": (2,),
    }
    texts = {Generator.load(labelled_run).with_labels(["who=Bob"]).generate(length=40, seed=5) for _ in range(2)}
    assert len(texts) == 1


def test_a_budget_of_minutes(tmp_path):
    """The steps that are timed are steps of the training: told labels, and labels to say."""
    history = train(CORPUS, tmp_path / "run", quiet=True, minutes=0.1, classify="who", **TINY | {"epochs": None})
    assert history.epochs[-1]["step"] > 5


def test_new_labels_grow_and_old_ones_keep_their_vectors(labelled_run, tmp_path):
    more = Corpus(
        "more",
        ("the hen sat by the pond 7",) * 40,
        kind="line",
        label=("who", "mood"),
        labelled=(("Cid", "calm"), ("Bob", "calm")) * 20,
    )
    again = {"epochs": 1, "sample_length": 0, "batch_size": 8, "sequence_length": 16, "learning_rate": 1e-9}
    train(more, tmp_path / "more", from_run=labelled_run, quiet=True, **again)
    old, new = load_run(labelled_run), load_run(tmp_path / "more")
    assert new.model.labels == (LabelSet("who", ("Ann", "Bob", "Cid")), LabelSet("mood", ("calm",)))
    assert np.abs(new.weights["label.0.embedding"][:2] - old.weights["label.0.embedding"]).max() < 1e-6
    assert np.abs(new.weights["classifier.kernel"][:, :2] - old.weights["classifier.kernel"]).max() < 1e-6
    assert new.weights["classifier.kernel"].shape == (24, 3)
    Generator.load(tmp_path / "more").with_labels({"who": "Cid", "mood": "calm"}).generate(length=5)


def test_a_run_without_labels_learns_some_later(tiny_run, tmp_path):
    again = {"epochs": 1, "sample_length": 0, "batch_size": 8, "sequence_length": 16}
    train(CORPUS, tmp_path / "more", from_run=tiny_run, quiet=True, label=("who",), **again)
    assert load_run(tmp_path / "more").model.labels == (LabelSet("who", ("Ann", "Bob")),)


def test_a_run_with_labels_learns_a_text_without(labelled_run, text_file, tmp_path):
    again = {"epochs": 1, "sample_length": 0, "batch_size": 8, "sequence_length": 16, "documents": "file"}
    train(text_file, tmp_path / "more", from_run=labelled_run, quiet=True, **again)
    assert load_run(tmp_path / "more").model.labels == load_run(labelled_run).model.labels


def test_the_model_of_another_run_says_what_it_said(labelled_run, text_file, tmp_path):
    with pytest.raises(UsageError, match="leave out `classify`"):
        train(text_file, tmp_path / "more", from_run=labelled_run, classify="form", quiet=True)
