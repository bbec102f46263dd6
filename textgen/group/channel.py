"""Messages between two processes: lines of JSON over TCP. Nothing that is received is ever run."""

import contextlib
import json
import selectors
import socket
import threading
import time
from typing import Any

from textgen.system.safejson import json_values

# Bytes of a message: a configuration with a large vocabulary fits.
MAX_MESSAGE_BYTES = 1 << 28
# Seconds that a message may take to leave: the other side's buffers are full only when it no longer reads.
SEND_SECONDS = 5.0
CHUNK_BYTES = 1 << 16


class Channel:
    """One connection. Any thread may send; one thread receives.

    Args:
        connection: a connected socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket, self._sending = connection, threading.Lock()
        self._buffer = bytearray()
        connection.setblocking(False)  # two threads wait for it, each for its own time
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def own_host(self) -> str:
        """The address of this end."""
        return str(self._socket.getsockname()[0])

    def send(self, message: dict[str, Any]) -> None:
        """Send a message of plain JSON values. Raises OSError where the other side is gone or does not read."""
        data = memoryview(json.dumps(message).encode() + b"\n")
        until = time.monotonic() + SEND_SECONDS
        with self._sending:
            while data:
                self._wait(selectors.EVENT_WRITE, until - time.monotonic())
                with contextlib.suppress(BlockingIOError):
                    data = data[self._socket.send(data) :]

    def receive(self, seconds: float | None = None, most: int = MAX_MESSAGE_BYTES) -> dict[str, Any] | None:
        """The next message; None where the other side has closed the connection.

        Args:
            seconds: how long to wait for it; None waits for ever.
            most: bytes that it may have.

        Raises:
            TimeoutError: nothing came in time.
            OSError: the connection broke.
            ValueError: what came is no message.
        """
        searched, until = 0, None if seconds is None else time.monotonic() + seconds
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > most:
                raise ValueError("a message that is too long")
            self._wait(selectors.EVENT_READ, None if until is None else until - time.monotonic())
            with contextlib.suppress(BlockingIOError):
                data = self._socket.recv(CHUNK_BYTES)
                if not data:
                    return None
                self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        message = json_values(line)
        if not isinstance(message, dict):
            raise ValueError("a message that is no object")
        return message

    def _wait(self, event: int, seconds: float | None) -> None:
        """Wait until the socket can be read, or written. Raises TimeoutError."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, event)
            if (seconds is not None and seconds <= 0) or not selector.select(seconds):
                raise TimeoutError("the other process does not answer")

    def is_open(self) -> bool:
        """Whether the other side has not closed the connection yet."""
        try:
            return self._socket.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """End the connection. What was sent still arrives; a thread that receives wakes up."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
