"""What the benchmarks of disturbed trainings share (crash.py, terminal.py): a small training, and what it leaves."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time

# A training that saves every 0.15 seconds.
OPTIONS = ["--units", "40", "--layers", "1", "--epochs", "8", "--save-every", "0.15", "--sample-length", "0"]


def text():
    """Some 300,000 characters that a small model can learn something of."""
    chance = random.Random(0)
    words = ["".join(chance.choice("abdeilmnorstu") for _ in range(chance.randint(2, 7))) for _ in range(400)]
    return "".join(f"{' '.join(chance.choices(words, k=9))}.\n" for _ in range(5500))


def command(place, run):
    """The command that begins the training in `place`, or resumes it where something was saved."""
    start = [sys.executable, "-m", "textgen", "train"]
    if has_saved(run):
        return [*start, "--resume", str(run)]
    # One that was killed between its first two files has nothing to go on from.
    again = ["--overwrite"] if entries(run / "best") else []
    return [*start, str(place / "text.txt"), "--out", str(run), *OPTIONS, *again]


def has_saved(run):
    return any(path.suffix != ".tmp" for path in entries(run / "resume"))


def start(place, run):
    """Begin or resume the training, quietly."""
    return subprocess.Popen(
        [*command(place, run), "--quiet"], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def finish(place, run):
    """Begin or resume the training and let it come to its end."""
    process = start(place, run)
    _, errors = process.communicate(timeout=300)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {errors}")
    return True


def final(run):
    """SHA-256 of the best weights."""
    (weights,) = (run / "best").glob("*/model.safetensors")
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def is_finished(run):
    """Whether the latest save says that the training came to its end."""
    saved = sorted(path for path in entries(run / "resume") if path.name.isdigit())
    return bool(saved) and json.loads((saved[-1] / "state.json").read_text())["finished"]


def snapshots(run):
    """Every file of every whole snapshot, with its SHA-256."""
    files = {}
    for kind in ("best", "resume"):
        for folder in entries(run / kind):
            for path in entries(folder) if re.fullmatch(r"\d{8}", folder.name) else ():
                try:
                    files[path] = hashlib.sha256(path.read_bytes()).hexdigest()
                except OSError:  # pruned while we looked
                    continue
    return files


def entries(folder):
    try:
        return [folder / name for name in os.listdir(folder)]
    except OSError:
        return []


def wait_for(condition, process, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if condition():
            return True
        time.sleep(0.001)
    return False


def is_saving(run):
    return any(path.suffix == ".tmp" for kind in ("best", "resume") for path in entries(run / kind))
