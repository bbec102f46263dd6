"""Writes the texts of many requests at once: continuous batching, on a few threads.

Each thread has a Block for each model (`textgen.writing.block`): a text joins at the next step, and its row is free as
soon as it ends. A request waits where all rows are taken. This module knows nothing of HTTP; a request's handler gives
it a Job, and hears of progress by `Job.notify`.
"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from textgen.errors import TextgenError
from textgen.serve.metrics import Metrics
from textgen.system import threads
from textgen.writing.block import Block, Drawn, Likely, Reader, Row
from textgen.writing.generator import Generator
from textgen.writing.rows import Start
from textgen.writing.sampler import Key
from textgen.writing.samples import Sample
from textgen.writing.texts import Plan, Text, write_texts

# The most texts that a thread writes at once.
ROWS = 32
# A thread looks for texts that have joined after each step, and for those that are to end after so many seconds.
STRIDE_SECONDS, MAX_STEPS = 0.004, 64
# Seconds between two pieces of a text.
PIECE_SECONDS = 0.025


class QueueFullError(Exception):
    """Too many requests wait already."""


@dataclass(eq=False)
class Draft:
    """A text of a Job.

    Attributes:
        sample: what is known of it; it has ended once `sample.ended` is set.
        prompt: which of the job's prompts it follows.
        key: of its random stream.
        text: puts its symbols together.
        pieces: what was added to it and not yet taken by the handler.
        symbols: its symbols with log-probability and likeliest ones, where the job asks for them; as `pieces`.
        timed_out: whether it ended because its time was over.
    """

    sample: Sample
    prompt: int
    key: Key
    text: Text
    pieces: deque[str] = field(default_factory=deque)
    symbols: deque[tuple[int, float, list[Likely]]] = field(default_factory=deque)
    timed_out: bool = False


@dataclass(eq=False)
class Job:
    """The texts of one request.

    Attributes:
        generator: writes them.
        plan: how.
        drafts: the texts.
        notify: called, from any thread, when pieces wait, and when the job is done.
        streamed: whether pieces are wanted before the texts are whole.
        measured, top: as of Row.
        readers: of each prompt, once it has been read.
        error: what ended the job before its texts were whole.
        ending: whether it is to end where it is.
    """

    generator: Generator
    plan: Plan
    drafts: list[Draft]
    notify: Callable[[], None]
    streamed: bool = False
    measured: bool = False
    top: int = 0
    readers: dict[int, Reader] = field(default_factory=dict)
    error: Exception | None = None
    ending: bool = False
    began: float = field(default_factory=time.monotonic)
    notified: float = 0.0
    at_work: int = 0  # its rows
    has_begun: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether its texts are not drawn in rows: beam search, and texts that are taken back in part."""
        return bool(self.plan.sampler.config.beam or self.plan.sampler.spans)

    @property
    def done(self) -> bool:
        """Whether nothing more comes."""
        return self.error is not None or all(draft.sample.ended for draft in self.drafts)


@dataclass(frozen=True)
class _Unit:
    """Work for one row: read a prompt, write a text, or write a whole job that is written alone."""

    job: Job
    prompt: int | None = None
    draft: Draft | None = None
    start: Start | None = None


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
        self._jobs: dict[Job, deque[_Unit]] = {}  # with what waits of each
        self._closed = False
        self._workers = [_Worker(self, number) for number in range(workers or threads.allowed())]

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
                units = [_Unit(job)]
            else:
                units = [_Unit(job, prompt=prompt) for prompt in range(len(job.plan.prompts))]
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
                draft.timed_out = timed_out and not draft.sample.ended
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
            if not draft.sample.ended and job.error is None and (rest := draft.text.end()):
                draft.sample.add(rest)
                draft.pieces.append(rest)
        self._jobs.pop(job, None)

    def add(self, job: Job, units: list[_Unit]) -> None:
        """More work of a job that has begun; it comes before its other work."""
        with self.lock:
            if job in self._jobs and not job.ending:
                self._jobs[job].extendleft(reversed(units))
                self._assign()

    def freed(self, worker: "_Worker", job: Job) -> None:
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
        """Give what waits to threads with free rows: first of the job with fewest rows, to the thread with fewest."""
        while True:
            worker = min(self._workers, key=lambda each: each.load)
            waiting = [job for job, units in self._jobs.items() if units]
            if worker.load >= ROWS or not waiting:
                return
            job = min(waiting, key=lambda each: each.at_work)
            unit = self._jobs[job].popleft()
            job.has_begun = True
            job.at_work += 1
            worker.load += 1
            worker.give(unit)


class _Worker:
    """A thread that writes."""

    def __init__(self, scheduler: Scheduler, number: int) -> None:
        self.load = 0  # rows, under the scheduler's lock
        self._scheduler = scheduler
        self._inbox: deque[_Unit] = deque()
        self._awake = threading.Event()
        self._blocks: dict[Generator, Block] = {}
        self._of: dict[Row | Reader, tuple[Job, Draft | None]] = {}
        self._alone: dict[Job, Iterator[tuple[Sample, str]]] = {}
        self._step_seconds = 0.001
        self._thread = threading.Thread(target=self._run, name=f"textgen-write-{number}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        self._awake.set()

    def give(self, unit: _Unit) -> None:
        """Take a unit of work at the next step."""
        self._inbox.append(unit)
        self._awake.set()

    def _run(self) -> None:
        with threads.limited():
            while True:
                if not (self._inbox or self._of or self._alone):
                    if self._scheduler.is_closed:
                        return
                    self._awake.wait()
                    self._awake.clear()
                while self._inbox:
                    self._begin(self._inbox.popleft())
                self._remove_ending()
                for generator, block in list(self._blocks.items()):
                    try:
                        self._advance(block)
                    except Exception as error:
                        self._fail(generator, error)
                    if not block:
                        self._blocks.pop(generator, None)
                for job in list(self._alone):
                    self._go_on_alone(job)

    def _begin(self, unit: _Unit) -> None:
        job = unit.job
        if job.ending or job.error:
            self._scheduler.freed(self, job)
        elif unit.prompt is not None:
            prompt = unit.prompt
            reader = Reader(
                job.plan.prompts[prompt], lambda start: self._begun(job, prompt, start), job.measured, job.top
            )
            job.readers[prompt] = reader
            self._join(job, None, reader)
        elif unit.draft and unit.start:
            self._join(job, unit.draft, self._row(job, unit.draft, unit.start))
        else:
            self._alone[job] = write_texts(job.plan)

    def _join(self, job: Job, draft: Draft | None, row: Row | Reader) -> None:
        generator = job.generator
        if generator not in self._blocks:
            self._blocks[generator] = Block(generator.engine, generator.printed)
        self._of[row] = (job, draft)
        self._blocks[generator].join([row])

    def _row(self, job: Job, draft: Draft, start: Start) -> Row:
        row = job.plan.sampler.row(start, draft.key)
        row.measured, row.top = job.measured or row.measured, job.top
        return row

    def _begun(self, job: Job, prompt: int, start: Start) -> list[Row]:
        """A prompt was read: its first text takes the prompt's row, the others wait for rows."""
        drafts = [draft for draft in job.drafts if draft.prompt == prompt]
        reader = job.readers[prompt]
        del self._of[reader]
        if not job.plan.sampler.config.limit:
            for draft in drafts:
                draft.sample.ended = "length"
            self._scheduler.freed(self, job)
            return []
        first = self._row(job, drafts[0], start)
        self._of[first] = (job, drafts[0])
        self._scheduler.add(job, [_Unit(job, draft=draft, start=start) for draft in drafts[1:]])
        return [first]

    def _remove_ending(self) -> None:
        for row, (job, _) in list(self._of.items()):
            if job.ending or job.error:
                self._leave(row)
        for job in [each for each in self._alone if each.ending]:
            del self._alone[job]
            self._scheduler.freed(self, job)

    def _leave(self, row: Row | Reader) -> None:
        job, _ = self._of.pop(row)
        self._blocks[job.generator].leave(row)
        self._scheduler.freed(self, job)

    def _advance(self, block: Block) -> None:
        if not block:
            return
        steps = max(1, min(MAX_STEPS, int(STRIDE_SECONDS / self._step_seconds)))
        began = time.monotonic()
        every = block.advance(steps, lambda: bool(self._inbox))
        now = time.monotonic()
        written = 0
        for drawn in every:
            job, draft = self._of[drawn.row]
            assert draft is not None
            written += len(drawn.ids)
            if drawn.row.error:
                job.error = drawn.row.error
                self._leave(drawn.row)
                continue
            self._take(job, draft, drawn)
            if draft.sample.ended:
                self._leave(drawn.row)
            elif job.streamed and (now - job.notified > PIECE_SECONDS):
                job.notified = now
                job.notify()
        if every and every[0].ids:
            self._step_seconds += ((now - began) / len(every[0].ids) - self._step_seconds) / 4
        self._scheduler.metrics.add_symbols(written)

    def _take(self, job: Job, draft: Draft, drawn: Drawn) -> None:
        if not draft.sample.symbols:
            self._scheduler.metrics.add_first(time.monotonic() - job.began)
        before = draft.sample.symbols
        piece = draft.text.take(drawn)
        if job.measured:
            likeliest = drawn.likeliest or [[]] * len(drawn.ids)
            taken = draft.sample.symbols - before
            draft.symbols += list(zip(drawn.ids, drawn.log_probabilities, likeliest, strict=True))[:taken]
        draft.pieces.append(piece)

    def _go_on_alone(self, job: Job) -> None:
        """Go on with a job that is written alone, for the time of a stride."""
        drafts = {id(draft.sample): draft for draft in job.drafts}
        until = time.monotonic() + STRIDE_SECONDS
        try:
            for sample, piece in self._alone[job]:
                drafts[id(sample)].pieces.append(piece)
                if time.monotonic() > until or self._inbox:
                    return
        except TextgenError as error:
            job.error = error
        except Exception as error:
            self._scheduler.log(traceback.format_exc())
            job.error = error
        del self._alone[job]
        self._scheduler.freed(self, job)

    def _fail(self, generator: Generator, error: Exception) -> None:
        """End all jobs of a block that failed, which no request should be able to bring about."""
        if not isinstance(error, TextgenError):
            self._scheduler.log(traceback.format_exc())
        self._blocks.pop(generator)
        for row, (job, _) in list(self._of.items()):
            if job.generator is generator:
                job.error = job.error or error
                del self._of[row]
                self._scheduler.freed(self, job)
