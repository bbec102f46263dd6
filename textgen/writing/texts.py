"""Write texts from checked options: one by one, side by side, or by beam search.

`write_texts` is the whole loop. From there a symbol is two calls away from the network: a helper of this module, then
`Rows.read`, which steps it. This module knows nothing of prompts' text or of run folders.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textgen.engine.network import AnyNetwork
from textgen.engine.probability import log_probabilities
from textgen.errors import UsageError
from textgen.sampling.config import SamplingConfig
from textgen.sampling.context import Transform
from textgen.sampling.draw import Uniforms
from textgen.system import threads
from textgen.system.wording import count
from textgen.tokens.layout import Ids
from textgen.writing.rows import ROWS, Rows, Start
from textgen.writing.samples import Ending, Sample

if TYPE_CHECKING:
    from textgen.corpus.spans import Spans

# Steps of a block between two updates of its texts.
STRIDE = 64


@dataclass(frozen=True)
class Sampler:
    """How symbols are sampled: the same for all texts of a call.

    Attributes:
        engine: the network.
        printed: each id's text.
        config: the options, with a seed.
        transforms: from `textgen.sampling.chain.chain`.
        seed: of all random streams.
        measured: whether each Sample gets its log-probability.
        backward: whether the model writes each line from its end.
        spans: spans of text that must not be written, or None.
        threads: the most threads of Python that write blocks of texts.
    """

    engine: AnyNetwork
    printed: Sequence[str]
    config: SamplingConfig
    transforms: Sequence[Transform]
    seed: int
    measured: bool = False
    backward: bool = False
    spans: "Spans | None" = None
    threads: int = 1

    def rows(self, tasks: Sequence["_Task"]) -> Rows:
        """The Rows in which some texts are drawn."""
        config = self.config
        length = config.limit if config.length is not None or config.documents is None else None
        uniforms = Uniforms(self.seed, [task.key for task in tasks])
        return Rows(self.engine, [task.start for task in tasks], self.transforms, uniforms, self.printed, length)


@dataclass(frozen=True)
class _Task:
    """A text to write: the Sample that it goes into, where it begins, and the key of its random stream."""

    sample: Sample
    start: Start
    key: tuple[int, int, int]


def write_texts(sampler: Sampler, samples: Sequence[Sample], prompts: Sequence[Ids]) -> Iterator[tuple[Sample, str]]:
    """Write `count` texts for each prompt.

    Args:
        sampler: how symbols are sampled.
        samples: empty Samples, those of the first prompt first.
        prompts: the ids of each prompt, int, shape (symbols,).

    Yields:
        (Sample, the piece that was added to its text).
    """
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
        starts = [Start.after(sampler.engine, ids) for ids in prompts]
        if config.beam:
            for prompt, start in enumerate(starts):
                yield from _search(sampler, samples[prompt * config.count : (prompt + 1) * config.count], start)
            return
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
    best = max(candidates, key=_merit)
    sample.add(best.text)
    sample.symbols, sample.log_probability, sample.ended = best.symbols, best.log_probability, best.ended
    return sample, best.text


def _merit(candidate: Sample) -> float:
    """What the best candidate has most of: its mean log-probability; an empty text comes last."""
    mean = candidate.mean_log_probability
    return -math.inf if mean is None else mean


def _search(sampler: Sampler, samples: Sequence[Sample], start: Start) -> Iterator[tuple[Sample, str]]:
    """Write the texts of one prompt by beam search."""
    from textgen.writing.beam import search  # few texts are searched for

    found = search(sampler.engine, start, sampler.transforms, sampler.config, sampler.printed)
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
    rows = sampler.rows(tasks)
    drawn: Iterator[tuple[int, float | None]]
    if sampler.spans:
        from textgen.writing.copying import without_copying  # few texts have a limit on copying

        drawn = without_copying(rows, sampler.spans, sample.prompt, config.limit)
    else:
        drawn = _draw_symbols(rows, config.limit, sampler.measured)
    ending, total, parts = Ending(config, sampler.backward), 0.0, sample.parts
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
    """Write texts in blocks of ROWS, several blocks at a time; yields a piece of each text every STRIDE symbols."""
    blocks = [_write_block(sampler, tasks[at : at + ROWS]) for at in range(0, len(tasks), ROWS)]
    workers = min(sampler.threads, len(blocks))
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
    """Write up to ROWS texts side by side; yields a list of a piece of each every STRIDE symbols.

    Missing rows are filled with copies of the first, which are drawn and thrown away.
    """
    config, measured, limit = sampler.config, sampler.measured, sampler.config.limit
    rows = sampler.rows([*tasks, *[tasks[0]] * (ROWS - len(tasks))])
    endings = [Ending(config, sampler.backward) for _ in tasks]
    totals = np.zeros(len(tasks))
    done = 0
    while done < limit and not all(ending.over for ending in endings):
        stride = min(STRIDE, limit - done)
        ids = np.empty((stride, ROWS), np.intp)
        log_chances = np.zeros((stride, len(tasks)))
        for step in range(stride):
            ids[step] = latest = rows.draw_all()
            if measured:
                log_chances[step] = log_probabilities(rows.logits, latest)[: len(tasks)]
            if done + step + 1 < limit:
                rows.read(latest)
        done += stride
        pieces = []
        for row, (task, ending) in enumerate(zip(tasks, endings, strict=True)):
            if ending.over:
                continue
            sample = task.sample
            piece, taken = _shown(ids[:, row], ending, sampler.printed)
            if done == limit and not ending.over:
                piece += ending.rest()
            if ending.over or done == limit:
                sample.ended = ending.over or "length"
            sample.add(piece)
            sample.symbols += taken
            totals[row] += log_chances[:taken, row].sum()
            if measured:
                sample.log_probability = float(totals[row])
            pieces.append((sample, piece))
        yield pieces


def _shown(ids: NDArray[np.intp], ending: Ending, printed: Sequence[str]) -> tuple[str, int]:
    """The text of some ids of one row that may be shown, and how many of them belong to the text."""
    if not ending.is_needed:
        return "".join([printed[index] for index in ids.tolist()]), len(ids)
    text = ""
    for taken, index in enumerate(ids.tolist(), 1):
        text += ending.take(index, printed[index])
        if ending.over:
            return text, taken
    return text, len(ids)
