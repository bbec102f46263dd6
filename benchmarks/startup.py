"""How long the shell waits: `textgen --help` whole, and `textgen sample` to its first character.

    python benchmarks/startup.py [--run RUN] [--times 10]

Starts real processes, after one that warms the disk, and prints the median, lowest and highest wall time of each; a
Python that only imports NumPy stands beside them, since nothing that samples can be faster.
"""

import argparse
import statistics
import subprocess
import sys
import time


def whole(command):
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def first_character(command):
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        if not process.stdout.read(1):
            raise SystemExit(f"{' '.join(command)} wrote nothing; is there a run? train one, or name it with --run")
        seconds = time.perf_counter() - began
        process.stdout.read()
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", help="the run to sample from; default: the newest")
    parser.add_argument("--times", type=int, default=10)
    arguments = parser.parse_args()
    textgen = [sys.executable, "-m", "textgen"]
    cases = {
        "python -c 'import numpy'": (whole, [sys.executable, "-c", "import numpy"]),
        "textgen --help": (whole, [*textgen, "--help"]),
        "textgen sample, first character": (
            first_character,
            [*textgen, "sample", *filter(None, [arguments.run]), "--length", "200"],
        ),
    }
    print(f"{'seconds, ' + str(arguments.times) + ' runs each':<34} median   lowest  highest")
    for name, (measure, command) in cases.items():
        measure(command)
        seconds = sorted(measure(command) for _ in range(arguments.times))
        print(f"{name:<34} {statistics.median(seconds):.3f}    {seconds[0]:.3f}   {seconds[-1]:.3f}")


if __name__ == "__main__":
    main()
