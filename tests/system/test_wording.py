"""Pieces of messages."""

import pytest

from textgen.system.wording import ascii_safe, count, plural, visible


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
