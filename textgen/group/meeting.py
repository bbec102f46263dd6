"""How the processes of a group meet: process 0 listens where it was told to, and the others come to it."""

import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from textgen._version import __version__
from textgen.errors import GroupError
from textgen.group.channel import Channel
from textgen.group.group import Group
from textgen.group.members import Members
from textgen.group.membership import Membership, shown_address
from textgen.system.safejson import check_type

# How long a process that connects may take to say who it is, in seconds, and how much it may say, in bytes.
HELLO_SECONDS, MAX_HELLO_BYTES = 5.0, 1 << 12
# Seconds between two attempts to reach process 0, and that one attempt takes at most.
RETRY_SECONDS, CONNECT_SECONDS = 0.2, 5.0
# Connections that may wait to be heard.
BACKLOG = 128


@dataclass(frozen=True)
class _Hello:
    """What a process says when it connects."""

    textgen: str
    job: str
    index: int
    size: int
    host: str
    pid: int

    def name(self) -> str:
        """The process in words."""
        return f"process {self.index} ({self.host[:80]}, pid {self.pid})"


def meet(member: Membership) -> Group:
    """Wait until all processes of a group of several are there.

    Args:
        member: which process this one is.

    Raises:
        GroupError: the address cannot be used, process 0 cannot be reached or refuses, or somebody did not come in
            time. Whoever had come is told.
    """
    hello = _Hello(__version__, member.job, member.index, member.size, socket.gethostname(), os.getpid())
    return _Host(member, hello).wait() if member.index == 0 else _join(member, hello)


class _Host:
    """Process 0, which waits for the others."""

    def __init__(self, member: Membership, hello: _Hello) -> None:
        self._member, self._hello = member, hello
        self._lock = threading.Lock()
        self._came: dict[int, tuple[_Hello, Channel]] = {}
        self._refusals: list[str] = []
        self._problem: str | None = None
        self._is_over = self._is_loopback = False

    def wait(self) -> Group:
        """Wait until all have come. Raises GroupError."""
        until = time.monotonic() + self._member.join_seconds
        with _listening(self._member) as listener:
            own = str(listener.getsockname()[0])
            self._is_loopback = own.startswith("127.") and self._member.address[0] != own
            listener.settimeout(RETRY_SECONDS)
            while len(self._came) < self._member.size - 1 and self._problem is None:
                if time.monotonic() > until:
                    self._problem = self._missing()
                    break
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    threading.Thread(target=self._hear, args=(connection,), daemon=True).start()
        with self._lock:
            self._is_over = True
            came = dict(self._came)
        if self._problem:
            for _, channel in came.values():
                _refuse(channel, self._problem)
            raise GroupError(self._problem)
        names = [self._hello.name(), *(came[place][0].name() for place in range(1, self._member.size))]
        for _, channel in came.values():
            with contextlib.suppress(OSError):  # noticed by the group
                channel.send({"names": names})
        channels = {place: channel for place, (_, channel) in came.items()}
        return Members(0, names, channels, self._member.parent)

    def _hear(self, connection: socket.socket) -> None:
        """Hear who came, and take it in or send it away."""
        channel = Channel(connection)
        try:
            message = channel.receive(HELLO_SECONDS, MAX_HELLO_BYTES)
            hello = check_type(message, _Hello)
        except (OSError, ValueError):  # a stranger, who learns nothing
            channel.close()
            return
        with self._lock:
            line, ends_group = self._objection(hello)
            if line is None and not self._is_over:
                self._came[hello.index] = hello, channel
                return
        _refuse(channel, line or "the group is complete")  # before this process ends for it
        with self._lock:
            if line and ends_group:
                self._problem = self._problem or line
            elif line:
                self._refusals.append(line)

    def _objection(self, hello: _Hello) -> tuple[str | None, bool]:
        """Why a process cannot join, None where it can; and whether the group cannot form then."""
        own = self._hello
        if hello.job != own.job:
            return f'{hello.name()} is of the job "{hello.job[:80]}", and the group of another one', False
        if hello.size != own.size:
            text = f"{hello.name()} is one of {hello.size}, {own.name()} one of {own.size}"
            return f"{text}; tell all of them the same number of processes", True
        if hello.textgen != own.textgen:
            text = f"{hello.name()} has textgen {hello.textgen[:40]}, {own.name()} textgen {own.textgen}"
            return f"{text}; install the same version everywhere", True
        if not 0 < hello.index < own.size:
            return f"{hello.name()}: there is no such process in a group of {own.size}", False
        if hello.index in self._came and self._came[hello.index][1].is_open():
            return f"{hello.name()} came twice: {self._came[hello.index][0].name()} was there before", False
        return None, False

    def _missing(self) -> str:
        missing = [str(place) for place in range(1, self._member.size) if place not in self._came]
        word = "process" if len(missing) == 1 else "processes"
        refused = f" ({'; '.join(self._refusals[-3:])})" if self._refusals else ""
        member = self._member
        if self._is_loopback:
            refused += f" ({member.address[0]} stands for this machine alone here: no other machine reaches it)"
        return (
            f"{word} {', '.join(missing[:20])} of {member.size} did not come to {member.coordinator} within "
            f"{member.join_seconds:g} seconds{refused}; start all processes, or wait longer (`join_timeout`)"
        )


@contextlib.contextmanager
def _listening(member: Membership) -> Iterator[socket.socket]:
    """A socket that listens at the coordinator's address and nowhere else."""
    host, port = member.address
    place = ""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not the name of a machine"
        raise GroupError(f"{member.coordinator}: {why}; name an address of this machine") from None
    with listener:
        try:
            if os.name != "nt":  # there, it would let a second process listen at the same port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
            with socket.socket(family, kind, protocol) as second:  # JAX listens there later, and would share it
                place, port = "the port after it", port + 1
                second.bind((address[0], port, *address[2:]))
        except OSError as error:
            advice = {
                errno.EADDRINUSE: "choose another port, the same in all processes",
                errno.EADDRNOTAVAIL: "process 0 listens there, so name an address of its machine",
                errno.EACCES: "choose a port above 1023",
            }.get(error.errno or 0, "choose another address")
            where = f" ({place})" if place else ""
            raise GroupError(f"{member.coordinator}{where}: {error.strerror or error}; {advice}") from None
        yield listener


def _refuse(channel: Channel, why: str) -> None:
    with contextlib.suppress(OSError):
        channel.send({"refused": why})
    channel.close()


def _join(member: Membership, hello: _Hello) -> Group:
    """Come to process 0, and wait until all have come."""
    until = time.monotonic() + member.join_seconds
    channel = _connected(member, until)
    what = f"what answers at {member.coordinator} is not a textgen that waits for a group"
    try:
        channel.send(asdict(hello))
        # Process 0 gives up in time, and says why.
        answer = channel.receive(max(until - time.monotonic(), 0.0) + 2 * HELLO_SECONDS)
    except TimeoutError:
        raise GroupError(f"{what}: it does not answer; check the address, and that no firewall is in between") from None
    except (OSError, ValueError):
        raise GroupError(f"{what}; check the address") from None
    if answer is None:
        raise GroupError(f"{member.coordinator}: process 0 ended while it waited for the others; see what it says")
    if isinstance(answer.get("refused"), str):
        raise GroupError(str(answer["refused"]))
    try:
        names = check_type(answer.get("names"), list[str])
    except ValueError:
        raise GroupError(f"{what}; check the address") from None
    if len(names) != member.size:
        raise GroupError(f"{what}: it speaks of {len(names)} processes; check the address")
    return Members(member.index, names, {0: channel}, member.parent)


def _connected(member: Membership, until: float) -> Channel:
    """A connection to process 0, which may not have started yet."""
    host, port = member.address
    while True:
        try:
            return Channel(socket.create_connection((host, port), timeout=CONNECT_SECONDS))
        except (OSError, UnicodeError) as error:
            if time.monotonic() >= until or isinstance(error, UnicodeError):
                why = getattr(error, "strerror", None) or error
                raise GroupError(
                    f"no answer from process 0 at {shown_address(host, port)} within {member.join_seconds:g} seconds "
                    f"({why}); start process 0, check the address and the network between, or wait "
                    "longer (`join_timeout`)"
                ) from None
        time.sleep(RETRY_SECONDS)
