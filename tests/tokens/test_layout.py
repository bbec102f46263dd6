"""Documents as one row of ids."""

import numpy as np
import pytest

from textgen.tokens.chars import CharTokenizer
from textgen.tokens.layout import BOUNDARY, lay_out, lay_out_symbols, reverse_lines
from textgen.tokens.words import WordTokenizer

DOCUMENTS = ["ab\ncd\n", "", "e f"]


def text_of(tokenizer, ids):
    return "".join(tokenizer.printed("|")[index] for index in ids)


@pytest.mark.parametrize("kind", [CharTokenizer, WordTokenizer])
def test_each_document_follows_a_boundary(kind):
    tokenizer = kind.train(DOCUMENTS)
    ids = lay_out(tokenizer, DOCUMENTS)
    assert ids.dtype == np.int32
    assert text_of(tokenizer, ids) == "|ab\ncd\n||e f"
    assert lay_out(tokenizer, []).shape == (0,)


def test_lines_are_reversed_in_their_places():
    tokenizer = CharTokenizer.train(DOCUMENTS)
    assert text_of(tokenizer, lay_out(tokenizer, DOCUMENTS, backward=True)) == "|ba\ndc\n||f e"
    words = WordTokenizer.train(["one two\nthree"])
    assert text_of(words, lay_out(words, ["one two\nthree"], backward=True)) == "| twoone\nthree"


def test_reversing_twice_changes_nothing():
    tokenizer = CharTokenizer.train(DOCUMENTS)
    ids = lay_out(tokenizer, DOCUMENTS)
    order = reverse_lines(ids, tokenizer)
    assert ids[order][order].tolist() == ids.tolist()
    assert ids[order][0] == BOUNDARY


@pytest.mark.parametrize("backward", [False, True])
def test_a_layout_knows_the_place_of_each_symbol(backward):
    tokenizer = CharTokenizer.train(DOCUMENTS)
    layout = lay_out_symbols(tokenizer, DOCUMENTS, "|", backward)
    assert layout.ids.tolist() == lay_out(tokenizer, DOCUMENTS, backward).tolist()
    shown = "ab\ncd\n||e f"
    assert [shown[place] for place in layout.places] == layout.symbols
    assert "".join(layout.symbols[place] for place in layout.places) == shown
