"""Trainings whose terminal or reader goes away at random moments: is anything lost that the exit code does not tell of?

    python benchmarks/terminal.py [--times 10] [--at-once 2] [--seed 1]

A small training is run once undisturbed. Then, for each kind of disturbance, it is begun anew and disturbed at a random
moment, half of them while it still starts:

    closed     its terminal, a real one (pty), is closed; the system sends SIGHUP
    nohup      likewise, with SIGHUP ignored
    reader     the program that reads its standard error ends
    SIGHUP     it receives SIGHUP; standard error stays
    full       its standard error is on a full disk (/dev/full) from the start

Exit code 0 is right only where the training came to its end, 129 only where it was told to stop. After 129 it is
resumed, or begun again where nothing had been learned. The SHA-256 of its final weights must be that of the undisturbed
one. Prints a line for each kind. Only processes started here are ended, each by its own id. On Linux.
"""

import argparse
import collections
import contextlib
import fcntl
import os
import pty
import random
import signal
import subprocess
import tempfile
import termios
import threading
import time
from pathlib import Path

from disturbed import command, final, finish, has_saved, is_finished, text

# Which kinds tell the training to stop; the others must let it come to its end.
KINDS = {"closed": True, "nohup": False, "reader": False, "SIGHUP": True, "full": False}
# As much of the text as makes a training last some seconds more than its start.
CHARACTERS = 40_000
# Seconds in which a training starts: imports, the first step.
START_SECONDS = 6


class Listener:
    """Starts a training that says something to a terminal, a reader or a full disk, and takes that away."""

    def __init__(self, kind, place, run):
        self.kind, self.master = kind, None
        if kind in ("closed", "nohup"):
            self.master, stream = pty.openpty()
        elif kind == "full":
            stream = os.open("/dev/full", os.O_WRONLY)
        else:
            self.master, stream = os.pipe()
        self.process = subprocess.Popen(
            command(place, run),
            cwd=place,
            stdin=stream if kind in ("closed", "nohup") else subprocess.DEVNULL,
            stdout=stream if kind in ("closed", "nohup") else subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
            preexec_fn=self._prepare,
        )
        os.close(stream)
        if self.master is not None:
            os.set_blocking(self.master, False)

    def _prepare(self):
        signal.signal(signal.SIGHUP, signal.SIG_IGN if self.kind == "nohup" else signal.SIG_DFL)
        if self.kind in ("closed", "nohup"):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def listen(self, seconds):
        """Read what is said for so long, or until the training ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if self.master is not None:
                with contextlib.suppress(OSError):  # nothing was said
                    os.read(self.master, 65536)
            time.sleep(0.005)

    def disturb(self):
        if self.kind == "SIGHUP":
            if self.process.poll() is None:
                os.kill(self.process.pid, signal.SIGHUP)
        elif self.master is not None:
            os.close(self.master)
            self.master = None

    def end(self):
        """Wait until the training ends; its exit code."""
        try:
            self.listen(300)
            return self.process.wait(timeout=1)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.master is not None:
                os.close(self.master)


def disturb(kind, place, run, moment, reference, tally):
    """Disturb a training at a moment, let it end, and compare."""
    listener = Listener(kind, place, run)
    listener.listen(moment)
    tally["before its end"] += listener.process.poll() is None
    listener.disturb()
    told = time.monotonic()
    code = listener.end()
    # A process that SIGHUP ends before Python itself has started has the same exit code in a shell.
    code = 128 - code if code < 0 else code
    tally[f"exit {code}"] += 1
    if code == 0:
        right = is_finished(run)
    else:
        right = code == 129 and KINDS[kind]
        tally["seconds to stop, at most"] = max(tally["seconds to stop, at most"], round(time.monotonic() - told))
        tally["resumed"] += has_saved(run)
        if not is_finished(run):
            finish(place, run)
    equal = final(run) == reference
    tally["right"] += right
    tally["equal"] += equal
    if not (right and equal):
        print(f"{kind} after {moment:.2f} s: exit code {code}, weights {'equal' if equal else 'DIFFER'}", flush=True)


def work(jobs, place, seconds, reference, tallies, lock):
    while True:
        with lock:
            if not jobs:
                return
            kind, number, chance = jobs.pop(0)
        moment = chance.uniform(0, START_SECONDS if number % 2 else seconds)
        disturb(kind, place, place / f"{kind}-{number}", moment, reference, tallies[kind])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "text.txt").write_text(text()[:CHARACTERS])
        began = time.monotonic()
        finish(place, place / "undisturbed")
        seconds, reference = time.monotonic() - began, final(place / "undisturbed")
        print(f"undisturbed: {seconds:.0f} s, {reference}", flush=True)
        tallies = {kind: collections.Counter() for kind in KINDS}
        jobs = [
            (kind, number, random.Random(f"{arguments.seed} {kind} {number}"))
            for number in range(arguments.times)
            for kind in KINDS
        ]
        lock = threading.Lock()
        threads = [
            threading.Thread(target=work, args=(jobs, place, seconds, reference, tallies, lock))
            for _ in range(arguments.at_once)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for kind, tally in tallies.items():
            print(f"{kind}: {arguments.times} times; " + ", ".join(f"{tally[key]} {key}" for key in sorted(tally)))
        if any(tally["right"] + tally["equal"] < 2 * arguments.times for tally in tallies.values()):
            raise SystemExit("something was lost, or an exit code was wrong")


if __name__ == "__main__":
    main()
