"""Schemes whose lines or words return, as files of forms write them."""

import pytest

from textgen.corpus.forms import FORMS
from textgen.corpus.forms.reading import read_forms
from textgen.errors import UsageError


def form(scheme, meter="wswsws", more=""):
    """A form of a file with one."""
    meter = meter if meter.startswith("{") else f'"{meter}"'
    text = f'[odd]\nabout = "a form"\nlanguage = "english"\nscheme = "{scheme}"\nmeter = {meter}\n{more}'
    return read_forms("forms.toml", text)["odd"]


def test_lines_that_return_and_short_ones():
    rondel = form("A1Bba* A1", '{A = "wswsws", B = "wswsws", "-" = "ws"}')
    assert (rondel.rhyme, rondel.stanzas) == ("ABBA-A", (5, 1))
    assert (rondel.refrains, rondel.rentrements) == ((-1, -1, -1, -1, -1, 0), (-1, -1, -1, -1, 0, -1))
    assert [rondel.source_of(line) for line in range(6)] == [-1, -1, -1, -1, 0, 0]
    assert [rondel.caesura(line) for line in range(6)] == [2, 0, 0, 0, 0, 0]
    assert rondel.new_lines("A") == [0, 3]


def test_words_that_return():
    short = form("123 312 231 (12)3")
    assert short.end_words == (0, 1, 2, 2, 0, 1, 1, 2, 0, 1, 2)
    assert short.inner_words == (-1,) * 9 + (0, -1)
    assert (short.rhyme, short.leading, short.refrains) == ("-" * 11, "", ())
    assert not short.has_radif(0)
    # Numbers are names: the first to stand is the first word.
    assert form("52 25").end_words == (0, 1, 1, 0)


def test_a_word_after_the_rhyme():
    ghazal = form("AA -A -A", more='radif = "a"')
    assert ghazal.end_words == (0, 0, -1, 0, -1, 0)
    assert [ghazal.has_radif(line) for line in range(6)] == [True, True, False, True, False, True]


def test_rhymes_of_two_syllables_are_those_of_lines_that_end_weak():
    onegin = FORMS["onegin"]
    letters = [letter if onegin.is_feminine(line) else letter.lower() for line, letter in enumerate(onegin.rhyme)]
    assert "".join(letters) == "AbAbCCddEffEgg"
    assert not any(map(FORMS["limerick"].is_feminine, range(5)))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"scheme": "*AA"}, "[odd] scheme: * repeats the first words of line 1; write a letter for line 1"),
        ({"scheme": "12 1"}, "[odd] scheme: the word 2 ends one line only; write - for a line"),
        ({"scheme": "(12)12"}, "[odd] scheme: (12) needs two words that end earlier lines"),
        ({"scheme": "12 21 (22)1"}, "[odd] scheme: (22) needs two words that end earlier lines"),
        ({"scheme": "AB(1"}, "[odd] scheme: '(' is no line of a rhyme scheme"),
        ({"scheme": "ABAB", "more": 'radif = "C"'}, "[odd] radif: 'C' is no letter of two lines of the scheme"),
        ({"scheme": "A1BA1B", "more": 'radif = "B"'}, "[odd] radif: goes with no refrains and no numbered words"),
        (
            {"scheme": "AB*", "meter": '{A = "wswsws", B = "wswsws", "-" = "sw"}'},
            "[odd] meter: line 3 repeats the first words of line 1; give it the beginning of that line's pattern",
        ),
        ({"scheme": "AB*"}, "[odd] meter: line 3 repeats the first words of line 1"),
    ],
)
def test_a_scheme_that_breaks_a_rule_ends_in_one_line(options, complaint):
    with pytest.raises(UsageError) as caught:
        form(**options)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_line_that_returns_has_one_meter():
    head = '[odd]\nabout = "a form"\nlanguage = "english"\nscheme = "A1BA1B"\n'
    with pytest.raises(UsageError, match="lines 1 and 3 are one line with two patterns"):
        read_forms("forms.toml", head + 'meter = ["ws", "ws", "wsws", "ws"]')
