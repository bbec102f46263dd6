"""Pages by HTTP, bounded: an answer must begin in time, whatever a server, a proxy or a redirect drips meanwhile.

Python's own urllib waits anew after each byte. Here connections share one Patience: before each read the socket waits
no longer than what is left of it. Looking up a host's address is the one thing that it does not bound: the system does.
"""

import functools
import http.client
import io
import socket
import time
import urllib.request
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Bytes that are read while waiting: of headers, or of the page of a redirect.
MAX_OTHER_BYTES = 1 << 20


class Patience:
    """How long to wait for the next part of an answer that is wanted.

    Args:
        seconds: for which nothing else but it may arrive.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.renew()

    def renew(self) -> None:
        """Begin to wait anew, since what was wanted has come."""
        self._until, self._bytes = time.monotonic() + self.seconds, 0

    def left(self) -> float:
        """Seconds left to wait, more than 0. Raises TimeoutError where there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def count(self, size: int) -> None:
        """Note that bytes came. Raises HTTPException where there are too many for what only leads to what is wanted."""
        self._bytes += size
        if self._bytes > MAX_OTHER_BYTES:
            raise http.client.HTTPException(f"more than {MAX_OTHER_BYTES:,} bytes before the text")


def opened(url: str, agent: str, patience: Patience) -> http.client.HTTPResponse:
    """Ask for a page; follows redirects and uses the proxy that the environment names.

    Args:
        url: its address.
        agent: the name by which the server knows this program.
        patience: bounds everything until the answer begins, and each read of it.

    Raises:
        TimeoutError: the patience is at its end.
        urllib.error.HTTPError: the server refuses.
        OSError, http.client.HTTPException, ValueError, OverflowError: the page cannot be reached, or the answer, a
            redirect or the proxy's address makes no sense.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Handler(patience),
        urllib.request.UnknownHandler(),  # a redirect to anything but HTTP: no files, no FTP
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": agent})
    return cast(http.client.HTTPResponse, opener.open(request, timeout=patience.left()))


class _Handler(urllib.request.AbstractHTTPHandler):
    def __init__(self, patience: Patience) -> None:
        super().__init__()
        self._patience = patience

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(cast(Any, _Connection), request, patience=self._patience)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(cast(Any, _SecureConnection), request, patience=self._patience)

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_


class _Connection(http.client.HTTPConnection):
    def __init__(self, host: str, *, patience: Patience, **options: Any) -> None:
        super().__init__(host, **options)
        # By these two http.client makes connections and reads answers, those of a proxy's tunnel too.
        self._create_connection = functools.partial(_connected, patience)
        self.response_class = cast(Any, functools.partial(_Response, patience))


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    pass


def _connected(patience: Patience, address: tuple[str, int], *_: object) -> socket.socket:
    """A connection to the first address of a host that takes it, while the patience lasts for all together.

    Raises:
        ValueError: there is no such port.
        OSError: no address takes it.
    """
    host, port = address
    if not 0 < port < 1 << 16:  # the system would take what is left of it after division by 65,536
        raise ValueError(f"port {port}")
    complaint: OSError = OSError("no address of that name")
    for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            connection = socket.create_connection((str(found[4][0]), port), patience.left())
        except OSError as error:
            complaint = error
        else:
            connection.settimeout(patience.left())  # of the handshake, if one follows
            return connection
    raise complaint


class _Response(http.client.HTTPResponse):
    def __init__(self, patience: Patience, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach(), sock, patience))


class _Bounded(io.RawIOBase):
    """What a socket sends, each time after no longer than the patience lasts."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, patience: Patience) -> None:
        self._raw, self._sock, self._patience = raw, sock, patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        self._sock.settimeout(self._patience.left())
        size: int | None = self._raw.readinto(buffer)
        self._patience.count(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()
