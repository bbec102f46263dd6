"""textgen write, as a person at a terminal and as a script."""

import math
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import environment, shell
from tests.helpers.models import spelling


@pytest.fixture
def place(tmp_path, tiny_run):
    shutil.copytree(tiny_run, tmp_path / "checkpoints" / "tiny")
    return tmp_path


class Terminal:
    """A person at a terminal: types lines, sees what is shown."""

    def __init__(self, *arguments, **options):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "textgen", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            **options,
        )
        os.close(slave)
        self.seen = ""

    def until(self, wanted, seconds=60):
        """Wait until this text (a pattern) is shown; returns what was shown since the last wait."""
        shown, end = "", time.monotonic() + seconds
        while not re.search(wanted, shown):
            ready, _, _ = select.select([self.master], [], [], max(end - time.monotonic(), 0))
            if not ready:
                raise AssertionError(f"{wanted!r} was not shown within {seconds} s; shown: {shown!r}")
            try:
                shown += os.read(self.master, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
            except OSError:  # the other end is closed
                raise AssertionError(f"{wanted!r} was never shown; shown: {shown!r}") from None
        self.seen += shown
        return shown

    def type(self, line):
        os.write(self.master, line.encode() + b"\n")

    def rest(self, seconds=60):
        """What is shown until the process ends, and its exit code."""
        shown, end = "", time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.master], [], [], max(end - time.monotonic(), 0))
            if not ready:
                raise AssertionError(f"the process did not end within {seconds} s; shown: {shown!r}")
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        self.seen += shown
        return shown, self.process.wait(timeout=60)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(place):
    opened = []

    def open_terminal(*arguments, **changes):
        opened.append(Terminal(*arguments, cwd=place, env=environment(**{"TERM": "xterm"} | changes)))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


PROMPT = r"(?:^|\n)(?:\x1b\[\?2004h)?> $"  # readline may announce bracketed paste before it


def plain(shown):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)


def proposals(shown):
    """The proposals shown: number to text."""
    return {
        int(number): text.replace("\u21b5", "\n")
        for number, text in re.findall(r"^  (\d) +\S+%  (.*)$", plain(shown), re.MULTILINE)
    }


def test_a_person_chooses_types_undoes_warms_up_saves(terminal, place):
    person = terminal("write", "tiny", "--seed", "5", "--prompt", "the hen")
    shown = person.until(PROMPT)
    assert "run checkpoints/tiny, seed 5" in shown
    assert "\x1b[" in shown  # colours
    first = proposals(shown)
    assert len(first) >= 2
    person.type("2")
    text = "the hen" + first[2]
    shown = person.until(PROMPT)
    assert text.split("\n")[-1] in plain(shown)

    person.type("and the fox")
    glue = "" if text[-1].isspace() else " "
    text += glue + "and the fox"
    assert text.split("\n")[-1] in plain(person.until(PROMPT))

    person.type("/undo")
    person.until(PROMPT)
    text = text[: -len(glue + "and the fox")]
    person.type("+ and more")
    text += " and more"
    person.until(PROMPT)
    person.type("/temperature 0")
    assert len(proposals(person.until(PROMPT))) == 1
    person.type("/temperature")
    assert "the temperature is 0.0" in person.until(PROMPT)
    person.type("/temperature tepid")
    assert "--temperature takes a number from 0 to 100" in person.until(PROMPT)
    person.type("/save tale.txt")
    assert "saved" in person.until(PROMPT)
    assert (place / "tale.txt").read_text() == text + "\n"
    person.type("7")
    assert "there are proposals 1 to 1" in person.until(PROMPT)
    person.type("/help")
    assert "/undo            take back" in person.until(PROMPT)
    person.type("/quit")
    shown, code = person.rest()
    assert code == 0
    assert plain(shown).strip().endswith(text)
    print("\n" + plain(person.seen))


def test_without_colour(terminal):
    person = terminal("write", "tiny", "--prompt", "the ", NO_COLOR="1")
    shown = person.until(PROMPT).replace("\x1b[?2004h", "")
    assert "\x1b" not in shown
    person.type("/quit")
    assert person.rest()[1] == 0


@pytest.mark.parametrize("end", ["\x04", "\x03"])
def test_control_d_and_control_c_lose_nothing(terminal, end):
    person = terminal("write", "tiny", "--prompt", "the hen", "--seed", "1")
    person.until(PROMPT)
    person.type("went up")
    person.until(PROMPT)
    if end == "\x04":
        os.write(person.master, end.encode())
    else:
        # Between showing its prompt and waiting for keys, readline would hear of it at the next key only.
        time.sleep(1)
        os.kill(person.process.pid, signal.SIGINT)
    shown, code = person.rest()
    assert code == (0 if end == "\x04" else 130)
    assert "the hen went up\n" in plain(shown)
    assert plain(shown).lstrip("\r").startswith("\n")  # the text does not begin behind the prompt
    assert "Traceback" not in shown


def test_a_script_does_as_well(place):
    script = b"1\n\nand the fox\n/undo\n/words 1\n/ways 2\n/line\nwent\n/save one.txt\n/save one.txt\n/text\n/wat\n"
    result = shell("write", "--seed", "5", "--prompt", "the hen", cwd=place, input=script)
    assert result.returncode == 0, result.stderr
    text = result.stdout.decode()
    assert text.startswith("the hen")
    assert text.endswith("\nwent\n")
    assert (place / "one.txt").read_text() == text
    dialogue = result.stderr.decode()
    assert "\x1b" not in dialogue
    assert dialogue.count("saved ") == 2  # its own file may be written again
    assert "there is no /wat" in dialogue
    assert "/undo            take back" in dialogue
    assert len(proposals(dialogue[dialogue.index("> /ways 2") :].split("> /line")[0])) <= 2
    again = shell("write", "--seed", "5", "--prompt", "the hen", cwd=place, input=script.replace(b"one", b"two"))
    assert again.stdout == result.stdout


def test_what_the_model_never_saw_stays_in_the_text(command, tiny_run):
    result = command("write", tiny_run, "--prompt", "the hen", input="saw an \u00fc\n/quit\n")
    assert "in your text, but unknown to the model: '\u00fc'" in result.stderr
    assert result.stdout == "the hen saw an \u00fc\n"


def test_a_whole_line_has_the_mean_percentage_of_its_symbols(command, monkeypatch):
    generator = spelling("gfedcba\n", "line", sureness=3.0)  # drawn from the line's end
    generator.direction = "backward"
    monkeypatch.setattr("textgen.cli.write.Generator.load", lambda path: generator)
    monkeypatch.setattr("textgen.cli.write.chosen_run", lambda run: run)
    result = command("write", "any", "--seed", "1", input="/quit\n")
    assert "the percentage is that of a character, a mean over the line" in " ".join(result.stderr.split())
    line = re.search(r"(\S+)%  abcdefg", result.stderr)
    each = 100 / (1 + 8 * math.exp(-3 / 0.8))  # of ten ids, the unknown one and an empty document cannot be
    assert line, result.stderr
    assert float(line[1]) == pytest.approx(each, abs=2)  # of the whole line it would be 25%


def test_files_are_not_overwritten_unasked(place):
    (place / "mine.txt").write_text("precious")
    result = shell(
        "write", "--prompt", "the hen", cwd=place, input=b"went\n/save mine.txt\n/save\n/save no/where.txt\n"
    )
    assert result.returncode == 0
    assert result.stdout == b"the hen went\n"
    assert b"mine.txt: the file exists" in result.stderr
    assert b"/save takes the name of a file" in result.stderr
    assert b"no folder no" in result.stderr
    assert (place / "mine.txt").read_text() == "precious"
    result = shell("write", "--out", "mine.txt", cwd=place, input=b"")
    assert result.returncode == 5
    assert result.stdout == b""
    result = shell("write", "--prompt", "the hen", "--out", "new.txt", cwd=place, input=b"+ went\n/q\n")
    assert (place / "new.txt").read_bytes() == result.stdout == b"the hen went\n"


@pytest.mark.parametrize(
    ("code", "arguments", "complaint"),
    [
        (2, ["--words", "0"], "0 is not in the range 1<=x<=50"),
        (2, ["--temperature", "1:2"], "--temperature 1:2 changes over the length"),
        (2, ["--top-p", "2"], "--top-p takes a number above 0 and at most 1"),
        (2, ["--bias", "~=1"], "--bias: the model has no character '~'"),
        (3, ["--prompt", "Ü"], "the model never saw: 'Ü'"),
        (4, ["ghost"], "ghost: no such run"),
    ],
)
def test_bad_input_is_one_line(refused, place, monkeypatch, code, arguments, complaint):
    monkeypatch.chdir(place)
    assert complaint in refused(code, "write", *arguments)


@pytest.mark.parametrize("typed", ["\u00b2", "\u0663", "1" * 5000, "/words \u00b2", "/ways " + "9" * 5000])
def test_what_only_looks_like_a_number_is_text(command, tiny_run, typed):
    result = command("write", tiny_run, "--seed", 1, input=f"{typed}\n/quit\n")
    assert result.exit_code == 0, result.exception
    assert ("takes a whole number" in result.stderr) == typed.startswith("/")
