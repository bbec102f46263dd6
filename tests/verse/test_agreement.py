"""Errors of agreement and order, and older English that is none."""

import pytest

from textgen.verse.agreement import errors
from textgen.verse.faults import line_faults


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("He go alone", ["He go"]),
        ("and now they goes away", ["they goes"]),
        ("in a houses of the town", ["a houses"]),
        ("this men are old", ["this men"]),
        ("every women sang", ["every women"]),
        ("He loved these heart", ["these heart"]),
        ("the my love", ["the my"]),
        ("to the and", ["the and"]),
        ("to of the sea", ["to of"]),
        ("he would is here", ["would is"]),
        ("she is was here", ["is was"]),
        ("of and the sea", ["of and"]),
        ("We sings; thou are", ["we sings", "thou are"]),
        ("I has a dream", ["i has"]),
    ],
)
def test_errors(line, found):
    assert [one.words.lower() for one in errors(line)] == [one.lower() for one in found]
    assert line_faults(line)["agreement"] == len(found)


@pytest.mark.parametrize(
    "line",
    [
        "If he go, let her go too",
        "Thou art more lovely and more temperate",
        "The, I; the: my own, of, and",
        "these summer days and those heart strings",
        "Ay, an it please you",
        "He and I are one",
        "the will, the might, a while, the which",
        "to and fro, with alms, a gallows, every means",
        "What if they were? It were well",
        "I think that he loves",
        "Shall I compare thee to a summer's day?",
        "vitamin a is good, and hepatitis a was mine",
        "a glass, an abyss, a bus, an ibis",
        "the above, the under side, a near thing, my own, the round world",
        "",
    ],
)
def test_what_is_no_error(line):
    assert errors(line) == []


def test_the_letter_a_is_no_article():
    assert line_faults("They gave us vitamin a") == line_faults("hepatitis a, not b") == {}
    assert line_faults("They gave us all a") == {"weak end": 1}
    assert [one.words for one in errors("a is good; my vitamin of is bad")] == ["a is", "of is"]


def test_an_error_says_what_is_wrong():
    assert str(errors("the my love")[0]) == "the my: two determiners"
