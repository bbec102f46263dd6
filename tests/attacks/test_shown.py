"""Attacks on a person's terminal: escape codes and forged lines in everything that a stranger can name or write."""

import contextlib
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.conftest import TINY, verse
from tests.helpers import forged_runs
from textgen.corpus import catalogue
from textgen.runs.folder import BEST, METADATA, RESUME, STATE, WEIGHTS
from textgen.system.cache import VARIABLE
from textgen.system.remote import Remote

# The title of a terminal, its clipboard, a colour, the other C1 way to begin such a code, and a change of direction.
CODES = "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[31m\x9b31m\u202e"
FORGED = f"{CODES}\ntextgen: all ok"
# What no terminal may receive, apart from the ends of lines and tabs.
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture(scope="session")
def hostile_run(made_once):
    """A run whose symbols, note, corpus and folder hold escape codes. Read it; copy it to change it."""

    def learn(folder):
        from textgen import train
        from textgen.corpus.documents import Corpus

        text = (CODES + "ab\n") * 300
        options = TINY | {"sample_length": 0, "epochs": 1}
        train(Corpus("story", (text,)), folder / "run", quiet=True, note=FORGED, **options)
        metadata = json.loads((folder / "run" / METADATA).read_text())
        (folder / "run" / METADATA).write_text(json.dumps(metadata | {"corpus": f"story{CODES}"}))

    return made_once("hostile-run", learn) / "run"


@pytest.fixture
def place(tmp_path, monkeypatch, tiny_run):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_run, tmp_path / "checkpoints/tiny")
    (tmp_path / "text.txt").write_text(verse())
    return tmp_path


def on_a_terminal(*arguments, **options):
    """Run textgen with its standard output on a terminal; what the terminal received."""
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "textgen", *map(str, arguments)], stdout=slave, stderr=subprocess.DEVNULL, **options
        )
        os.close(slave)
        received = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while data := os.read(master, 65536):
                received += data
        assert process.wait(timeout=60) == 0
    finally:
        os.close(master)
    return received.decode().replace("\r\n", "\n")


def test_a_pipe_gets_a_text_as_it_is_and_a_terminal_sees_it(ends, command, hostile_run):
    sample = ("sample", hostile_run, "--length", 200, "--seed", 1, "--temperature", 0.5)
    piped = command(*sample)
    ends(7, "sample of a text of escape codes, into a pipe", piped, 0)
    assert "\x1b]0;owned\x07" in piped.stdout
    shown = on_a_terminal(*sample)
    assert not ACTING.search(shown), repr(shown)
    assert "\\x1b]0;owned\\x07" in shown
    assert "\\u202e" in shown


@pytest.mark.parametrize("name", ["info", "runs", "score", "plot"])
def test_a_terminal_receives_no_code_of_a_run(ends, command, hostile_run, tmp_path, name):
    shutil.copytree(hostile_run, tmp_path / f"checkpoints/story{CODES}")
    (tmp_path / "text.txt").write_text(CODES + "ab\n")
    arguments = {
        "info": [f"story{CODES}"],
        "runs": [],
        "score": [f"story{CODES}", "text.txt", "--color"],
        "plot": [f"story{CODES}"],
    }[name]
    shown = on_a_terminal(name, *arguments, cwd=tmp_path)
    # The colours of `score` are its own.
    own = re.sub(r"\x1b\[(?:[34]8;5;\d+|\d+)(?:;(?:[34]8;5;)?\d+)*m", "", shown) if name == "score" else shown
    assert not ACTING.search(own), repr(shown)
    assert "owned" in shown or name == "score"
    assert not re.search("^textgen: all ok", shown, re.MULTILINE)
    result = command(name, *arguments[:1], "--nothing" + FORGED)
    assert "textgen: all ok" not in result.stderr.splitlines()
    ends(7, f"{name} of a run named by escape codes", result, 2)


def test_a_sample_shown_by_a_training(ends, command, place):
    (place / "hostile.txt").write_text((CODES + "ab\n") * 300)
    options = ["--units", 8, "--epochs", 1, "--sample-length", 100, "--out", f"run{CODES}", "--note", FORGED]
    result = command("train", "hostile.txt", *options)
    last = ends(7, "a training shows a sample of escape codes", result, 0)
    assert "\\x1b" in result.stderr
    assert "textgen sample run\\x1b]0;owned" in last


def test_versions_of_a_strangers_state(ends, command, place):
    def hostile(state):
        state["environment"]["keras"] = FORGED

    forged_runs.edit(forged_runs.newest("checkpoints/tiny", RESUME), STATE, hostile)
    result = command("train", "text.txt", "--resume", "tiny", "--epochs", 1)
    ends(7, "a version in the state of a run to resume", result, 0)
    assert "textgen: all ok" not in result.stderr.splitlines()
    assert "the environment changed (keras \\x1b]0;owned" in result.stderr


def test_the_type_of_a_tensor(ends, command, place):
    folder = forged_runs.newest("checkpoints/tiny", BEST)
    data = (folder / WEIGHTS).read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    next(each for name, each in header.items() if name != "__metadata__")["dtype"] = CODES
    written = json.dumps(header).encode()
    forged_runs.replace(folder, WEIGHTS, struct.pack("<Q", len(written)) + written + data[8 + size :])
    ends(7, "the type of a tensor", command("sample", "tiny"), 4)


@pytest.mark.parametrize(
    ("row", "arguments", "code"),
    [
        ("the name of a run", ["info", FORGED], 4),
        ("the name of a run to resume", ["train", "--resume", FORGED], 4),
        ("the name of a text", ["train", f"text{FORGED}.txt"], 3),
        ("the name of an encoding", ["train", "text.txt", "--encoding", f"latin{CODES}"], 2),
        ("the name of a command", [f"x{FORGED}"], 2),
        ("a field that a table lacks", ["train", "table.csv", "--field", FORGED], 3),
        ("the columns of a table", ["train", "table.csv", "--field", "text"], 3),
        ("the name of a picture", ["plot", "tiny", "--out", f"a{FORGED}"], 2),
        ("the name of a text in the catalogue", ["corpora", "show", FORGED], 3),
    ],
)
def test_a_message(ends, command, place, row, arguments, code):
    (place / "table.csv").write_text(f"a{CODES},b\n1,2\n")
    result = command(*arguments)
    ends(7, row, result, code)
    assert "textgen: all ok" not in result.stderr.splitlines()


@pytest.mark.parametrize("name", [("corpora", "check"), ("poem", "check", "--form", "free")])
def test_what_a_check_finds(ends, command, place, name):
    (place / f"poems{CODES}.txt").write_text(f"the hen{CODES} went down\nto the pond{CODES}\n\n" * 200)
    result = command(*name, f"poems{CODES}.txt")
    ends(7, " ".join(name[:2]), result, {0, 2, 3})
    assert not ACTING.search(result.stdout), repr(result.stdout)


@pytest.fixture
def play(monkeypatch, tmp_path):
    """A catalogue with a text whose server answers with escape codes."""

    class Server(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            self.wfile.write(f"HTTP/1.1 404 gone{CODES}\r\nContent-Length: 0\r\n\r\n".encode("latin-1", "replace"))

    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        remote = Remote(f"http://127.0.0.1:{server.server_port}/play", "play.txt", "0" * 64, 100)
        entry = catalogue.Entry("play", "a play", "none", download=lambda: (remote,))
        monkeypatch.setattr(catalogue, "CATALOGUE", (*catalogue.CATALOGUE, entry))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_the_reason_of_a_server(ends, command, play):
    last = ends(7, "the reason that a server gives", command("corpora", "fetch", "play"), 3)
    assert "answers 404 gone" in last
