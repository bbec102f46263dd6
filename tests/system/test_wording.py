"""Pieces of messages."""

import pytest

from textgen.system.wording import ascii_safe, count, did_you_mean, plural, visible


def test_a_number_and_its_noun():
    assert [count(number, "line") for number in (0, 1, 2, 1200)] == ["0 lines", "1 line", "2 lines", "1,200 lines"]
    assert [plural("line", number) for number in (0, 1, 2)] == ["lines", "line", "lines"]


@pytest.mark.parametrize(("symbol", "shown"), [("a", "'a'"), ("\u200d", "U+200D"), ("\n", "U+000A"), ("雞", "'雞'")])
def test_a_symbol_in_a_message(symbol, shown):
    assert ascii_safe(symbol) == shown


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [
        ("a", "a"),
        (" the", "the"),
        (" ", "·"),
        ("\n", "↵"),
        ("\t", "⇥"),
        ("\u200d", "·"),
        ("a\u200db", "a·b"),
        ("  ", "·"),
    ],
)
def test_a_symbol_made_visible(symbol, shown):
    assert visible(symbol) == shown


def test_near_names_are_suggested():
    assert did_you_mean("unitz", ["layers", "units"]) == "did you mean 'units'?"
    assert did_you_mean("tang30", ["tang", "tang300", "snow"], 3) == "did you mean 'tang300' or 'tang'?"


def test_all_names_are_listed_where_none_is_near():
    assert did_you_mean("xyz", {"layers": 1, "units": 2}) == "there are: layers, units"
