"""Hostile run folders and vocabularies by the hundred thousand: does anything but a TextgenError's line come out?

    python -m benchmarks.fuzz [--inputs 100000] [--seed 1]

Half of the inputs are run folders of which one file was changed at random, whichever a run has: the model, the saved
state, the verse memory, the history, the metadata, the samples, the gradients, the lock. Bytes are flipped, cut or
doubled, another file's bytes take their place, JSON values are replaced by hostile ones; snapshots are sealed again, so
that the manifest vouches for them and what lies behind it is reached. Commands read them, as on a terminal; what
precedes a resumed training reads the rest. Each must end with exit code 0 or with one line, within a second, without a
control character on standard output or standard error. The other half are JSON values given to the loader of
vocabularies, and texts to those that load.
"""

import argparse
import contextlib
import copy
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import click.testing
from click.testing import CliRunner

from tests.conftest import verse
from tests.helpers.forged_runs import newest, seal
from textgen import Generator
from textgen.cli import main as textgen
from textgen.errors import TextgenError
from textgen.runs import diary
from textgen.runs.folder import BEST, KEPT, METADATA, VERSE, check_places
from textgen.runs.run import check_best, load_resumable, load_run
from textgen.system.folders import Folder
from textgen.system.locks import LOCK, locked
from textgen.system.snapshots import MANIFEST
from textgen.tokens import TOKENIZERS, load_tokenizer, tokenizer_class
from textgen.tokens.base import Rules

# What acts on a terminal.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
TITLE, FORGED = "\x1b]0;owned\x07", "a\ntextgen: all ok\n"
ODD = [None, True, False, 0, -1, 1, 2, 3, 2**31, 2**63, 10**30, 0.5, 1e308, -0.0, "", "a", "ab", "\ud800", "../x", "\0"]
ODD += [10**400, TITLE, FORGED, "\u202etxt.exe", "\x9b2J", "e\u0301" * 1000]
ODD += [[], {}, [[]], "char", "word", "onehot", "x" * 5000, [1] * 100, {"a": {"b": {}}}]


def mutate_bytes(data, chance):
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 5, 30])):
        kind, at = chance.randrange(6), chance.randrange(len(data) + 1)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            data[at:at] = chance.randbytes(chance.choice([1, 8, 100]))
        elif kind == 3:
            data[at : at + chance.choice([1, 8, 64])] = b""
        elif kind == 4:
            data[at : at + 8] = chance.choice([b"\xff" * 8, bytes(8), b"\x7f" + bytes(7)])
        else:
            data += data[at : at + 200]
    return bytes(data)


def mutate_json(values, chance):
    """Replace, remove or add something somewhere in plain JSON values."""
    values = json.loads(json.dumps(values))
    for _ in range(chance.choice([1, 1, 2, 4])):
        place = values
        while isinstance(place, (dict, list)) and place and chance.random() < 0.7:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            key = chance.choice(keys)
            if not isinstance(place[key], (dict, list)) or chance.random() < 0.3:
                break
            place = place[key]
        if isinstance(place, dict):
            key = chance.choice([*place, "odd"])
        elif isinstance(place, list) and place:
            key = chance.randrange(len(place))
        else:
            continue
        if chance.random() < 0.2 and isinstance(place, dict):
            place.pop(key, None)
        elif chance.random() < 0.2 and isinstance(place, list):
            place.insert(key, copy.deepcopy(chance.choice(ODD)))
        else:
            place[key] = copy.deepcopy(chance.choice(ODD))
    return values


class Folders:
    """Run folders, one after another in the same place."""

    def __init__(self, place):
        self.run = place / "run"
        (place / "text.txt").write_text(verse())
        # In a process of its own: Keras would count as memory of this one.
        options = "--documents poem --watch-gradients --units 12 --embedding-size 6 --batch-size 8 --epochs 2 --quiet"
        command = [sys.executable, "-m", "textgen", "train", "text.txt", "--out", "run", *options.split()]
        subprocess.run(command, cwd=place, check=True)
        (self.run / LOCK).write_text(" 17\n")
        folders = [newest(self.run, kind) for kind in KEPT]
        files = [path for folder in folders for path in folder.iterdir()]
        files += [path for path in self.run.iterdir() if path.is_file()]
        self.sound = {path: path.read_bytes() for path in sorted(files)}

    def try_one(self, chance):
        path = chance.choice(list(self.sound))
        data, in_snapshot = self.sound[path], path.parent != self.run
        if path.suffix == ".json" and path.name != MANIFEST and chance.random() < 0.7:
            data = json.dumps(mutate_json(json.loads(data), chance), ensure_ascii=chance.random() < 0.5)
            data = data.encode("utf-8", "surrogatepass")
        elif path.suffix == ".jsonl" and chance.random() < 0.7:
            lines = [json.dumps(mutate_json(json.loads(line), chance)) for line in data.splitlines()]
            data = "\n".join(lines).encode()
        else:
            data = mutate_bytes(chance.choice([data, data, data, chance.choice(list(self.sound.values()))]), chance)
        path.write_bytes(data)
        try:
            if in_snapshot and path.name != MANIFEST:
                seal(path.parent)
            return self.use(path, chance)
        finally:
            for changed in self.sound if path.name in (LOCK, diary.SAMPLES, diary.GRADIENTS) else [path]:
                changed.write_bytes(self.sound[changed])
            if in_snapshot:
                (path.parent / MANIFEST).write_bytes(self.sound[path.parent / MANIFEST])

    def use(self, path, chance):
        """Read a run as commands do that would use this file. Returns how it ended."""
        kind = path.parent.parent.name
        if kind == BEST or path.name in (METADATA, diary.HISTORY):
            commands = [["info", str(self.run)], ["plot", str(self.run)]]
            if kind == BEST:
                commands.append(["sample", str(self.run), "--length", "2", "--seed", "1"])
            return self.command(chance.choice(commands))
        with Folder.opened(self.run) as folder:
            if kind == VERSE:
                Generator.load(self.run)
            elif path.name == LOCK:
                with locked(folder):
                    pass
            elif path.name == diary.SAMPLES:
                diary.cut_samples(folder, 1)
            elif path.name == diary.GRADIENTS:
                load_run(self.run).gradients()
                diary.save_gradients(folder, {"epoch": 2, "step": 1, "weights": {}, "distances": [], "hidden": []})
            else:
                check_places(folder)
                load_resumable(folder)
                check_best(folder)
        return "read"

    def command(self, arguments):
        with as_on_a_terminal():
            result = CliRunner().invoke(textgen, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        shown = result.stdout + result.stderr
        if CONTROL.search(shown):
            raise SystemExit(f"{arguments}: a control character is shown: {shown!r}")
        if result.exit_code not in (0, 4) or (result.exit_code and result.stderr.count("\n") != 1):
            raise SystemExit(f"{arguments}: exit code {result.exit_code}: {result.stderr}")
        if "\ntextgen: all ok" in "\n" + shown:
            raise SystemExit(f"{arguments}: a forged line: {shown!r}")
        return "read" if result.exit_code == 0 else "refused"


@contextlib.contextmanager
def as_on_a_terminal():
    """What CliRunner catches says that it is a terminal."""
    wrapper = click.testing._NamedTextIOWrapper
    wrapper.isatty = lambda self: True
    try:
        yield
    finally:
        del wrapper.isatty


def try_vocabulary(sound, chance):
    values = mutate_json(chance.choice(sound), chance)
    tokenizer = load_tokenizer(values)
    text = "".join(chance.choice(["a", " ", "the", "\n", "\ud800", "\U0001f600", "é", "\0"]) for _ in range(10))
    tokenizer.decode(tokenizer.encode(text))
    tokenizer.unknown(text)
    tokenizer.following()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    chance, counts, slowest, began = random.Random(arguments.seed), Counter(), 0.0, time.monotonic()
    rules = {"word": Rules(special=("<unk>",))}
    text = ["the hen, the fox\nand a bee <unk>"]
    sound = [tokenizer_class(kind).train(text, rules=rules.get(kind)).to_json() for kind in TOKENIZERS]
    sound.append(tokenizer_class("subword").train(text, rules=Rules(subwords="unigram")).to_json())
    with tempfile.TemporaryDirectory() as place:
        folders = Folders(Path(place))
        for number in range(arguments.inputs):
            kind, started = "run folder" if number % 2 else "vocabulary", time.process_time()
            try:
                end = folders.try_one(chance) if number % 2 else try_vocabulary(sound, chance)
                counts[f"{kind} {end or 'read'}"] += 1
            except TextgenError as error:
                counts[f"{kind} refused"] += 1
                if "\n" in str(error) or len(str(error)) > 2000:
                    raise SystemExit(f"input {number}: no line for a person: {str(error)[:2000]!r}") from None
            except BaseException:
                print(f"input {number} of seed {arguments.seed}", file=sys.stderr)
                raise
            slowest = max(slowest, time.process_time() - started)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    print(
        f"{arguments.inputs:,} inputs in {time.monotonic() - began:.0f} s, the slowest {slowest:.2f} s of CPU time, "
        f"{memory:.0f} MB: {told}; nothing else"
    )
    if slowest > 1 or memory > 200:
        raise SystemExit("more than a second, or more than 200 MB")


if __name__ == "__main__":
    main()
