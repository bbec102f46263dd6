"""Prints the tests of what changed since a commit, for `make check`.

    python -m tests.helpers.changed COMMIT

A changed module counts for all tests of its package, and a change to what all tests share for those of all packages.
The tests of the architecture always run.
"""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

ALWAYS = ["tests/repository/test_architecture.py"]
# Data that the tests of another package try.
ELSEWHERE = {"textgen/corpus/forms/": ["tests/corpus", "tests/verse"]}
SHARED = ("tests/conftest.py", "tests/helpers/", "setup.cfg", "pyproject.toml")


def changed_files(commit):
    """Paths that differ from a commit, and new ones, relative to the repository."""
    listed = (
        ["git", "diff", "--name-only", "-z", commit, "--"],
        ["git", "ls-files", "-z", "--others", "--exclude-standard"],
    )
    for command in listed:
        output = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        yield from filter(None, output.split("\0"))


def tests_of(path):
    """The test files or folders of one changed path."""
    parts = Path(path).parts
    for start, tests in ELSEWHERE.items():
        if path.startswith(start):
            return tests
    if path.startswith(SHARED):
        return ["tests"]
    if parts[0] == "tests" and path.endswith(".py"):
        return [path]
    if parts[0] == "textgen" and len(parts) > 2:
        return [f"tests/{parts[1]}"]
    return ["tests/repository"]


def main():
    found = {test for path in changed_files(sys.argv[1]) for test in tests_of(path)}
    if "tests" in found:
        found = {"tests"}
    print(*sorted(test for test in found.union(ALWAYS) if (ROOT / test).exists()), sep="\n")


if __name__ == "__main__":
    main()
