"""Imports that take less time."""

import gc
import sys

import pytest

from textgen.system.imports import without_collections, without_package


def test_nothing_is_collected_meanwhile():
    assert gc.isenabled()
    with without_collections():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_package_is_missing_meanwhile(tmp_path, monkeypatch):
    (tmp_path / "costly").mkdir()
    (tmp_path / "costly/__init__.py").write_text("")
    (tmp_path / "costly/part.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with without_package("costly"):
        for name in ("costly", "costly.part"):
            with pytest.raises(ImportError):
                __import__(name)
    assert "costly" not in sys.modules
    import costly.part  # as ever

    with without_package("costly"):  # somebody has it already
        assert sys.modules["costly"] is costly
    monkeypatch.delitem(sys.modules, "costly.part")
    monkeypatch.delitem(sys.modules, "costly")
