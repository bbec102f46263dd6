"""A connection: what HTTP itself asks of a client, and how long and how often clients may keep the server waiting.

uvicorn waits without end for the head of a request, and for a client that does not read its answer. Here both have a
limit; so has the number of connections, and a new one then takes the place of the oldest that waits for nothing.
What is not HTTP is answered in JSON, as all errors are. This module knows nothing of models.
"""

import asyncio
import functools
import json
import socket
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from textgen import arguments
from textgen.serve.errors import ApiError

if TYPE_CHECKING:
    from textgen.serve.application import Server

# Seconds for which a client that was refused may still send what is thrown away: it would lose the answer otherwise.
LINGER_SECONDS = 1.0
# A body that is late is told so by the route that reads it (`textgen.serve.guard`). One that no route reads ends later.
EXTRA_SECONDS = 1.0
# Bytes that the system keeps of what a client has not read. It would take megabytes before the server noticed.
SEND_BUFFER = 128 * 1024
# Bytes that a client reads at least in the time that it has.
LEAST_READ = 16 * 1024
# Files that are kept free for other things than connections; the fewest and the most connections.
RESERVED_FILES, FEWEST, MOST = 200, 64, 2_000


def most_connections() -> int:
    """How many connections a server can have open: as many files as the system lets it open, but for some."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = soft in (resource.RLIM_INFINITY, -1)
    return MOST if unlimited else max(FEWEST, min(soft - RESERVED_FILES, MOST))


class Connection(H11Protocol):
    """What a client has sent so far, and what it is sent. `uvicorn.Config(http=Connection)` uses it.

    The application must be a `textgen.serve.application.Server`.
    """

    most = FEWEST  # of connections at a time

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._served: Server = self.config.app  # type: ignore[assignment]  # said in the class's docstring
        self._seconds = self._served.config.client_timeout
        self._began = time.monotonic()
        self._owed: str | None = None  # what the client has yet to send: "head" or "body"
        self._sending: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, and make room where there are too many connections."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._watch()
        if len(self.connections) > self.most:
            # Those that were aborted stay among them until the loop's next turn.
            opened = [each for each in self.connections if not each.transport.is_closing()]
            idle = [each for each in opened if isinstance(each, Connection) and each.is_idle]
            if len(opened) > self.most:
                min(idle, key=lambda each: each._began, default=self).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End all waiting."""
        super().connection_lost(exc)
        self._owed = None
        for timer in (self._sending, self._reading, self._closing):
            if timer:
                timer.cancel()

    @property
    def is_idle(self) -> bool:
        """Whether no request of this connection is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._is_refused:
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Go on to the next request, or close."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_reading()
        else:
            self._watch()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is sent to."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        if self._reading:
            self._reading.cancel()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has asked for nothing in a while."""
        super().timeout_keep_alive_handler()
        self._expect_reading()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP. Called where h11 has raised an error."""
        error = sys.exception()
        status = getattr(error, "error_status_hint", 400)
        what = str(error).partition(": bytearray")[0]  # without the bytes that h11 shows, which may be many
        why = "the head of the request is too large" if status == 431 else f"this is not HTTP/1.1: {what}"
        self._refuse(ApiError(status, arguments.short(why)))

    def _later(self, seconds: float, function: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, function)

    def _expect_reading(self) -> None:
        """Let the client read what is still to be sent, as long as it goes on reading."""
        if self._reading:
            self._reading.cancel()
        if left := self.transport.get_write_buffer_size():
            until = self.loop.time() + self._served.config.timeout
            self._reading = self._later(self._seconds, functools.partial(self._check_reading, left, until))

    def _check_reading(self, before: int, until: float) -> None:
        """Close where too little was read, or where it has taken the time of a whole request."""
        left = self.transport.get_write_buffer_size()
        if left > before - LEAST_READ or self.loop.time() > until:
            self._lose()
        else:
            self._reading = self._later(self._seconds, functools.partial(self._check_reading, left, until))

    def _lose(self) -> None:
        self.transport.abort()

    def _watch(self) -> None:
        """Begin to wait for the rest of a request, or end the waiting."""
        state, owed = self.conn.their_state, None
        if state is h11.SEND_BODY:
            owed = "body"
        elif state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0]):
            owed = "head"
        if owed == self._owed or self._is_refused:
            return
        if self._sending:
            self._sending.cancel()
        self._owed, self._sending = owed, None
        if owed:
            self._sending = self._later(self._seconds + (EXTRA_SECONDS if owed == "body" else 0), self._late)

    def _late(self) -> None:
        if self._owed == "head" and not self.transport.is_closing():
            self._refuse(ApiError(408, "the head of the request did not arrive in time"))
        else:
            self.transport.abort()

    def _refuse(self, error: ApiError) -> None:
        """Answer outside of any request, and close."""
        self._is_refused = True
        self._unset_keepalive_if_required()
        if self._sending:
            self._sending.cancel()
        served, client = self._served, (self.client or ("-",))[0]
        served.metrics.add_request("other", error.status)
        served.log.write("refused", client=client, status=error.status, why=error.message)
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps(error.body()).encode()
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            for event in (h11.Response(status_code=error.status, headers=headers), h11.Data(body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle and not self.cycle.response_complete:
            # The route notices as if the client had hung up; what it sends goes nowhere.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._closing = self._later(LINGER_SECONDS, self._lose)
