"""What the README promises, done: its commands, its script, its list of files."""

import re
import subprocess
import sys

from tests.conftest import ROOT, TINY

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_make_demo_ends_with_samples(checkout):
    """The first of the two commands. The environment is this one, taken as ready (--old-file), or it would be
    installed anew and point at a checkout that is gone tomorrow."""
    assert "make demo" in blocks("sh")[0]
    ready = [f"--old-file={sys.prefix}/{stamp}" for stamp in (".installed", ".made")]
    command = ["make", "demo", f"VENV={sys.prefix}", *ready]
    result = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=900, check=False)
    assert result.returncode == 0, result.stderr
    assert "pip install" not in result.stdout
    assert "The river" in result.stdout
    assert "run checkpoints/demo, seed 2" in result.stderr
    words = set(re.findall(r"[a-z]+", (checkout / "corpora/ferryman.txt").read_text().lower()))
    written = re.findall(r"[a-z]+", result.stdout.split("The river")[-1].lower())[:-1]
    known = sum(word in words for word in written) / len(written)
    assert known > 0.8, result.stdout


def test_make_test_is_what_runs_this():
    """The second command; run here it would run itself, so its recipe is read instead."""
    assert "make test" in blocks("sh")[0]
    recipe = subprocess.run(["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "ruff check" in recipe
    assert "ruff format --check" in recipe
    assert "pytest" in recipe


def test_the_scripts_print_texts(tmp_path, text_file):
    script, transform = blocks("python")
    assert len(script.strip().splitlines()) <= 6
    # The script's prompt must be made of letters the model has seen.
    text = tmp_path / "tale.txt"
    text.write_text("The river rose. " + text_file.read_text())
    options = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    subprocess.run(
        [sys.executable, "-m", "textgen", "train", str(text), *options], cwd=tmp_path, check=True, capture_output=True
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("The river ")
    assert len(result.stdout) == len("The river ") + 300 + 1
    assert result.stderr == ""
    both = subprocess.run(
        [sys.executable, "-c", script + transform], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert both.stdout.startswith(result.stdout)
    changed = both.stdout[len(result.stdout) :]
    assert changed.startswith("The river ")
    assert changed != result.stdout


def test_every_command_of_the_readme_parses(tmp_path, monkeypatch):
    import shlex

    from textgen.cli import main

    commands = [line for line in blocks("sh")[1].splitlines() if line.startswith("textgen ")]
    assert len(commands) == 34
    for line in commands:
        name, *arguments = shlex.split(line, comments=True)[1:]
        command = main.get_command(None, name)
        with command.make_context(name, arguments):
            pass


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
        assert len(set(paragraphs)) == len(paragraphs)  # none twice


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
