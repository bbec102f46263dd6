"""What a large text costs: encoding speed, memory and training speed on a gigabyte, beside a megabyte of the same.

    python benchmarks/any_size.py TEXT [--gigabytes 1] [--seconds 40] [--rounds 3]

The large text is TEXT's lines, shuffled and repeated. Trainings are processes of their own that take turns; memory is
the most that the system saw of each. Speed is that of the steps alone, from the run's history.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def make(text, path, size):
    """Write a text of so many bytes; returns them."""
    lines, shuffled, written = text.splitlines(keepends=True), random.Random(1), 0
    with open(path, "w", encoding="utf-8") as file:
        while written < size:
            shuffled.shuffle(lines)
            block = "".join(lines)[: size - written]
            file.write(block)
            written += len(block.encode())
    return path.stat().st_size


def encoding(path):
    """Megabytes a second, of reading and encoding in a process of its own, and its memory in MB."""
    code = (
        "import sys, time\nfrom textgen.corpus.documents import read_corpus\n"
        "from textgen.planning.dataset import encode\n"
        "began = time.perf_counter(); encode(read_corpus(sys.argv[1], may_stay=True), 0.1)\n"
        "print(time.perf_counter() - began)"
    )
    output, memory = measured([sys.executable, "-c", code, str(path)])
    return path.stat().st_size / 1e6 / float(output), memory


def measured(command):
    """What a process prints, and the most memory it had, in MB."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:4]} ended with {process.returncode}")
    return output, usage.ru_maxrss / 1e3


def training(path, folder, seconds):
    """Steps a second, and memory in MB."""
    options = ["--size", "small", "--sample-length", "0", "--overwrite", "--quiet", "--minutes", str(seconds / 60)]
    command = [sys.executable, "-m", "textgen", "train", str(path), "--out", str(folder), *options]
    _, memory = measured(command)
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return statistics.median(line["steps_per_second"] for line in lines), memory


def main():
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text")
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=40, help="Of each training, beside reading the text.")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    text = Path(given.text).read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        os.environ["TEXTGEN_CACHE"] = str(folder / "cache")
        sizes = {"large": int(given.gigabytes * 1e9), "small": 1_000_000}
        for name, size in sizes.items():
            make(text, folder / f"{name}.txt", size)
        speed, memory = encoding(folder / "large.txt")
        print(f"encoding {given.gigabytes:g} GB: {speed:.0f} MB/s, {memory:.0f} MB of memory", flush=True)
        told = {name: [] for name in sizes}
        for _ in range(given.rounds):
            for name in sizes:
                began = time.perf_counter()
                one = training(folder / f"{name}.txt", folder / f"run-{name}", given.seconds + 15 * (name == "large"))
                told[name].append(one)
                took = time.perf_counter() - began
                print(f"{name}: {one[0]:.1f} steps/s, {one[1]:.0f} MB, {took:.0f} s in all", flush=True)
        speeds = {name: statistics.median(one[0] for one in results) for name, results in told.items()}
        memories = {name: max(one[1] for one in results) for name, results in told.items()}
        print(f"speed, large to small: {speeds['large'] / speeds['small']:.3f}")
        print(f"memory, large beyond small: {memories['large'] - memories['small']:.0f} MB")


if __name__ == "__main__":
    main()
