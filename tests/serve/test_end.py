"""The end of a server, and runs that change under it: no text is cut without a word, and none is lost."""

import shutil
import signal
import threading
import time

import httpx
import pytest

from tests.helpers import forged_runs
from tests.helpers.server import serving
from textgen import Generator
from textgen.runs.folder import WEIGHTS
from textgen.runs.run import ModelDescription, load_run, save_best
from textgen.system.folders import Folder

STREAMS = 32


class Streams:
    """Streams that are read side by side, each in a thread. Made once all of them have sent something."""

    def __init__(self, server, number, **body):
        self.server, self.body = server, body
        self.ends = [None] * number
        self._barrier = threading.Barrier(number + 1)
        self._threads = [threading.Thread(target=self._read, args=(at,)) for at in range(number)]
        for each in self._threads:
            each.start()
        self._barrier.wait(60)

    def _read(self, at):
        choices, last = [], None
        for event in self.server.events(**self.body, seed=at):
            if not choices:
                choices += event["choices"]
                self._barrier.wait(60)
                continue
            choices += event["choices"] if event != "[DONE]" else ()
            last = event
        self.ends[at] = choices, last

    def finish(self):
        """Wait for all of them. Returns of each its text, its last choice, and its last event."""
        for each in self._threads:
            each.join(60)
        found = []
        for choices, last in self.ends:
            assert [choice["finish_reason"] is None for choice in choices] == [True] * (len(choices) - 1) + [False]
            found.append(("".join(choice["text"] for choice in choices), choices[-1], last))
        return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_32_streams_come_to_their_end(tiny_run, number):
    with serving(tiny_run, "--grace", 60) as server:
        streams = Streams(server, STREAMS, prompt="the ", max_tokens=2000, temperature=0.9)
        server.process.send_signal(number)
        ends = streams.finish()
        assert server.stop() == 0
    generator = Generator.load(tiny_run)
    for text, choice, last in ends:
        assert (choice["finish_reason"], "timed_out" in choice, last) == ("length", False, "[DONE]")
        assert len(text) >= 2000  # the end of a document is a symbol of two characters
    assert ends[5][0] == generator.generate("the ", length=2000, temperature=0.9, seed=5, include_prompt=False)
    assert server.lines[-1] == "stopped\n"
    assert sum(" request " in line and "status=200" in line for line in server.lines) == STREAMS


def test_after_the_grace_texts_end_where_they_are(tiny_run):
    with serving(tiny_run, "--grace", 0, "--max-length", 1_000_000) as server:
        streams = Streams(server, 4, prompt="the ", max_tokens=1_000_000, stop="zzzz")
        server.process.send_signal(signal.SIGTERM)
        for text, choice, last in streams.finish():
            assert (choice["finish_reason"], choice["timed_out"], last) == ("length", True, "[DONE]")
            assert 0 < len(text) < 1_000_000
        assert server.stop() == 0


def takes_requests(server):
    """Whether a new request is answered with 200."""
    try:
        return server.client.post("/v1/completions", json={"max_tokens": 0}).status_code == 200
    except httpx.TransportError:  # refused, or closed before it was read
        return False


def test_a_server_that_is_told_to_stop_takes_no_new_request(tiny_run):
    with serving(tiny_run, "--grace", 60) as server:
        assert takes_requests(server)
        streams = Streams(server, 1, prompt="the ", max_tokens=10_000)
        server.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 10
        while takes_requests(server):
            assert time.monotonic() < until
        ((_, choice, _),) = streams.finish()
        assert (choice["finish_reason"], "timed_out" in choice) == ("length", False)
        assert server.stop() == 0


def test_a_request_past_its_time_ends_with_what_it_has(tiny_run):
    with serving(tiny_run, "--timeout", 0.3, "--max-length", 1_000_000) as server:
        (choice,) = server.complete(prompt="the ", max_tokens=1_000_000)["choices"]
        assert (choice["finish_reason"], choice["timed_out"]) == ("length", True)
        assert 0 < len(choice["text"]) < 1_000_000
        assert "timed_out" not in server.complete(prompt="the ", max_tokens=5)["choices"][0]


@pytest.fixture
def two_trainings(tiny_run, tmp_path):
    """A run in a folder of its own, and a function that saves other weights in it, as a training does."""
    run = tmp_path / "growing"
    shutil.copytree(tiny_run, run)

    def train_further(factor):
        found = load_run(tiny_run)
        weights = {name: values * factor for name, values in found.weights.items()}
        save_best(Folder.opened(run), ModelDescription(found.model, found.training, found.tokenizer), weights)
        return Generator.load(run).generate("the ", length=50, temperature=1, seed=1, include_prompt=False)

    return run, train_further


def test_a_run_that_is_trained_further_is_taken_over_without_a_dropped_request(two_trainings):
    run, train_further = two_trainings
    body = {"prompt": "the ", "max_tokens": 50, "seed": 1}
    first = Generator.load(run).generate("the ", length=50, temperature=1, seed=1, include_prompt=False)
    with serving(run, "--watch") as server:
        seen, over = [], threading.Event()

        def go_on():
            while not over.is_set():
                seen.append(server.text(**body))

        threads = [threading.Thread(target=go_on) for _ in range(4)]
        for each in threads:
            each.start()
        wanted = {first}
        for factor in (0.5, 1.5, 0.8):
            wanted.add(text := train_further(factor))
            assert server.text(**body) == text  # the next request has the new weights
        over.set()
        for each in threads:
            each.join()
        assert set(seen) <= wanted
        assert any(" loaded again " in line for line in server.lines)


def test_a_damaged_run_is_never_taken_over(two_trainings):
    run, train_further = two_trainings
    body = {"prompt": "the ", "max_tokens": 50, "seed": 1}
    with serving(run, "--watch") as server:
        before = server.text(**body)
        train_further(0.5)
        weights = forged_runs.newest(run) / WEIGHTS
        weights.write_bytes(weights.read_bytes()[:-4])
        assert server.text(**body) == before
        assert server.text(**body) == before
        (line,) = [line for line in server.lines if " kept " in line]
        assert "model=growing" in line
        text = train_further(1.5)
        assert server.text(**body) == text


def test_without_watch_the_run_stays_as_it_was_loaded(two_trainings):
    run, train_further = two_trainings
    with serving(run) as server:
        before = server.text(prompt="the ", max_tokens=50, seed=1)
        assert train_further(0.5) != before
        assert server.text(prompt="the ", max_tokens=50, seed=1) == before
