"""What several processes give: measured on this machine, and modelled for networks of other speeds.

    python benchmarks/scaling.py [--rounds 3] [--steps 60]

First part, measured: steps of a training in 1, 2 and 4 processes of this machine (`textgen train --processes`), the
same global batch; the bytes that a step sends (from the counters of the loopback interface); and how long gloo takes to
sum numbers among two processes. A machine with as many cores as one process uses anyway gains nothing from a second
process: what this part shows is what the division costs.

Second part, modelled, for 2 to 64 machines with one process each, at 1 and 10 Gbit/s: a step takes what the arithmetic
of its rows takes (measured here for the rows that a machine has), and the exchange of the gradients, a ring: each
machine sends and receives 2 (N - 1) / N times the bytes of the weights, and waits for 2 (N - 1) messages. Assumptions:
docs/guide/machines.md.

Nothing else should run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

MODELS = {"1x256": (256, 1), "1x512": (512, 1), "2x1024": (1024, 2)}
BATCH, LENGTH, VOCABULARY = 64, 64, 96
MACHINES = (2, 4, 8, 16, 32, 64)
GBITS = (1, 10)
AVERAGE_EVERY = (1, 8, 32)
LATENCY_SECONDS = 50e-6  # of one message between two machines on Ethernet


def text(path):
    """A text of a megabyte, the same every time."""
    import numpy as np

    draw = np.random.default_rng(0)
    symbols = [chr(code) for code in range(33, 33 + VOCABULARY - 2)]
    path.write_text("".join(draw.choice(symbols, 1_000_000)), "ascii")


def loopback_bytes():
    """Bytes that processes of this machine have sent each other."""
    line = next(line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[0])


def measured(path, folder, processes, units, layers, steps, batch=BATCH, more=()):
    """Train; return seconds a step and bytes a step."""
    out = folder / "run"
    part = folder / "part.txt"
    part.write_bytes(path.read_bytes()[: (steps * batch * LENGTH) + 64])
    command = [sys.executable, "-m", "textgen", "train", str(part), "--out", str(out), "--overwrite", "--epochs", "3"]
    command += ["--processes", str(processes), "--units", str(units), "--layers", str(layers), "--validation", "0"]
    command += ["--batch-size", str(batch), "--sequence-length", str(LENGTH), "--sample-length", "0", *more]
    before = loopback_bytes()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sent = loopback_bytes() - before
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    # The first epoch compiles.
    return 1 / statistics.median(line["steps_per_second"] for line in history[1:]), sent / history[-1]["step"]


def parameters(units, layers, embedding=64):
    """Numbers of a model, all of which every machine must hear of."""
    total = VOCABULARY * embedding
    for layer in range(layers):
        total += 4 * units * ((units if layer else embedding) + units + 1)
    return total + (units + 1) * VOCABULARY


def modelled(step_seconds, bytes_of_weights, machines, gbit, every):
    """Seconds a step: those of its rows, and its share of an exchange. With averaging, Adam's two moments go too."""
    volume = 2 * (machines - 1) / machines * bytes_of_weights * (3 if every > 1 else 1)
    exchange = volume / (gbit * 1e9 / 8) + 2 * (machines - 1) * LATENCY_SECONDS
    return step_seconds + exchange / every


def main():
    """Measure, model, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores; batch {BATCH}, {LENGTH} steps; medians of {options.rounds} rounds")
    print("model    processes  ms a step  ratio  bytes a step  weights")
    seconds_of_rows = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "text.txt"
        text(path)
        for model, (units, layers) in MODELS.items():
            steps = options.steps if units < 1024 else max(options.steps // 4, 8)
            found = {processes: [] for processes in (1, 2, 4)}
            for _ in range(options.rounds if units < 1024 else 1):
                for processes, results in found.items():
                    results.append(measured(path, folder, processes, units, layers, steps))
            weights = 4 * parameters(units, layers)
            alone = statistics.median(seconds for seconds, _ in found[1])
            for processes, results in found.items():
                seconds, sent = (statistics.median(each) for each in zip(*results, strict=True))
                print(
                    f"{model:<8} {processes:9} {1000 * seconds:10.1f} {seconds / alone:6.2f} {sent:13,.0f} "
                    f"{weights:11,}",
                    flush=True,
                )
            seconds_of_rows[model] = alone
    print("\nmodelled: how many times the characters a second of one machine; each machine has a batch of 64 rows")
    print("model    Gbit/s  every  " + "".join(f"{machines:>8}" for machines in MACHINES))
    for model, (units, layers) in MODELS.items():
        step, weights = seconds_of_rows[model], 4 * parameters(units, layers)
        for gbit in GBITS:
            for every in AVERAGE_EVERY:
                speeds = [machines * step / modelled(step, weights, machines, gbit, every) for machines in MACHINES]
                print(f"{model:<8} {gbit:6} {every:6}  " + "".join(f"{speed:8.1f}" for speed in speeds))


if __name__ == "__main__":
    main()
