"""Something else in every place of a run folder that textgen reads or writes, and every command on it.

The places are not listed by hand. A run is used by every command while an audit hook notes each name that Python opens,
makes, renames, lists or removes. Wherever the run folder has one of these names, or could have it, a link, a pipe, a
folder or a stranger's file is put in its place. Then each command runs, and what lies outside must stay as it was.
"""

import contextlib
import hashlib
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from tests.helpers.limits import within

# Used on a copy of a run named "gift", in a folder that holds text.txt.
READING = {
    "info": ["info", "gift"],
    "runs": ["runs"],
    "sample": ["sample", "gift", "--length", "3", "--seed", "1"],
    "score": ["score", "gift", "text.txt", "--json"],
    "evaluate": ["evaluate", "gift", "short.txt", "--json"],
    "plot": ["plot", "gift"],
    "inspect": ["inspect", "gift", "--text", "hen", "--no-pictures", "--no-page"],
    "gradients": ["gradients", "gift", "--text", "the hen went down", "--no-pictures"],
    "poem": ["poem", "gift", "--form", "free", "--seed", "1"],
    "write": ["write", "gift", "--seed", "1"],
}
_SHORT = ["--units", "8", "--sample-length", "5", "--batch-size", "8", "--sequence-length", "16", "--epochs", "1"]
TRAINING = {
    "resume": ["train", "text.txt", "--resume", "gift", "--epochs", "1", "--watch-gradients"],
    "overwrite": ["train", "text.txt", "--out", "gift", "--overwrite", "--documents", "poem", *_SHORT],
    "from": ["train", "text.txt", "--from", "gift", "--out", "new", "--epochs", "1"],
}
COMMANDS = READING | TRAINING

# What Python says before it touches a name (docs.python.org/3/library/audit_events.html), and which of the event's
# arguments are names and descriptors of the folders that hold them.
EVENTS = {
    "open": [(0, None)],
    "os.listdir": [(0, None)],
    "os.scandir": [(0, None)],
    "os.truncate": [(0, None)],
    "os.mkdir": [(0, 2)],
    "os.remove": [(0, 1)],
    "os.rmdir": [(0, 1)],
    "os.rename": [(0, 2), (1, 3)],
}


def put(gift, place):
    """Make a place with a copy of a run."""
    place.mkdir(parents=True, exist_ok=True)
    shutil.copytree(gift, place / "gift", copy_function=shutil.copyfile)
    text = (gift.parent / "text.txt").read_text()
    (place / "text.txt").write_text(text)
    (place / "short.txt").write_text(text[:300])


def used_places(gift, place):
    """Where in a run the commands reach for something: paths below the run folder."""
    put(gift, place)
    names, paths = _used(place.resolve())
    found = {path.relative_to(gift) for path in gift.rglob("*") if path.name in names}
    # What is not there yet, such as a temporary file, must have its folder there.
    absent = {Path(path) for path in paths if not os.path.lexists(gift / path)}
    return sorted(map(str, found | {path for path in absent if (gift / path.parent).is_dir()}))


def _used(place):
    """The names that the commands use, and the paths below the run folder that are known."""
    from textgen.cli import main

    run, names, paths, is_watching = f"{place}/gift/", set(), set(), True

    def hook(event, arguments):
        for at, holder in EVENTS.get(event, ()) if is_watching else ():
            if not isinstance(arguments[at], (str, bytes, os.PathLike)):
                continue
            path = os.fsdecode(arguments[at])
            names.add(os.path.basename(path))
            descriptor = -1 if holder is None else arguments[holder]
            if descriptor >= 0:
                path = f"{os.readlink(f'/proc/self/fd/{descriptor}')}/{path}"
            if os.path.abspath(path).startswith(run):
                # A name with random digits stands for the one without, which could be guessed.
                paths.add(re.sub(r"\.[0-9a-f]{16}", "", os.path.abspath(path).removeprefix(run)))

    sys.addaudithook(hook)  # for ever: Python takes none back
    with contextlib.chdir(place):
        for command in COMMANDS.values():
            CliRunner().invoke(main, command)
    is_watching = False
    return names, paths


@dataclass
class Outcome:
    """How a command ended on a run in which something was planted."""

    code: int
    line: str
    fault: str  # empty where all is well


KINDS = ("symbolic link", "hard link", "pipe", "folder", "stranger's file")


def plant(place, kind, outside):
    """Put something in a place. Returns whether this system and user can."""
    was_folder = place.is_dir()
    target = outside / "run/best" if was_folder else outside / "letter.txt"
    if kind == "stranger's file":
        if os.geteuid() or not os.path.lexists(place):
            return False
        os.chown(place, 65534, 65534)
        return True
    if kind == "hard link" and was_folder:
        return False
    if was_folder:
        shutil.rmtree(place)
    elif os.path.lexists(place):
        place.unlink()
    if kind == "symbolic link":
        place.symlink_to(target)
    elif kind == "hard link":
        os.link(target, place)
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
        (place / "mine.txt").write_text("a stranger's")
    return True


def digest(folder):
    """Names and contents of everything in a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


def attack(gift, place, where, kind, command, seconds):
    """Plant something and run a command. None where it cannot be planted."""
    from textgen.cli import main

    outside = place / "outside"
    outside.mkdir(parents=True)
    if (gift / where).is_dir():
        shutil.copytree(gift / "best", outside / "run/best", copy_function=shutil.copyfile)
    (outside / "letter.txt").write_text("dear")
    put(gift, place / "work")
    if not plant(place / "work/gift" / where, kind, outside):
        return None
    before = digest(outside)
    fault = ""
    with contextlib.chdir(place / "work"):
        try:
            with within(seconds):
                result = CliRunner().invoke(main, COMMANDS[command])
        except TimeoutError:
            return Outcome(-1, "", f"not done after {seconds} seconds")
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        fault = f"{type(result.exception).__name__}: {result.exception}"
        if isinstance(result.exception, TimeoutError):
            fault = f"not done after {seconds} seconds"
    elif result.exit_code not in (0, 3, 4, 5):
        fault = f"exit code {result.exit_code}"
    elif digest(outside) != before:
        fault = "something outside was changed"
    return Outcome(result.exit_code, lines[-1] if lines else "", fault)
