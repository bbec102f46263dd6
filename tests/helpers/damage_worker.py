"""Damages the files of a run byte by byte (flipped bits, cut ends) and loads the run each time, in this process.

    python -m tests.helpers.damage_worker RUN PER_FILE

RUN is damaged and repaired. Prints JSON: counts of the outcomes, the slowest load, the peak memory (MB).
"""

import json
import re
import resource
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from textgen.cli import main
from textgen.errors import RunError
from textgen.runs.diary import HISTORY
from textgen.runs.folder import FILES, METADATA, RESUME
from textgen.runs.run import load_run
from textgen.system.folders import Folder
from textgen.system.snapshots import Snapshot, latest_intact


def positions(size, most):
    """Every byte of a small file, evenly spaced bytes of a large one."""
    return range(size) if size <= most else sorted({round(at) for at in np.linspace(0, size - 1, most)})


def look(run, path, weights):
    """The outcome of loading: "equal", "refused", or a description of what went wrong."""
    if RESUME in path.parts:
        try:
            latest_intact(Folder.opened(run), RESUME, FILES[RESUME], Snapshot.verify)
        except RunError as error:
            return "refused" if "\n" not in str(error) else f"several lines: {error}"
        return "equal"
    is_diary = path.name in (HISTORY, METADATA)
    command = ["info", str(run)] if is_diary else ["sample", str(run), "--length", "1", "--seed", "1"]
    result = CliRunner().invoke(main, command)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"{type(result.exception).__name__}: {result.exception}"
    if result.exit_code == 4:
        return "refused" if result.stderr.count("\n") == 1 else f"several lines: {result.stderr}"
    if result.exit_code:
        return f"exit code {result.exit_code}: {result.stderr}"
    now = load_run(run).weights
    return "equal" if all(np.array_equal(now[name], weights[name]) for name in weights) else "other weights"


def damage(run, most):
    """Counts of the outcomes by file, and the slowest load in seconds."""
    weights = load_run(run).weights
    counts, slowest = {}, 0.0
    for path in sorted(path for path in run.rglob("*") if path.is_file()):
        if RESUME in path.parts and path.parent != max((run / RESUME).iterdir()):
            continue
        data = path.read_bytes()
        found = Counter()
        for turn, at in enumerate(positions(len(data), most)):
            for damaged in (data[:at] + bytes([data[at] ^ (1 << turn % 8)]) + data[at + 1 :], data[:at]):
                path.write_bytes(damaged)
                began = time.monotonic()
                found[look(run, path, weights)] += 1
                slowest = max(slowest, time.monotonic() - began)
        path.write_bytes(data)
        counts[str(path.relative_to(run))] = found
    return counts, slowest


def most_memory():
    """The peak memory of this process, MB. getrusage would count the parent's memory too."""
    try:
        return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1e3
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    counts, slowest = damage(Path(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({"counts": counts, "slowest": slowest, "memory": most_memory()}))
