"""The constrained decoder: sample lines in parallel under masks, keep the best, backtrack where no line is left.

A verse (`textgen.verse.masks.base.Verse`) says which symbols may come next. Its positions are values, and so is the
model's state: a line can be sampled again from where it began. This module knows nothing of forms.

The search samples lines depth first. Each attempt may sample a limited number of lines. An attempt that finds no poem
is followed by a restart under masks that look ahead (`Verse.careful`) and with more parallel rows: a bad first line can
make all later work useless, and restarts are the known cure for such heavy-tailed searches (Gomes, Selman and Kautz,
Boosting combinatorial search through randomization, AAAI 1998).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from textgen.engine.network import AnyNetwork
from textgen.engine.probability import log_probabilities
from textgen.sampling.draw import BELOW, Uniforms
from textgen.verse.masks.base import Mask, P, Verse

# Symbols in a line; a longer line is abandoned.
MAX_LINE_SYMBOLS = 400
# Draws in one attempt for each line of the poem; a draw samples all rows once.
MAX_DRAWS_PER_LINE = 12
# Draws from one start, where chance makes them differ.
MAX_DRAWS_PER_START = 3
# Attempts to find a poem. Each samples twice as many rows as the one before, but no more than this many.
MAX_ATTEMPTS, MAX_ROWS = 4, 64
# Lines that a verse without a fixed length counts as having.
DEFAULT_LINES = 8


@dataclass
class Line(Generic[P]):
    """A sampled line.

    Attributes:
        ids: its symbols, with the mark and the line feed at its end.
        position: the position after it.
        state, logits: the model's state and logits after it, of batch 1.
        score: log-probability of its symbols under the model without masks, nats.
        is_open: whether it is an unfinished line.
    """

    ids: list[int]
    position: P
    state: Any
    logits: NDArray[np.float32]
    score: float = 0.0
    is_open: bool = False


class Leaning(NamedTuple):
    """What is added to the logits of a line, so that it turns to a theme. Scores of lines are without it.

    Attributes:
        added: float32, shape (vocabulary,), nats.
        keyword: ids with which the line's keyword may begin; empty for no keyword.
        urge: nats that these have more, as long as the line has none of them: at its beginning, and how many more with
            each further symbol.
        after: to which symbol a symbol leads, as the first of a word of two characters does to the second; and by how
            many nats.
    """

    added: NDArray[np.float32]
    keyword: tuple[int, ...] = ()
    urge: tuple[float, float] = (0.0, 0.0)
    after: Mapping[int, tuple[int, float]] = {}


class Guide(Protocol):
    """What a poem is about, and which of several lines is best."""

    def leaning(self, line: int) -> Leaning | None:
        """How a line turns to the theme, by its number; None for not at all."""

    def ordered(self, before: Sequence[Sequence[int]], found: list[Line[P]]) -> list[Line[P]]:
        """Candidates for a line, the best first.

        Args:
            before: the ids of the lines before it.
            found: the candidates, the likeliest first.
        """


class NoGuide:
    """A poem about nothing in particular: the likeliest line is best."""

    def leaning(self, line: int) -> Leaning | None:
        """None."""
        return None

    def ordered(self, before: Sequence[Sequence[int]], found: list[Line[P]]) -> list[Line[P]]:
        """The candidates as they are."""
        return found


@dataclass
class PoemDraft(Generic[P]):
    """A sampled poem.

    Attributes:
        lines: its lines.
        taken_back: how many lines were sampled and then taken back.
    """

    lines: list[Line[P]]
    taken_back: int = 0


@dataclass
class _Frame(Generic[P]):
    """A point of the search: the line that the next lines follow, and those of them not yet tried."""

    start: Line[P]
    queue: list[Line[P]] = field(default_factory=list)
    draws: int = 0


def poem(
    engine: AnyNetwork,
    verse: Verse[P],
    start: Line[P],
    *,
    seed: int,
    key: tuple[int, ...],
    temperature: float,
    rows: int,
    refused: Callable[[list[int]], bool],
    each_draw: Callable[[], object] = lambda: None,
    guide: Guide | None = None,
) -> PoemDraft[P] | None:
    """Sample a poem.

    Args:
        engine: the network.
        verse: which symbols may come next.
        start: where to begin; its ids are the unfinished first line, if there is one.
        seed, key: of the random stream.
        temperature: 0 takes the likeliest symbol.
        rows: lines sampled in parallel.
        refused: takes a line's ids; whether the line must not be used.
        each_draw: called before each draw of lines; what it raises ends the search.
        guide: what the poem is about; None for nothing in particular.

    Returns:
        the poem; None where no attempt finds one.
    """
    if start.position.over:
        return PoemDraft([])
    sampler = _Sampler(engine, seed, key, temperature, refused, each_draw, guide or NoGuide())
    draws, taken_back = MAX_DRAWS_PER_LINE * (verse.lines or DEFAULT_LINES), 0
    for attempt in range(MAX_ATTEMPTS):
        # Each draw has a number of its own, and so its own random stream; an attempt counts its numbers down.
        numbers = range(attempt * draws, (attempt + 1) * draws)
        draft = _search(sampler, verse, start, max(rows, min(rows << attempt, MAX_ROWS)), list(numbers))
        taken_back += draft.taken_back
        if draft.lines:
            return PoemDraft(draft.lines, taken_back)
        verse = verse.careful()
    return None


@dataclass(frozen=True)
class _Sampler:
    """What all draws of one poem share; attributes as of `poem`."""

    engine: AnyNetwork
    seed: int
    key: tuple[int, ...]
    temperature: float
    refused: Callable[[list[int]], bool]
    each_draw: Callable[[], object]
    guide: Guide

    def draw(self, verse: Verse[P], before: Sequence[Line[P]], rows: int, number: int) -> list[Line[P]]:
        """The lines that one draw gives, best first.

        Args:
            before: where the poem begins, and the lines after it.
        """
        self.each_draw()
        start = before[-1]
        uniforms = Uniforms(self.seed, [(*self.key, number, row) for row in range(rows)])
        leaning = self.guide.leaning(start.position.line)
        found = lines(self.engine, verse, start, rows, self.temperature, uniforms, leaning)
        # A line that repeats an earlier one was judged there; its first words alone are no copy.
        is_settled = verse.is_settled(start.position)
        allowed = [line for line in found if is_settled or not self.refused(line.ids)]
        return self.guide.ordered([line.ids for line in before[1:]], allowed)


def _search(sampler: _Sampler, verse: Verse[P], start: Line[P], rows: int, numbers: list[int]) -> PoemDraft[P]:
    """One attempt of at most one draw per number, the last number first; no lines where it finds no poem."""
    frames, taken_back = [_Frame(start)], 0
    while frames:
        frame = frames[-1]
        # A line that repeats an earlier one is drawn once. Without chance, too, a second draw would be the same.
        is_settled = verse.is_settled(frame.start.position)
        max_draws = 1 if is_settled or sampler.temperature == 0 else MAX_DRAWS_PER_START
        if frame.queue:
            line = frame.queue.pop(0)
            if line.position.over:
                return PoemDraft([*(other.start for other in frames[1:]), line], taken_back)
            frames.append(_Frame(line))
        elif not numbers:
            break
        elif frame.draws < max_draws:
            before = [other.start for other in frames]
            frame.queue = sampler.draw(verse, before, 1 if is_settled else rows, numbers.pop())
            frame.draws += 1
        else:
            frames.pop()
            taken_back += 1
    return PoemDraft([], taken_back)


def lines(
    engine: AnyNetwork,
    verse: Verse[P],
    start: Line[P],
    rows: int,
    temperature: float,
    uniforms: Uniforms,
    leaning: Leaning | None = None,
) -> list[Line[P]]:
    """Sample a line many times in parallel: the distinct finished lines, best first.

    Lines of equal extent (`Verse.even`) are ordered by log-probability, others by its mean over their symbols. At
    temperature 0 row k begins with the k-th likeliest symbol and continues with the likeliest.

    Args:
        start: where to begin; other arguments as of `poem`.
        uniforms: gives one random number per row and step.
        leaning: what is added to the logits; None for nothing.
    """
    first = start.position.line
    partial = start.ids if start.is_open else []
    positions = [verse.turn(start.position, row) for row in range(rows)]
    state, logits = start.state.rows([0] * rows), np.repeat(start.logits, rows, axis=0)
    written: list[list[int]] = [list(partial) for _ in range(rows)]
    scores, alive = np.zeros(rows), np.arange(rows)
    done: list[Line[P]] = []
    for step in range(MAX_LINE_SYMBOLS):
        masks = np.stack([verse.mask(positions[row]) for row in alive])
        numbers = uniforms()
        hopeful = masks.any(axis=1)
        if not hopeful.all():
            alive, masks, logits, state = alive[hopeful], masks[hopeful], logits[hopeful], state.rows(hopeful)
            if not len(alive):
                break
        leaned = logits if leaning is None else _leaned(logits, leaning, [written[row] for row in alive])
        if temperature > 0:
            ids = pick(chances(leaned, masks, temperature, verse.marks), numbers[alive])
        else:
            masked = np.where(masks, leaned, -np.inf)
            ids = masked.argmax(axis=1)
            if step == 0:
                # Rows may begin with different symbols: each has a rank among its own.
                ids = np.argsort(-masked, axis=1, kind="stable")[np.arange(len(alive)), alive % masks.shape[1]]
                allowed = masks[np.arange(len(alive)), ids]
                alive, ids, logits, state = alive[allowed], ids[allowed], logits[allowed], state.rows(allowed)
        # Single precision: these scores only rank lines, and computing them takes much of the time.
        scores[alive] += log_probabilities(logits, ids, np.float32)
        for row, index in zip(alive, ids.tolist(), strict=True):
            written[row].append(index)
            positions[row] = verse.after(positions[row], index)
        ended = np.array([positions[row].over or positions[row].line > first for row in alive])
        over = np.array([positions[row].over for row in alive])
        if not over.all():
            logits, state = engine.step(state, ids)
        for at in np.flatnonzero(ended):
            row = alive[at]
            done.append(Line(written[row], positions[row], state.rows([at]), logits[at : at + 1].copy(), scores[row]))
        if ended.all():
            break
        alive, logits, state = alive[~ended], logits[~ended], state.rows(~ended)
    distinct = {tuple(line.ids): line for line in reversed(done)}
    return sorted(distinct.values(), key=lambda line: -line.score / (1 if verse.even else len(line.ids)))


def _leaned(logits: NDArray[np.float32], leaning: Leaning, written: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Logits that turn to a theme.

    Args:
        logits: float32, shape (rows, vocabulary).
        leaning: how they turn.
        written: the symbols that each row has written in its line.
    """
    found: NDArray[np.float32] = logits + leaning.added
    keyword = list(leaning.keyword)
    for row, ids in enumerate(written):
        if keyword and not set(ids).intersection(keyword):
            found[row, keyword] += np.float32(leaning.urge[0] + leaning.urge[1] * len(ids))
        if ids and (second := leaning.after.get(ids[-1])) is not None:
            found[row, second[0]] += np.float32(second[1])
    return found


def chances(
    logits: NDArray[np.float32], masks: Mask, temperature: float, marks: Mask | None = None
) -> NDArray[np.float32]:
    """How likely each symbol is under a mask.

    A mask forbids most words at some point, but never punctuation, which takes up no slot in a line. Masking alone
    would therefore scatter commas. So the allowed words share the probability that the model gives to all words.

    Args:
        logits: float32, shape (rows, vocabulary).
        masks: bool, the same shape.
        temperature: above 0.
        marks: the punctuation marks, bool (vocabulary,), or None.

    Returns:
        float32, the same shape: probabilities up to a factor for each row.
    """
    # The likeliest allowed symbol gets weight 1, so that no row underflows to zero.
    left = np.where(masks, logits, -np.inf)
    scaled: NDArray[np.float32] = np.exp((left - left.max(axis=1, keepdims=True)) / np.float32(temperature))
    if marks is None or not (masks & marks).any():
        return scaled
    every = np.exp((logits - logits.max(axis=1, keepdims=True)) / np.float32(temperature))
    every[:, marks] = 0
    of_all, of_allowed = (part.sum(axis=1, dtype=np.float64) for part in (every, every * masks))
    # The factor is bounded: where no allowed word is at all likely, there is little to share.
    lift = np.divide(of_all, np.maximum(of_allowed, 1e-6 * of_all), out=np.ones_like(of_all), where=of_all > 0)
    scaled[:, ~marks] *= lift[:, None].astype(np.float32)
    return scaled


def pick(chances: NDArray[np.float32], uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """One id for each row, int (rows,).

    Args:
        chances: shape (rows, vocabulary).
        uniforms: numbers in [0, 1), shape (rows, 1).
    """
    cumulative = np.cumsum(chances, axis=1, dtype=np.float64)
    ids: NDArray[np.intp] = (cumulative > uniforms * (cumulative[:, -1:] * BELOW)).argmax(axis=1)
    return ids
