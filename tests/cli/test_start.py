"""The first minutes: textgen alone, and commands without a run of one's own."""

import shutil

from tests.conftest import ROOT

JABEZ = ROOT / "checkpoints/jabez"


def test_alone_it_says_what_to_do_next(command, empty_place, tiny_run):
    result = command()
    assert (result.exit_code, result.stderr) == (0, "")
    heading, *steps = result.stdout.splitlines()
    assert heading == f"No run of your own in {empty_place}/checkpoints yet."
    assert [step.split("  ")[1] for step in steps] == [
        "textgen sample jabez",
        "textgen train FILE.txt",
        "textgen --help",
    ]
    assert command("sample", "jabez", "--length", 1).exit_code == 0

    shutil.copytree(tiny_run, "checkpoints/tale")
    result = command()
    heading, *steps = result.stdout.splitlines()
    assert heading == f"Your newest run is tale, in {empty_place}/checkpoints."
    assert len(steps) == 3
    assert "textgen sample tale " in steps[0]
    assert max(map(len, steps)) <= 60


def test_alone_in_another_folder_of_runs(command, empty_place, tiny_run, monkeypatch):
    shutil.copytree(tiny_run, "kept/tale")
    monkeypatch.setenv("TEXTGEN_RUNS", "kept")
    assert command().stdout.startswith(f"Your newest run is tale, in {empty_place}/kept.\n")


def test_the_run_that_ships_is_named_where_it_stands_in(command, empty_place):
    note = f"note: no run of your own in {empty_place}/checkpoints yet; using jabez, which comes with textgen"
    lines = command("sample", "--length", 3, "--seed", 1).stderr.splitlines()
    assert lines == [note, f"run {JABEZ}, seed 1"]
    assert command("info").stderr.splitlines() == [note]
    assert command("write", "--seed", 1, input="/quit\n").stderr.startswith(note)
    # Whoever names it needs no note.
    assert command("sample", "jabez", "--length", 3, "--seed", 1).stderr == f"run {JABEZ}, seed 1\n"
    listed = command("runs")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert f"no run in {empty_place}/checkpoints yet" in listed.stderr
    assert "textgen sample jabez" in listed.stderr


def test_the_listed_runs_are_those_of_the_folder(command, empty_place, tiny_run, monkeypatch):
    shutil.copytree(tiny_run, "kept/tale")
    monkeypatch.setenv("TEXTGEN_RUNS", str(empty_place / "kept"))
    assert command("runs").stdout.splitlines()[1].split()[0] == f"{empty_place}/kept/tale"
    assert command("info", "tale").exit_code == 0
