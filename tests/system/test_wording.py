"""Pieces of messages."""

from textgen.system.wording import did_you_mean


def test_near_names_are_suggested():
    assert did_you_mean("unitz", ["layers", "units"]) == "did you mean 'units'?"
    assert did_you_mean("tang30", ["tang", "tang300", "snow"], 3) == "did you mean 'tang300' or 'tang'?"


def test_all_names_are_listed_where_none_is_near():
    assert did_you_mean("xyz", {"layers": 1, "units": 2}) == "there are: layers, units"
