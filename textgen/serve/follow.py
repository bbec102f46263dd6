"""Following a Job from its request's handler: until it is done, the client hangs up, or the time is over."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Receive, Send

from textgen.serve.jobs import Job
from textgen.serve.scheduler import Scheduler

DONE = b"data: [DONE]\n\n"


class HungUpError(Exception):
    """The client closed the connection."""


class Progress:
    """Wakes a handler from other threads."""

    def __init__(self) -> None:
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()

    def notify(self) -> None:
        """Wake the handler. From any thread; a loop that has ended is ignored."""
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            return

    async def wait(self) -> None:
        """Wait until `notify` is called, or was since the last wait."""
        await self._event.wait()
        self._event.clear()


async def hang_up(receive: Receive) -> None:
    """Return when the client closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def follow(
    scheduler: Scheduler, job: Job, progress: Progress, receive: Receive, seconds: float
) -> AsyncIterator[None]:
    """Yield whenever a job has something new, and for the last time when it is done. A job that is left has ended.

    Args:
        scheduler: it has the job.
        progress: woken by the job.
        receive: of the request, whose body has been read.
        seconds: the job's time; what is written then is all.

    Raises:
        HungUpError: the client closed the connection.
    """
    gone = asyncio.ensure_future(hang_up(receive))
    gone.add_done_callback(lambda _: progress.notify())
    timer = asyncio.get_running_loop().call_later(seconds, lambda: scheduler.end(job, timed_out=True))
    try:
        while True:
            await progress.wait()
            if gone.done():
                raise HungUpError
            done = job.done  # looked up first: what comes while the handler sends would otherwise be left behind
            yield
            if done:
                return
    finally:
        timer.cancel()
        gone.cancel()
        scheduler.end(job)


class Events:
    """An answer that is sent as server-sent events (HTML standard, section 9.2).

    Args:
        send: of the request.
        seconds: how long a client may take to read what is sent.
    """

    def __init__(self, send: Send, seconds: float) -> None:
        self._send, self._seconds = send, seconds
        self.begun = False

    async def begin(self) -> None:
        """Send the head of the answer."""
        self.begun = True
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        headers.append((b"x-accel-buffering", b"no"))  # nginx would hold the events back
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send(self, *values: Any) -> None:
        """Send events. Raises HungUpError where the client does not read them."""
        # ASCII, since some clients take other ends of lines than those of the standard for an end of the event.
        data = b"".join(b"data: " + json.dumps(each, separators=(",", ":")).encode() + b"\n\n" for each in values)
        await self._body(data, True)

    async def end(self) -> None:
        """Send the last event."""
        await self._body(DONE, False)

    async def _body(self, data: bytes, more: bool) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except TimeoutError:
            raise HungUpError from None
