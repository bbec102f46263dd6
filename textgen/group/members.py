"""The processes of a group while they work: they agree on what to do next, and each notices when another is lost.

Every process has a connection to process 0 and sends a sign of life each second. A process that ends closes its
connections, which the others notice at once; one that is frozen, or whose network is cut, is silent. Process 0 tells
all others. The main thread may wait in a library meanwhile, for numbers that will never come, so threads of this module
watch, and at last end the process.
"""

import atexit
import os
import queue
import sys
import threading
import time
from typing import Any, TypeVar

from textgen.errors import GroupError, TextgenError
from textgen.group.channel import Channel
from textgen.group.group import Group
from textgen.shown import one_line
from textgen.system.native import release
from textgen.system.terminal import error_stream

T = TypeVar("T")

# Seconds between two signs of life, and of silence after which a process counts as lost. Before the training begins, a
# process may read a large text in one piece, and its other threads wait for the interpreter meanwhile.
BEAT_SECONDS, SILENCE_SECONDS, SILENCE_BEFORE_SECONDS = 1.0, 5.0, 60.0
# Seconds in which the main thread may end the process in its own way, once another process is lost.
GRACE_SECONDS = 1.5


class Peer:
    """Another process, as this one knows it.

    Args:
        name: the process in words.
        channel: the connection to it.

    Attributes:
        heard: when it was heard last, by `time.monotonic()`.
        has_left: whether it said that it leaves.
        inbox: its messages; None where it will send no more.
    """

    def __init__(self, name: str, channel: Channel) -> None:
        self.name, self.channel = name, channel
        self.heard, self.has_left = time.monotonic(), False
        self.inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()


class Members(Group):
    """A group of several processes.

    Args:
        index: the number of this process.
        names: all processes in words, in their order.
        channels: the connections: in process 0, to each other process by its number; elsewhere, to process 0.
        parent: the process id of the `textgen train --processes` that started this process, which ends when that one
            does; 0 for none.
    """

    def __init__(self, index: int, names: list[str], channels: dict[int, Channel], parent: int = 0) -> None:
        super().__init__(index, len(names))
        self._names, self._parent = names, parent
        self._peers = {place: Peer(names[place], channel) for place, channel in channels.items()}
        self._turn, self._silence = 0, SILENCE_BEFORE_SECONDS
        self._lock, self._is_over, self._failed = threading.Lock(), threading.Event(), threading.Event()
        self._failure: str | None = None
        for place, peer in self._peers.items():
            threading.Thread(target=self._read, args=(peer,), name=f"process {place}", daemon=True).start()
        threading.Thread(target=self._beat, name="signs of life", daemon=True).start()

    @property
    def own_host(self) -> str:
        """The address of this process, as the others reach it."""
        return next(iter(self._peers.values())).channel.own_host

    def name_of(self, index: int) -> str:
        """A process in words."""
        return self._names[index]

    def watch_closely(self) -> None:
        """Begin to count on signs of life in time: see `Group.watch_closely`."""
        self.gather("watch", True)  # nobody reads any more
        self._silence = SILENCE_SECONDS

    def decide(self, what: str, value: T) -> T:
        """What process 0 decided: see `Group.decide`."""
        self._turn += 1
        if not self.is_first:
            decided: T = self._next(self._peers[0], what)
            return decided
        self._send_all({"kind": "said", "turn": self._turn, "what": what, "value": value})
        return value

    def gather(self, what: str, value: T) -> list[T]:
        """The values of all processes: see `Group.gather`."""
        self._turn += 1
        if not self.is_first:
            self._send(self._peers[0], {"kind": "said", "turn": self._turn, "what": what, "value": value})
            values: list[T] = self._next(self._peers[0], what)
            return values
        values = [value, *(self._next(self._peers[place], what) for place in range(1, self.size))]
        self._send_all({"kind": "said", "turn": self._turn, "what": what, "value": values})
        return values

    def verdict(self) -> GroupError | None:
        """Wait until it is known whether another process is lost: see `Group.verdict`."""
        self._failed.wait(SILENCE_SECONDS + 2 * BEAT_SECONDS)
        return self._error() if self._failure else None

    def leave(self, error: BaseException | None = None) -> None:
        """Leave the group: see `Group.leave`."""
        if self._is_over.is_set():
            return
        line = None
        if isinstance(error, TextgenError):
            line = None if self._failure else str(error)  # what failed elsewhere is known there
        elif error is not None:
            line = f"{type(error).__name__} {error}".strip()
        self._is_over.set()
        self._send_all({"kind": "left", "why": line}, is_last=True)
        for peer in self._peers.values():
            peer.channel.close()
        if isinstance(error, GroupError) and self._silence == SILENCE_SECONDS:
            # A computation may wait for a lost process, and the end of the interpreter for the computation.
            atexit.register(_exit_now, error.exit_code)

    def _send_all(self, message: dict[str, Any], is_last: bool = False) -> None:
        for peer in self._peers.values():
            self._send(peer, message, is_last)

    def _send(self, peer: Peer, message: dict[str, Any], is_last: bool = False) -> None:
        try:
            peer.channel.send(message)
        except OSError:  # the thread that reads finds out why
            if not is_last:
                self._failed.wait(SILENCE_SECONDS + 2 * BEAT_SECONDS)
                raise self._error() from None

    def _next(self, peer: Peer, what: str) -> Any:
        """The value that another process sent for this turn."""
        message = peer.inbox.get()
        if message is None:
            peer.inbox.put(None)
            self._failed.wait(SILENCE_SECONDS + 2 * BEAT_SECONDS)
            raise self._error()
        if message.get("turn") != self._turn or message.get("what") != what or "value" not in message:
            raise GroupError(
                f"{peer.name} is at another point ({message.get('what')}) than this process ({what}): they run "
                "different programs"
            )
        return message["value"]

    def _error(self) -> GroupError:
        return GroupError((self._failure or "another process ended") + (f"; {self.advice}" if self.advice else ""))

    def _read(self, peer: Peer) -> None:
        """Receive what another process sends, until it leaves or is lost."""
        why = "ended unexpectedly"
        try:
            while (message := peer.channel.receive()) is not None:
                peer.heard = time.monotonic()
                kind = message.get("kind")
                if kind == "left":
                    peer.has_left = True
                    if message.get("why"):
                        self._fail(f"{peer.name} stopped: {message['why']}")
                    break
                if kind == "lost":
                    self._fail(str(message.get("why")))
                elif kind == "said":
                    peer.inbox.put(message)
        except ValueError as error:
            why = f"sent {error}"
        except OSError:
            pass
        if not peer.has_left and not self._is_over.is_set():
            self._fail(f"{peer.name} {why}")
        peer.inbox.put(None)

    def _beat(self) -> None:
        """Send signs of life, and notice when another process sends none."""
        before = time.monotonic()
        while not self._is_over.wait(BEAT_SECONDS):
            now = time.monotonic()
            # Where this process itself was frozen, that the others were silent meanwhile says nothing.
            frozen = max(now - before - 2 * BEAT_SECONDS, 0.0)
            before = now
            if self._parent and os.getppid() != self._parent:
                self._fail("the command that started the processes ended")
            for peer in self._peers.values():
                peer.heard += frozen
                if peer.has_left:
                    continue
                if now - peer.heard > self._silence:
                    self._fail(f"{peer.name} has not answered for {self._silence:g} seconds")
                try:
                    peer.channel.send({"kind": "alive"})
                except OSError:  # the thread that reads finds out why
                    continue

    def _fail(self, line: str) -> None:
        """Note that the group has failed, tell the others, and end the process where the main thread does not."""
        with self._lock:
            if self._failure or self._is_over.is_set():
                return
            self._failure = one_line(line)
        self._failed.set()
        threading.Thread(target=self._end, name="end", daemon=True).start()
        for peer in self._peers.values():
            peer.inbox.put(None)  # wakes the main thread
            if not peer.has_left:
                self._send(peer, {"kind": "lost", "why": self._failure}, is_last=True)

    def _end(self) -> None:
        """End the process, unless the main thread does."""
        if self._is_over.wait(GRACE_SECONDS):
            return
        release()
        self.before_exit()
        error = self._error()
        error_stream().write(f"textgen: {error}\n")
        _exit_now(error.exit_code)


def _exit_now(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)
