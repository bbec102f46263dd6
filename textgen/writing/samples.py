"""Texts in the making: rows that are drawn from side by side, and where a text ends.

This module knows nothing of prompts or of run folders.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from textgen.engine.probability import log_probabilities
from textgen.tokens.layout import BOUNDARY
from textgen.writing.rows import Rows
from textgen.writing.sampling import SamplingConfig

# Steps of a block between two looks at its texts.
STRIDE = 64


@dataclass
class Sample:
    """One text: growing while it is written.

    Attributes:
        prompt: what the model read first, as the user gave it.
        number: which of the prompt's texts it is, from 0.
        parts: the text's pieces, the prompt's first where it is included; None for a text that nobody keeps, since it
            is shown as it is written and may be longer than the memory.
        symbols: how many were drawn.
        log_probability: the sum over those symbols of the natural logarithm of their probability under the model
            (at temperature 1, whatever the options); None where nobody asked.
        ended: "length", "stop", "documents"; None while it is being written.
    """

    prompt: str
    number: int = 0
    parts: list[str] | None = field(default_factory=list)
    symbols: int = 0
    log_probability: float | None = None
    ended: str | None = None

    @property
    def text(self) -> str:
        """What has been written."""
        return "".join(self.parts or ())

    def add(self, piece: str):
        """Go on by a piece of text."""
        if self.parts is not None:
            self.parts.append(piece)

    @property
    def mean_log_probability(self) -> float | None:
        """Nats a symbol; None where nobody asked or nothing was written."""
        return self.log_probability / self.symbols if self.symbols and self.log_probability is not None else None


class Ending:
    """Which part of a text may be shown, and whether it is over.

    Args:
        config: what ends it.
        backward: whether lines are written from their end; each is then held until it is whole, and turned about.

    Attributes:
        over: "stop" or "documents" once it is.
    """

    def __init__(self, config: SamplingConfig, backward: bool = False):
        self._stops, self._documents, self._backward = config.stop, config.documents, backward
        self._held = ""
        self._line = []
        self.over = None

    @property
    def is_needed(self):
        """Whether anything but the length can end the text, or symbols are shown otherwise than they are drawn."""
        return bool(self._stops or self._documents or self._backward)

    def take(self, index: int, piece: str) -> str:
        """Take a symbol and its text; returns the text that may be shown now."""
        turned = ""
        if self._backward:
            if index != BOUNDARY and piece != "\n":
                self._line.append(piece)
                return ""
            turned, self._line = "".join(reversed(self._line)), []
        if index == BOUNDARY and self._documents is not None:
            self._documents -= 1
            if not self._documents:
                self.over = "documents"
                return self.rest() + turned
        piece = turned + piece
        if not self._stops:
            return piece
        held = self._held + piece
        found = min((at for at in map(held.find, self._stops) if at >= 0), default=None)
        if found is not None:
            self.over, self._held = "stop", ""
            return held[:found]
        # Hold back what may be the beginning of a stop.
        longest = min(len(held), max(map(len, self._stops)) - 1)
        kept = next(
            (size for size in range(longest, 0, -1) if any(stop.startswith(held[-size:]) for stop in self._stops)), 0
        )
        self._held = held[len(held) - kept :]
        return held[: len(held) - kept]

    def rest(self) -> str:
        """What was held back, when the text ends otherwise than by a stop."""
        held = self._held + "".join(reversed(self._line))
        self._held, self._line = "", []
        return held


def write_one(
    drawn: Iterator[tuple[int, float | None]], sample: Sample, config: SamplingConfig, printed, backward: bool = False
) -> Iterator:
    """Write a text from (id, log-probability) pairs; yields its pieces as they may be shown."""
    ending, total, parts = Ending(config, backward), 0.0, sample.parts
    plain = not ending.is_needed
    for index, log_probability in drawn:
        piece = printed[index]
        sample.symbols += 1
        if log_probability is not None:
            total += log_probability
            sample.log_probability = total
        if not plain:
            piece = ending.take(index, piece)
        if parts is not None:
            parts.append(piece)
        yield piece
        if ending.over:
            break
    sample.ended = ending.over or "length"
    if rest := ending.rest():
        sample.add(rest)
        yield rest


def drawn(rows: Rows, limit: int, measured: bool) -> Iterator[tuple[int, float | None]]:
    """Pairs (id, log-probability or None) of the only row, one after another."""
    for position in range(limit):
        ids = rows.draw_all()
        yield int(ids[0]), float(log_probabilities(rows.logits, ids)[0]) if measured else None
        if position + 1 < limit:
            rows.read(ids)


def write_block(
    rows: Rows, samples: Sequence[Sample], config: SamplingConfig, printed, measured: bool, backward: bool = False
) -> Iterator[tuple[Sample, str]]:
    """Write a block of texts side by side; yields (sample, piece) every STRIDE symbols.

    Rows beyond the samples are drawn and thrown away.
    """
    endings = [Ending(config, backward) for _ in samples]
    totals = np.zeros(len(samples))
    done, limit = 0, config.limit
    while done < limit and not all(ending.over for ending in endings):
        stride = min(STRIDE, limit - done)
        ids = np.empty((stride, rows.logits.shape[0]), np.intp)
        chances = np.zeros((stride, len(samples)))
        for step in range(stride):
            ids[step] = latest = rows.draw_all()
            if measured:
                chances[step] = log_probabilities(rows.logits, latest)[: len(samples)]
            if done + step + 1 < limit:
                rows.read(latest)
        done += stride
        for row, (sample, ending) in enumerate(zip(samples, endings, strict=True)):
            if ending.over:
                continue
            column, piece, taken = ids[:, row].tolist(), "", stride
            if ending.is_needed:
                for place, index in enumerate(column):
                    piece += ending.take(index, printed[index])
                    if ending.over:
                        taken = place + 1
                        break
            else:
                piece = "".join([printed[index] for index in column])
            if done == limit and not ending.over:
                piece += ending.rest()
            if ending.over or done == limit:
                sample.ended = ending.over or "length"
            sample.add(piece)
            sample.symbols += taken
            totals[row] += chances[:taken, row].sum()
            if measured:
                sample.log_probability = float(totals[row])
            yield sample, piece
    for sample in samples:
        sample.ended = sample.ended or "length"
