"""Threads that compute step aside while the event loop works, and only then."""

import asyncio
import threading
import time

from textgen.serve.turns import ASIDE_SECONDS, Selector, _is_idle, step_aside


def test_a_loop_that_works_has_precedence_and_one_that_waits_has_none():
    seen = []

    async def work():
        seen.append(_is_idle.is_set())
        began = time.monotonic()
        for _ in range(1000):
            step_aside()  # the loop does not wait for itself
        assert time.monotonic() - began < 1000 * ASIDE_SECONDS / 2
        aside = threading.Thread(target=step_aside)
        aside.start()
        await asyncio.to_thread(aside.join)  # meanwhile the loop waits
        threading.Timer(0.01, lambda: seen.append(_is_idle.is_set())).start()
        await asyncio.sleep(0.1)
        seen.append(_is_idle.is_set())

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Selector())) as runner:
        runner.run(work())
    assert seen == [False, True, False]


def test_nobody_steps_aside_for_ever():
    _is_idle.clear()  # a loop that is never idle, or that has ended in the middle of its work
    try:
        step_aside()
    finally:
        _is_idle.set()
