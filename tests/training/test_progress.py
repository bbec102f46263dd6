"""The line that shows where a training stands: in terminals of every width, in logs, and in notebooks."""

import fcntl
import io
import os
import pty
import re
import struct
import termios
import tty

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import TINY, examples
from textgen.training.progress import Pace, Standing, progress_line, time_left

USUAL = Standing(
    step=412, last_step=1200, epoch=7, epochs=20, loss=1.523, best=1.498, seconds_left=272, learning_rate=0.0042,
    speed=12345.6,
)  # fmt: skip


def optional(values):
    return st.none() | values


@settings(max_examples=examples(300))
@given(
    st.builds(
        Standing,
        step=st.integers(0, 10**7),
        last_step=st.integers(0, 10**7),
        epoch=st.integers(1, 10**6),
        epochs=st.integers(1, 10**6),
        loss=optional(st.floats(0, 1e6)),
        best=optional(st.floats(0, 1e6)),
        seconds_left=optional(st.floats(-1e3, 1e8)),
        learning_rate=optional(st.floats(0, 10)),
        speed=optional(st.floats(0, 1e9)),
        doing=st.sampled_from(["", "measuring"]),
    ),
    st.integers(-1, 200),
)
def test_the_line_is_never_longer_than_its_place(standing, width):
    line = progress_line(standing, width)
    assert len(line) <= max(width, 0)
    assert line.isascii()
    assert line.isprintable()


def test_a_narrow_line_keeps_what_matters_most():
    wide, usual, narrow = (progress_line(USUAL, width) for width in (119, 79, 59))
    assert all(re.search(r"epoch 7/20 .*learning rate 0.0042 .*12,346 characters/s", line) for line in [wide])
    for line in (wide, usual, narrow):
        assert re.match(r"\[=+> *\] ", line)
        assert re.search(r"loss 1.523 +best 1.498 +4:32 left +.*rate 0.0042", line)
    assert progress_line(USUAL, 45) == "34%   loss 1.523  best 1.498  4:32 left"
    assert progress_line(USUAL, 30) == "34%   loss 1.523  4:32 left"
    assert progress_line(USUAL, 10) == "34%"
    assert progress_line(USUAL, 1) == ""


def test_nothing_jumps_while_numbers_change():
    later = Standing(1199, 1200, 20, 20, 0.998, 1.1, 3.2, 0.000042, 9999.0)
    for width in (59, 79, 119):
        places = [progress_line(each, width).index("loss") for each in (USUAL, later)]
        assert places[0] == places[1]


def test_what_is_not_known_yet_is_left_open():
    first = Standing(0, 1200, 1, 20, doing="preparing the first step")
    assert progress_line(first, 59).endswith("preparing the first step")
    assert "best -" in progress_line(Standing(3, 1200, 1, 20, loss=3.0), 59)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0:00"), (0.4, "0:00"), (45, "0:45"), (754, "12:34"), (3723, "1:02:03"), (100 * 3600, "4 days")],
)
def test_the_time_left_in_words(seconds, words):
    assert time_left(seconds) == f"{words} left"


def test_the_pace_counts_steps_and_the_ends_of_epochs_and_leaves_out_the_first_group():
    pace = Pace()
    pace.begin_epoch(0)
    pace.follow(50, 10)  # builds the graph
    assert pace.seconds_left(30, 2) is None
    pace.follow(60, 20)  # 1 second a step
    assert pace.seconds_left(30, 2) == pytest.approx(30)
    pace.begin_epoch(65)  # an end took 5
    pace.follow(75, 10)
    assert pace.seconds_left(30, 2) == pytest.approx(40)


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 60 columns, which is the standard error of a Reporter that is made after `terminal.attach()`."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    place = Terminal(monkeypatch)
    yield place
    place.close()


class Terminal:
    """A pseudo-terminal, and what was written on it."""

    def __init__(self, monkeypatch):
        self.master, self.slave = pty.openpty()
        self._monkeypatch = monkeypatch
        self._stream = io.TextIOWrapper(io.FileIO(self.slave, "w", closefd=False), "utf-8", line_buffering=True)
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.resize(60)
        self._written = ""

    def attach(self):
        self._monkeypatch.setattr("sys.stderr", self._stream)  # in the test itself: pytest sets its own before that

    def resize(self, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    @property
    def written(self):
        try:
            while piece := os.read(self.master, 1 << 16):
                self._written += piece.decode()
        except BlockingIOError:
            pass
        return self._written

    @property
    def frames(self):
        """Each drawing of the live line, with the spaces that it was filled up with."""
        return re.findall(r"\r([^\r\n]*)\x1b\[J\r", self.written)

    def close(self):
        self._stream.close()
        os.close(self.master)
        os.close(self.slave)


@pytest.mark.slow
def test_a_training_on_a_terminal_of_60_columns_that_becomes_narrower(terminal, text_file, tmp_path):
    from textgen import train

    lines, widths = [], iter([30, 8, 1])

    def report(line):
        lines.append((len(terminal.frames), line))
        if line.startswith("epoch"):
            terminal.resize(next(widths))

    terminal.attach()
    train(text_file, tmp_path / "run", report=report, **TINY | {"epochs": 3, "units": 12})
    drawn = terminal.frames
    ends = [place for place, line in lines if line.startswith("epoch")]
    assert len(ends) == 3
    for start, end, columns in zip([0, *ends], [*ends, len(drawn)], [60, 30, 8, 1], strict=True):
        assert all(len(frame) < columns for frame in drawn[start:end]), columns
    said = [frame.strip() for frame in drawn]
    assert "starting Keras, which takes some seconds ..." in said
    assert any(frame.endswith("preparing the first step") for frame in said)
    assert any(re.fullmatch(r"\[=*>? *\]  loss \d\.\d+  best -  .* left +rate [\d.e-]+", frame) for frame in said)
    assert any(re.fullmatch(r"\d+% +loss \d\.\d+  [\d:-]+ left", frame) for frame in said)  # of 30 columns
    assert said[-1] == ""  # nothing is left of it
    assert re.sub(r"\r[^\r\n]*\x1b\[J\r", "", terminal.written) == ""


def reporter(**options):
    from textgen.training.session import Reporter

    return Reporter(**options)


def test_a_line_is_taken_away_while_another_is_said(terminal):
    terminal.attach()
    told = reporter()
    told.status("measuring")
    told.say("epoch 1")
    assert terminal.written == (
        "\rmeasuring ...\x1b[J\r"
        f"\r{' ' * 13}\x1b[J\r"
        "epoch 1\n"
        "\rmeasuring ...\x1b[J\r"
    )  # fmt: skip
    told.close()
    assert terminal.written.endswith(f"\r{' ' * 13}\x1b[J\r")


@pytest.mark.parametrize(
    ("settings_", "options", "is_shown"),
    [
        ({}, {}, True),
        ({"CI": "true"}, {}, False),
        ({"TERM": "dumb"}, {}, False),
        ({"CI": "true"}, {"progress": True}, True),
        ({}, {"progress": False}, False),
        ({}, {"is_quiet": True}, False),
        ({}, {"is_quiet": True, "progress": True}, True),
    ],
)
def test_where_the_line_is_drawn(terminal, monkeypatch, settings_, options, is_shown):
    for name, value in settings_.items():
        monkeypatch.setenv(name, value)
    terminal.attach()
    told = reporter(**options)
    told.status("starting")
    assert told.live.is_shown == is_shown
    assert bool(terminal.frames) == is_shown
    # Without a live line, a log says it, in a line that ends.
    assert terminal.written.startswith("\rstarting" if is_shown else "" if "is_quiet" in options else "starting ...\n")
    assert ("\r" in terminal.written) == is_shown


def test_a_terminal_that_does_not_say_its_width(terminal, monkeypatch):
    terminal.resize(0)
    monkeypatch.setenv("COLUMNS", "9")
    terminal.attach()
    told = reporter()
    told.status("starting")
    assert terminal.frames == ["starting"]
    monkeypatch.setenv("COLUMNS", "many")
    told.status("starting")
    assert terminal.frames[-1] == "starting ..."


class Shell:
    kernel = "the kernel of a notebook"


class Notebook:
    """What a program finds in place of IPython in a notebook: this is all of it that textgen uses.

    The real one was looked at (docs/log.md); its kernel is no package of the tests.
    """

    def __init__(self):
        self.outputs = {}

        class Display:
            display = staticmethod(self._display)

        self.display, self.get_ipython = Display, Shell

    def _display(self, data, *, raw, display_id, update):
        assert raw
        assert update == (display_id in self.outputs)
        self.outputs[display_id] = data["text/plain"]


def test_a_notebook_has_one_output_that_changes_in_place_and_lines_on_standard_output(monkeypatch, capsys):
    notebook = Notebook()
    monkeypatch.setitem(__import__("sys").modules, "IPython", notebook)
    told = reporter()
    with told.doing("reading"):
        pass
    assert notebook.outputs == {}  # a moment makes no output
    for text in ("starting", "measuring"):
        told.status(text)
        told.say(f"before {text}")
        assert list(notebook.outputs.values()) == [f"{text} ..."]
    told.close()
    assert list(notebook.outputs.values()) == [""]
    assert capsys.readouterr() == ("before starting\nbefore measuring\n", "")
