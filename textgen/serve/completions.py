"""POST /v1/completions: a request's fields to a Job, and a Job's texts to what the API answers."""

import asyncio
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.types import Receive, Send

from textgen.errors import TextgenError
from textgen.serve.answers import Json, rendered
from textgen.serve.errors import ApiError, of_library
from textgen.serve.fields import API_NAMES, PROPERTIES, Fields
from textgen.serve.follow import Events, Progress, follow
from textgen.serve.jobs import Draft, Job
from textgen.serve.models import Model
from textgen.serve.scheduler import QueueFullError, Scheduler
from textgen.tokens.bytes import characters_in
from textgen.tokens.layout import BOUNDARY
from textgen.writing.block import Likely, Reader
from textgen.writing.generator import Generator
from textgen.writing.samples import Sample
from textgen.writing.texts import Text, merit

# What the API calls what ended a text.
_REASONS = {"length": "length", "stop": "stop", "documents": "stop"}


def make_job(fields: Fields, generator: Generator, corpus: str, max_length: int, progress: Progress) -> Job:
    """The texts that a request asks for.

    Args:
        fields: of the request.
        generator: the model.
        corpus: the text that `max_copy` protects; empty where the server has none.
        max_length: the most symbols of a prompt.
        progress: woken by the job.

    Raises:
        ApiError: 400.
    """
    config = fields.config
    if config.max_copy and not corpus:
        raise ApiError(400, "`max_copy` needs a server that was started with a corpus", "max_copy")
    if fields.logprobs is not None and generator.direction == "backward":
        raise ApiError(400, "`logprobs`: this model writes each line from its end; it has none to offer", "logprobs")
    try:
        plan = generator.plan(
            fields.prompts, config, corpus=corpus if config.max_copy else "", measured=fields.best_of > fields.n
        )
    except TextgenError as error:
        raise of_library(error, PROPERTIES, API_NAMES) from None
    longest = max(map(len, plan.prompts))
    if longest > max_length + 1:
        raise ApiError(400, f"`prompt`: {longest:,} symbols; this server reads at most {max_length:,}", "prompt")
    sampler = plan.sampler
    keys = [
        (at // config.count, sample, (at // config.count, sample.number, 0)) for at, sample in enumerate(plan.samples)
    ]
    if fields.best_of > fields.n:
        attempts = range(fields.best_of)
        keys = [(at, Sample(sample.prompt), (at, 0, each)) for at, sample, _ in keys for each in attempts]
    drafts = [Draft(sample, prompt, key, Text(sampler, sample)) for prompt, sample, key in keys]
    return Job(
        generator=generator,
        plan=plan,
        drafts=drafts,
        notify=progress.notify,
        streamed=fields.stream,
        measured=fields.logprobs is not None,
        top=fields.logprobs or 0,
    )


class Completion:
    """The answer to a request.

    Args:
        scheduler: writes.
        model: the model.
        fields: what is asked for.
        job: the texts.
        progress: woken by the job.
        seconds: the request's time.
    """

    def __init__(
        self, scheduler: Scheduler, model: Model, fields: Fields, job: Job, progress: Progress, seconds: float
    ) -> None:
        self._scheduler, self._fields, self._job = scheduler, fields, job
        self._progress, self._seconds = progress, seconds
        self._head = {
            "id": f"cmpl-{secrets.token_hex(12)}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model.name,
            "seed": fields.config.seed,
        }

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Write the texts and send them. Raises ApiError, before anything is sent, and HungUpError."""
        try:
            self._scheduler.submit(self._job)
        except QueueFullError:
            raise ApiError(
                429, "too many requests are waiting; try again later", code="queue_full", headers={"Retry-After": "1"}
            ) from None
        if self._fields.stream:
            await self._stream(receive, Events(send, self._seconds))
        else:
            async for _ in self._follow(receive):
                pass
            self._check()
            # Log-probabilities are many numbers.
            whole = self._whole
            body = (
                rendered(whole())
                if self._fields.logprobs is None
                else await asyncio.to_thread(lambda: rendered(whole()))
            )
            await Json(body)({"type": "http"}, receive, send)

    def _follow(self, receive: Receive) -> Any:
        return follow(self._scheduler, self._job, self._progress, receive, self._seconds)

    def _check(self) -> None:
        """Raise ApiError where the job ended by an error."""
        error = self._job.error
        if isinstance(error, TextgenError):
            raise of_library(error, PROPERTIES, API_NAMES)
        if error is not None:
            raise ApiError(500, "the server failed; its log says why")

    async def _stream(self, receive: Receive, events: Events) -> None:
        choices = [_Choice(self._job, draft, at, self._fields) for at, draft in enumerate(self._job.drafts)]
        try:
            async for _ in self._follow(receive):
                if not events.begun:
                    self._check()
                    await events.begin()
                fresh = [choice for each in choices for choice in each.fresh()]
                if fresh:
                    usage = {"usage": None} if self._fields.include_usage else {}
                    await events.send(*(self._head | {"choices": [choice]} | usage for choice in fresh))
            self._check()
        except ApiError as error:
            if not events.begun:
                raise
            await events.send(error.body())
        else:
            if self._fields.include_usage:
                await events.send(self._head | {"choices": [], "usage": self._usage()})
        await events.end()

    def _whole(self) -> dict[str, Any]:
        job, fields = self._job, self._fields
        drafts = job.drafts
        if fields.best_of > fields.n:
            drafts = []
            for at in range(0, len(job.drafts), fields.best_of):
                candidates = job.drafts[at : at + fields.best_of]
                candidates.sort(key=lambda draft: -merit(draft.sample))
                drafts += candidates[: fields.n]
        choices = [_Choice(job, draft, at, fields).whole() for at, draft in enumerate(drafts)]
        return self._head | {"choices": choices, "usage": self._usage()}

    def _usage(self) -> dict[str, int]:
        read = sum(len(ids) - int(ids[0] == BOUNDARY) for ids in self._job.plan.prompts)
        written = sum(draft.sample.symbols for draft in self._job.drafts)
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


class _Choice:
    """A text as a choice of the answer, whole or piece by piece."""

    def __init__(self, job: Job, draft: Draft, index: int, fields: Fields) -> None:
        self._job, self._draft, self._index, self._fields = job, draft, index, fields
        self._begun, self._ended, self._shown = False, False, 0
        self._logprobs = _Logprobs(job.generator) if fields.logprobs is not None else None

    def fresh(self) -> Iterable[dict[str, Any]]:
        """What is new since the last call: one choice, or none."""
        ended = self._draft.ended  # looked up first: all pieces of an ended text are there
        pieces = self._draft.pieces
        text = "".join([pieces.popleft() for _ in range(len(pieces))])
        if self._ended or not (text or ended):
            return
        yield self._choice(text, ended)

    def whole(self) -> dict[str, Any]:
        """The whole text."""
        return self._choice(self._draft.sample.text, self._draft.ended)

    def _choice(self, text: str, ended: str | None) -> dict[str, Any]:
        draft, logprobs = self._draft, self._logprobs
        prompt = ""
        if not self._begun and self._fields.echo:
            prompt = draft.sample.prompt
            if logprobs:
                logprobs.add_prompt(self._job.readers.get(draft.prompt), self._job.plan.prompts[draft.prompt])
        self._begun, self._ended = True, ended is not None
        text = prompt + text
        self._shown += len(text)
        choice: dict[str, Any] = {"index": self._index, "text": text, "logprobs": None}
        if logprobs:
            symbols = draft.symbols
            logprobs.add([symbols.popleft() for _ in range(len(symbols))])
            choice["logprobs"] = logprobs.taken(self._shown, self._ended)
        choice["finish_reason"] = _REASONS[ended] if ended else None
        if draft.timed_out:
            choice["timed_out"] = True
        return choice


class _Logprobs:
    """The log-probabilities of a choice's symbols, in step with its text: a stop may hold a symbol back."""

    def __init__(self, generator: Generator) -> None:
        self._labels, self._printed = generator.labels, generator.printed
        self._waiting: list[tuple[int, float | None, Sequence[Likely]]] = []
        self._offset = 0

    def add_prompt(self, reader: Reader | None, ids: Any) -> None:
        """The symbols of the prompt. The first has no log-probability: nothing stands before it."""
        logarithms: list[float | None] = [None, *(reader.log_probabilities if reader else ())]
        likeliest: list[Sequence[Likely]] = [[], *(reader.likeliest if reader else ())]
        places = range(int(ids[0] == BOUNDARY), len(ids))
        for number, at in enumerate(places):
            known = number > 0 and at < len(logarithms)
            found = likeliest[at] if known and at < len(likeliest) else []
            self._add(int(ids[at]), logarithms[at] if known else None, found)

    def add(self, symbols: Iterable[tuple[int, float, list[Likely]]]) -> None:
        """Symbols that were drawn."""
        for symbol in symbols:
            self._add(*symbol)

    def _add(self, index: int, logarithm: float | None, likeliest: Sequence[Likely]) -> None:
        """A symbol. It is always among the likeliest that are shown, if any are."""
        if likeliest and logarithm is not None and all(other != index for other, _ in likeliest):
            likeliest = [*likeliest, (index, logarithm)]
        self._waiting.append((index, logarithm, likeliest))

    def taken(self, shown: int, ended: bool) -> dict[str, Any]:
        """The symbols within the text that has been shown, of so many characters."""
        tokens, logarithms, tops, offsets = [], [], [], []
        while self._waiting:
            index, logarithm, likeliest = self._waiting[0]
            length = characters_in(self._printed[index])
            # The text may end within a symbol: where a stop begins.
            if self._offset + length > shown and not (ended and self._offset < shown):
                break
            self._waiting.pop(0)
            tokens.append(self._labels[index])
            logarithms.append(logarithm)
            top: dict[str, float] = {}
            for other, value in likeliest:
                top.setdefault(self._labels[other], value)
            tops.append(top or None)
            offsets.append(self._offset)
            self._offset += length
        return {"tokens": tokens, "token_logprobs": logarithms, "top_logprobs": tops, "text_offset": offsets}
