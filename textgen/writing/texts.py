"""Write texts from checked options: one by one, side by side, or by beam search.

`write_texts` is the whole loop. From there a symbol is two calls away from the network: a helper of this module, then
`Rows.read`, which steps it. This module knows nothing of prompts' text or of run folders.
"""

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textgen.engine.probability import log_probabilities
from textgen.errors import UsageError
from textgen.sampling.config import SamplingConfig
from textgen.system import threads
from textgen.system.wording import count
from textgen.tokens.layout import Ids
from textgen.writing.block import Block, Drawn
from textgen.writing.rows import Rows, Start
from textgen.writing.sampler import Key, Sampler
from textgen.writing.samples import Sample

# The most texts in a block, and its steps between two updates of its texts. More rows gain little on one thread, while
# a second block takes a second core (docs/log.md).
ROWS, STRIDE = 32, 64
# Symbols of a prompt that are read at a time: some 10 ms.
READ = 256
# The fewest texts of a thread: with fewer, threads wait for the interpreter longer than they write.
MIN_ROWS = 8


@dataclass(frozen=True)
class Plan:
    """Texts to write, checked.

    Attributes:
        sampler: how symbols are sampled.
        samples: empty Samples, `config.count` for each prompt, those of the first prompt first.
        prompts: the ids of each prompt, int, shape (symbols,).
        before: ids that the network reads in place of a prompt's, int, shape (symbols,); the last symbol of the prompt
            follows them. None where it reads the prompts.
    """

    sampler: Sampler
    samples: list[Sample]
    prompts: list[Ids]
    before: Ids | None = None

    def read(self, prompt: int) -> Ids:
        """What the network reads for a prompt, by the prompt's place."""
        ids = self.prompts[prompt]
        return ids if self.before is None else np.concatenate([self.before, ids[-1:]])


@dataclass(frozen=True)
class _Task:
    """A text to write: the Sample that it goes into, where it begins, and the key of its random stream."""

    sample: Sample
    start: Start
    key: Key


def write_texts(plan: Plan) -> Iterator[tuple[Sample, str]]:
    """Write the texts of a plan. Yields (Sample, the piece that was added to its text)."""
    sampler, samples = plan.sampler, plan.samples
    config = sampler.config
    if config.include_prompt:
        for sample in samples:
            if sample.prompt:
                sample.add(sample.prompt)
                yield sample, sample.prompt
    if not samples:
        return
    if not config.limit:
        for sample in samples:
            sample.ended = "length"
        return
    alone = bool(config.beam or sampler.spans or len(samples) * config.best_of == 1)
    with threads.limited():
        if config.beam:
            for prompt in range(len(plan.prompts)):
                some = samples[prompt * config.count : (prompt + 1) * config.count]
                start = yield from _begin(plan, prompt, some[0])
                yield from _search(sampler, some, start)
            return
        starts = []
        for prompt in range(len(plan.prompts)):
            starts.append((yield from _begin(plan, prompt, samples[prompt * config.count])))
        # Alone, a text is complete before the next one begins.
        group_size, write = (1, _write_alone) if alone else (len(samples), _write_blocks)
        for first in range(0, len(samples), group_size):
            group = range(first, min(first + group_size, len(samples)))
            candidates = [_candidates(config, samples[at], at // config.count, starts) for at in group]
            tasks = [task for several in candidates for task in several]
            for sample, piece in write(sampler, tasks):
                if config.best_of == 1:
                    yield sample, piece
            if config.best_of > 1:
                for at, several in zip(group, candidates, strict=True):
                    yield _choose(samples[at], [task.sample for task in several])


def _begin(plan: Plan, prompt: int, sample: Sample) -> Generator[tuple[Sample, str], None, Start]:
    """Read a prompt; yields empty pieces while a long one is read. Returns where its texts begin."""
    engine, ids = plan.sampler.engine, plan.read(prompt)
    logits, state = engine.read(ids[:READ])
    for first in range(READ, len(ids), READ):
        yield sample, ""
        logits, state = engine.read(ids[first : first + READ], state)
    return Start(logits, state, plan.prompts[prompt])


def _candidates(config: SamplingConfig, sample: Sample, prompt: int, starts: Sequence[Start]) -> list[_Task]:
    """The texts to write for a sample: the sample itself, or several to choose the best of."""
    if config.best_of == 1:
        return [_Task(sample, starts[prompt], (prompt, sample.number, 0))]
    return [
        _Task(Sample(sample.prompt, sample.number), starts[prompt], (prompt, sample.number, attempt))
        for attempt in range(config.best_of)
    ]


def _choose(sample: Sample, candidates: Sequence[Sample]) -> tuple[Sample, str]:
    """Give a sample the text of its best candidate: (sample, the piece that was added)."""
    best = max(candidates, key=merit)
    sample.add(best.text)
    sample.symbols, sample.log_probability, sample.ended = best.symbols, best.log_probability, best.ended
    return sample, best.text


def merit(candidate: Sample) -> float:
    """What the best candidate has most of: its mean log-probability; an empty text comes last."""
    mean = candidate.mean_log_probability
    return -math.inf if mean is None else mean


def _search(sampler: Sampler, samples: Sequence[Sample], start: Start) -> Iterator[tuple[Sample, str]]:
    """Write the texts of one prompt by beam search; yields empty pieces while it searches."""
    from textgen.writing.beam import Search  # few texts are searched for

    search = Search(sampler.engine, start, sampler.transforms, sampler.config, sampler.printed)
    for _ in search:
        yield samples[0], ""
    found = search.found
    if len(found) < len(samples):
        raise UsageError(
            f"`count={len(samples)}`: the beam search found only {count(len(found), 'text')}; give a larger `beam`"
        )
    for sample, best in zip(samples, found, strict=True):
        yield _choose(sample, [best])


def _write_alone(sampler: Sampler, tasks: Sequence[_Task]) -> Iterator[tuple[Sample, str]]:
    """Write a single text; yields each piece as soon as it may be shown."""
    (task,) = tasks
    sample, config, printed = task.sample, sampler.config, sampler.printed
    rows = sampler.rows(task.start, task.key)
    drawn: Iterator[tuple[int, float | None]]
    if sampler.spans:
        from textgen.writing.copying import without_copying  # few texts have a limit on copying

        drawn = without_copying(rows, sampler.spans, sample.prompt, config.limit)
    else:
        drawn = _draw_symbols(rows, config.limit, sampler.measured)
    ending, total, parts = sampler.ending(), 0.0, sample.parts
    is_plain = not ending.is_needed
    for index, log_probability in drawn:
        piece = printed[index]
        sample.symbols += 1
        if log_probability is not None:
            total += log_probability
            sample.log_probability = total
        if not is_plain:
            piece = ending.take(index, piece)
        if parts is not None:
            parts.append(piece)
        yield sample, piece
        if ending.over:
            break
    sample.ended = ending.over or "length"
    if rest := ending.rest():
        sample.add(rest)
        yield sample, rest


def _draw_symbols(rows: Rows, limit: int, measured: bool) -> Iterator[tuple[int, float | None]]:
    """Draw the symbols of the only row: pairs of an id and its log-probability, None where it is not measured."""
    for position in range(limit):
        ids = rows.draw_all()
        yield int(ids[0]), float(log_probabilities(rows.logits, ids)[0]) if measured else None
        if position + 1 < limit:
            rows.read(ids)


def _write_blocks(sampler: Sampler, tasks: Sequence[_Task]) -> Iterator[tuple[Sample, str]]:
    """Write texts in blocks, one block for each thread at a time; yields a piece of each text every STRIDE symbols."""
    workers = max(1, min(sampler.threads, len(tasks) // MIN_ROWS))
    size = min(ROWS, -(-len(tasks) // workers))
    blocks = [_write_block(sampler, tasks[at : at + size]) for at in range(0, len(tasks), size)]
    if workers == 1:
        for block in blocks:
            for pieces in block:
                yield from pieces
        return
    with threads.pool(workers) as run:
        for first in range(0, len(blocks), workers):
            running = blocks[first : first + workers]
            while running:
                # Each block goes on by a stride in a thread of its own. The pieces come in the order of the texts.
                strides = run(lambda block: next(block, None), running)
                running = [block for block, pieces in zip(running, strides, strict=True) if pieces is not None]
                for of_block in strides:
                    yield from of_block or ()


def _write_block(sampler: Sampler, tasks: Sequence[_Task]) -> Iterator[list[tuple[Sample, str]]]:
    """Write texts side by side; yields a list of a piece of each that is not over, every STRIDE symbols."""
    block, texts = Block(sampler.engine, sampler.printed), {}
    for task in tasks:
        row = sampler.row(task.start, task.key)
        texts[row] = Text(sampler, task.sample)
    block.join(list(texts))
    while block:
        pieces = []
        for drawn in block.advance(STRIDE):
            if drawn.row.error:
                raise drawn.row.error
            text = texts[drawn.row]
            pieces.append((text.sample, text.take(drawn)))
            if text.sample.ended:
                block.leave(drawn.row)
        yield pieces


class Text:
    """A text that grows by what a Block draws in its row.

    Args:
        sampler: how its symbols are sampled.
        sample: what it is put into.
    """

    def __init__(self, sampler: Sampler, sample: Sample) -> None:
        self.sample = sample
        self._printed = sampler.printed
        self._ending = sampler.ending()

    def take(self, drawn: Drawn) -> str:
        """Take what was drawn, up to where the text is over. Returns the piece that was added to the sample."""
        sample, ending = self.sample, self._ending
        piece, taken = self._shown(drawn.ids)
        sample.symbols += taken
        if drawn.log_probabilities:
            # One after another, so that the sum does not depend on how many are drawn at a time.
            total = sample.log_probability or 0.0
            for each in drawn.log_probabilities[:taken]:
                total += each
            sample.log_probability = total
        if ending.over:
            sample.ended = ending.over
        elif drawn.row.drawn >= drawn.row.limit:
            piece += self.end()
        sample.add(piece)
        return piece

    def end(self) -> str:
        """End the text where it is. Returns what was held back of it, which is not in the sample yet."""
        self.sample.ended = "length"
        return self._ending.rest()

    def _shown(self, ids: Sequence[int]) -> tuple[str, int]:
        """The text of some ids that may be shown, and how many of them belong to the text."""
        printed, ending = self._printed, self._ending
        if not ending.is_needed:
            return "".join([printed[index] for index in ids]), len(ids)
        text = ""
        for taken, index in enumerate(ids, 1):
            text += ending.take(index, printed[index])
            if ending.over:
                return text, taken
        return text, len(ids)
