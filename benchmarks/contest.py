"""What the benchmarks share: contenders in processes of their own that take turns.

Each contender prepares itself and then sleeps while another is measured; rounds take turns, so that a noisy machine is
noisy for all. A worker prints "ready", then for every line on standard input (a number) does that much work and prints
the seconds of one unit of it.
"""

import statistics
import subprocess
import sys
import time


def serve(run, warm_up=3):
    """`run` takes a number of units of work and gives the seconds of one."""
    run(warm_up)
    print("ready", flush=True)
    for line in sys.stdin:
        print(run(int(line)), flush=True)


def timed(loop):
    """A `run` for a plain loop that takes a number of units."""

    def run(number):
        began = time.perf_counter()
        loop(number)
        return (time.perf_counter() - began) / number

    return run


class Worker:
    """A contender: a script's `--worker NAME NUMBERS...` in a process of its own."""

    def __init__(self, python, script, name, numbers):
        self.process = subprocess.Popen(
            [python, script, "--worker", name, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if self.process.stdout.readline().strip() != "ready":
            self.close()
            raise SystemExit(f"the {name} worker did not start; run it by hand to see why: {self.process.args}")

    def measure(self, number):
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait()


def take_turns(workers, numbers, rounds):
    """Seconds of one unit, a list of `rounds` for each worker; closes the workers.

    Args:
        workers: Workers by name.
        numbers: how many units each does in its turn, by name.
        rounds: turns of each.
    """
    seconds = {name: [] for name in workers}
    try:
        for _ in range(rounds):
            for name, worker in workers.items():
                seconds[name].append(worker.measure(numbers[name]))
    finally:
        for worker in workers.values():
            worker.close()
    return seconds


def ratio(theirs, ours):
    """How many times faster ours is: the median of the ratios round by round."""
    return statistics.median(other / own for other, own in zip(theirs, ours, strict=True))


def has_torch(python):
    """Whether a Python can import PyTorch."""
    return subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0
