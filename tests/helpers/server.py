"""A server as its users start it, `textgen serve`, in a process of its own.

with serving(run, "--queue", 3) as server:
    server.complete(prompt="The ", max_tokens=10)
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading

import httpx

# A request that hangs fails the test instead of stopping all others.
SECONDS = 60


class Served:
    """A server that runs.

    Attributes:
        process: its process.
        url: its address, without a path.
        lines: what it has written to standard error so far.
        client: an httpx.Client for its address, which sends the key if there is one.
    """

    def __init__(self, process, key=None):
        self.process, self.lines = process, []
        first = process.stderr.readline()
        found = re.search(r"at (http://\S+)/v1", first)
        assert found, first + process.stderr.read()
        self.url = found[1]
        # Nothing else reads the pipe: a server whose log nobody reads would stop at a full pipe.
        self._reader = threading.Thread(target=lambda: self.lines.extend(process.stderr))
        self._reader.start()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.client = httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS, trust_env=False)

    def complete(self, **body):
        """The answer to POST /v1/completions, which must be 200."""
        answer = self.client.post("/v1/completions", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def text(self, **body):
        """The text of the only choice."""
        (choice,) = self.complete(**body)["choices"]
        return choice["text"]

    def refused(self, status, path="/v1/completions", **body):
        """The error of a request that must be refused with this status."""
        answer = self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    def events(self, **body):
        """Yield the events of a streamed answer, the last one as "[DONE]"."""
        with self.client.stream("POST", "/v1/completions", json=body | {"stream": True}) as answer:
            assert answer.status_code == 200, answer.read()
            yield from events(answer.iter_lines())

    def rows_busy(self):
        """How many texts are being written."""
        return int(re.search(r"^textgen_rows_busy (\d+)", self.client.get("/metrics").text, re.MULTILINE)[1])

    def stop(self, number=signal.SIGTERM):
        """Send a signal and wait for the end. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        self._reader.join()
        self.client.close()
        return code


def events(lines):
    """The events in the lines of a streamed answer: JSON values, the last one "[DONE]"."""
    for line in lines:
        if line:
            data = line.removeprefix("data: ")
            yield data if data == "[DONE]" else json.loads(data)


@contextlib.contextmanager
def asking(application):
    """Send requests to an application in this process: `ask("post", path, content)`; it is closed at the end."""
    loop = asyncio.new_event_loop()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://localhost")

    def ask(method, path, content=None):
        headers = {} if content is None else {"Content-Type": "application/json"}
        return loop.run_until_complete(client.request(method, path, content=content, headers=headers))

    yield ask
    application.scheduler.close()
    loop.run_until_complete(client.aclose())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@contextlib.contextmanager
def serving(*arguments, key=None):
    """Run `textgen serve` on a free port; it is stopped at the end."""
    environment = {name: value for name, value in os.environ.items() if name != "TEXTGEN_API_KEY"}
    if key:
        environment["TEXTGEN_API_KEY"] = key
    command = [sys.executable, "-m", "textgen", "serve", *map(str, arguments), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment) as process:
        try:
            server = Served(process, key)
            yield server
            server.stop()
        finally:
            if process.poll() is None:
                process.kill()
