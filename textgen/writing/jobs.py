"""The writing of some texts, once everything about them has been checked: one by one, side by side, or by beam.

Knows nothing of prompts' text or of run folders.
"""

import math

from textgen.errors import UsageError
from textgen.system import threads
from textgen.writing.beam import search
from textgen.writing.copying import without_copying
from textgen.writing.rows import ROWS, Rows, Start
from textgen.writing.samples import Sample, drawn, write_block, write_one
from textgen.writing.sampling import Uniforms


class Job:
    """Texts to write.

    Args:
        engine: the Engine.
        printed: each id's text.
        config: a SamplingConfig with a seed.
        transforms: what changes the logits, in order.
        spans: the Spans that may not be written, or None.
        measured: whether each Sample is to know its log-probability.
        backward: whether lines are written from their end.
    """

    def __init__(self, engine, printed, config, transforms, spans=None, measured=False, backward=False):
        self.backward = backward
        self.engine, self.printed, self.config, self.transforms, self.spans = engine, printed, config, transforms, spans
        self.measured = measured or config.best_of > 1

    def write(self, samples, prompts):
        """Write `config.count` samples for each prompt; yields (sample, the piece that was added to its text).

        Args:
            samples: Samples, those of the first prompt first.
            prompts: the ids of each, int arrays of one or more.
        """
        config = self.config
        if config.include_prompt:
            for sample in samples:
                if sample.prompt:
                    sample.add(sample.prompt)
                    yield sample, sample.prompt
        if not config.limit:
            for sample in samples:
                sample.ended = "length"
            return
        with threads.limited(threads.for_rows(1, self.engine.largest_product)):
            starts = [Start.after(self.engine, ids) for ids in prompts]
        alone = config.beam or self.spans or len(samples) * config.best_of == 1
        with threads.limited(threads.for_rows(1 if alone else ROWS, self.engine.largest_product)):
            if not alone:
                yield from self._side_by_side(samples, starts)
                return
            for index, start in enumerate(starts):
                of_prompt = samples[index * config.count : (index + 1) * config.count]
                if config.beam:
                    found = search(self.engine, start, self.transforms, config, self.printed)
                    if len(found) < len(of_prompt):
                        raise UsageError(
                            f"--count {len(of_prompt)}: the beam came upon {len(found)} texts only; give a wider --beam"
                        )
                    for sample, best in zip(of_prompt, found, strict=True):
                        yield _choose(sample, [best])
                else:
                    for sample in of_prompt:
                        yield from self._one(index, start, sample)

    def _one(self, prompt, start, sample):
        """One text by itself, or the best of several, each yielded symbol by symbol where it is the only one."""
        candidates = self._candidates(sample)
        for attempt, candidate in enumerate(candidates):
            rows = self._rows([(start, (prompt, sample.number, attempt))])
            if self.spans:
                source = without_copying(rows, self.spans, sample.prompt, self.config.limit)
            else:
                source = drawn(rows, self.config.limit, self.measured)
            for piece in write_one(source, candidate, self.config, self.printed, self.backward):
                if candidate is sample:
                    yield sample, piece
        if candidates != [sample]:
            yield _choose(sample, candidates)

    def _side_by_side(self, samples, starts):
        """Texts in blocks of ROWS, one block after another."""
        tasks, candidates = [], []
        for at, sample in enumerate(samples):
            prompt = at // self.config.count
            candidates.append(self._candidates(sample))
            for attempt, candidate in enumerate(candidates[-1]):
                tasks.append((candidate, (starts[prompt], (prompt, sample.number, attempt))))
        for at in range(0, len(tasks), ROWS):
            for sample, piece in self._block(tasks[at : at + ROWS]):
                if self.config.best_of == 1:
                    yield sample, piece
        if self.config.best_of > 1:
            for sample, several in zip(samples, candidates, strict=True):
                yield _choose(sample, several)

    def _block(self, tasks):
        filled = tasks + [tasks[0]] * (ROWS - len(tasks))
        rows = self._rows([row for _, row in filled])
        return write_block(
            rows, [sample for sample, _ in tasks], self.config, self.printed, self.measured, self.backward
        )

    def _candidates(self, sample):
        """The texts that are written for a sample: itself, or where the best of several is wanted, those."""
        if self.config.best_of == 1:
            return [sample]
        return [Sample(sample.prompt, sample.number) for _ in range(self.config.best_of)]

    def _rows(self, rows):
        """Rows for pairs (Start, key of the random stream)."""
        config = self.config
        length = config.limit if config.length is not None or config.documents is None else None
        uniforms = Uniforms(config.seed, [key for _, key in rows])
        return Rows(self.engine, [start for start, _ in rows], self.transforms, uniforms, self.printed, length)


def _choose(sample, candidates):
    """Make a text the best of its candidates: (sample, what was added)."""
    best = max(candidates, key=lambda one: -math.inf if one.symbols == 0 else one.mean_log_probability)
    sample.add(best.text)
    sample.symbols, sample.log_probability, sample.ended = best.symbols, best.log_probability, best.ended
    return sample, best.text
