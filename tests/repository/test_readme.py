"""What the README promises of its two commands, and what the README of the texts says of them."""

import re
import subprocess
import sys
from collections import Counter

import pytest

from tests.conftest import ROOT
from tests.helpers import pages

README = (ROOT / "README.md").read_text("utf-8")


def two_commands():
    return next(text for _, text in pages.blocks(README, "sh") if text.startswith("make "))


@pytest.mark.docs
def test_make_demo_ends_with_samples(checkout):
    """The first of the two commands. It uses this environment as it is (--old-file): installing it again would make it
    point at a folder that the test removes. One epoch is enough to learn to spell half of the words."""
    assert "make demo" in two_commands()
    ready = [f"--old-file={sys.prefix}/{stamp}" for stamp in (".installed", ".made")]
    command = ["make", "demo", f"VENV={sys.prefix}", "DEMO_EPOCHS=1", *ready]
    result = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=900, check=False)
    assert result.returncode == 0, result.stderr
    assert "pip install" not in result.stdout
    assert "The river" in result.stdout
    assert "run checkpoints/demo, seed 2" in result.stderr
    words = set(re.findall(r"[a-z]+", (checkout / "corpora/ferryman.txt").read_text().lower()))
    written = re.findall(r"[a-z]+", result.stdout.split("The river")[-1].lower())[:-1]
    known = sum(word in words for word in written) / len(written)
    assert known > 0.5, result.stdout


def test_make_test_is_what_runs_this():
    """The second command. A test cannot run it, since it would run itself; so this reads its recipe."""
    assert "make test" in two_commands()
    recipe = subprocess.run(["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "ruff check" in recipe
    assert "ruff format --check" in recipe
    assert "mypy" in recipe
    assert "lint-imports" in recipe
    assert "pytest" in recipe


def test_the_texts_are_what_their_readme_says():
    table = (ROOT / "corpora/README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \|.*?\| ([\d,]+) bytes", table, re.MULTILINE)
    assert {name for name, _ in rows} == {path.name for path in (ROOT / "corpora").glob("*.txt")}
    for name, size in rows:
        data = (ROOT / "corpora" / name).read_bytes()
        assert len(data) == int(size.replace(",", ""))
        text = data.decode()
        assert text.endswith("\n")
        assert not re.search(r"[ \t\r]$", text, re.MULTILINE)
        paragraphs = [paragraph for paragraph in text.split("\n\n") if len(paragraph) > 80]
        assert len(set(paragraphs)) == len(paragraphs)


def test_the_poems_and_headlines_are_as_many_as_is_said():
    verse = (ROOT / "corpora/lamplighter.txt").read_text()
    forms = [line.split(", ", 2) for line in (ROOT / "corpora/lamplighter-forms.csv").read_text().splitlines()]
    assert [int(number) for number, _, _ in forms] == list(range(1, 73))
    places = [verse.index(f"{first}\n") for _, _, first in forms]
    assert places == sorted(places)
    for text in (verse, (ROOT / "corpora/headlines.txt").read_text()):
        lines = [line for line in text.splitlines() if line]
        assert len(lines) == len(set(lines))
    assert len(lines) == 1170
    poems = (ROOT / "corpora/jueju.txt").read_text("utf-8").strip().split("\n\n")
    assert len(set(poems)) == 350
    shape = re.compile(r"(\w{5}，\w{5}。\n\w{5}，\w{5}。|\w{7}，\w{7}。\n\w{7}，\w{7}。)")
    assert all(shape.fullmatch(poem) for poem in poems)
    assert sum(len(poem) == 25 for poem in poems) == 177
    haiku = (ROOT / "corpora/haiku.txt").read_text()
    poems = haiku.strip().split("\n\n")
    assert len(poems) == len(set(poems)) == 889
    assert all(poem.count("\n") == 2 for poem in poems)
    assert len(set(haiku.split())) == 473
    assert max(Counter(haiku.strip().replace("\n\n", "\n").splitlines()).values()) == 3
