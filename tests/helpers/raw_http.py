"""Requests over a bare connection, such as no client library would send."""

import contextlib
import select
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@contextlib.contextmanager
def connected(url, buffer=None):
    """A connection to the server of an address; `buffer` is how many bytes wait at most to be read by this end."""
    with socket.socket() as connection:
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(10)
        connection.connect((urlsplit(url).hostname, urlsplit(url).port))
        yield connection


@dataclass
class Answers:
    """What came back on a connection.

    Attributes:
        data: all bytes.
        closed: whether the server closed the connection.
        seconds: until the last answer was whole, or the connection closed.
        sent: bytes that were sent.
    """

    data: bytearray = field(default_factory=bytearray)
    closed: bool = False
    seconds: float = 0.0
    sent: int = 0
    whole: list = field(default_factory=list)
    _at: int = 0  # where the next answer begins

    @property
    def statuses(self):
        return [status for status, _, _ in self.whole]

    def parse(self):
        """Find the answers that have become whole."""
        while found := _answer(self.data, self._at):
            *answer, self._at = found
            self.whole.append(tuple(answer))


def _answer(data, at):
    """Status, headers, body and end of the answer that begins at a place; None while it is not whole."""
    if (end := data.find(b"\r\n\r\n", at)) < 0:
        return None
    status, *lines = data[at:end].decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    begin, number = end + 4, int(status.split()[1])
    if headers.get("transfer-encoding") == "chunked":
        if (last := data.find(b"0\r\n\r\n", begin)) < 0:
            return None
        stop = last + 5
    else:
        stop = begin + (0 if number < 200 or number == 204 else int(headers.get("content-length", 0)))
    return None if len(data) < stop else (number, headers, bytes(data[begin:stop]), stop)


def exchange(connection, pieces, answers=1, seconds=5.0):
    """Send pieces (bytes, or seconds to wait) and read until so many answers have come or the server closes.

    Sending stops once an answer has come.

    Returns:
        Answers.
    """
    found, pieces, left, began = Answers(), iter(pieces), b"", time.monotonic()
    connection.setblocking(False)
    pause = 0.0
    while time.monotonic() - began < seconds and not found.closed and len(found.whole) < answers:
        if not left and pieces is not None and time.monotonic() >= pause:
            left = next(pieces, None)
            if left is None:
                pieces, left = None, b""
            elif isinstance(left, (int, float)):
                pause, left = time.monotonic() + left, b""
        wants = [connection] if left else []
        readable, writable, _ = select.select([connection], wants, [], 0.01)
        try:
            if readable:
                fresh = connection.recv(1 << 16)
                found.closed = not fresh
                found.data += fresh
                found.parse()
            elif writable:
                number = connection.send(left)
                left, found.sent = left[number:], found.sent + number
        except (ConnectionError, BrokenPipeError):
            found.closed = True
    found.seconds = time.monotonic() - began
    return found


def request(body=b"", path="/v1/completions", method="POST", headers=(), length=None, key=None):
    """A request as bytes. Headers of None are left out; those given come last, and may come twice."""
    own = {"Host": "localhost", "Content-Type": "application/json"}
    own["Content-Length"] = str(len(body) if length is None else length)
    if key:
        own["Authorization"] = f"Bearer {key}"
    extra = list(headers.items()) if isinstance(headers, dict) else list(headers)
    for name, value in extra:
        if value is None or name in own:
            own.pop(name, None)
    lines = [f"{name}: {value}".encode() for name, value in own.items()]
    for name, value in extra:
        if value is not None:
            lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
    return b"\r\n".join([f"{method} {path} HTTP/1.1".encode(), *lines, b"", b""]) + body
