"""An installation for writing only: its list of packages, what it says of training, and its commands.

`make test-writing` makes an installation without Keras and TensorFlow, and runs the tests that are marked `writing`.
These start processes of that installation. The other tests run everywhere.
"""

import configparser
import json
import os
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

# The virtual environment that make test-writing made.
VARIABLE = "TEXTGEN_WRITING"
TRAINS = {"keras", "tensorflow"}
POEMS = ROOT / "tests/data/before_packages/poems"
LINE = (
    r"textgen: {what} needs keras and tensorflow, which an installation for writing only leaves out; install with: "
    r"pip install 'keras\S+' 'tensorflow\S+'\n"
)


def requirements(lines):
    """Requirements by name."""
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return {each.name.lower(): each for each in found}


@pytest.fixture(scope="module")
def needed():
    return requirements((ROOT / "requirements-writing.txt").read_text("utf-8").splitlines())


def test_the_list_is_what_textgen_requires_without_keras(needed):
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", "utf-8")
    whole = requirements(settings["options"]["install_requires"].splitlines())
    assert set(whole) >= TRAINS
    for name in set(whole) - TRAINS:
        assert needed[name].specifier == whole[name].specifier, name
    # pip installs no others beside them: the list holds what they need in turn, and nothing else.
    inner = {
        inner.name.lower()
        for name in set(whole) - TRAINS
        for inner in map(Requirement, metadata.requires(name) or [])
        if "extra" not in str(inner.marker)
    }
    assert set(needed) == set(whole) - TRAINS | inner


def test_the_readme_names_each_package_for_an_installation_from_a_wheel(needed):
    (line,) = re.findall(r"^pip install --no-deps textgen_lstm-\S+\.whl (.*)$", (ROOT / "README.md").read_text(), re.M)
    assert set(line.split()) == set(needed) - {"colorama"}
    assert "pip install --no-deps . -r requirements-writing.txt" in (ROOT / "README.md").read_text()


def test_without_keras_training_says_what_to_install(hidden, empty_place, monkeypatch):
    """Before it reads a text or makes a folder."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    result = hidden("keras tensorflow", "train", "missing.txt", "--out", "made/run")
    assert result.returncode == 2
    assert re.fullmatch(LINE.format(what="training"), result.stderr)
    assert list(empty_place.iterdir()) == []
    result = hidden("keras tensorflow", "evaluate", "jabez", "missing.txt", "--dynamic")
    assert result.returncode == 2
    assert re.fullmatch(LINE.format(what="--dynamic"), result.stderr)


def test_the_backend_that_is_chosen_is_what_is_missing(hidden, empty_place, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    result = hidden("jax", "train", "missing.txt")
    assert (result.returncode, result.stderr.split(",")[0]) == (2, "textgen: training needs jax")


@pytest.fixture
def installed(empty_place):
    """Run textgen as it is installed for writing only, in an empty folder."""
    scripts = Path(os.environ[VARIABLE], "Scripts" if os.name == "nt" else "bin")
    outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "KERAS_BACKEND")}

    def run(*arguments, code=0, program="textgen", **options):
        command = [scripts / program, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=outside, check=False, **options)
        assert done.returncode == code, done.stderr
        return done

    return run


@pytest.mark.writing
def test_it_has_neither_keras_nor_tensorflow(installed):
    code = (
        "from importlib.util import find_spec; import textgen; "
        "print(find_spec('keras'), find_spec('tensorflow'), textgen.__file__)"
    )
    keras, tensorflow, where = installed("-c", code, program="python").stdout.split()
    assert (keras, tensorflow) == ("None", "None")
    assert Path(where).is_relative_to(os.environ[VARIABLE])


@pytest.mark.writing
def test_it_writes(installed, empty_place):
    heading, *steps = installed().stdout.splitlines()
    assert heading == f"No run of your own in {empty_place}/checkpoints yet."
    assert len(steps) == 3
    first = installed("sample", "--length", 40, "--seed", 1)
    assert "using jabez, which comes with textgen" in first.stderr
    assert installed("sample", "jabez", "--length", 40, "--seed", 1).stdout == first.stdout
    values = json.loads(installed("score", "jabez", "--text", "The river", "--json").stdout)
    assert values["symbols"] == list("The river")
    assert installed("write", "jabez", "--prompt", "The", input="+ end\n/quit\n").stdout == "The end\n"
    assert "ferryman" in installed("info", "jabez").stdout
    assert installed("runs").stdout == ""


@pytest.mark.writing
def test_it_writes_poems_inspects_and_reads_texts(installed, empty_place):
    assert installed("poem", POEMS, "--seed", 1).stdout.strip()
    installed("inspect", "jabez", "--text", "The river ran.", "--no-pictures", "--out", "seen")
    assert (empty_place / "seen/index.html").exists()
    assert "corpora:ferryman" in installed("corpora", "list").stdout
    assert "characters" in installed("corpora", "check", "corpora:ferryman").stdout
    (empty_place / "letter.txt").write_text("The river ran under the bridge and out to the sea again.\n" * 2)
    assert "carried" in installed("evaluate", "jabez", "letter.txt").stdout


@pytest.mark.writing
def test_what_needs_keras_says_what_to_install(installed, empty_place):
    result = installed("train", "missing.txt", code=2)
    assert re.fullmatch(LINE.format(what="training"), result.stderr)
    assert re.fullmatch(LINE.format(what="--dynamic"), installed("evaluate", "jabez", "x", "--dynamic", code=2).stderr)
    assert list(empty_place.iterdir()) == []
