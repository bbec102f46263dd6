"""The length of a text in characters, bytes and words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.tokens import extent
from textgen.tokens.extent import Extent, ExtentCounter


@pytest.mark.parametrize(
    ("documents", "characters", "size", "words"),
    [
        ([" no it was n't black monday \n but while\n"], 40, 40, 6 + 2 + 2),
        (["caf\u00e9 \U0001f469", "snow \u96ea\n"], 6 + 7, 10 + 9, 2 + 1 + 2 + 1),
        (["one", "two", "three"], 11, 11, 5),  # the end of the last line is not predicted
        (["one\n", "two\n"], 8, 8, 2 + 1 + 2),  # here the ends of both lines are, and the boundary
        (["a\ud800"], 2, 4, 1),  # a lone surrogate, as a text from a program may hold
        ([""], 0, 0, 0),
        ([], 0, 0, 0),
    ],
)
def test_a_text_is_as_long_in_words_as_papers_count(documents, characters, size, words):
    assert Extent.of(documents) == Extent(characters, size, words)


@given(st.lists(st.lists(st.text("ab \n\u3000\u96ea", max_size=6), min_size=1, max_size=4), max_size=4))
def test_a_text_in_pieces_is_as_long_as_the_whole(documents):
    counter = ExtentCounter()
    for pieces in documents:
        counter.begin()
        for piece in pieces:
            counter.add(piece)
    assert counter.extent() == Extent.of("".join(pieces) for pieces in documents)


@pytest.mark.parametrize("piece", [1, 2, 3, 5])
def test_a_long_text_is_counted_in_pieces(monkeypatch, piece):
    documents = ["the hen \u96ea went\ndown  to", "the barn\n"]
    whole = Extent.of(documents)
    assert whole == Extent(23 + 9, 25 + 9, 6 + 1 + 1 + 2 + 1)
    monkeypatch.setattr(extent, "PIECE", piece)
    assert Extent.of(documents) == whole
