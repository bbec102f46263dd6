"""Several processes on this machine: started, watched, and started again where one is lost."""

import contextlib
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from textgen.errors import GroupError
from textgen.group.membership import Membership
from textgen.system.interrupts import HungUp, Terminated
from textgen.system.wording import count

# Seconds in which the others must end once one was lost, and once one came to its end.
END_SECONDS, LAST_SECONDS = 9.0, 60.0
# The same once a person stopped them.
STOP_SECONDS = 3.0
LOOK_SECONDS = 0.1
# Bytes that are shown of what a process wrote, at most.
MAX_SHOWN = 1 << 16
HOST = "127.0.0.1"
# The file in which process 0 says where it saves.
REPORT = "run"


@dataclass(frozen=True)
class Launch:
    """What is started.

    Attributes:
        command: the arguments of each process.
        size: how many.
        restarts: how many times all of them are started again after one was lost.
        join_seconds: how long they wait for each other.
        say: says a line.
    """

    command: Sequence[str]
    size: int
    restarts: int
    join_seconds: float
    say: Callable[[str], object]

    def run(self) -> int:
        """Run all processes to their end. Returns the exit code."""
        with tempfile.TemporaryDirectory(prefix="textgen-") as name:
            folder, left, run = Path(name), self.restarts, ""
            while True:
                attempt = _Attempt(self, folder, run)
                codes = attempt.run()
                code = _exit_code(codes)
                if not code or attempt.was_stopped or not _is_loss(codes) or not left:
                    return code
                report = folder / REPORT
                run = report.read_text("utf-8") if report.exists() else ""
                left -= 1
                where = f"from the last save of {run}" if run else "from the beginning"
                self.say(f"starting again {where}; {count(left, 'more restart')} if a process is lost")


class _Attempt:
    """The processes of one start.

    Args:
        launch: the Launch.
        folder: for files that the processes write.
        resume: the run to go on with; empty for what the command says.

    Attributes:
        was_stopped: whether a signal came.
    """

    def __init__(self, launch: Launch, folder: Path, resume: str) -> None:
        self._launch, self._folder, self._resume = launch, folder, resume
        self._processes: list[subprocess.Popen[bytes]] = []
        self.was_stopped, self._deadline = False, math.inf

    def run(self) -> list[int]:
        """Start the processes, wait until all have ended, and return their exit codes."""
        try:
            with _writing_from_the_background():
                self._start()
                self._wait()
        finally:
            self._kill()
        codes = [process.wait() for process in self._processes]
        self._show(codes)
        return codes

    def _start(self) -> None:
        launch, job, address = self._launch, secrets.token_hex(8), f"{HOST}:{free_port()}"
        shares = _shares(launch.size)
        for index in range(launch.size):
            member = Membership(
                address,
                index,
                launch.size,
                job,
                launch.join_seconds,
                report=str(self._folder / REPORT),
                parent=os.getpid(),
                resume=self._resume,
            )
            # Process 0 speaks for all. What the others write is shown where it cannot.
            with contextlib.nullcontext() if index == 0 else self._errors(index).open("wb") as errors:
                process = subprocess.Popen(
                    launch.command,
                    env=os.environ | member.to_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=None if index == 0 else subprocess.DEVNULL,
                    stderr=errors,
                    # Ctrl-C comes to this process alone, which passes it on once.
                    process_group=0,
                )
            self._processes.append(process)
            if shares:
                with contextlib.suppress(OSError):  # it has ended
                    os.sched_setaffinity(process.pid, shares[index])

    def _errors(self, index: int) -> Path:
        """The file that holds what a process wrote on standard error."""
        return self._folder / f"errors-{index}"

    def _wait(self) -> None:
        """Wait until all have ended. Those that outlive another one for long are ended."""
        while True:
            try:
                if all(process.poll() is not None for process in self._processes):
                    return
                codes = [process.poll() for process in self._processes]
                if any(codes):
                    self._end_within(STOP_SECONDS if self.was_stopped and codes[0] is not None else END_SECONDS)
                elif 0 in codes:
                    self._end_within(LAST_SECONDS)
                if time.monotonic() > self._deadline:
                    self._kill()
                time.sleep(LOOK_SECONDS)
            except KeyboardInterrupt as error:
                self._pass_on(error)

    def _end_within(self, seconds: float) -> None:
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def _pass_on(self, error: KeyboardInterrupt) -> None:
        """Pass a signal on to process 0, which stops all in order; a second one stops all at once."""
        if self.was_stopped:
            self._end_within(STOP_SECONDS)
        self.was_stopped = True
        number = signal.SIGINT
        if isinstance(error, Terminated):
            number = signal.SIGTERM
        elif isinstance(error, HungUp):
            number = signal.SIGHUP
        self._processes[0].send_signal(number)

    def _kill(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()

    def _show(self, codes: Sequence[int]) -> None:
        """Show what the other processes said, each line once, where process 0 was killed or one has a fault."""
        shown: set[str] = set()
        for index in range(1, len(codes)):
            with self._errors(index).open("rb") as file:
                text = file.read(MAX_SHOWN).decode("utf-8", "replace")
            if codes[0] >= 0 and "Traceback" not in text:
                continue
            for line in text.splitlines():
                if line not in shown:
                    self._launch.say(line.removeprefix("textgen: "))
                    shown.add(line)
        if codes[0] < 0 and not shown and not self.was_stopped:  # they had not met yet
            self._launch.say(f"the processes ended ({', '.join(map(_how, codes))}) before they had met")


def _exit_code(codes: Sequence[int]) -> int:
    """The exit code of the whole: that of process 0, or 1 where it was killed."""
    return codes[0] if codes[0] >= 0 else GroupError.exit_code


def _how(code: int) -> str:
    """How a process ended, by its exit code."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _is_loss(codes: Sequence[int]) -> bool:
    """Whether the processes ended because one was lost, and not because of a mistake that would come again."""
    return any(code < 0 for code in codes) and all(code <= GroupError.exit_code for code in codes)


def free_port() -> int:
    """A port of this machine that is free, and the one after it too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind((HOST, 0))
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError):
                second.bind((HOST, port + 1))
                return port


def _shares(size: int) -> list[set[int]]:
    """The cores of each process: an equal share, where there are enough for all; else empty."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < size:
        return []
    edges = [len(cores) * place // size for place in range(size + 1)]
    return [set(cores[start:end]) for start, end in pairwise(edges)]


@contextlib.contextmanager
def _writing_from_the_background() -> Iterator[None]:
    """Let processes that are started in the block write to the terminal although they are not in its foreground."""
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTTOU, before)


def own_command(arguments: Sequence[str]) -> list[str]:
    """The command that runs textgen with these arguments.

    Without -P, Python would look for modules in the working folder first, and run what a stranger put there. It must
    where this process does too: in a checkout.
    """
    is_in_path = os.getcwd() in map(os.path.abspath, sys.path)
    return [sys.executable, *([] if is_in_path else ["-P"]), "-m", "textgen", *arguments]
