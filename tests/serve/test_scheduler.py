"""What a request leaves behind in the threads that write: nothing, and without the help of the garbage collector."""

import gc
import threading
import time
import weakref

import pytest

from textgen import Generator
from textgen.serve.completions import make_job
from textgen.serve.fields import fields_of
from textgen.serve.metrics import Metrics
from textgen.serve.scheduler import Scheduler


@pytest.fixture
def scheduler():
    scheduler = Scheduler(1, 3, Metrics(), print)
    scheduler.start()
    yield scheduler
    scheduler.close()


class Told(threading.Event):
    """Set whenever a job has something new."""

    notify = threading.Event.set


def ended(job, told):
    """Wait until a job is done; its texts."""
    while not job.done:
        assert told.wait(60)
        told.clear()
    return ["".join(draft.pieces) for draft in job.drafts]


@pytest.mark.parametrize("options", [{"max_tokens": 30}, {"max_tokens": 0}, {"max_tokens": 30, "beam": 2}])
def test_a_job_that_is_done_is_freed_at_once(scheduler, tiny_run, options):
    """A full collection of garbage would keep the event loop, and so everybody, waiting for tens of milliseconds."""
    generator = Generator.load(tiny_run)
    gc.collect()
    gc.disable()
    try:
        told = Told()
        fields = fields_of({"prompt": ["the hen", "12: the"], "n": 2, "seed": 1} | options, 1000)
        job = make_job(fields, generator, "", 1000, told)
        scheduler.submit(job)
        assert all(ended(job, told)) == (options["max_tokens"] > 0)
        gone = [weakref.ref(each) for each in (job, job.plan, job.drafts[0])]
        del job
        until = time.monotonic() + 10  # the thread that wrote may be about to forget it
        while any(each() for each in gone) and time.monotonic() < until:
            time.sleep(0.01)
        assert [each() for each in gone] == [None, None, None]
    finally:
        gc.enable()
