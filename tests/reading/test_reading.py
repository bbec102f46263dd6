"""Accuracy, neighbours, maps and their pictures, and vectors that are kept."""

import numpy as np
import pytest

from textgen.corpus.documents import Corpus
from textgen.inspection.plots import canvas
from textgen.reading.accuracy import measured
from textgen.reading.index import VECTORS, vectors_of
from textgen.reading.neighbours import BLOCK, nearest, plane
from textgen.reading.pictures import MAX_LABELS, draw_confusion, draw_map

LABELS = ("a", "b", "c")


def test_accuracy_by_hand():
    said = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.95, 0.05, 0.0]])
    found = measured(LABELS, said, ["a", "b", "b", "c"])
    assert found.confusion.tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 0]]
    assert (found.texts, found.right, found.share) == (4, 2, 0.5)
    # Groups: 0.9 and 0.95 (one of two right), 0.5 (right), 0.6 (wrong).
    assert found.calibration_error == pytest.approx(0.5 * abs(0.925 - 0.5) + 0.25 * abs(0.5 - 1) + 0.25 * 0.6)


def test_a_label_that_is_certain_and_right_is_calibrated():
    assert measured(LABELS, np.eye(3), list(LABELS)).calibration_error == 0


@pytest.mark.parametrize("number", [1, 3, 50, BLOCK + 7])
def test_the_nearest_are_those_of_a_sort(number):
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(BLOCK + 7, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[5] = vectors[9]  # of equal ones the first
    query = vectors[9]
    found = nearest(vectors, query, number)
    likeness = (vectors * query).sum(axis=1)
    assert len(found) == number
    assert [each.likeness for each in found] == pytest.approx(sorted(likeness / 2, reverse=True)[:number], abs=1e-6)
    if number >= 3:
        places = [each.number for each in found]
        assert places.index(5) < places.index(9)
        assert len(set(places)) == number


def test_no_more_are_found_than_there_are():
    assert len(nearest(np.ones((3, 2), np.float32), np.ones(2, np.float32), 10)) == 3


def test_a_map_is_the_plane_in_which_texts_differ_most():
    chance = np.random.default_rng(1)
    vectors = (chance.normal(size=(40, 6)) * [5, 3, 1, 0.5, 0.1, 0.1]).astype(np.float32)
    found = plane(vectors)
    centred = vectors.astype(float) - vectors.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :2] * singular[:2]
    assert np.abs(np.abs(found) - np.abs(expected)).max() < 1e-6
    assert np.array_equal(found, plane(vectors))
    assert plane(vectors[:1]).tolist() == [[0, 0]]
    assert plane(vectors[:5, :1]).shape == (5, 2)


@pytest.mark.parametrize("number", [1, 3, MAX_LABELS, MAX_LABELS + 40])
def test_pictures_of_confusion(number, tmp_path):
    chance = np.random.default_rng(2)
    labels = ("", "$x_", *(f"label {place}" for place in range(2, number)))[:number]
    true = [labels[place] for place in chance.integers(0, number, 300)]
    said = chance.dirichlet(np.ones(number), 300)
    figure = draw_confusion("who", [("as the model says", measured(labels, said, true))] * 2)
    canvas.save(figure, tmp_path / "c.png")
    shown = figure.axes[0].get_yticklabels()
    assert len(shown) == min(number, MAX_LABELS)
    cells = [int(text.get_text()) for text in figure.axes[0].texts]
    assert sum(cells) == 300


@pytest.mark.parametrize("labels", [[], ["a", "b"] * 10, [str(place) for place in range(20)]])
def test_pictures_of_a_map(labels, tmp_path):
    places = np.random.default_rng(3).normal(size=(20, 2))
    figure = draw_map(places, labels, places[0])
    canvas.save(figure, tmp_path / "m.png")
    drawn = sum(len(each.get_offsets()) for each in figure.axes[0].collections)
    assert drawn == 21


class CountingGenerator:
    """A generator that counts how often it reads texts."""

    def __init__(self, generator):
        self.generator, self.calls = generator, 0

    def encode_texts(self, texts):
        self.calls += 1
        return self.generator.encode_texts(texts)


@pytest.fixture
def kept(tiny_run, tmp_path, monkeypatch):
    from textgen.runs.run import load_run
    from textgen.writing.generator import Generator

    monkeypatch.setenv("TEXTGEN_CACHE", str(tmp_path / "cache"))
    return CountingGenerator(Generator.load(tiny_run)), load_run(tiny_run), tmp_path / "cache"


def test_vectors_are_read_once(kept):
    counting, run, cache = kept
    corpus = Corpus("t", ("the hen went down", "to the barn", "and what did you see?"), kind="line")
    first = vectors_of(counting, run, corpus)
    again = vectors_of(counting, run, corpus)
    assert counting.calls == 1
    assert np.array_equal(first, again)
    assert np.array_equal(first, counting.generator.encode_texts(corpus.documents))
    other = vectors_of(counting, run, Corpus("t", (*corpus.documents[:2], "and what?"), kind="line"))
    assert counting.calls == 2
    assert not np.array_equal(first, other)
    # Damaged ones are made anew.
    for path in cache.rglob(VECTORS):
        content = bytearray(path.read_bytes())
        content[5] ^= 255
        path.write_bytes(content)
    assert np.array_equal(vectors_of(counting, run, corpus), first)
    assert counting.calls == 3
