"""A thread that writes the texts of many requests: it has a Block for each model, and steps one after the other."""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from textgen.errors import TextgenError
from textgen.serve.jobs import Draft, Job, Unit
from textgen.serve.metrics import Metrics
from textgen.serve.turns import step_aside
from textgen.system import threads
from textgen.writing.block import Block, Drawn, Reader, Row
from textgen.writing.generator import Generator
from textgen.writing.rows import Start
from textgen.writing.samples import Sample
from textgen.writing.texts import write_texts

# A thread looks for texts that have joined after each step, and for those that are to end after so many seconds.
STRIDE_SECONDS, MAX_STEPS = 0.004, 64
# The least seconds between two pieces of a text, and the least for each text that a thread writes: sending pieces takes
# time from writing.
PIECE_SECONDS, PIECE_SECONDS_OF_EACH = 0.04, 0.006


class Owner(Protocol):
    """What a Worker needs of the Scheduler."""

    metrics: Metrics
    log: Callable[[str], None]

    @property
    def is_closed(self) -> bool:
        """Whether the threads are to end."""

    def add(self, job: Job, units: list[Unit]) -> None:
        """More work of a job that has begun."""

    def freed(self, worker: "Worker", job: Job) -> None:
        """A row of a worker is free again."""


class Worker:
    """A thread that writes.

    Args:
        owner: gives it work, and hears when a row is free.
        number: which of the threads it is.

    Attributes:
        load: rows that it has or will have; the owner counts them.
    """

    def __init__(self, owner: Owner, number: int) -> None:
        self.load = 0
        self._owner = owner
        self._inbox: deque[Unit] = deque()
        self._awake = threading.Event()
        self._blocks: dict[Generator, Block] = {}
        self._of: dict[Row | Reader, tuple[Job, Draft | None]] = {}
        self._alone: dict[Job, Iterator[tuple[Sample, str]]] = {}
        self._step_seconds = 0.001
        self._thread = threading.Thread(target=self._run, name=f"textgen-write-{number}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread has ended, if it was started."""
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Look for work, or whether to end."""
        self._awake.set()

    def give(self, unit: Unit) -> None:
        """Take a unit of work at the next step."""
        self._inbox.append(unit)
        self._awake.set()

    def _run(self) -> None:
        with threads.limited():
            while True:
                if not (self._inbox or self._of or self._alone):
                    if self._owner.is_closed:
                        return
                    self._awake.wait()
                    self._awake.clear()
                self._round()

    def _round(self) -> None:
        """Begin what has come, and go on with each model and each job that is written alone for a stride."""
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

    def _begin(self, unit: Unit) -> None:
        job = unit.job
        if job.ending or job.error:
            self._owner.freed(self, job)
        elif unit.prompt is not None:
            reader = Reader(job.plan.prompts[unit.prompt], self._begun, job.measured, job.top)
            job.readers[unit.prompt] = reader
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
        if not job.plan.sampler.shares:
            row.group = row  # the texts of a job may begin at different steps
        return row

    def _begun(self, reader: Reader, start: Start) -> list[Row]:
        """A prompt was read: its first text takes the prompt's row, the others wait for rows."""
        job, _ = self._of.pop(reader)
        drafts = [draft for draft in job.drafts if job.readers.get(draft.prompt) is reader]
        if not job.plan.sampler.config.limit:
            for draft in drafts:
                draft.sample.ended = "length"
                draft.settle()
            self._owner.freed(self, job)
            return []
        first = self._row(job, drafts[0], start)
        self._of[first] = (job, drafts[0])
        self._owner.add(job, [Unit(job, draft=draft, start=start) for draft in drafts[1:]])
        return [first]

    def _remove_ending(self) -> None:
        for row, (job, _) in list(self._of.items()):
            if job.ending or job.error:
                self._leave(row)
        for job in [each for each in self._alone if each.ending]:
            del self._alone[job]
            self._owner.freed(self, job)

    def _leave(self, row: Row | Reader) -> None:
        job, _ = self._of.pop(row)
        self._blocks[job.generator].leave(row)
        self._owner.freed(self, job)

    def _advance(self, block: Block) -> None:
        if not block:
            return
        step_aside()
        steps = max(1, min(MAX_STEPS, int(STRIDE_SECONDS / self._step_seconds)))
        began = time.monotonic()
        every = block.advance(steps, lambda: bool(self._inbox))
        now = time.monotonic()
        written, between = 0, max(PIECE_SECONDS, PIECE_SECONDS_OF_EACH * len(every))
        for drawn in every:
            job, draft = self._of[drawn.row]
            assert draft is not None
            written += len(drawn.ids)
            if drawn.row.error:
                job.error = drawn.row.error
                self._leave(drawn.row)
                continue
            self._take(job, draft, drawn)
            if draft.ended:
                self._leave(drawn.row)
            elif job.streamed and now - job.notified > between:
                job.notified = now
                job.notify()
        if every and every[0].ids:
            self._step_seconds += ((now - began) / len(every[0].ids) - self._step_seconds) / 4
        self._owner.metrics.add_symbols(written)

    def _take(self, job: Job, draft: Draft, drawn: Drawn) -> None:
        if not draft.sample.symbols:
            self._owner.metrics.add_first(time.monotonic() - job.began)
        before = draft.sample.symbols
        piece = draft.text.take(drawn)
        if job.measured:
            likeliest = drawn.likeliest or [[]] * len(drawn.ids)
            taken = draft.sample.symbols - before
            draft.symbols += list(zip(drawn.ids, drawn.log_probabilities, likeliest, strict=True))[:taken]
        draft.pieces.append(piece)
        draft.settle()

    def _go_on_alone(self, job: Job) -> None:
        """Go on with a job that is written alone, for the time of a stride."""
        step_aside()
        drafts = {id(draft.sample): draft for draft in job.drafts}
        until = time.monotonic() + STRIDE_SECONDS
        try:
            for sample, piece in self._alone[job]:
                drafts[id(sample)].pieces.append(piece)
                now = time.monotonic()
                if piece and job.streamed and now - job.notified > PIECE_SECONDS:
                    job.notified = now
                    job.notify()
                if now > until or self._inbox:
                    return
            for draft in job.drafts:
                draft.settle()
        except TextgenError as error:
            job.error = error
        except Exception as error:
            self._owner.log(traceback.format_exc())
            job.error = error
        del self._alone[job]
        self._owner.freed(self, job)

    def _fail(self, generator: Generator, error: Exception) -> None:
        """End all jobs of a block that failed, which no request should be able to bring about."""
        if not isinstance(error, TextgenError):
            self._owner.log(traceback.format_exc())
        self._blocks.pop(generator)
        for row, (job, _) in list(self._of.items()):
            if job.generator is generator:
                job.error = job.error or error
                del self._of[row]
                self._owner.freed(self, job)
