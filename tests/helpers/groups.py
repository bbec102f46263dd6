"""Real processes that form a group: started, counted with, and ended by their own process ids."""

import contextlib
import dataclasses
import json
import subprocess
import sys
import time

from tests.conftest import ROOT, environment
from textgen.group.launch import free_port

# Another process is lost for all within this many seconds.
NOTICED_SECONDS = 10


def ip(*arguments):
    """Run ip, of iproute2."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


@dataclasses.dataclass
class Member:
    """A process of a group."""

    process: subprocess.Popen

    def counted(self, count, seconds=30):
        """Wait until it printed so many lines."""
        until = time.monotonic() + seconds
        for _ in range(count):
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            assert time.monotonic() < until

    def ended(self, seconds):
        """Wait until it ends. Returns its exit code, and what it wrote on standard error."""
        _, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, errors


@contextlib.contextmanager
def members(*memberships, steps="", fact="", prefix=()):
    """Processes that count together (tests/helpers/group_worker.py). Yields a Member for each."""
    opened = []
    try:
        for place, membership in enumerate(memberships):
            values = {"coordinator": f"127.0.0.1:{free_port()}", "join_seconds": 30.0, **membership}
            command = [sys.executable, "-m", "tests.helpers.group_worker", json.dumps(values)]
            if steps or fact:
                command += [str(steps or sys.maxsize), *([fact[place]] if fact else [])]
            process = subprocess.Popen(
                [*(prefix[place] if prefix else []), *command],
                cwd=ROOT,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            opened.append(Member(process))
        yield opened
    finally:
        for member in opened:
            member.process.kill()
            member.process.communicate()


def group_of(size, **more):
    """The memberships of a group on this machine."""
    address = f"127.0.0.1:{free_port()}"
    return [{"coordinator": address, "index": index, "size": size, **more} for index in range(size)]
