"""Which unit predicts a text best after so many minutes: characters, words or subwords.

    python benchmarks/units.py TEXT [--minutes 1.25 5 15] [--units char word subword] [--train OPTION ...]

The last tenth of the text is held out and nothing is known of it: its words are not in the vocabulary unless they occur
before. For each budget and unit `textgen train` learns the rest as a process of its own, start included. The held-out
tenth is then measured in bits per byte, which compares models whose symbols differ.

A model of words reads a rare word as the unknown symbol, which is cheaper than the word itself. So it has a second
figure, "spelled": the bits of the whole text, where the character model of the same minutes spells each unknown word,
knowing all that stands before it. Only this figure is comparable with the others.

One process at a time; nothing else should run.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from textgen import Generator
from textgen.corpus.documents import read_corpus

HELD_OUT = 0.1  # of the text
VALIDATION = 0.01  # of the rest, by which the training keeps its best weights


def trained(text, unit, minutes, run, options):
    """Train; return the seconds that the process took and its steps."""
    command = [sys.executable, "-m", "textgen", "train", text, "--unit", unit, "--minutes", str(minutes)]
    command += ["--validation", str(VALIDATION), "--sample-length", "0", "--out", str(run), "--overwrite", *options]
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    last = (run / "history.jsonl").read_text("utf-8").splitlines()[-1]
    return time.monotonic() - began, json.loads(last)["step"]


def divided(text, folder):
    """Write the text without its last tenth; return the file and the last tenth, which begins with a line."""
    (document,) = read_corpus([text]).documents
    cut = document.index("\n", int(len(document) * (1 - HELD_OUT))) + 1
    rest = folder / "rest.txt"
    rest.write_text(document[:cut], "utf-8")
    return str(rest), document[cut:]


def spelled(words, characters):
    """Bits a byte of a text where a character model spells the words that a word model does not know."""
    ends = np.cumsum([len(symbol) for symbol in words.symbols])
    cost = np.concatenate([[0.0], np.cumsum(characters.surprisal)])
    spelling = (cost[ends] - cost[np.concatenate([[0], ends[:-1]])])[words.unknown].sum()
    return (words.nats + spelling) / math.log(2) / words.extent.bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text")
    parser.add_argument("--minutes", nargs="+", type=float, default=[1.25, 5, 15])
    parser.add_argument("--units", nargs="+", choices=("char", "word", "subword"), default=["char", "word", "subword"])
    parser.add_argument("--train", nargs="+", default=[], metavar="OPTION", help="more options of textgen train")
    arguments = parser.parse_args()
    print(f"{'minutes':>7}  {'unit':<8} {'seconds':>7} {'steps':>7} {'bits/byte':>9} {'unknown':>8} {'spelled':>8}")
    with tempfile.TemporaryDirectory() as place:
        text, held_out = divided(arguments.text, Path(place))
        for minutes in arguments.minutes:
            characters = None
            for unit in arguments.units:
                run = Path(place) / f"{unit}-{minutes:g}"
                seconds, steps = trained(text, unit, minutes, run, arguments.train)
                score = Generator.load(str(run)).score(held_out)
                characters = score if unit == "char" else characters
                share = np.mean(score.unknown)
                whole = f"{spelled(score, characters):8.4f}" if characters and share else ""
                line = f"{minutes:7g}  {unit:<8} {seconds:7.1f} {steps:7,} {score.bits_per_byte:9.4f} {share:8.2%}"
                print(f"{line} {whole:>8}", flush=True)


if __name__ == "__main__":
    main()
