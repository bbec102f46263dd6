"""What the attacks share: how each ended is noted for the table that `make attacks` prints."""

import os
import re

import pytest

from tests.conftest import ROOT
from tests.helpers.requests import KEY, PROMPT
from tests.helpers.server import serving

# A file to which each ending is appended: `make attacks` names one.
TABLE = "TEXTGEN_ATTACK_TABLE"
PATIENCE = 0.4  # --client-timeout of the server


@pytest.fixture
def ends():
    """Note how an attack ended, and check what always holds: `ends("1", "samples.txt is a link", result, 4)`.

    Args of the function:
        number: the fault's number in the table of faults.
        row: the attack in a few words.
        result: of `shell` or of `command`: it has a return code, and what was written on standard error.
        code: the exit code that it must have; a set of codes where several are right.

    Returns the last line of standard error.
    """

    def check(number, row, result, code):
        found = getattr(result, "returncode", getattr(result, "exit_code", None))
        raw = result.stderr
        text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw or ""
        lines = [line for line in text.splitlines() if line.strip()]
        last = lines[-1] if lines else ""
        if table := os.environ.get(TABLE):
            with open(table, "a", encoding="utf-8") as file:
                file.write(f"{number} | {row} | {found} | {last[:300]}\n")
        assert "Traceback" not in text, text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), repr(text)
        assert found in (code if isinstance(code, set) else {code}), text
        return last

    return check


@pytest.fixture(scope="module")
def server():
    """A server with a key, a host and an origin on its lists, whose log must hold nothing that it should not."""
    options = [
        "--client-timeout",
        PATIENCE,
        "--allow-host",
        "writer.example.org",
        "--allow-origin",
        "https://ok.example",
    ]
    with serving(ROOT / "checkpoints/jabez", *options, "--max-length", 2000, key=KEY) as found:
        yield found
    assert found.process.returncode == 0
    log = "".join(found.lines)
    for never in ("Traceback", " fault ", KEY, PROMPT):
        assert never not in log
    stamped = re.compile(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (request id=req-[0-9a-f]{16}|refused) client=127.0.0.1 "
    )
    assert [line for line in found.lines if not stamped.match(line)] == ["stopped\n"]
    assert max(map(len, found.lines)) < 600


def note_row(row, status, data):
    """Note how an attack on a server ended, by its status and the answer."""
    if table := os.environ.get(TABLE):
        body = data.partition(b"\r\n\r\n")[2].decode("utf-8", "backslashreplace")
        message = re.search(r'"message":\s*"((?:[^"\\]|\\.)*)"', body)
        with open(table, "a", encoding="utf-8") as file:
            file.write(f"server | {row} | {status} | {message[1][:200] if message else body[:60]!r}\n")
