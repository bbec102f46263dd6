"""Runs are found by path, by name in the folder of runs, and the one that ships from everywhere."""

import configparser
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.helpers import forged_runs
from textgen.errors import RunError
from textgen.runs import folder
from textgen.runs.folder import SHIPPED, SHIPPED_RUNS, SHIPPED_VERSE, find_run, list_runs, shipped_run
from textgen.runs.run import load_run

JABEZ, WYATT = (ROOT / "checkpoints" / name for name in (SHIPPED, SHIPPED_VERSE))


@pytest.fixture
def alone(monkeypatch):
    """An installation without the run that ships."""
    monkeypatch.setattr(folder, "data_file", lambda name: None)


@pytest.fixture
def runs(tmp_path, tiny_run, monkeypatch):
    """A folder of runs elsewhere, with the run "tale" in it."""
    shutil.copytree(tiny_run, tmp_path / "runs/tale")
    monkeypatch.setenv("TEXTGEN_RUNS", str(tmp_path / "runs"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "runs"


def test_finding_a_run(empty_place, tiny_run):
    shutil.copytree(tiny_run, "checkpoints/one")
    shutil.copytree(tiny_run, "checkpoints/two")
    (empty_place / "checkpoints/unfinished").mkdir()
    for name, time in (("one", 2_000_000_000), ("two", 1_900_000_000)):
        os.utime(forged_runs.newest(f"checkpoints/{name}"), (time, time))
    assert find_run() == Path("checkpoints/one")
    assert find_run("two") == find_run("checkpoints/two") == Path("checkpoints/two")
    assert [path.name for path in list_runs()] == ["one", "two"]
    with pytest.raises(RunError, match=r"ghost: no such run here or in .*/checkpoints; there are: one, two, jabez"):
        load_run("ghost")
    with pytest.raises(RunError, match="checkpoints; did you mean 'one'"):
        load_run("onee")
    with pytest.raises(RunError, match="not a run, or a run that has not saved anything yet"):
        load_run("unfinished")
    with pytest.raises(RunError, match="not a single file"):
        load_run("checkpoints/one/metadata.json")
    with pytest.raises(RunError, match=r"/ghost: no such run; there are: one, two"):
        load_run(empty_place / "ghost")


def test_the_folder_of_runs_may_be_elsewhere(runs, tiny_run):
    assert find_run() == find_run("tale") == runs / "tale"
    assert list_runs() == [runs / "tale"]
    with pytest.raises(RunError, match=f"ghost: no such run here or in {runs}; there are: tale, jabez"):
        find_run("ghost")
    # A path comes first.
    shutil.copytree(tiny_run, "tale")
    assert find_run("tale") == Path("tale")


def test_the_home_folder_may_be_written_short(runs, monkeypatch):
    monkeypatch.setenv("HOME", str(runs.parent))
    monkeypatch.setenv("USERPROFILE", str(runs.parent))
    monkeypatch.setenv("TEXTGEN_RUNS", "~/runs")
    assert find_run("tale") == runs / "tale"


def test_a_text_does_not_hide_the_run_that_learned_it(runs):
    Path("tale").mkdir()
    Path("tale/one.txt").write_text("Once")
    assert find_run("tale") == runs / "tale"
    Path("other").write_text("Once")
    with pytest.raises(RunError, match=f"other: a run is a folder .*; no run of that name in {runs}"):
        find_run("other")


def test_many_names_are_not_all_listed(runs, alone):
    for number in range(11):
        shutil.copytree(runs / "tale", runs / f"{number:02}")
    with pytest.raises(RunError, match=r"there are: 00, 01, .*, 07 and 4 more: textgen runs"):
        find_run("ghost")


def test_the_run_that_ships_is_found_from_everywhere(empty_place, tiny_run):
    assert shipped_run() == JABEZ
    assert find_run(SHIPPED) == find_run() == JABEZ
    assert find_run(SHIPPED_VERSE) == shipped_run(SHIPPED_VERSE) == WYATT
    # One's own runs come first, under any name.
    shutil.copytree(tiny_run, "checkpoints/mine")
    assert find_run() == Path("checkpoints/mine")
    assert find_run(SHIPPED) == JABEZ
    shutil.copytree(tiny_run, f"checkpoints/{SHIPPED}")
    assert find_run(SHIPPED) == Path("checkpoints", SHIPPED)


def test_of_the_runs_that_ship_the_one_of_prose_comes_first(empty_place):
    for name in SHIPPED_RUNS:
        shutil.copytree(ROOT / "checkpoints" / name, f"checkpoints/{name}")
    assert find_run() == Path("checkpoints", SHIPPED)


def test_without_any_run_the_message_names_the_folder(empty_place, alone):
    with pytest.raises(RunError, match=f"no run in {empty_place}/checkpoints yet; train one"):
        find_run()
    with pytest.raises(RunError, match=f"jabez: no such run here or in {empty_place}/checkpoints; train one"):
        find_run(SHIPPED)


def test_an_installation_has_the_files_that_ship():
    """setup.cfg names each folder of the runs and each file in it, and each text: none is missing or left over."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", "utf-8")
    listed = {place: sorted(names.split()) for place, names in settings["options.data_files"].items()}
    wanted: dict[str, list[str]] = {}
    runs = [*JABEZ.rglob("*"), *WYATT.rglob("*")]
    for path in [*(ROOT / "corpora").glob("*.txt"), ROOT / "corpora/README.md", *runs]:
        if path.is_file():
            name = path.relative_to(ROOT)
            wanted.setdefault(f"share/textgen/{name.parent.as_posix()}", []).append(name.as_posix())
    assert listed == {place: sorted(names) for place, names in wanted.items()}


def test_a_run_that_nobody_may_write_is_read(tmp_path, command):
    """As in an installation of the system's own: nothing is made in it, locked or changed."""
    run = shutil.copytree(JABEZ, tmp_path / "share/jabez")
    for path in [*run.rglob("*"), run]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in [run, *run.rglob("*")]}
    try:
        for arguments in (["sample", run, "--length", 3], ["info", run], ["score", run, "--text", "The river"]):
            assert command(*arguments).exit_code == 0
        assert {path: path.stat().st_mtime_ns for path in [run, *run.rglob("*")]} == before
    finally:
        for path in [run, *run.rglob("*")]:
            path.chmod(0o755)
