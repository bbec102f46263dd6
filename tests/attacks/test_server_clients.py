"""Clients of a server that never read, read late, hang up or come in floods, and runs that are replaced under it."""

import contextlib
import os
import re
import shutil
import time

import httpx
import pytest

from tests.attacks.conftest import note_row
from tests.conftest import ROOT
from tests.helpers.raw_http import connected, exchange
from tests.helpers.requests import get, post
from tests.helpers.server import serving
from textgen import Generator
from textgen.runs.folder import BEST, WEIGHTS
from textgen.serve.models import Shelf

CLOSED = "closed"


def gauge(server, name):
    return float(re.search(rf"^textgen_{name} (\S+)", server.client.get("/metrics").text, re.MULTILINE)[1])


UNREAD = {
    "a large answer that is never read": post({"text": "the " * 60}, path="/v1/textgen/inspect"),
    "64 streams that are never read": post({"prompt": "The ", "max_tokens": 2000, "n": 64, "stream": True}),
    "answers to 5,000 pipelined requests that are never read": get("/docs") * 5000,
}


@pytest.mark.parametrize("row", UNREAD)
def test_a_client_that_never_reads_holds_nothing_for_longer_than_its_time(row, server):
    with connected(server.url, buffer=4096) as connection:
        connection.setblocking(False)
        began, data = time.monotonic(), b"".join(UNREAD[row])
        while data and time.monotonic() - began < 1:
            try:
                data = data[connection.send(data) :]
            except (BlockingIOError, ConnectionError):
                time.sleep(0.01)
        while gauge(server, "rows_busy") or gauge(server, "tasks") > 3:
            assert time.monotonic() - began < 60
            time.sleep(0.05)
    note_row(row, CLOSED, b"")


def test_a_client_that_reads_late_gets_the_whole_answer_and_leaves_nothing_behind():
    late, seconds = 0.2, 2  # far apart, so that a busy machine does not make the client too late
    wanted = post({"text": "the " * 60}, path="/v1/textgen/inspect", headers={"Connection": "close"})
    with serving(ROOT / "checkpoints/jabez", "--client-timeout", seconds) as server:
        with connected(server.url, buffer=4096) as connection:
            connection.sendall(wanted[0])
            time.sleep(late)
            found = exchange(connection, [])
        assert found.statuses == [200]
        time.sleep(seconds)  # what waited for the client has ended with it: the log has no fault
        assert server.stop() == 0
    assert " fault " not in "".join(server.lines)


ABANDONED = {
    "a text of 2,000 symbols": {"prompt": "The ", "max_tokens": 2000},
    # They take seconds to read; the thread that searches looks up in between.
    "a beam search after 100 long prompts": {"prompt": ["The river " * 150] * 100, "beam": 4},
}


@pytest.mark.parametrize("row", ABANDONED)
def test_the_row_of_a_client_that_hangs_up_is_soon_free(row, server):
    with connected(server.url) as connection:
        connection.sendall(post(ABANDONED[row])[0])
        while not gauge(server, "rows_busy"):
            time.sleep(0.005)
    began = time.monotonic()
    while gauge(server, "rows_busy"):
        time.sleep(0.005)
    assert time.monotonic() - began < 2  # 10 to 20 ms where nothing else runs
    note_row(f"{row}: the client hangs up", CLOSED, b"")


def test_a_flood_of_connections_keeps_nobody_out():
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))  # the server inherits it
        try:
            few = stack.enter_context(serving(ROOT / "checkpoints/jabez"))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for number in range(400):
            connection = stack.enter_context(connected(few.url))
            connection.sendall(b"GET / HT")
            if number % 50 == 0:
                assert httpx.get(f"{few.url}/health", trust_env=False).json()["status"] == "ok"
        assert few.stop() == 0
    assert " fault " not in "".join(few.lines)
    note_row("400 connections with half a head, where 300 files may be open", 200, b"")


REPLACED = {
    "weights cut short": lambda run: next(run.glob(f"*/*/{WEIGHTS}")).write_bytes(b"1" * 99),
    "weights by a pipe": lambda run: [next(run.glob(f"*/*/{WEIGHTS}")).unlink(), os.mkfifo(run / BEST / "x" / WEIGHTS)],
    "the folder of weights by a link": lambda run: [(run / BEST).rename(run / "y"), (run / BEST).symlink_to(run / "y")],
    "the folder of weights by a pipe": lambda run: [(run / BEST).rename(run / "y"), os.mkfifo(run / BEST)],
}


@pytest.mark.parametrize("row", REPLACED)
def test_a_served_run_that_is_replaced_by_something_else_is_kept_as_it_was(row, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(ROOT / "checkpoints/jabez", run)
    shelf = Shelf([Generator.load(run)], watch=True)
    model = shelf.find(None)
    before = model.generator
    newest = next((run / BEST).iterdir())
    newest.rename(run / BEST / "x")
    REPLACED[row](run)
    assert shelf.has_changed(model)
    why = shelf.reload(model)
    assert why.startswith(str(run))
    assert model.generator is before
    assert not shelf.has_changed(model)  # it is looked at once, not at every request
