"""The tree of errors: the same in the classes, in their module's docstring and in the guide; and what raises each."""

import re
import shutil

import pytest

import textgen
from tests.conftest import ROOT, verse
from tests.helpers import forged_runs
from tests.helpers.models import fixed
from tests.helpers.pages import blocks
from textgen import Generator, errors, train
from textgen.runs.folder import WEIGHTS
from textgen.system.folders import Folder
from textgen.system.locks import locked

CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.TextgenError)
}


def tree(text):
    """The tree that a text draws: name to the name of its parent and its exit code, in the order of the lines."""
    found, above = {}, {}
    for indent, name, code in re.findall(r"^ *?((?:[| `]   )*(?:[|`]-- )?)(\w+Error) +(\d) ", text, re.MULTILINE):
        depth = len(indent) // 4
        above[depth] = name
        found[name] = (above.get(depth - 1), int(code))
    return found


def guide():
    ((_, drawn),) = blocks((ROOT / "docs/guide/python-api.md").read_text("utf-8"), "text")
    return drawn


def test_the_tree_of_the_guide_is_that_of_the_classes():
    expected = {
        name: (kind.__base__.__name__ if name != "TextgenError" else None, kind.exit_code)
        for name, kind in CLASSES.items()
    }
    assert tree(guide()) == expected
    indented = "\n".join(line.removeprefix("    ") for line in errors.__doc__.splitlines())
    assert tree(indented) == expected


def test_every_error_is_exported():
    assert set(CLASSES) <= set(textgen.__all__)
    for name, kind in CLASSES.items():
        assert getattr(textgen, name) is kind


# What raises each error, as the guide says; what is not here is a base class, or costs a training (test_resume.py: a
# loss that is no number) or a small memory (test_planning and test_cli).
def raising(run, folder):
    small = fixed({}, symbols="ab")
    return {
        "UsageError": lambda: small.generate(length="long"),
        "NothingLeftError": lambda: small.generate(forbid=["a", "b", "\n"], length=3),
        "CorpusError": lambda: train("nowhere.txt"),
        "PromptError": lambda: small.generate("c"),
        "RunError": lambda: Generator.load("nowhere"),
        "DamagedError": lambda: Generator.load(folder / "damaged"),
        "StorageError": lambda: train(text=verse(), out=folder / "file/below"),
        "RunExistsError": lambda: train(text=verse(), out=folder / "full"),
        "RunInUseError": lambda: train(text=verse(), resume=run),
    }


def test_what_the_guide_says_raises_each(tiny_run, tmp_path):
    for name in ("damaged", "used"):
        shutil.copytree(tiny_run, tmp_path / name)
    weights = forged_runs.newest(tmp_path / "damaged") / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1])
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/kept.txt").write_text("mine")
    with Folder.opened(tmp_path / "used") as folder, locked(folder):
        for name, call in raising(tmp_path / "used", tmp_path).items():
            with pytest.raises(errors.TextgenError) as caught:
                call()
            assert type(caught.value).__name__ == name, caught.value
