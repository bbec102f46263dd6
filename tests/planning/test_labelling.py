"""From labelled documents to what each place of a step is told."""

import numpy as np
import pytest

from textgen.corpus.documents import Corpus, read_corpus
from textgen.errors import UsageError
from textgen.planning.dataset import encode
from textgen.planning.labelling import Labelling, TextLabels
from textgen.planning.plan import plan
from textgen.planning.streams import held_out_streams, training_streams
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.tokens.labels import UNLABELLED, LabelSet
from textgen.tokens.layout import BOUNDARY, IGNORED

TEXTS = [f"{who} says {number} and {who} goes." for number in range(40) for who in ("Ann", "Bob", "Bob")]
WHO = tuple((text.split()[0],) for text in TEXTS)
CORPUS = Corpus("t", tuple(TEXTS), kind="line", label=("who",), labelled=WHO)


def by_hand(ids, labels):
    """The label of each place, read from left to right."""
    found, document = [], -1
    for index in ids:
        document += index == BOUNDARY
        found.append(labels[document])
    return found


def test_labels_are_numbered_by_how_often_they_occur():
    text = encode(CORPUS, 0.1)
    assert text.label_sets == (LabelSet("who", ("Bob", "Ann")),)
    assert len(text.labels.ids) == np.count_nonzero(text.ids == BOUNDARY)
    for side, labels in ((text.ids, text.labels), (text.held_out, text.held_out_labels)):
        for start, (label,) in zip(labels.starts, labels.ids, strict=True):
            assert text.tokenizer.decode(side[start + 1 : start + 4]) == ("Bob", "Ann")[label - 1]


def test_known_labels_keep_their_ids_and_others_come_behind():
    known = (LabelSet("form", ("sonnet",)), LabelSet("who", ("Zoe", "Ann")))
    text = encode(CORPUS, 0.1, known=known)
    assert text.label_sets == (LabelSet("form", ("sonnet",)), LabelSet("who", ("Zoe", "Ann", "Bob")))
    assert set(map(tuple, text.labels.ids.tolist())) == {(UNLABELLED, 2), (UNLABELLED, 3)}


def test_a_text_without_labels_for_a_model_that_knows_some():
    text = encode(Corpus("t", tuple(TEXTS), kind="line"), 0.1, known=(LabelSet("who", ("Ann",)),))
    assert text.label_sets == (LabelSet("who", ("Ann",)),)
    assert not text.labels.ids.any()
    assert len(text.labels.ids) == np.count_nonzero(text.ids == BOUNDARY)


def test_without_any_labels_there_are_none():
    text = encode(Corpus("t", tuple(TEXTS), kind="line"), 0.1)
    assert (text.label_sets, text.labels, text.held_out_labels) == ((), None, None)


def test_a_text_in_a_file_is_labelled_alike(empty_place, monkeypatch):
    rows = "".join(f"{who},{text}\n" for (who,), text in zip(WHO, TEXTS, strict=True))
    (empty_place / "t.csv").write_text("who,text\n" + rows)
    monkeypatch.setenv("TEXTGEN_CACHE", str(empty_place / "cache"))
    monkeypatch.setattr("textgen.corpus.documents.MAX_BYTES_IN_MEMORY", 100)
    large = read_corpus("t.csv", column="text", label=("who",), may_stay=True)
    expected = encode(CORPUS, 0.1)
    for _ in range(2):  # made, then found
        found = encode(large, 0.1)
        assert found.label_sets == expected.label_sets
        for name in ("ids", "held_out"):
            assert np.array_equal(getattr(found, name), getattr(expected, name))
        for name in ("labels", "held_out_labels"):
            assert np.array_equal(getattr(found, name).ids, getattr(expected, name).ids)
            assert np.array_equal(getattr(found, name).starts, getattr(expected, name).starts)


@pytest.mark.parametrize("offset", [0, 17, 400])
def test_each_input_of_a_step_has_the_label_of_its_document(offset):
    text = encode(CORPUS, 0.1)
    expected = np.array(by_hand(text.ids, text.labels.ids[:, 0]))
    streams = training_streams(text.ids, 5, 16, text.labels)
    for index in (0, 3, streams.steps - 1):
        inputs, _ = streams.step(index, offset)
        places = (np.arange(5)[:, None] * streams.span + index * 16 + np.arange(16) + offset) % len(text.ids)
        assert np.array_equal(inputs, text.ids[places])
        assert np.array_equal(text.labels.ids[streams.documents(index, offset)][..., 0], expected[places])


def test_padding_of_a_held_out_step_has_some_label():
    text = encode(CORPUS, 0.1)
    streams = held_out_streams(text.held_out, 8, 16, text.held_out_labels)
    last = streams.documents(streams.steps - 1)
    assert last.shape == (8, 16)
    assert (last >= 0).all()
    assert (last < len(text.held_out_labels.ids)).all()
    with pytest.raises(ValueError, match="without labels"):
        held_out_streams(text.held_out, 8, 16).documents(0)


def labels_of(documents, names=1):
    ids = np.random.default_rng(1).integers(1, 4, (documents, names)).astype(np.int32)
    return TextLabels(np.arange(documents), ids)


def test_a_share_is_not_told_and_other_ones_in_each_pass():
    labels = labels_of(20_000)
    told = Labelling(0.2).told(labels, [0, 0, 2])["labels"]
    hidden = told[:, 0] == UNLABELLED
    assert hidden.mean() == pytest.approx(0.2, abs=0.01)
    assert np.array_equal(told[~hidden], labels.ids[~hidden])
    again, later = (Labelling(0.2).told(labels, [0, turn, 2])["labels"] for turn in (0, 1))
    assert np.array_equal(told, again)
    assert not np.array_equal(told, later)
    assert np.array_equal(Labelling().told(labels, [0])["labels"], labels.ids)


def test_of_several_labels_each_is_hidden_alone_and_all_together():
    told = Labelling(0.5).told(labels_of(40_000, 2), [3])["labels"] == UNLABELLED
    both = told.all(axis=1).mean()
    assert both == pytest.approx(0.5 + 0.5 * 0.25, abs=0.01)
    assert told[:, 0].mean() == pytest.approx(0.75, abs=0.01)


def test_what_is_to_be_said_is_what_was_not_told():
    labels = labels_of(1000, 2)
    labels.ids[::7, 1] = UNLABELLED  # of a document whose label is not known
    told = Labelling(0.3, classify=1).told(labels, [5])
    hidden = told["labels"][:, 1] == UNLABELLED
    counts = told["classes"] != IGNORED
    assert np.array_equal(counts, hidden & (labels.ids[:, 1] != UNLABELLED))
    assert np.array_equal(told["classes"][counts], labels.ids[counts, 1] - 1)


def test_a_plan_says_its_labels_and_what_it_learns_to_say():
    made = plan(CORPUS, ModelConfig(classify="who", units=8), TrainingConfig(epochs=1, sequence_length=8))
    assert made.model.labels == (LabelSet("who", ("Bob", "Ann")),)
    assert made.labelling.classify == 0
    assert "told who: Bob, Ann" in {fact.name: fact.text for fact in made.facts()}["model"]
    with pytest.raises(UsageError, match="`classify='form'`: the text has no such label"):
        plan(CORPUS, ModelConfig(classify="form"), TrainingConfig(epochs=1))
