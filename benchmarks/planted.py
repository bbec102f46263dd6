"""Links, pipes, folders and a stranger's files in every place of a run folder, and every command on each.

    python -m benchmarks.planted [--commands sample,resume] [--seconds 5]

The places are found by watching what the commands open, make, rename, list and remove (tests/helpers/planted.py). Each
combination of place, kind and command gets a fresh run. Nothing outside the run may change, nothing may take longer
than --seconds (60 for a training), and each command ends with exit code 0 or with one line. On Linux; as root, a
stranger's files are tried too.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.conftest import TINY, verse
from tests.helpers import planted
from textgen import train


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", default=",".join(planted.COMMANDS))
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    ends, faults, slowest = Counter(), [], {}
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "text.txt").write_text(verse())
        options = TINY | {"documents": "poem", "epochs": 1}
        train(base / "text.txt", base / "gift", quiet=True, watch_gradients=True, **options)
        places = planted.used_places(base / "gift", base / "watched")
        print(f"{len(places)} places: {', '.join(places)}")
        for command in arguments.commands.split(","):
            for kind in planted.KINDS:
                for where in places:
                    seconds = 60 if command in planted.TRAINING else arguments.seconds
                    began = time.monotonic()
                    outcome = planted.attack(base / "gift", base / "one", where, kind, command, seconds)
                    taken = time.monotonic() - began
                    shutil.rmtree(base / "one")
                    if outcome is None:
                        continue
                    ends[(command, outcome.code)] += 1
                    slowest[command] = max(slowest.get(command, 0), taken)
                    if outcome.fault:
                        faults.append(f"{command}, {kind} at {where}: {outcome.fault}: {outcome.line}")
            codes = ", ".join(f"{count} exit {code}" for (name, code), count in sorted(ends.items()) if name == command)
            print(f"{command}: {codes}; slowest {slowest[command]:.1f} s", flush=True)
    print(f"{sum(ends.values()):,} combinations, {len(faults)} faults")
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
