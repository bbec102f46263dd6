"""What a request leaves behind in the threads that write: nothing, and without the help of the garbage collector."""

import gc
import threading
import time
import weakref

import pytest

from textgen import Generator
from textgen.sampling.config import SamplingConfig
from textgen.serve.jobs import Draft, Job
from textgen.serve.metrics import Metrics
from textgen.serve.scheduler import Scheduler
from textgen.writing.texts import Text


@pytest.fixture
def scheduler():
    scheduler = Scheduler(1, 3, Metrics(), print)
    scheduler.start()
    yield scheduler
    scheduler.close()


def job_of(generator, **options):
    """A job, and what is set whenever it has something new."""
    plan = generator.plan(["the hen", "12: the"], SamplingConfig(count=2, seed=1, **options))
    drafts = [
        Draft(sample, at // 2, (at // 2, sample.number, 0), Text(plan.sampler, sample))
        for at, sample in enumerate(plan.samples)
    ]
    told = threading.Event()
    return Job(generator, plan, drafts, told.set), told


def ended(job, told):
    """Wait until a job is done; its texts."""
    while not job.done:
        assert told.wait(60)
        told.clear()
    return ["".join(draft.pieces) for draft in job.drafts]


@pytest.mark.parametrize("options", [{"length": 30}, {"length": 0}, {"length": 30, "beam": 2, "temperature": 0}])
def test_a_job_that_is_done_is_freed_at_once(scheduler, tiny_run, options):
    """A full collection of garbage would keep the event loop, and so everybody, waiting for tens of milliseconds."""
    generator = Generator.load(tiny_run)
    gc.collect()
    gc.disable()
    try:
        job, told = job_of(generator, **options)
        scheduler.submit(job)
        assert all(ended(job, told)) == (options["length"] > 0)
        gone = [weakref.ref(each) for each in (job, job.plan, job.drafts[0])]
        del job
        until = time.monotonic() + 10  # the thread that wrote may be about to forget it
        while any(each() for each in gone) and time.monotonic() < until:
            time.sleep(0.01)
        assert [each() for each in gone] == [None, None, None]
    finally:
        gc.enable()
