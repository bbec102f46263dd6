"""How lines that people wrote read, and lines that nobody reads as verse."""

import pytest

from textgen.corpus.memory import words
from textgen.verse import check
from textgen.verse.faults import breaks_before, line_faults
from textgen.verse.masks.substitutions import substituted
from textgen.verse.scansion import scan
from textgen.verse.sounds.function_words import FUNCTION_WORDS, UNFINISHED, kind_of

FIVE = ("ws" * 5,)


def read(line, rule="substitutions", patterns=FIVE):
    return scan(words(line), breaks_before(line), patterns, rule)


@pytest.mark.parametrize(
    ("line", "pattern", "licences"),
    [
        ("Shall I compare thee to a summer's day?", "ws" * 5, ()),
        ("The curfew tolls the knell of parting day", "ws" * 5, ()),
        ("Under the shadow of the silent tree", "sw" + "ws" * 4, ("initial trochee",)),
        ("In the old age black was not counted fair", "wwss" + "ws" * 3, ("double iamb",)),
        ("To be, or not to be: that is the question", "ws" * 5 + "w", ("feminine ending",)),
        ("And see the brave day sunk in hideous night", "ws" * 5, ("elision: hideous",)),
        ("He stood alone, waiting to see her come", "wsws" + "sw" + "wsws", ("trochee after a break",)),
        (
            "Never again, never to see the river",
            "swws" + "sw" + "wsws" + "w",
            ("initial trochee", "trochee after a break", "feminine ending"),
        ),
    ],
)
def test_the_licences_of_known_lines(line, pattern, licences):
    found = read(line)
    assert (found.pattern, found.licences) == (pattern, licences)
    assert not {"the", "a", "an", "of", "to", "in"} & set(found.stressed)
    assert (read(line, "strict") is not None) == (not licences or licences == ("double iamb",))


def test_a_trochee_within_a_line_needs_a_break():
    assert read("He stood alone, waiting to see her come")
    assert read("He stood alone waiting to see her come") is None


def test_an_anapest_is_read_only_by_the_loose_rule():
    for line, number in (
        ("The wind in the garden blew the roses down", 1),
        ("The wind in the garden is cold and very high", 2),
    ):
        assert read(line) is None
        assert read(line, "loose").licences == number * ("anapest",)
    # Three of five feet are too many: this is a line of anapests.
    assert read("The wind in the garden is bitter and very cold", "loose") is None


@pytest.mark.parametrize("rule", ["strict", "substitutions", "loose"])
@pytest.mark.parametrize("line", ["Never never never never never", "To be or not to be that is the", "", "stone " * 50])
def test_lines_without_meter(line, rule):
    assert read(line, rule) is None


def test_function_words_on_strong_places():
    found = read("the house of the old man upon the hill", "strict", ("ws" * 5,))
    assert found.stressed == ("the",)
    assert read("the house of the old man upon the hill").licences == ("double iamb",)
    # "Of" stands between a weak syllable and a stressed one, and so nothing promotes it.
    found = read("The memory of kind lips and laughing eyes")
    assert (found.stressed, found.licences) == (("of",), ("elision: memory",))
    # Between two weak syllables each is promoted, yet a line of nothing else has no beat.
    found = read("the and to of some we the i in fish")
    assert found.row >= 3
    assert line_faults("the and to of some we the i in fish", FIVE)["few stresses"] == 1
    assert read("I wandered lonely as a cloud that floats").row == 1


def test_an_article_is_stressed_only_where_no_licence_avoids_it():
    assert read("And the pressed flower returned a silver sound").stressed == ()
    assert read("He gave the king the sword and the command").stressed == ("the",)


def test_what_the_checker_says():
    verdict = check(["In the old age black was not counted fair", "The stars of the dark night are wide and of"] * 2)
    first, second = verdict.lines[:2]
    assert first.licences == ["double iamb"]
    assert first.remarks == []
    assert "weak end: of" in second.remarks
    assert second.faults["weak end"] == 1
    strict = check(["In the old age black was not counted fair"] * 4, "couplets", meter_rule="strict")
    assert strict.lines[0].remarks == ["stressed article: the"]
    assert strict.lines[0].licences == []
    loose = ["The wind in the garden is cold and very high"] * 4
    assert str(check(loose, "couplets").lines[0].breaks[0]) == "syllables: 12, not 10 or 11"
    assert check(loose, "couplets", meter_rule="loose").count("syllables") == 0
    assert check(["The river of mountain stone is in my road"] * 4, "couplets").count("meter") == 4


def test_the_classes_of_function_words():
    assert {word: kind_of(word) for word in ("the", "of", "in", "and", "my", "thee", "hath", "stone")} == {
        "the": "article",
        "of": "preposition",
        "in": "preposition",
        "and": "conjunction",
        "my": "possessive",
        "thee": "pronoun",
        "hath": "auxiliary",
        "stone": "",
    }
    assert UNFINISHED < FUNCTION_WORDS
    assert not UNFINISHED & set("in on up down out off over by through that me thee is was it".split())
    assert all(kind_of(word) for word in FUNCTION_WORDS)


@pytest.mark.parametrize("rule", ["strict", "substitutions", "loose"])
@pytest.mark.parametrize("patterns", [FIVE, ("ws" * 4,), ("wwswwswws", "wswwswws"), ("wwswws", "wswws"), ("xxxxx",)])
def test_the_decoder_writes_only_patterns_that_the_checker_reads(patterns, rule):
    """Each pattern of the decoder, written in words of one syllable and of two, is read."""
    written = substituted(patterns, rule)
    assert set(patterns) <= set(written)
    assert sum(pattern in patterns for pattern in written) * 2 >= len(written)
    # The stresses of a pattern as words: "and" weak, "stone" strong, "river" for a strong and a last weak syllable.
    for pattern in set(written):
        body = [{"w": "and", "s": "stone", "S": "stone", "x": "and"}[sign] for sign in pattern.removesuffix("e")]
        line = [*body[:-1], "river"] if pattern.endswith("e") else body
        assert scan(line, [True] * len(line), patterns, rule) is not None, pattern
