"""A script that uses every public name: it runs, type checkers find no fault in it, and they find planted mistakes.

This is mypy on the sources; `make typed` does the same with mypy and pyright on an installed wheel.
"""

import ast
import runpy
import subprocess
import sys

import textgen
from tests.conftest import ROOT
from tests.helpers import typed


def test_the_script_uses_every_public_name():
    tree = ast.parse(typed.SCRIPT.read_text("utf-8"))
    used = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "textgen"
    }
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(textgen.__all__) <= used | imported
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    assert imported - {"Path"} <= set(names)  # none is only imported
    assert len(typed.SCRIPT.read_text("utf-8").splitlines()) < 60


def test_mypy_finds_the_planted_mistakes_and_no_others(tmp_path):
    typed.write(tmp_path)
    scripts = [str(tmp_path / name) for name in ("script.py", "planted.py")]
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "setup.cfg"), *scripts]
    # From the root, so that what `make lint` found out is used again.
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert typed.lines_of_mypy(printed) == typed.expected(), printed
    assert len(typed.MISTAKES) == len(typed.planted()[1]) == 5


def test_the_script_runs(text_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["script", str(text_file), str(tmp_path / "run")])
    runpy.run_path(str(typed.SCRIPT), run_name="__main__")
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1 of 1: ")
    assert second.startswith(f"{textgen.__version__} <History of {tmp_path / 'run'}: 1 epoch, best ")
