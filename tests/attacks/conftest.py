"""What the attacks share: how each ended is noted for the table that `make attacks` prints."""

import os
import re

import pytest

# A file to which each ending is appended: `make attacks` names one.
TABLE = "TEXTGEN_ATTACK_TABLE"


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
