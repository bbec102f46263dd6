"""Which unit is advised for a text."""

import pytest

from tests.conftest import ROOT
from textgen.planning.units import unit_advice

# A thousand words, each of which occurs again and again; and words that occur once.
KNOWN = " ".join(f"word{'abcdefghij'[number % 10]}{'klmno'[number // 10 % 5]}" for number in range(5000))
NEW = " ".join("new" + "".join("abcdefghij"[int(digit)] for digit in str(number)) for number in range(5000))


def test_words_where_few_are_new():
    advice = unit_advice(KNOWN, "char")
    assert advice.startswith(
        'words predict about as well in the same time (`tokenizer="word"`): 0.0% of the words at its end'
    )
    assert "`tokenizer" not in unit_advice(KNOWN, "word")


def test_characters_where_many_are_new():
    advice = unit_advice(NEW, "char")
    assert advice.startswith("characters: 100.0% of the words at its end are not among the")


def test_characters_where_there_are_no_spaces():
    poems = (ROOT / "corpora" / "jueju.txt").read_text("utf-8")
    assert unit_advice(poems, "char") == "characters: the text is written without spaces between words"


@pytest.mark.parametrize("text", ["", "a", "\n\n", "123 456"])
def test_hardly_any_text(text):
    assert unit_advice(text, "char")


def test_the_report_says_it_with_the_flag(command, empty_place):
    (empty_place / "t.txt").write_text(KNOWN)
    result = command("corpora", "check", "t.txt")
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("unit ")]
    assert "words predict about as well in the same time (--unit word): 0.0%" in line
