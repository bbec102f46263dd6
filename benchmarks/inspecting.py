"""How long textgen inspect takes on 500 characters, how large its page is, and how long a trace takes beside reading.

    python benchmarks/inspecting.py RUN TEXT [--rounds 5]

Each command is a process of its own, its start included; medians of rounds.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from textgen import Generator
from textgen.inspection.tracing import trace


def timed(action, *arguments, **options):
    began = time.perf_counter()
    action(*arguments, **options)
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("text", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    text = options.text.read_text("utf-8")[-500:]
    kinds = {
        "pictures and page": [],
        "the page alone": ["--no-pictures"],
        "png and svg": ["--format", "png", "--format", "svg"],
    }
    for kind, extra in kinds.items():
        seconds = []
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "textgen", "inspect", options.run, "--text", text, "--out", folder]
                seconds.append(timed(subprocess.run, [*command, *extra], check=True, capture_output=True))
                size = (Path(folder) / "index.html").stat().st_size
        print(f"{kind + ':':<20} {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")
    print(f"{'page:':<20} {size:,} bytes")
    generator = Generator.load(options.run)
    traced = statistics.median(timed(trace, generator, text) for _ in range(options.rounds))
    read = statistics.median(timed(generator.score, text) for _ in range(options.rounds))
    print(f"{'trace:':<20} {len(text) / traced:,.0f} characters/s, {traced / read:.2f} of the time that scoring takes")


if __name__ == "__main__":
    main()
