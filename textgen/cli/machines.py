"""The options of textgen train that are about several processes, and what becomes of them."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from textgen import arguments
from textgen.cli import ARGUMENTS
from textgen.cli.console import note
from textgen.cli.options import command_option
from textgen.errors import UsageError
from textgen.group.membership import JOIN_SECONDS, MAX_PROCESSES, Membership, job_name, with_port

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
NAMES = ("processes", "restarts", "machines", "machine", "coordinator", "process", "of", "join_timeout")
BOUNDS = {
    "processes": (1, 1024),
    "restarts": (0, 1000),
    "machine": (0, MAX_PROCESSES),
    "process": (0, MAX_PROCESSES),
    "of": (1, MAX_PROCESSES),
}
GROUP = "Machines"


def group_options(command: Decorated) -> Decorated:
    """A decorator that adds the options."""
    options = (
        command_option(
            "--processes",
            group=GROUP,
            type=int,
            metavar="N",
            help="Train in N processes on this machine, which share the rows of each batch.",
        ),
        command_option(
            "--restarts",
            group=GROUP,
            type=int,
            metavar="N",
            help="With --processes, start again from the last save, up to N times, if a process is lost. [default: 0]",
        ),
        command_option(
            "--machines",
            group=GROUP,
            metavar="HOST:PORT,HOST,...",
            help="Train on these machines, in one process each. Give the same list on each, with its own --machine. "
            "auto reads what SLURM, Open MPI or Kubernetes says in the environment.",
        ),
        command_option(
            "--machine",
            group=GROUP,
            type=int,
            metavar="I",
            help="The place of this machine in the list of --machines, from 0.",
        ),
        command_option(
            "--coordinator",
            group=GROUP,
            metavar="HOST:PORT",
            help="Where process 0 listens, with --process and --of. PORT + 1 must be free too.",
        ),
        command_option("--process", group=GROUP, type=int, metavar="I", help="The number of this process, from 0."),
        command_option("--of", group=GROUP, type=int, metavar="N", help="How many processes there are."),
        command_option(
            "--average-every",
            group=GROUP,
            type=int,
            metavar="K",
            help="Let each process make K steps alone, then average the weights of all, where the network is slow. "
            "[default: 1, sum the gradients of every step]",
        ),
        command_option(
            "--join-timeout",
            group=GROUP,
            type=float,
            metavar="X",
            help=f"Wait X seconds for the other processes to come. [default: {JOIN_SECONDS:g}]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def membership(corpus: Sequence[str], options: dict[str, Any]) -> Membership | None:
    """Take the options out of those of a command: which process this is, None for an ordinary training.

    Ends the process where it starts others: their end is its own.

    Raises:
        UsageError: options that do not go together.
    """
    given = {name: options.pop(name) for name in NAMES}
    started = Membership.from_environment()
    if started is not None:  # by this command, with the same options
        return started
    given = {name: value for name, value in given.items() if value is not None}
    for name, (low, high) in BOUNDS.items():
        if name in given:
            arguments.whole_number(name, given[name], low=low, high=high)
    if given.keys() == {"join_timeout"}:
        raise UsageError("`join_timeout` belongs to a group; add `machines`, or `coordinator`")
    wait = arguments.number("join_timeout", given.pop("join_timeout", JOIN_SECONDS), above=0, high=1e6)
    ways = [name for name in ("processes", "machines", "coordinator") if name in given]
    if len(ways) > 1:
        raise UsageError(f"`{ways[0]}` and `{ways[1]}` both say which processes there are; give one")
    if "restarts" in given and "processes" not in given:
        raise UsageError(
            "`restarts` is for `processes`; on several machines, let your launcher start the processes again"
        )
    if not ways:
        if given:
            raise UsageError(f"`{next(iter(given))}` belongs to a group; add `machines`, or `coordinator`")
        return None
    if "machines" in given:
        return _of_machines(given, wait)
    if "coordinator" in given:
        if not {"process", "of"} <= given.keys() or "machine" in given:
            raise UsageError("`coordinator` needs `process` and `of`, and no `machine`")
        return Membership(with_port(given["coordinator"]), given["process"], given["of"], job_name(), wait)
    if given.keys() - {"processes", "restarts"}:
        raise UsageError("`processes` starts processes on this machine; leave out `machine`, `process` and `of`")
    if given["processes"] == 1:
        if "restarts" in given:
            raise UsageError("`restarts` is for several processes; leave it out, or give more `processes`")
        return Membership(with_port("127.0.0.1"), 0, 1)
    sys.exit(_launched(corpus, given["processes"], given.get("restarts", 0), wait))


def _of_machines(given: dict[str, Any], wait: float) -> Membership:
    if {"process", "of"} & given.keys():
        raise UsageError("`machines` numbers the machines by their place in the list; leave out `process` and `of`")
    if given["machines"] == "auto":
        if "machine" in given:
            raise UsageError("`machines=auto` reads the number of this process too; leave out `machine`")
        from textgen.training.launchers import detected  # here, since it imports JAX

        return detected(wait)
    if "machine" not in given:
        raise UsageError("`machines` needs `machine`, the place of this machine in the list")
    return Membership.of_machines(given["machines"], given["machine"], wait)


def _launched(corpus: Sequence[str], size: int, restarts: int, wait: float) -> int:
    """Start the processes and wait for their end. Returns the exit code."""
    if "-" in corpus:
        raise UsageError("several processes cannot read one standard input; write the text to a file")
    if os.name == "nt":
        raise UsageError("`processes` does not work on Windows; use the Windows Subsystem for Linux")
    from textgen.group.launch import Launch, own_command  # here, since Windows lacks what it imports

    return Launch(own_command(click.get_current_context().meta[ARGUMENTS]), size, restarts, wait, note).run()
