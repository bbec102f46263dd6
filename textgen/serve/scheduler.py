"""Gives the texts of many requests to threads that write: continuous batching.

A text joins its model's Block at the next step (`textgen.writing.block`), and its row is free as soon as it ends. A
request waits where all rows are taken. This module knows nothing of HTTP; a request's handler gives it a Job, and hears
of progress by `Job.notify`.
"""

import threading
from collections import deque
from collections.abc import Callable

from textgen.serve.jobs import Job, Unit
from textgen.serve.metrics import Metrics
from textgen.serve.worker import Worker
from textgen.system import threads
from textgen.writing.texts import MIN_ROWS

# The most texts that a thread writes at once.
ROWS = 32


class QueueFullError(Exception):
    """Too many requests wait already."""


class Scheduler:
    """The threads that write, and the texts that wait for a row.

    Args:
        workers: the number of threads; None for what the machine allows.
        queue: how many jobs may wait.
        metrics: counts symbols.
        log: takes the description of a fault of the server itself.
    """

    def __init__(self, workers: int | None, queue: int, metrics: Metrics, log: Callable[[str], None]) -> None:
        self.metrics, self.log = metrics, log
        self._queue = queue
        self.lock = threading.Lock()
        self._jobs: dict[Job, deque[Unit]] = {}  # with what waits of each
        self._closed = False
        self._workers = [Worker(self, number) for number in range(workers or threads.allowed())]

    def start(self) -> None:
        """Start the threads."""
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        """End all jobs where they are, and the threads."""
        self.end_all()
        with self.lock:
            self._closed = True
        for worker in self._workers:
            worker.wake()
        for worker in self._workers:
            worker.join()

    @property
    def is_closed(self) -> bool:
        """Whether the threads are to end."""
        return self._closed

    def waiting(self) -> int:
        """How many jobs wait for their first row."""
        with self.lock:
            return sum(not job.has_begun for job in self._jobs)

    def busy(self) -> int:
        """How many rows are at work."""
        with self.lock:
            return sum(worker.load for worker in self._workers)

    def jobs(self) -> int:
        """How many jobs are not done."""
        with self.lock:
            return len(self._jobs)

    def submit(self, job: Job) -> None:
        """Take a job. Raises QueueFullError."""
        with self.lock:
            no_room = all(worker.load >= ROWS for worker in self._workers)
            if no_room and sum(not other.has_begun for other in self._jobs) >= self._queue:
                raise QueueFullError
            if job.is_alone:
                units = [Unit(job)]
            else:
                units = [Unit(job, prompt=prompt) for prompt in range(len(job.plan.prompts))]
            self._jobs[job] = deque(units)
            self._assign()

    def end(self, job: Job, timed_out: bool = False) -> None:
        """End a job where it is: its texts have what is written of them. Threads notice within a stride."""
        with self.lock:
            if job not in self._jobs:
                return
            job.ending = True
            self._jobs[job].clear()
            for draft in job.drafts:
                draft.timed_out |= timed_out and not draft.ended
            if not job.at_work:
                self._end_rest(job)
        job.notify()

    def end_all(self) -> None:
        """End all jobs where they are."""
        with self.lock:
            jobs = list(self._jobs)
        for job in jobs:
            self.end(job, timed_out=True)

    def _end_rest(self, job: Job) -> None:
        """End the texts of a job that nothing works on, and forget it. Under the lock."""
        for draft in job.drafts:
            if not draft.ended and job.error is None:
                rest = draft.text.end()
                draft.sample.add(rest)
                draft.pieces.append(rest)
                draft.settle()
        self._jobs.pop(job, None)

    def add(self, job: Job, units: list[Unit]) -> None:
        """More work of a job that has begun; it comes before its other work."""
        with self.lock:
            if job in self._jobs and not job.ending:
                self._jobs[job].extendleft(reversed(units))
                self._assign()

    def freed(self, worker: "Worker", job: Job) -> None:
        """A row of a worker is free again."""
        with self.lock:
            worker.load -= 1
            job.at_work -= 1
            if not job.at_work and job in self._jobs and (job.ending or not self._jobs[job]):
                self._end_rest(job)
            self._assign()
        if job.done:
            job.notify()

    def _assign(self) -> None:
        """Give what waits to threads with free rows, first of the job with fewest rows."""
        while True:
            few = [worker for worker in self._workers if worker.load < MIN_ROWS]
            worker = max(few, key=_load) if few else min(self._workers, key=_load)
            waiting = [job for job, units in self._jobs.items() if units]
            if worker.load >= ROWS or not waiting:
                return
            job = min(waiting, key=lambda each: each.at_work)
            unit = self._jobs[job].popleft()
            job.has_begun = True
            job.at_work += 1
            worker.load += 1
            worker.give(unit)


def _load(worker: Worker) -> int:
    return worker.load
