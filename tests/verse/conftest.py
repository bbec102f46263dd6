"""Models that the tests of verse share."""

import itertools

import pytest

from tests.conftest import ROOT
from tests.helpers.models import untaught
from textgen.corpus.memory import hash_poems
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.subwords import SubwordTokenizer
from textgen.tokens.words import WordTokenizer

LAMPLIGHTER = (ROOT / "corpora" / "lamplighter.txt").read_text("utf-8")

# The units and directions in which a run can write verse in meter.
ENGLISH = [*itertools.product(["char", "word"], ["forward", "backward"]), ("subword", "forward")]


@pytest.fixture(scope="session")
def wordsmiths():
    """Models of words and of characters, forward and backward; words in lower case, as many corpora of verse are."""
    text = LAMPLIGHTER.lower()
    symbols = {WordTokenizer: [*WordTokenizer(()).split(text), *(" " + word for word in text.split())]}
    symbols |= {CharTokenizer: text + LAMPLIGHTER}
    symbols |= {SubwordTokenizer: SubwordTokenizer.train([text], 700)}
    memory = hash_poems(LAMPLIGHTER.split("\n\n"))
    memory["lines"] = memory["lines"][:0]
    return {
        (kind.kind, direction): untaught(symbols[kind], kind, direction=direction, memory=memory, sharpness=2.0)
        for kind, direction in itertools.product(symbols, ("forward", "backward"))
    }
