"""Clients that come, hang up and go, for minutes: does a server leak, or let anybody wait?

    python -m benchmarks.soak [RUN] [--minutes 10] [--clients 64] [--seed 1]

First, how long a hang-up's row stays taken: a client reads the beginning of a stream and closes the connection, alone
and beside 31 others; /metrics tells when the row is free. Then the clients: each asks for something at random (texts
whole or streamed, several, by beam search, with log-probabilities; scores, gates, poems) and stays to the end, or hangs
up at a random moment, or before its request is whole. Meanwhile a process of its own asks for /health, and the memory
of the server is looked at every other second. At the end, when all clients have left, rows, requests, tasks, threads
and open files must be as many as at the beginning. Linux only: the figures come from /proc.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
POOL = (os.cpu_count() or 1) + 4  # the most threads of asyncio.to_thread
LONG = 1_000_000  # symbols: a text that does not end by itself
HEALTH, METRICS = (
    b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
)


def post(path, **body):
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    )
    return f"{head}Connection: close\r\n\r\n".encode() + data


def ask(connection, request):
    """Send a request over a connection that stays open; returns the answer."""
    connection.sendall(request)
    data = b""
    while True:
        fresh = connection.recv(1 << 16)
        if not fresh:
            raise ConnectionError
        data += fresh
        head, end, body = data.partition(b"\r\n\r\n")
        if end and len(body) >= int(re.search(rb"content-length: (\d+)", head, re.I)[1]):
            return body.decode()


def gauges(connection):
    """The numbers of this moment, by name."""
    text = ask(connection, METRICS)
    names = ("rows_busy", "queue_length", "requests_running", "tasks")
    return {name: float(re.search(rf"^textgen_{name} (\S+)", text, re.M)[1]) for name in names}


def process_figures(pid):
    """Megabytes of memory, open files and threads of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    memory = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
    return memory, len(list(Path(f"/proc/{pid}/fd").iterdir())), len(list(Path(f"/proc/{pid}/task").iterdir()))


def percentiles(seconds):
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    figures = {name: ordered[min(int(share * len(ordered)), len(ordered) - 1)] for name, share in at.items()}
    return ", ".join(f"{name} {1000 * each:.1f} ms" for name, each in (figures | {"max": ordered[-1]}).items())


def probe(port, seconds, answers):
    """Ask for /health every 20 ms. Puts into a queue the seconds of each, and how late each pause ended."""
    found, late, until = [], [], time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until:
            began = time.perf_counter()
            ask(connection, HEALTH)
            ended = time.perf_counter()
            found.append(ended - began)
            time.sleep(0.02)
            late.append(time.perf_counter() - ended - 0.02)
    answers.put((found, late))


def endless(port):
    """A connection on which a text is being streamed."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(post("/v1/completions", prompt="The ", max_tokens=LONG, stream=True))
    connection.recv(1 << 12)
    return connection


def hang_ups(port, others, times):
    """Seconds from closing a connection to its row being free, beside other texts."""
    stop, company = multiprocessing.Event(), None
    if others:
        company = multiprocessing.Process(target=keep_company, args=(port, others, stop))
        company.start()
    found = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while gauges(connection)["rows_busy"] != others:
            time.sleep(0.05)
        for _ in range(times):
            leaving = endless(port)
            while gauges(connection)["rows_busy"] == others:
                time.sleep(0.001)
            leaving.close()
            began = time.perf_counter()
            while gauges(connection)["rows_busy"] != others:
                time.sleep(0.001)
            found.append(time.perf_counter() - began)
        stop.set()
        if company:
            company.join()
        while gauges(connection)["rows_busy"]:
            time.sleep(0.05)
    return found


def keep_company(port, number, stop):
    """Read so many streams until told to stop."""
    connections = [endless(port) for _ in range(number)]
    while not stop.is_set():
        for connection in connections:
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while connection.recv(1 << 16):
                    pass
        time.sleep(0.05)


def something(chance):
    """A request at random, and what it is."""
    length = chance.choice([1, 20, 100, 400])
    body = {"prompt": "The river " * chance.choice([0, 1, 1, 20]), "max_tokens": length, "seed": chance.randrange(99)}
    kind = chance.choice(["whole", "whole", "stream", "stream", "stream", "several", "beam", "logprobs", "own", "own"])
    if kind == "stream":
        return kind, post("/v1/completions", **body, stream=True, n=chance.choice([1, 1, 3]))
    if kind == "several":
        return kind, post("/v1/completions", **body, n=4, best_of=chance.choice([4, 8]), stop="\n\n")
    if kind == "beam":
        return kind, post("/v1/completions", **body | {"max_tokens": min(length, 60)}, beam=4)
    if kind == "logprobs":
        return kind, post("/v1/completions", **body, logprobs=3, echo=True)
    if kind == "own":
        text = "The river went by. " * chance.choice([1, 5])
        name, body = chance.choice(
            [
                ("score", {"text": text * 5}),
                ("tokenize", {"text": text}),
                ("inspect", {"text": text, "likeliest": 3}),
                ("poem/check", {"text": "The river runs\nbeside the sea", "form": "free"}),
                ("poem", {"form": "free", "stream": chance.random() < 0.5}),
            ]
        )
        return name, post(f"/v1/textgen/{name}", **body)
    return kind, post("/v1/completions", **body)


async def client(port, chance, until, ends):
    """Come and go until the time is over."""
    while time.monotonic() < until:
        kind, request = something(chance)
        leaves = chance.choice(["stays", "stays", "stays", "hangs up", "hangs up", "half a request"])
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            cut = len(request) if leaves != "half a request" else chance.randrange(len(request))
            writer.write(request[:cut])
            if leaves == "stays":
                data = await asyncio.wait_for(reader.read(-1), 120)
                ends[f"{kind}: {data[9:12].decode() or 'no answer'}"] += 1
            else:
                await asyncio.sleep(chance.choice([0, 0.01, 0.05, 0.2]))
                ends[leaves] += 1
            if chance.random() < 0.5:
                writer.transport.abort()
            writer.close()
        except (ConnectionError, TimeoutError) as error:
            ends[f"{kind}: {type(error).__name__}"] += 1
        await asyncio.sleep(chance.random() / 5)


async def clients(arguments, port, pid):
    """Run the clients. Returns how the requests ended, and the memory over time."""
    until, ends, memory = time.monotonic() + arguments.minutes * 60, Counter(), []
    tasks = [
        asyncio.create_task(client(port, random.Random(f"{arguments.seed}-{number}"), until, ends))
        for number in range(arguments.clients)
    ]
    while time.monotonic() < until:
        await asyncio.sleep(2)
        memory.append(process_figures(pid)[0])
    await asyncio.gather(*tasks)
    return ends, memory


def settled(port, pid, wanted=None):
    """The figures once they are as wanted, or after 15 seconds."""
    until = time.monotonic() + 15
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while True:
            found = gauges(connection) | dict(zip(("files", "threads"), process_figures(pid)[1:], strict=True))
            if found == wanted or time.monotonic() > until:
                return found
            time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", nargs="?", default=str(ROOT / "checkpoints/jabez"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, "-m", "textgen", "serve", arguments.run, "--port", "0", "--max-length", str(LONG)]
        with subprocess.Popen(command, stderr=log, text=True) as server:
            while not (ready := re.search(r"http://\S+:(\d+)/v1", text_of(log))):
                time.sleep(0.05)
            try:
                code = measure(arguments, int(ready[1]), server.pid)
                server.send_signal(signal.SIGTERM)
                print(f"exit code of the server after SIGTERM: {server.wait(60)}")
            finally:
                server.kill()
        faults = [line for line in text_of(log).splitlines() if " fault " in line or "Traceback" in line]
        print(f"faults in the log: {len(faults)}", *faults[:3], sep="\n")
    sys.exit(code or bool(faults))


def text_of(log):
    log.seek(0)
    return log.read()


def measure(arguments, port, pid):
    """All measurements. Returns the exit code: 1 where something leaked or took too long."""
    for others in (0, 31):
        print(
            f"a row is free after a hang-up, beside {others}: {percentiles(hang_ups(port, others, 100))}",
            flush=True,
        )
    # Each thread that a server ever needs has been started by then, and the dictionaries of verse are loaded.
    warm = argparse.Namespace(**vars(arguments) | {"minutes": min(arguments.minutes, 0.5)})
    asyncio.run(clients(warm, port, pid))
    before = settled(port, pid)
    answers = multiprocessing.Queue()
    probing = multiprocessing.Process(target=probe, args=(port, arguments.minutes * 60, answers))
    probing.start()
    ends, memory = asyncio.run(clients(arguments, port, pid))
    health, late = answers.get()
    probing.join()
    after = settled(port, pid, before)
    for what, number in sorted(ends.items()):
        print(f"{number:8,}  {what}")
    print(f"{sum(ends.values()):,} requests of {arguments.clients} clients in {arguments.minutes:g} minutes")
    print(f"/health, {len(health):,} times: {percentiles(health)}; later than 50 ms: {sum(s > 0.05 for s in health)}")
    print(f"how late the machine itself woke the process that asks: {percentiles(late)}")
    parts = [memory[len(memory) * at // 10 : len(memory) * (at + 1) // 10] for at in range(10)]
    tenths = [statistics.mean(part) for part in parts if part]
    growth = statistics.mean(tenths[-2:]) / statistics.mean(tenths[1:3]) - 1
    print("memory, MB, of each tenth of the time:", *(f"{each:.0f}" for each in tenths))
    print(f"memory: {growth:+.1%} from the second and third tenth to the last two")
    print("before:", before, "\nafter: ", after)
    # A pool of threads, which reads large bodies, starts its threads as it needs them.
    more = after.pop("threads") - before.pop("threads")
    return int(before != after or more > POOL or abs(growth) > 0.05)


if __name__ == "__main__":
    main()
