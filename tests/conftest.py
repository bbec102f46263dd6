"""What the tests stand on: a small text made here, and tiny real models trained on it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parent.parent

# A shell that runs the tests in the background has them ignore Ctrl-C, and all that they start; some press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The smallest model and the shortest training that still learn something of the text below.
TINY = {"units": 24, "embedding_size": 12, "batch_size": 8, "sequence_length": 16, "epochs": 2, "sample_length": 20}


def verse():
    """Some 7,000 characters of text with structure: counting rhymes, no two lines alike."""
    things = "hen fox bee cat owl elk pig cow ant eel".split()
    places = "barn wood hill pond lane mill dell moor cove yard".split()
    lines = []
    for first, thing in enumerate(things):
        for second, place in enumerate(places):
            lines.append(f"{first * 10 + second}: the {thing} went down to the {place},")
            lines.append(f'"and what did you see?" said the {things[-1 - second]}.')
        lines.append("")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def text_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "rhymes.txt"
    path.write_text(verse(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory, text_file):
    """A run of the default kind (characters, embedding, one layer). Read it; copy it to change it."""
    from textgen import train

    path = tmp_path_factory.mktemp("runs") / "tiny"
    train(text_file, path, quiet=True, **TINY)
    return path


@pytest.fixture(scope="session")
def word_run(tmp_path_factory, text_file):
    """Two layers on words, each block of the text a document."""
    from textgen import train

    path = tmp_path_factory.mktemp("runs") / "words"
    train(text_file, path, quiet=True, **TINY | {"tokenizer": "word", "documents": "block", "layers": 2})
    return path


@pytest.fixture
def checkout(tmp_path):
    """What a clone holds."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def empty_place(tmp_path, monkeypatch):
    """A working directory with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command():
    """Run a command of textgen in this process: `command("sample", run, "--length", 3)`."""
    from textgen.cli import main

    def run(*arguments, **options):
        return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)

    return run


@pytest.fixture
def refused(command):
    """Run a command that must fail: returns its one line of complaint, after checking the exit code."""

    def run(code, *arguments, **options):
        result = command(*arguments, **options)
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        lines = [line for line in result.stderr.splitlines() if line]
        if code == 2 and lines[0].startswith("Usage:"):  # Click's own way of saying it
            return lines[-1]
        assert len(lines) == 1, result.stderr
        return lines[0]

    return run


def shell(*arguments, under=(), **options):
    """A real process running textgen (under another command, if named), its output captured as bytes."""
    command = [*under, sys.executable, "-m", "textgen", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=300, check=False, **options)


# Set where nothing may be skipped for want of a browser or a font, as on the machine that decides what lands.
COMPLETE = "TEXTGEN_TEST_COMPLETE"


def missing(what):
    """Skip a test for want of something that a machine need not have; or fail, where it has to be there."""
    if os.environ.get(COMPLETE):
        pytest.fail(f"{COMPLETE} is set, and there is {what}")
    pytest.skip(what)


@pytest.fixture
def hidden():
    """Run a real process of textgen from which packages are hidden: `hidden("matplotlib", "plot", run)`."""

    def run(packages, *arguments):
        code = (
            f"hidden = {packages.split()!r}\n"
            "from importlib import util; found = util.find_spec\n"
            "util.find_spec = lambda name, *rest: None if name in hidden else found(name, *rest)\n"
            "import sys; sys.modules.update(dict.fromkeys(hidden))\n"  # an import of one of them fails
            "from textgen.cli import main; main()"
        )
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def environment(**changes):
    return os.environ | changes
