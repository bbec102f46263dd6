"""Writing in subwords: characters that come byte by byte, in every way in which text is written."""

import itertools

import numpy as np
import pytest

from tests.helpers.models import fixed, untaught
from textgen.sampling.config import SamplingConfig
from textgen.tokens.layout import BOUNDARY
from textgen.tokens.subwords import FIRST, SubwordTokenizer
from textgen.writing.cowriter import CoWriter
from textgen.writing.samples import Ending

TOKENIZER = SubwordTokenizer.train(["the fox and the hen went down to the barn, and the fox sat down.\n" * 9], 300)


@pytest.fixture(scope="module", params=["forward", "backward"])
def generator(request):
    """A model that knows nothing: half of what it writes are bytes."""
    return untaught(TOKENIZER, SubwordTokenizer, direction=request.param, documents="line", sharpness=1.0)


SETTINGS = {"length": 200, "seed": 3, "temperature": 1.0}


def test_a_text_is_the_same_however_it_is_written(generator):
    whole = generator.generate("", **SETTINGS)
    assert not any("\ud800" <= character <= "\udfff" for character in whole)
    assert any(not character.isascii() for character in whole)  # characters that came byte by byte
    pieces = list(generator.stream("", **SETTINGS))
    assert "".join(pieces) == whole
    for piece in pieces:
        piece.encode()  # each can be printed as it comes
    assert generator.generate_many(["", ""], **SETTINGS)[0] == whole
    with_stop = generator.generate("", **SETTINGS, stop="\x00never")
    assert with_stop == whole


def test_whole_characters_are_shown_as_soon_as_they_are_whole():
    ending = Ending(SamplingConfig(), has_bytes=True)
    moon, cut = "\udcf0\udc9f\udc8c\udc99", "\udce2"
    shown = [ending.take(2, symbol) for symbol in (*moon, "a", cut, "b")]
    assert shown == ["", "", "", "\U0001f319", "a", "", "\ufffdb"]
    assert ending.rest() == ""


def test_beam_search_and_several_candidates(generator):
    if generator.direction == "forward":
        generator.generate("", length=30, beam=3).encode()
    generator.generate("", length=30, best_of=3, seed=1).encode()


@pytest.mark.parametrize("text", ["\u2764", "\u00e9"])
def test_a_character_of_bytes_can_be_forbidden(text):
    """It is refused at its last byte, since each byte alone may belong to other characters."""
    ids = SubwordTokenizer().encode(text).tolist()
    generator = fixed(dict(itertools.pairwise([BOUNDARY, *ids])), symbols=FIRST, kind=SubwordTokenizer)
    settings = {"length": len(ids), "seed": 1}
    assert generator.generate("", **settings) == text
    assert text not in generator.generate("", **settings, forbid=text)


def test_scores_show_a_character_at_its_last_byte(generator):
    score = generator.score("the \u2764")
    assert "".join(score.symbols) == "the \u2764"
    assert (score.surprisal > 0).all()
    assert not score.unknown.any()


def test_writing_together(generator):
    writer = CoWriter(generator, seed=1)
    writer.add("the f")
    for _ in range(3):
        proposals = writer.propose()
        for proposal in proposals:
            proposal.text.encode()  # it can be shown
        writer.take(proposals[0])
    writer.text.encode()
    writer.add("ox sat")
    # A text that is added may join the last symbol: the state is that of the whole text, read at once.
    assert np.array_equal(writer._steps[-1].start.ids, generator.read_prompt(writer.text, "skip"))
