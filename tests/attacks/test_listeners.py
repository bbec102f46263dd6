"""Attacks by whoever should listen: streams that are closed or full, terminals and readers that go away, signals."""

import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest

from tests.conftest import TINY
from tests.helpers import forged_runs
from textgen.runs.folder import WEIGHTS

START = [sys.executable, "-m", "textgen"]
FULL = "standard output: disk full: make room, then try again"
CLOSED = "standard output is closed; open it, or send it to a file"
# The training of the fixture `tiny_run`, whose weights each of these must reach.
TRAIN = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]


@pytest.fixture
def place(tmp_path, monkeypatch, tiny_run, text_file):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_run, tmp_path / "checkpoints/tiny")
    shutil.copyfile(text_file, tmp_path / "rhymes.txt")
    return tmp_path


def in_a_shell(command):
    """Run a command of textgen in a shell: `in_a_shell("info > /dev/full")`."""
    line = f"{shlex.join(START)} {command}"
    return subprocess.run(["bash", "-c", line], capture_output=True, timeout=120, check=False)


def weights(run):
    return (forged_runs.newest(run) / WEIGHTS).read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "--version",
        "runs",
        "info tiny",
        "sample tiny --length 20",
        "score tiny rhymes.txt",
        "evaluate tiny rhymes.txt",
        "plot tiny",
        "corpora list",
        "poem check rhymes.txt --form free",
        "inspect tiny --length 50 --no-pictures --no-page",
        "write tiny </dev/null",
    ],
)
def test_a_full_standard_output(ends, place, command):
    assert ends(9, f"{command} > /dev/full", in_a_shell(f"{command} > /dev/full"), 5).endswith(FULL)


@pytest.mark.parametrize("command", ["--version", "runs", "sample tiny --length 20"])
def test_a_closed_standard_output(ends, place, command):
    assert ends(9, f"{command} >&-", in_a_shell(f"{command} >&-"), 5).endswith(CLOSED)


def test_a_closed_standard_input(ends, place):
    last = ends(9, "train - <&-", in_a_shell("train - <&-"), 3)
    assert last == "textgen: standard input is closed; pipe a text in, or name a file"
    result = in_a_shell("write tiny --prompt 1 --seed 1 <&-")
    ends(9, "write <&-", result, 0)
    assert result.stdout == b"1\n"


def test_a_folder_that_was_deleted(ends, place):
    gone = place / "gone"
    gone.mkdir()
    line = f"cd {gone} && rmdir {gone} && {shlex.join(START)} train rhymes.txt"
    result = subprocess.run(["bash", "-c", line], capture_output=True, timeout=60, check=False)
    assert "the working folder was deleted" in ends(9, "a deleted working folder", result, 5)


@pytest.mark.interrupted
@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full"])
def test_a_training_that_nobody_can_be_told_of(ends, place, tiny_run, stream):
    result = in_a_shell(f"train rhymes.txt --out run {shlex.join(TRAIN)} {stream}")
    ends(2, f"train {stream}", result, 0)
    assert result.stdout == b""
    assert weights(place / "run") == weights(tiny_run)


@pytest.mark.interrupted
def test_a_reader_that_goes_away(ends, place, tiny_run):
    process = subprocess.Popen([*START, "train", "rhymes.txt", "--out", "run", *TRAIN], stderr=subprocess.PIPE)
    with process.stderr as told:
        assert told.readline()
    process.wait(timeout=120)
    process.stderr = ""
    ends(2, "the reader of standard error goes away", process, 0)
    assert weights(place / "run") == weights(tiny_run)


def on_a_terminal_that_closes(*arguments, has_hangup):
    """Run a training on a terminal of its own that is closed as soon as it shows something; the process, ended."""
    master, slave = pty.openpty()
    # Ignored signals stay ignored in the new program, as under nohup.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL if has_hangup else signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            [*START, "train", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_control_terminal,
        )
    finally:
        signal.signal(signal.SIGHUP, before)
    os.close(slave)
    assert os.read(master, 1000)
    os.close(master)
    process.wait(timeout=120)
    process.stderr = ""
    return process


def _control_terminal():
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.interrupted
def test_a_terminal_that_closes_under_nohup(ends, place, tiny_run):
    process = on_a_terminal_that_closes("rhymes.txt", "--out", "run", *TRAIN, has_hangup=False)
    ends(2, "the terminal is closed under nohup", process, 0)
    assert weights(place / "run") == weights(tiny_run)


def test_a_terminal_that_closes(ends, place):
    process = on_a_terminal_that_closes("rhymes.txt", "--out", "run", *TRAIN, has_hangup=True)
    ends(2, "the terminal is closed while the training starts", process, 129)
    assert not (place / "run").exists()


# Sends a signal to itself when an epoch has ended, or when a package is imported: moments that a clock would miss.
SIGNALLED = """
import os, runpy, signal, sys
moment, number = sys.argv[1], int(sys.argv[2])
sys.argv[1:] = sys.argv[3:]

def send():
    os.kill(os.getpid(), number)

class Finder:
    def find_spec(self, name, *rest):
        if name == moment:
            sys.meta_path.remove(self)
            send()

if moment.startswith("epoch"):
    from textgen.training.session import Reporter
    say = Reporter.say

    def say_and_send(self, line):
        say(self, line)
        if line.startswith(moment):
            send()

    Reporter.say = say_and_send
else:
    sys.meta_path.insert(0, Finder())
runpy.run_module("textgen", run_name="__main__", alter_sys=True)
"""


def signalled(moment, number, *arguments):
    command = [sys.executable, "-c", SIGNALLED, moment, str(int(number)), *arguments]
    return subprocess.run(command, capture_output=True, timeout=120, check=False)


@pytest.mark.interrupted
def test_a_hangup_saves_and_the_resumed_training_is_the_same(ends, command, place, tiny_run):
    result = signalled("epoch 1/", signal.SIGHUP, "train", "rhymes.txt", "--out", "run", *TRAIN)
    assert ends(2, "SIGHUP", result, 129) == "textgen: its terminal was closed"
    assert b"stopped; go on with: textgen train --resume run" in result.stderr
    resumed = command("train", "--resume", "run")
    assert resumed.exit_code == 0, resumed.output
    assert weights(place / "run") == weights(tiny_run)


@pytest.mark.parametrize(
    ("package", "number", "code", "arguments"),
    [
        ("click", signal.SIGTERM, 143, ["runs"]),
        ("click", signal.SIGHUP, 129, ["runs"]),
        ("click", signal.SIGINT, 130, ["runs"]),
        ("numpy", signal.SIGHUP, 129, ["sample", "tiny"]),
        ("tensorflow", signal.SIGHUP, 129, ["train", "rhymes.txt", "--out", "run", *TRAIN]),
    ],
)
def test_a_signal_while_a_command_starts(ends, place, package, number, code, arguments):
    result = signalled(package, number, *arguments)
    ends(2, f"{signal.Signals(number).name} while {package} is imported", result, code)
    lines = [line for line in result.stderr.decode().splitlines() if re.match("textgen: |stopped", line)]
    assert len(lines) == 1
    assert not (place / "run").exists()
