"""Whether a budget of minutes is kept when the speed of the machine changes in mid-training.

    python benchmarks/budget.py TEXT --minutes 2

Trains TEXT three times: alone, with all cores busy from the middle on, and with all cores busy until the middle. Prints
the minutes that each training took from start to end as a share of the budget, and where its learning rate ended.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

BUSY = "while True: pass"


def busy(cores):
    """Processes that keep every core busy."""
    return [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(cores)]


def stop(processes):
    for process in processes:
        process.kill()
        process.wait()


def trained(text, minutes, options, loads):
    """Train under a load: seconds of the whole process, and the last line of its history.

    Args:
        loads: pairs of a share of the budget and whether the cores are busy from then on.
    """
    cores, running, timers = os.cpu_count() or 1, [], []

    def change(is_busy):
        if is_busy:
            running.extend(busy(cores))
        else:
            stop(running)
            running.clear()

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [sys.executable, "-m", "textgen", "train", str(text), "--out", str(run), "--quiet"]
        command += ["--minutes", str(minutes), "--sample-length", "0", *options]
        for share, is_busy in loads:
            if share == 0:
                change(is_busy)
            else:
                timers.append(threading.Timer(60 * minutes * share, change, [is_busy]))
        began = time.monotonic()
        for timer in timers:
            timer.start()
        try:
            subprocess.run(command, check=True)
            seconds = time.monotonic() - began
        finally:
            for timer in timers:
                timer.cancel()
            stop(running)
        return seconds, json.loads((run / "history.jsonl").read_text("utf-8").splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--unit", choices=("char", "word"), default="char")
    arguments = parser.parse_args()
    cases = {"alone": [], "busy from the middle": [(0.5, True)], "busy to the middle": [(0, True), (0.5, False)]}
    for name, loads in cases.items():
        seconds, last = trained(arguments.text, arguments.minutes, ["--unit", arguments.unit], loads)
        print(
            f"{name:<22} {seconds:6.1f} s of {60 * arguments.minutes:.0f}: {seconds / 60 / arguments.minutes:.1%}; "
            f"{last['step']:,} steps in {last['epoch']} epochs, learning rate at the end {last['learning_rate']:.2e}"
        )


if __name__ == "__main__":
    main()
