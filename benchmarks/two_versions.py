"""This checkout beside another one, in turns: start-up, a training step, writing.

    python benchmarks/two_versions.py OTHER_CHECKOUT [--rounds 9]

Prints the median time of each, and the time of this checkout as a share of the other's, round by round (below 1: this
one is faster). Both run in this Python with its packages; only textgen differs. Compile their
bytecode first, as an installation does: python -m compileall textgen
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from contest import Worker, take_turns

ROOT = Path(__file__).parent.parent.resolve()
RUN = str(ROOT / "checkpoints/jabez")
COMMANDS = {
    "textgen --help": ["--help"],
    "textgen train --help": ["train", "--help"],
    "textgen sample --length 1": ["sample", RUN, "--length", "1"],
    "textgen info": ["info", RUN],
}
# Script, numbers of its textgen worker, units of work in a turn.
LOOPS = {
    "training step, 1x256, 32 rows": ("training_speed.py", (1, 256, 32, 64), 160),
    "training step, 1x512, 32 rows": ("training_speed.py", (1, 512, 32, 64), 64),
    "training step, 2x256, 64 rows": ("training_speed.py", (2, 256, 64, 100), 32),
    "writing, 1x256, one text": ("sampling_speed.py", (1, 256, 1), 4000),
    "writing, 1x256, 32 texts": ("sampling_speed.py", (1, 256, 32), 500),
    "writing, 1x512, one text": ("sampling_speed.py", (1, 512, 1), 2000),
}


class Commands:
    """A contender that runs a command of a checkout, as a process from start to end."""

    def __init__(self, checkout, arguments):
        self.command = [sys.executable, "-c", "from textgen.cli import main; main()", *arguments]
        self.environment = os.environ | {"PYTHONPATH": str(checkout)}
        self.measure(1)

    def measure(self, number):
        began = time.perf_counter()
        for _ in range(number):
            subprocess.run(self.command, env=self.environment, cwd=ROOT.anchor, capture_output=True, check=True)
        return (time.perf_counter() - began) / number

    def close(self):
        pass


def worker(checkout, script, numbers):
    """A contender of a benchmark of a checkout, which imports that checkout's textgen."""
    os.environ["PYTHONPATH"] = str(checkout)
    return Worker(sys.executable, str(Path(checkout) / "benchmarks" / script), "textgen", numbers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", metavar="OTHER_CHECKOUT", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    checkouts = {"this": ROOT, "other": arguments.other.resolve()}
    print(f"{'milliseconds, medians':<34} {'other':>9} {'this':>9}   this / other: median, lowest to highest")
    for name, case in (COMMANDS | LOOPS).items():
        if name in COMMANDS:
            contenders = {side: Commands(folder, case) for side, folder in checkouts.items()}
            units = 1
        else:
            script, numbers, units = case
            contenders = {side: worker(folder, script, numbers) for side, folder in checkouts.items()}
        seconds = take_turns(contenders, dict.fromkeys(contenders, units), arguments.rounds)
        shares = sorted(own / their for own, their in zip(seconds["this"], seconds["other"], strict=True))
        median = {side: 1000 * statistics.median(each) for side, each in seconds.items()}
        print(
            f"{name:<34} {median['other']:9.3f} {median['this']:9.3f}   "
            f"{statistics.median(shares):.3f}, {shares[0]:.3f} to {shares[-1]:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
