"""The texts of a request as work for the Scheduler: a Job, its Drafts, and the Units that a row of a Block does."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from textgen.writing.block import Likely, Reader
from textgen.writing.generator import Generator
from textgen.writing.rows import Start
from textgen.writing.sampler import Key
from textgen.writing.samples import Sample
from textgen.writing.texts import Plan, Text


@dataclass(eq=False)
class Draft:
    """A text of a Job.

    Attributes:
        sample: what is known of it, while it is written.
        prompt: which of the job's prompts it follows.
        key: of its random stream.
        text: puts its symbols together.
        pieces: what was added to it and not yet taken by the handler.
        symbols: its symbols with log-probability and likeliest ones, where the job asks for them; as `pieces`.
        timed_out: whether it ended because its time was over.
        ended: as of Sample, but set once all its pieces and symbols are there: another thread takes them.
    """

    sample: Sample
    prompt: int
    key: Key
    text: Text
    pieces: deque[str] = field(default_factory=deque)
    symbols: deque[tuple[int, float, list[Likely]]] = field(default_factory=deque)
    timed_out: bool = False
    ended: str | None = None

    def settle(self) -> None:
        """Let the handler know that the text has ended, if it has. Called when its last piece is there."""
        self.ended = self.sample.ended


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
        return self.error is not None or all(draft.ended for draft in self.drafts)


@dataclass(frozen=True)
class Unit:
    """Work for one row: read a prompt, write a text, or write a whole job that is written alone."""

    job: Job
    prompt: int | None = None
    draft: Draft | None = None
    start: Start | None = None
