"""Models that write verse: novices, whose weights are random, and pupils, which learned a text of corpora/."""

import itertools

from tests.conftest import ROOT
from tests.helpers.models import untaught
from textgen import train
from textgen.corpus.memory import hash_poems
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.subwords import SubwordTokenizer
from textgen.tokens.words import WordTokenizer

CORPORA = ROOT / "corpora"

# The units and directions in which a run can write verse in meter.
ENGLISH = [*itertools.product(["char", "word"], ["forward", "backward"]), ("subword", "forward")]

# Small, and trained for seconds: what matters is that they prefer some lines to others.
SMALL = {"units": 64, "embedding_size": 24, "layers": 1, "validation": 0.0, "sample_length": 0, "quiet": True}
# Of each pupil its language, its text, and how it learns. Those that learn for long know their lines by heart.
PUPILS = {
    "jueju": ("chinese", "jueju", {"epochs": 5}),
    "jueju by heart": ("chinese", "jueju", {"epochs": 40, "units": 128, "learning_rate": 0.01}),
    "lamplighter, words backward": (
        "english",
        "lamplighter",
        {"epochs": 3, "tokenizer": "word", "direction": "backward"},
    ),
    "lamplighter, words": ("english", "lamplighter", {"epochs": 3, "tokenizer": "word"}),
    "lamplighter, characters": ("english", "lamplighter", {"epochs": 1}),
    "lamplighter, characters backward": ("english", "lamplighter", {"epochs": 1, "direction": "backward"}),
    "lamplighter, subwords": ("english", "lamplighter", {"epochs": 2, "tokenizer": "subword"}),
    "haiku by heart": ("english", "haiku", {"epochs": 12, "tokenizer": "word", "learning_rate": 0.01}),
}


def text_of(name):
    """A text of corpora/."""
    return (CORPORA / f"{name}.txt").read_text("utf-8")


def wordsmiths():
    """Models of English words, characters and subwords with random weights, by unit and direction.

    Their words are in lower case, as in many corpora of verse.
    """
    known = text_of("lamplighter")
    text = known.lower()
    symbols = {WordTokenizer: [*WordTokenizer(()).split(text), *(" " + word for word in text.split())]}
    symbols |= {CharTokenizer: text + known}
    symbols |= {SubwordTokenizer: SubwordTokenizer.train([text], 700)}
    memory = hash_poems(known.split("\n\n"))
    memory["lines"] = memory["lines"][:0]
    return {
        (kind.kind, direction): untaught(symbols[kind], kind, direction=direction, memory=memory, sharpness=2.0)
        for kind, direction in itertools.product(symbols, ("forward", "backward"))
    }


def novices():
    """Models with random weights: the language and the Generator of each, by name."""
    found = {"novice, jueju": ("chinese", untaught(text_of("jueju")))}
    smiths = wordsmiths()
    return found | {f"novice, {kind} {way}": ("english", smiths[kind, way]) for kind, way in ENGLISH}


def taught(name, folder):
    """Train a pupil; returns the path of its run."""
    _, text, options = PUPILS[name]
    run = folder / name.replace(" ", "-").replace(",", "")
    train(CORPORA / f"{text}.txt", run, documents="poem", **SMALL | options)
    return run
