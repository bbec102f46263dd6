"""Threads that compute step aside while the event loop works, and only then."""

import asyncio
import threading
import time

from textgen.serve import turns
from textgen.serve.turns import Selector, _is_idle, step_aside


def test_a_loop_that_works_has_precedence_and_one_that_waits_has_none():
    seen = []

    async def work():
        seen.append(_is_idle.is_set())
        aside = threading.Thread(target=step_aside)
        aside.start()
        await asyncio.to_thread(aside.join)  # meanwhile the loop waits
        threading.Timer(0.01, lambda: seen.append(_is_idle.is_set())).start()
        await asyncio.sleep(0.1)
        seen.append(_is_idle.is_set())

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Selector())) as runner:
        runner.run(work())
    assert seen == [False, True, False]


def test_a_loop_does_not_wait_for_itself(monkeypatch):
    monkeypatch.setattr(turns, "ASIDE_SECONDS", 60)

    async def work():
        began = time.monotonic()
        step_aside()
        return time.monotonic() - began

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Selector())) as runner:
        assert runner.run(work()) < 30


def test_a_loop_that_has_ended_keeps_nobody_waiting():
    """Whatever it was doing when it ended."""
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Selector())) as runner:
        runner.run(asyncio.sleep(0))
    assert _is_idle.is_set()


def test_nobody_steps_aside_for_ever():
    _is_idle.clear()  # a loop that is never idle, or that has ended in the middle of its work
    try:
        step_aside()
    finally:
        _is_idle.set()
