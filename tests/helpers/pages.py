"""Follows a page of the documentation: runs its commands and scripts in order, as a reader would.

A ```sh block holds commands. All ```python blocks of a page together are one script. A ```toml block whose first line
is a comment with a name is written to that file. Everything runs in this process, so that TensorFlow starts once, and
with small numbers, so that a page takes seconds:

- `textgen train` gets the sizes of SMALL and one epoch instead of its own, and `--minutes` becomes 0.02. A new run
  replaces an older one in its folder. A `--resume` without `--epochs` or `--minutes` trains one more epoch: on the page
  the run was interrupted, here it has ended.
- `textgen inspect` shows 60 symbols unless the page gives a number.
- If another page, in whichever process, has run the same training, its run is copied.
- A line with "[needs ...]" in its comment is parsed but not run, and so is a script whose first line says so. Set-up
  lines (pip, venv) are not run either, but the extras that they name must exist. A `make` line is not run; its target
  must exist.
"""

import configparser
import json
import math
import re
import shlex
import shutil
import subprocess
from gzip import compress
from pathlib import Path

import click
from click.testing import CliRunner

from tests.conftest import ROOT, TINY, verse

# Larger batches than those of TINY, since bundled texts are longer: a step of this size takes hardly longer.
SMALL = TINY | {"epochs": 1, "batch_size": 32, "sequence_length": 32}
SMALL_OPTIONS = {f"--{name.replace('_', '-')}": str(value) for name, value in SMALL.items()}
SET_UP = ("python3 -m venv", ". .venv/bin/activate", "git clone", "pip install")
OPENING = "Once upon a time I had an uncle by the river. The bell rang. Quick, Jack vexed a Zulu; WHY?\n\n"


def blocks(page, *languages):
    """The fenced blocks of a page in order: pairs of language and text."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [(language, text) for language, text in found if language in languages]


def lay_out(place):
    """Write the texts that the pages name."""
    story = OPENING + verse()
    (place / "story.txt").write_text(story, "utf-8")
    (place / "story.txt.gz").write_bytes(compress(story.encode()))
    (place / "letter.txt").write_text(OPENING + verse()[:2000], "utf-8")
    (place / "old.txt").write_bytes((verse()[:2000] + "春江花月夜。\n").encode("gb18030"))
    (place / "openings.txt").write_text("Once\nThe bell\n", "utf-8")
    (place / "tales").mkdir()
    (place / "tales" / "one.txt").write_text(verse()[:2000], "utf-8")
    (place / "tales" / "two.txt").write_text(verse()[2000:4000], "utf-8")
    rows = verse()[:4000].splitlines()
    (place / "reviews.csv").write_text("text,stars\n" + "".join(f'"{row.replace(chr(34), "")}",5\n' for row in rows))
    (place / "reviews.jsonl").write_text("".join(json.dumps({"text": row or "none"}) + "\n" for row in rows))
    known = ["江流天地外，山色有無中。", "湖光秋月兩相和，深度学习。"]
    quatrains = (ROOT / "corpora/jueju.txt").read_text("utf-8").strip().split("\n\n")
    poems = [{"author": "", "title": "", "paragraphs": poem.split("\n")} for poem in [*quatrains, "\n".join(known)]]
    (place / "poet.tang.0.json").write_text(json.dumps(poems), "utf-8")
    shutil.copytree(ROOT / "corpora", place / "corpora", dirs_exist_ok=True)
    shutil.copytree(ROOT / "checkpoints/jabez", place / "checkpoints/jabez", dirs_exist_ok=True)


def parsed(arguments):
    """Parse a command line of textgen without running it. Raises click.UsageError if it is wrong."""
    from textgen.cli import main
    from textgen.cli.poem import DEFAULT, DefaultGroup

    command, context, rest = main, click.Context(main, info_name="textgen"), list(arguments)
    while isinstance(command, click.Group):
        has_none = isinstance(command, DefaultGroup) and rest[0] not in command.commands
        name = DEFAULT if has_none else rest.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"no command {name!r} in {arguments}"
        command = found
    command.make_context(arguments[0], rest, parent=context)


def small(arguments):
    """The arguments of a command with small numbers in place of its own."""
    if arguments[0] == "inspect" and not {"--length", "--gradients"} & set(arguments):
        return [*arguments, "--length", "60"]
    if arguments[0] != "train":
        return arguments
    replaced, rest = {}, list(arguments)
    for option in [*SMALL_OPTIONS, "--minutes"]:
        if option in rest:
            at = rest.index(option)
            replaced[option] = rest[at + 1]
            del rest[at : at + 2]
    if "--minutes" in replaced:
        rest += ["--minutes", "0.02"]
    if "--resume" in rest:
        return rest if "--minutes" in replaced else [*rest, "--epochs", "2"]
    options = SMALL_OPTIONS | ({"--layers": replaced["--layers"]} if "--layers" in replaced else {})
    if "--from" in rest:  # the model's shape is that of the older run
        options = {name: value for name, value in options.items() if name not in ("--units", "--embedding-size")}
    if "--minutes" in replaced:
        del options["--epochs"]
    if "--encoder" in rest:
        options.pop("--embedding-size", None)
    return [*rest, *(part for pair in options.items() for part in pair), "--overwrite"]


NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]\d+)?")


def is_shown(shown, printed, closeness=0.02):
    """Whether the lines of a page are among printed lines, in their order; "..." stands for lines left out.

    Args:
        shown, printed: the lines.
        closeness: the share by which numbers may differ: those of another machine do in their last digits. None to
            compare the words between the numbers only.
    """
    lines = iter(printed.splitlines())
    return all(
        line.strip() == "..." or any(_are_alike(line, other, closeness) for other in lines)
        for line in shown.strip("\n").splitlines()
    )


def _are_alike(shown, printed, closeness):
    if [part.split() for part in NUMBER.split(shown)] != [part.split() for part in NUMBER.split(printed)]:
        return False
    if closeness is None:
        return True
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(
        math.isclose(*(float(number.replace(",", "")) for number in pair), rel_tol=closeness, abs_tol=closeness / 2)
        if "e" not in pair[0]
        else math.isclose(float(pair[0]), float(pair[1]), rel_tol=0.1)
        for pair in pairs
    )


class Reader:
    """Follows pages in a folder.

    Args:
        place: the folder, which is the working directory.
        made_once: the fixture, by which the readers of all processes share the runs that they train.
    """

    def __init__(self, place: Path, made_once):
        self.place, self.made_once = place, made_once
        self.script = {"__name__": "__page__"}

    def follow(self, page):
        """Run all blocks of a page, and look for its text blocks in what the commands before them printed.

        A text block after a script is about the script.
        """
        printed, before = "", ""
        for language, text in blocks(page, "sh", "python", "text", "toml"):
            if language == "python":
                code = compile(text, "<page>", "exec")
                if "# [needs" not in text.partition("\n")[0]:
                    exec(code, self.script)
            elif language == "toml":
                if named := re.match(r"# (\w+\.toml)\n", text):
                    (self.place / named[1]).write_text(text, "utf-8")
            elif language == "sh":
                printed += self.commands(text)
            elif before != "python":
                assert is_shown(text, printed), f"{text}\nis not in what was printed:\n{printed}"
            before = language

    def commands(self, text):
        """Run the lines of a sh block; one that ends in a backslash goes on in the next. Returns their output."""
        return "".join(self.command(line) for line in text.replace("\\\n", " ").splitlines())

    def command(self, line):
        """Run one line of a sh block. Returns its output."""
        line, _, comment = line.partition(" #")
        line = line.strip()
        if not line:
            return ""
        if line.startswith(SET_UP):
            known = configparser.ConfigParser()
            known.read(ROOT / "setup.cfg", "utf-8")
            for extras in re.findall(r'"\.\[([\w,]+)\]"', line):
                assert set(extras.split(",")) <= set(known["options.extras_require"]), line
            return ""
        if line.startswith("make "):
            subprocess.run(["make", "--dry-run", *line.split()[1:]], cwd=ROOT, capture_output=True, check=True)
            return ""
        given, target = None, None
        if " | " in line:
            left, line = line.split(" | ")
            given = subprocess.run(
                ["bash", "-euc", left], cwd=self.place, capture_output=True, text=True, check=True
            ).stdout
        if " > " in line:
            line, target = line.split(" > ")
        words = shlex.split(line)
        while re.fullmatch(r"[A-Z_]+=\S+", words[0]):
            words.pop(0)
        assert words[0] == "textgen", line
        if "[needs" in comment:
            parsed(words[1:])
            return ""
        printed = self.run(small(words[1:]), given)
        if target:
            (self.place / target.strip()).write_text(printed, "utf-8")
        return printed

    def run(self, arguments, given=None):
        """Run a command of textgen in this process, or copy the run that it makes. Returns its standard output."""
        if arguments[0] != "train" or {"--resume", "--from", "--tensorboard"} & set(arguments):
            return self._run(arguments, given)
        runs = self.place / "checkpoints"

        def learn(folder):
            self._run(arguments, given)
            newest = max(runs.iterdir(), key=lambda path: path.stat().st_mtime_ns)
            shutil.copytree(newest, folder / newest.name)

        (run,) = self.made_once(f"page-{words_to_name(' '.join(arguments))}", learn).iterdir()
        shutil.rmtree(runs / run.name, ignore_errors=True)
        shutil.copytree(run, runs / run.name)
        return ""

    def _run(self, arguments, given):
        from textgen.cli import main

        words = " ".join(arguments)
        result = CliRunner().invoke(main, arguments, input=given or "")
        assert result.exit_code == 0, f"textgen {words}\n{result.output}"
        assert result.exception is None, words
        return result.stdout


def words_to_name(words):
    """A file name for some words."""
    return re.sub(r"[^\w.]+", "-", words)
