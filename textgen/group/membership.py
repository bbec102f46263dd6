"""Which process of which group this one is: what a person, a launcher or a script says."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from textgen import arguments
from textgen.errors import UsageError
from textgen.system.safejson import check_type, json_values

# Where process 0 listens when nobody says so; the port after it is used while the processes connect.
DEFAULT_PORT = 41041
MAX_PROCESSES = 4096
# How `textgen train --processes` tells a process that it started which one it is.
VARIABLE = "TEXTGEN_MEMBER"
# Names the job, where several groups might meet at one address.
JOB_VARIABLE = "TEXTGEN_JOB"
JOIN_SECONDS = 300.0


@dataclass(frozen=True)
class Membership:
    """Which process of a group this one is.

    Args:
        coordinator: where process 0 listens and the others find it, "HOST:PORT". The port after it must be free too.
        index: the number of this process, from 0 on.
        size: how many processes the group has.
        job: a name for the job; only processes of the same job form a group.
        join_seconds: how long to wait for the other processes.
        report: a file that takes the path of the run once something is saved, for `textgen train --processes`, which
            started this process; empty where it did not.
        parent: the process id of that command; 0 where it did not.
        resume: the run that a group which was started again goes on with; empty for what the command says.

    Raises:
        UsageError: a value is out of its range.
    """

    coordinator: str
    index: int
    size: int
    job: str = ""
    join_seconds: float = JOIN_SECONDS
    report: str = ""
    parent: int = 0
    resume: str = ""

    def __post_init__(self) -> None:
        split_address(self.coordinator)
        arguments.whole_number("size", self.size, low=1, high=MAX_PROCESSES)
        arguments.whole_number("index", self.index, low=0, high=MAX_PROCESSES)
        if self.index >= self.size:
            raise UsageError(
                f"there is no process {self.index} in a group of {self.size}: they are numbered from 0 to "
                f"{self.size - 1}"
            )
        arguments.number("join_seconds", self.join_seconds, above=0, high=1e6)

    @property
    def address(self) -> tuple[str, int]:
        """The host and the port of the coordinator."""
        return split_address(self.coordinator)

    def to_environment(self) -> dict[str, str]:
        """The environment variable that tells a process that this is its membership."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """The membership that `textgen train --processes` gave this process; None where it did not start it."""
        if VARIABLE not in environment:
            return None
        try:
            return check_type(json_values(environment[VARIABLE]), cls)
        except ValueError:
            raise UsageError(
                f"{VARIABLE} is set, and not by textgen train --processes; remove it from the environment"
            ) from None

    @classmethod
    def of_machines(cls, machines: str, index: int, join_seconds: float = JOIN_SECONDS) -> Self:
        """The membership of one of several machines with a process each.

        Args:
            machines: "HOST:PORT,HOST,...": the machines in the order of their numbers; the first one's port.
            index: the number of this machine.
            join_seconds: how long to wait for the others.
        """
        hosts = [host.strip() for host in machines.split(",")]
        if not all(hosts):
            raise UsageError(f"`machines={machines}`: expected HOST:PORT,HOST,..., with a name between any two commas")
        if len(set(hosts)) < len(hosts):
            raise UsageError(f"`machines={machines}`: names a machine twice; each trains in one process")
        return cls(with_port(hosts[0]), index, len(hosts), job_name(), join_seconds)


def job_name() -> str:
    """The name of the job that the environment gives; empty for none."""
    return os.environ.get(JOB_VARIABLE, "")


def with_port(host: str) -> str:
    """An address with the default port where it has none."""
    has_port = re.search(r":\d+$", host) and (host.count(":") == 1 or "]" in host)
    if has_port:
        return host
    return f"[{host}]:{DEFAULT_PORT}" if ":" in host and not host.startswith("[") else f"{host}:{DEFAULT_PORT}"


def split_address(address: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT" or "[IPV6]:PORT". Raises UsageError."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:\[\]/]+)):(\d{1,5})", address)
    if not found or not 1 <= int(found[3]) <= 65534:
        raise UsageError(
            f"{arguments.shown(address)} is not an address: expected HOST:PORT with a port from 1 to 65534, such as "
            f"10.0.0.1:{DEFAULT_PORT}"
        )
    return found[1] or found[2], int(found[3])


def shown_address(host: str, port: int) -> str:
    """An address as "HOST:PORT" or "[IPV6]:PORT"."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
