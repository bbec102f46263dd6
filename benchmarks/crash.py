"""Trainings that are killed, or whose disk is full, at random moments; do they end where an undisturbed one does?

    python benchmarks/crash.py [--kills 100] [--full 20] [--at-once 2] [--seed 1]

A small training that saves every 0.15 seconds is run once undisturbed. Then the same training is killed (kill -9) again
and again, half of the times at any moment, half in the middle of a save, and resumed each time until it ends; the
SHA-256 of its final weights must be that of the undisturbed one. Then likewise with a limit on the size of files, put
on the running process at a random moment, so that a save fails half way as on a full disk: it must end with exit code 5
and one line, with every snapshot that stood still standing as it was, and a resumed training must end with the same
weights. Only processes started here are ended, each by its own id. On Linux.
"""

import argparse
import os
import random
import resource
import signal
import tempfile
import threading
import time
from pathlib import Path

from disturbed import final, finish, is_saving, snapshots, start, text, wait_for

# A training is disturbed so often and then let finish.
MOST = 7


def kill_once(place, run, chance, tally):
    """Start or resume a training and kill it at some moment; True where it came to its end first."""
    before = set(snapshots(run))
    process = start(place, run)
    try:
        trains = wait_for(lambda: is_saving(run) or set(snapshots(run)) != before, process, 120)
        if trains:
            time.sleep(chance.uniform(0, 0.8))
            if chance.random() < 0.5:
                wait_for(lambda: is_saving(run), process, 5)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                if process.returncode == -signal.SIGKILL:
                    tally["kills"] += 1
                    tally["in a save"] += is_saving(run)  # what it was writing is left behind
                    return False
        _, errors = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {errors}")
    return True


def fill_once(place, run, chance, tally):
    """Start or resume a training and let its disk be full at some moment; True where it came to its end first."""
    standing = snapshots(run)
    process = start(place, run)
    try:
        if wait_for(lambda: set(snapshots(run)) != set(standing), process, 120):
            time.sleep(chance.uniform(0, 0.5))
            standing = snapshots(run)
            most = chance.randint(0, 150_000)
            if process.poll() is None:
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))
        _, errors = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode == 0:
        return True
    lines = errors.strip().splitlines()
    if process.returncode != 5 or len(lines) != 1 or "may not grow" not in lines[0]:
        raise SystemExit(f"exit code {process.returncode}: {errors}")
    tally["full"] += 1
    after = snapshots(run)
    newest = max((path.parent.name for path in standing if path.parent.parent.name == "resume"), default="")
    still = [path for path in standing if path in after]
    kept = all(after[path] == standing[path] for path in still)
    newer = max((path.parent.name for path in after if path.parent.parent.name == "resume"), default="")
    tally["nothing lost"] += kept and newer >= newest and not is_saving(run)
    return False


def disturb(place, once, wanted, key, chance, tally, reference, lock):
    """Trainings one after another, disturbed until enough was done; each must end with the reference's weights."""
    while tally[key] < wanted:
        run, mine = place / f"run-{chance.random()}", 0
        while True:
            before = tally[key]
            goes_on = mine < MOST and tally[key] < wanted
            ended = once(place, run, chance, tally) if goes_on else finish(place, run)
            mine += tally[key] - before
            if ended:
                break
        with lock:
            equal = final(run) == reference
            tally["trainings"] += 1
            tally["equal"] += equal
            print(
                f"training {tally['trainings']}: {tally[key]} so far, weights {'equal' if equal else 'DIFFER'}",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--full", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "text.txt").write_text(text())
        finish(place, place / "undisturbed")
        reference = final(place / "undisturbed")
        print(f"undisturbed: {reference}")
        for once, wanted, key in ((kill_once, arguments.kills, "kills"), (fill_once, arguments.full, "full")):
            tally = dict.fromkeys(["kills", "in a save", "full", "nothing lost", "trainings", "equal"], 0)
            lock = threading.Lock()
            threads = [
                threading.Thread(
                    target=disturb,
                    args=(
                        place,
                        once,
                        wanted,
                        key,
                        random.Random(f"{arguments.seed} {key} {each}"),
                        tally,
                        reference,
                        lock,
                    ),
                )
                for each in range(arguments.at_once if wanted else 0)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            told = ", ".join(f"{value} {name}" for name, value in tally.items() if value or name == "equal")
            print(f"{key}: {told}", flush=True)


if __name__ == "__main__":
    main()
