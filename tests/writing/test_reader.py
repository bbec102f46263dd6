"""What a generator does with texts that exist: labels, classes, vectors."""

import numpy as np
import pytest

from tests.helpers.models import random_weights, untaught
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.labels import LabelSet
from textgen.writing.generator import Generator

SYMBOLS = sorted("abcdefg \n")
SETS = (LabelSet("who", ("Ann", "Bob", "Cid")), LabelSet("form", ("ode", "")))


def made(labels=SETS, classify="who", direction="forward", documents="line"):
    """A generator with random weights, labels far apart."""
    tokenizer = CharTokenizer(SYMBOLS)
    config = ModelConfig(
        vocabulary_size=tokenizer.vocabulary_size,
        embedding_size=5,
        units=8,
        layers=1,
        labels=labels,
        label_size=4,
        classify=classify,
    )
    weights = random_weights(config, scale=0.9)
    return Generator.from_parts(config, TrainingConfig(direction=direction, documents=documents), tokenizer, weights)


TEXTS = ["abc", "gfe dcb", "a", "", "bad cab\nfeed"]


def test_a_label_changes_what_is_written_and_nothing_else_does():
    generator = made()
    plain = generator.generate(length=60, seed=1)
    ann = generator.with_labels({"who": "Ann"})
    assert ann.generate(length=60, seed=1) != plain
    assert ann.generate(length=60, seed=1) == generator.with_labels(["who=Ann"]).generate(length=60, seed=1)
    assert generator.with_labels({}).generate(length=60, seed=1) == plain
    assert generator.generate(length=60, seed=1) == plain
    assert generator.with_labels({"who": "Ann"}, guidance=0).generate(length=60, seed=1) == plain
    assert generator.with_labels({"who": "Ann"}, guidance=3).generate(length=60, seed=1) != plain


@pytest.mark.parametrize("options", [{"count": 5}, {"beam": 3}, {"best_of": 4}, {"documents": 2, "length": 50}])
@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_labels_in_every_way_of_writing(options, guidance):
    told = made().with_labels({"who": {"Ann": 0.5, "Bob": 0.5}, "form": "ode"}, guidance=guidance)
    one, two = (told.generate_many("ab", **{"length": 20} | options, seed=2) for _ in range(2))
    assert one == two
    assert all(text.startswith("ab") for text in one)


def test_labels_go_with_a_cache_and_a_mixture():
    generator = made()
    told = generator.with_labels({"who": "Bob"})
    assert told.with_cache().generate(length=40, seed=1)
    assert Generator.mix([told, generator]).generate(length=40, seed=1)
    for other in (told.with_cache(), Generator.mix([told, generator]), generator.with_labels({}, guidance=2.0)):
        with pytest.raises(UsageError, match="a label needs one run"):
            other.with_labels({"who": "Ann"})
        with pytest.raises(UsageError, match="needs one run"):
            other.classify("abc")
        with pytest.raises(UsageError, match="needs one run"):
            other.encode_texts("abc")


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_bayes_rule_by_scores(direction):
    """The likelihood of a text with each label is what `score` finds with that label."""
    generator = made(direction=direction)
    classes = generator.classify(TEXTS, "form")
    assert (classes.name, classes.labels, classes.by_classifier) == ("form", ("ode", ""), None)
    nats = np.array(
        [[generator.with_labels({"form": label}).score(text).nats for label in ("ode", "")] for text in TEXTS]
    )
    expected = np.exp(-nats) / np.exp(-nats).sum(axis=1, keepdims=True)
    assert np.abs(classes.by_bayes - expected).max() < 1e-5
    assert classes.best == [("ode", "")[place] for place in expected.argmax(axis=1)]


def test_the_label_of_the_classifier_comes_first():
    generator = made()
    classes = generator.classify(TEXTS)
    assert classes.name == "who"
    assert classes.by_classifier.shape == classes.by_bayes.shape == (5, 3)
    assert np.allclose(classes.by_classifier.sum(axis=1), 1)
    assert classes.best == [("Ann", "Bob", "Cid")[place] for place in classes.by_classifier.argmax(axis=1)]
    # What the generator is told does not decide what its classifier predicts.
    assert np.array_equal(generator.with_labels({"who": "Bob"}).classify(TEXTS).by_classifier, classes.by_classifier)


def test_which_label_is_meant():
    assert made(classify="").classify("abc", "who").name == "who"
    assert made(labels=SETS[1:], classify="").classify("abc").name == "form"
    with pytest.raises(UsageError, match="knows several labels; name one of them: who, form"):
        made(classify="").classify("abc")
    with pytest.raises(UsageError, match="knows no label 'whom'; did you mean 'who'"):
        made().classify("abc", "whom")
    with pytest.raises(UsageError, match="knows no labels"):
        untaught("abc").classify("abc")


def test_vectors_of_texts():
    generator = made()
    found = generator.encode_texts(TEXTS)
    assert (found.dtype, found.shape) == (np.float32, (5, 16))
    assert np.array_equal(generator.encode_texts(TEXTS[1])[0], found[1])
    assert np.allclose(np.linalg.norm(found.reshape(5, 2, 8), axis=2), 1, atol=1e-6)
    assert np.abs(found[0] - found[1]).max() > 0.05


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("who=Ann", "takes labels by name"),
        (None, "takes labels by name"),
        (3, "takes labels by name"),
        ({"who": "Zoe"}, "knows no who 'Zoe'"),
    ],
)
def test_labels_of_another_kind(labels, message):
    with pytest.raises(UsageError) as caught:
        made().with_labels(labels)
    assert message in str(caught.value)


@pytest.mark.parametrize("guidance", [float("nan"), -1, 101, "x", None])
def test_guidance_of_another_kind(guidance):
    with pytest.raises(UsageError, match="`guidance"):
        made().with_labels({"who": "Ann"}, guidance=guidance)


def test_no_text():
    for ask in (made().classify, made().encode_texts):
        with pytest.raises(UsageError, match="`texts`: no text"):
            ask([])
        with pytest.raises(UsageError):
            ask([3])
