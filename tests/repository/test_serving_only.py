"""Serving without TensorFlow: its list of packages, and the Dockerfile, which is compared with the repository only."""

import configparser
import json
import re
import shlex
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT
from tests.helpers.pages import parsed
from tests.repository.test_writing_only import TRAINS, requirements

LIST = "requirements-serving.txt"


def lines_of(name):
    """The lines of a list of packages, those of the lists that it includes too."""
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if line.startswith("-r "):
            yield from lines_of(line.removeprefix("-r "))
        else:
            yield line


@pytest.fixture(scope="module")
def settings():
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg", "utf-8")
    return found


@pytest.fixture(scope="module")
def steps():
    """The instructions of the Dockerfile: pairs of a name and the rest of its line."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_list_is_the_extra_and_what_it_needs_in_turn(settings):
    wanted = requirements(settings["options.extras_require"]["serve"].splitlines())
    found = requirements(lines_of(LIST))
    for name, each in wanted.items():
        assert found[name].specifier == each.specifier, name
    waiting, needed = list(wanted), set(wanted)
    while waiting:
        for inner in map(Requirement, metadata.requires(waiting.pop()) or []):
            name = inner.name.lower()
            if (inner.marker is None or inner.marker.evaluate({"extra": ""})) and name not in needed:
                needed.add(name)
                waiting.append(name)
    own = {name.replace("_", "-") for name in set(found) - set(requirements(lines_of("requirements-writing.txt")))}
    assert own == {name.replace("_", "-") for name in needed} - {"click"}


def test_the_image_has_what_the_package_needs_and_no_tensorflow(steps, settings):
    copied = [source for name, rest in steps if name == "COPY" and "--from" not in rest for source in rest.split()[:-1]]
    for source in copied:
        assert (ROOT / source).exists(), source
    needed = ["setup.cfg", "pyproject.toml", "setup.py", "README.md", "LICENSE", "textgen"]
    needed += [line for files in settings["options.data_files"].values() for line in files.split()]
    for path in needed:
        assert any(path == source or path.startswith(f"{source}/") for source in copied), path
    kept = [
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
    ]
    assert set(copied) <= set(kept)
    (installs,) = (rest for name, rest in steps if name == "RUN" and "pip install" in rest)
    words = shlex.split(installs.partition("pip install")[2])
    assert words == ["--no-cache-dir", "--no-deps", ".", "-r", LIST]
    assert LIST in copied
    assert not TRAINS & set(requirements(lines_of(LIST)))


def test_the_image_is_slim_and_runs_as_a_user_who_is_not_root(steps):
    names = [name for name, _ in steps]
    assert [rest for name, rest in steps if name == "FROM"][-1] == "python:3.12-slim"
    last = steps[len(names) - names[::-1].index("FROM") :]
    ((_, user),) = (step for step in last if step[0] == "USER")
    assert user not in ("root", "0")
    assert any(f" {user}" in rest for name, rest in last if name == "RUN" and rest.startswith("useradd"))
    assert any(name == "HEALTHCHECK" and "/health" in rest for name, rest in last)
    ((_, start),) = (step for step in last if step[0] == "ENTRYPOINT")
    command = json.loads(start)
    assert command[0] == "textgen"
    parsed(command[1:])
    # A key must come from outside.
    assert not re.search("KEY", (ROOT / "Dockerfile").read_text("utf-8").partition("FROM")[2])
