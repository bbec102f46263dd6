"""Label sets, the labels of a row of ids, and the places of a mixture."""

import numpy as np

from textgen.planning.labelling import TextLabels
from textgen.tokens.labels import LabelSet, places

AUTHORS = LabelSet("author", ("Ann", "Bob", ""))


def test_ids_count_from_one():
    assert AUTHORS.ids() == {"Ann": 1, "Bob": 2, "": 3}


def test_new_labels_come_behind():
    assert AUTHORS.extended(["Bob", "Cid", "Ann", "Cid"]).values == ("Ann", "Bob", "", "Cid")


def test_shown():
    assert AUTHORS.shown() == "author: Ann, Bob, (none)"
    assert LabelSet("n", tuple("abcdefgh")).shown() == "n: a, b, c, d, e, f and 2 more"


def test_every_place_of_a_row_belongs_to_the_document_before_it():
    ids = np.array([0, 5, 6, 0, 7, 0, 0, 8, 9])
    labels = TextLabels.of(ids, np.array([[1], [2], [3], [4]]))
    assert labels.starts.tolist() == [0, 3, 5, 6]
    assert labels.documents(np.arange(9)).tolist() == [0, 0, 0, 1, 1, 2, 3, 3, 3]
    assert labels.documents(np.array([[8, 0], [3, 2]])).tolist() == [[3, 0], [1, 0]]


def test_the_places_of_a_mixture():
    sets = (AUTHORS, LabelSet("year", ("2020",)))
    shares = {"year": {"2020": 1.0}, "author": {"Bob": 0.25, "": 0.75}}
    assert list(places(sets, shares)) == [(0, 1, 0.25), (0, 2, 0.75), (1, 0, 1.0)]
    assert list(places(sets, {})) == []
