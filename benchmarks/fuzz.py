"""Hostile run folders and vocabularies by the hundred thousand: does anything but a TextgenError come out?

    python -m benchmarks.fuzz [--inputs 200000] [--seed 1]

Half of the inputs are run folders whose files were changed at random (bytes flipped, cut, doubled, another file's
bytes in their place; JSON values replaced by hostile ones) and sealed again, so that the manifest vouches for them and
what lies behind it is reached; they are loaded with their weights, and as a state to resume from. The other half are
JSON values given to the loader of vocabularies, and texts to those that load. The runs that load must write.
"""

import argparse
import copy
import json
import random
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from tests.helpers.forged_runs import seal
from textgen import Generator
from textgen.errors import TextgenError
from textgen.runs.folder import BEST, FILES, RESUME
from textgen.runs.run import read_run
from textgen.runs.state import TrainingState
from textgen.system.snapshots import MANIFEST, latest_intact
from textgen.tokens import TOKENIZERS, load_tokenizer, tokenizer_class

KEPT = Path(__file__).parent.parent / "tests/data/format1/run"
ODD = [None, True, False, 0, -1, 1, 2, 3, 2**31, 2**63, 10**30, 0.5, 1e308, -0.0, "", "a", "ab", "\ud800", "../x", "\0"]
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
        shutil.copytree(KEPT, self.run)
        self.folders = [max((self.run / kind).iterdir()) for kind in (BEST, RESUME)]
        self.sound = {path: path.read_bytes() for folder in self.folders for path in folder.iterdir()}

    def try_one(self, chance):
        folder = chance.choice(self.folders)
        path = chance.choice([path for path in self.sound if path.parent == folder])
        data = self.sound[path]
        if path.suffix == ".json" and path.name != MANIFEST and chance.random() < 0.7:
            data = json.dumps(mutate_json(json.loads(data), chance)).encode()
        else:
            data = mutate_bytes(chance.choice([data, data, data, chance.choice(list(self.sound.values()))]), chance)
        path.write_bytes(data)
        try:
            if path.name != MANIFEST:
                seal(folder)
            return self.load(folder)
        finally:
            path.write_bytes(self.sound[path])
            (folder / MANIFEST).write_bytes(self.sound[folder / MANIFEST])

    def load(self, folder):
        if folder.parent.name == BEST:
            Generator.load(self.run).generate(length=2, seed=1)
        else:
            found, _ = latest_intact(self.run / RESUME, FILES[RESUME])
            read_run(self.run, found)
            TrainingState.load(found)


def try_vocabulary(sound, chance):
    values = mutate_json(chance.choice(sound), chance)
    tokenizer = load_tokenizer(values)
    text = "".join(chance.choice(["a", " ", "the", "\n", "\ud800", "\U0001f600", "é", "\0"]) for _ in range(10))
    tokenizer.decode(tokenizer.encode(text))
    tokenizer.unknown(text)
    tokenizer.following()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    chance, counts, began = random.Random(arguments.seed), Counter(), time.monotonic()
    sound = [tokenizer_class(kind).train(["the hen, the fox\nand a bee"]).to_json() for kind in TOKENIZERS]
    with tempfile.TemporaryDirectory() as place:
        folders = Folders(Path(place))
        for number in range(arguments.inputs):
            state = chance.getstate()
            kind = "run folder" if number % 2 else "vocabulary"
            try:
                folders.try_one(chance) if number % 2 else try_vocabulary(sound, chance)
                counts[f"{kind} loaded"] += 1
            except TextgenError as error:
                counts[f"{kind} refused"] += 1
                if "\n" in str(error):
                    raise SystemExit(f"input {number}: a message of several lines: {error!r}") from None
            except BaseException:
                print(f"input {number}, state of chance {hash(state)}", file=sys.stderr)
                raise
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    print(f"{arguments.inputs:,} inputs in {time.monotonic() - began:.0f} s, {memory:.0f} MB: {told}; nothing else")


if __name__ == "__main__":
    main()
