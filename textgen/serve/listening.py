"""Running the application with uvicorn: the socket, the signals, and an end that loses no text."""

import asyncio
import contextlib
import gc
import logging
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

import uvicorn

from textgen.errors import StorageError, UsageError
from textgen.serve.application import Server
from textgen.serve.connection import Connection, most_connections
from textgen.serve.guard import MAX_HEAD
from textgen.serve.turns import Selector

# Connections that wait to be accepted; `connection.RESERVED_FILES` leaves room for them.
BACKLOG = 128
KEEP_ALIVE_SECONDS = 30
# What is over after the grace still needs a moment to be sent.
LAST_SECONDS = 5.0
# Python lets a thread run for so long before another one's turn: the threads that write must not keep /health waiting.
SWITCH_SECONDS = 0.001


def check_open(host: str, is_loopback: bool, has_key: bool) -> None:
    """Raise UsageError for a server that anybody in the network could use."""
    if not is_loopback and not has_key:
        raise UsageError(
            f'`host="{host}"` lets other machines in, and there is no key: give `key_file`, or set TEXTGEN_API_KEY'
        )


def bind(host: str, port: int) -> socket.socket:
    """The socket that a server listens on. Raises StorageError where the address cannot be had."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        hint = "; give another `port`, or 0 for a free one" if port else ""
        raise StorageError(f"cannot listen on {host} port {port}: {error.strerror or error}{hint}") from None
    return listener


def address_of(listener: socket.socket) -> str:
    """The address of a server as a browser takes it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(server: Server, listener: socket.socket) -> None:
    """Serve until a signal asks for the end, and return when what was being written has been sent.

    Args:
        server: the application.
        listener: from `bind`; closed at the end.
    """
    config = uvicorn.Config(
        server,
        log_config=None,
        access_log=False,
        http=Connection,
        backlog=BACKLOG,
        ws="none",
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(server.config.grace + LAST_SECONDS) + 1,
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    Connection.most = most_connections()
    handler = _Faults(server)
    for name in ("uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.ERROR)
    # What is there now stays: a collection of garbage that looked through all of it would keep everybody waiting.
    gc.freeze()
    with listener, asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Selector())) as runner:
        runner.run(_Graceful(config, server).serve([listener]))


class _Faults(logging.Handler):
    """What uvicorn and asyncio complain of, in the server's log."""

    def __init__(self, server: Server) -> None:
        super().__init__(logging.ERROR)
        self._log = server.log
        self._last, self._until = "", 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a complaint down; with its traceback unless the system is the cause."""
        message, now = record.getMessage().strip(), time.monotonic()
        if message == self._last and now < self._until:
            return  # asyncio says a thousand times a second that there are too many open files
        self._last, self._until = message, now + 1
        error = record.exc_info[1] if record.exc_info else None
        trace = "" if error is None or isinstance(error, OSError) else "".join(traceback.format_exception(error))
        self._log.write("fault", message=message, error=error, trace=trace or None)


class _Graceful(uvicorn.Server):
    """Ends after a signal without raising it again, and ends texts when the grace is over."""

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self._served = server

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a server that ended well has ended well."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Take no new work. A second Ctrl-C ends at once."""
        self._served.stop()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what is being written end, at the latest after the grace."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._served.config.grace, self._served.scheduler.end_all)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()
