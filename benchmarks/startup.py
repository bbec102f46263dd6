"""How long the shell waits, and for how much memory: `textgen --help`, and `textgen sample` to its first character and
whole.

    python benchmarks/startup.py [--run RUN] [--times 10]

Starts real processes, after one that warms the disk, and prints the median, lowest and highest wall time of each and
the most memory it ever held (resident set, the median); a Python that only imports NumPy stands beside them, since
nothing that samples can be faster. On Unix.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path


def measure(command, to_first_character=False):
    """Seconds, to the end or to the first character on standard output, and the most memory held, MB."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    first = process.stdout.read(1)
    seconds = time.perf_counter() - began
    process.stdout.read()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or (to_first_character and not first):
        raise SystemExit(f"{' '.join(command)} failed; is there a run? train one, or name it with --run")
    if not to_first_character:
        seconds = time.perf_counter() - began
    return seconds, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", help="the run to sample from; default: the newest")
    parser.add_argument("--times", type=int, default=10)
    arguments = parser.parse_args()
    script = Path(sys.executable).with_name("textgen")
    textgen = [str(script)] if script.exists() else [sys.executable, "-m", "textgen"]
    sample = [*textgen, "sample", *filter(None, [arguments.run])]
    cases = {
        "python -c 'import numpy'": ([sys.executable, "-c", "import numpy"], False),
        "textgen --help": ([*textgen, "--help"], False),
        "textgen sample, first character": ([*sample, "--length", "200"], True),
        "textgen sample --length 1, whole": ([*sample, "--length", "1"], False),
    }
    print(f"{'seconds, ' + str(arguments.times) + ' runs each':<34} median   lowest  highest   memory, MB")
    for name, case in cases.items():
        measure(*case)
        results = [measure(*case) for _ in range(arguments.times)]
        seconds = sorted(each for each, _ in results)
        memory = statistics.median(each for _, each in results)
        print(f"{name:<34} {statistics.median(seconds):.3f}    {seconds[0]:.3f}    {seconds[-1]:.3f}   {memory:6.1f}")


if __name__ == "__main__":
    main()
