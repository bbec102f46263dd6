"""Imports that take less time."""

import gc
import sys

import pytest

from textgen.system.imports import without_collections, without_packages


def test_nothing_is_collected_meanwhile():
    assert gc.isenabled()
    with without_collections():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_package_is_missing_meanwhile(tmp_path, monkeypatch):
    for package in ("costly", "dear"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
        (tmp_path / package / "part.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with without_packages("costly", "dear"):
        for name in ("costly", "costly.part", "dear", "dear.part"):
            with pytest.raises(ImportError):
                __import__(name)
    assert not {"costly", "dear"} & set(sys.modules)
    import costly.part  # as ever

    with without_packages("costly", "dear"):  # somebody has one of them already
        assert sys.modules["costly"] is costly
        with pytest.raises(ImportError):
            __import__("dear")
    assert "dear" not in sys.modules
    monkeypatch.delitem(sys.modules, "costly.part")
    monkeypatch.delitem(sys.modules, "costly")
