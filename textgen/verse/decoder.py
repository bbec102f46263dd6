"""The constrained decoder: lines drawn side by side under masks, the best kept, a line taken back where none is left.

What may come next, a verse says (`textgen.verse.masks.regulated`, `.metrical`, `.free`). It has `begin()`,
`mask(place)` and `after(place, index)`, whose places are values that know how many lines are done (`line`) and whether
the poem is (`over`); `turn(place, row)`, the place as one of several rows is to begin; `marks`, symbols that take no
place, or None; and `even`, whether all lines in a place are of one extent, so that their whole probability compares
them. The model's state is a value too: a line is drawn again from where it began. Knows nothing of forms.
"""

from dataclasses import dataclass, field

import numpy as np

from textgen.engine.probability import log_probabilities
from textgen.writing.sampling import BELOW, Uniforms

# Symbols that no line of verse reaches; a line that does is given up.
LONGEST_LINE = 400
# Times a line is drawn anew, or the one before it taken back, in a poem, for each of its lines.
PATIENCE = 12


@dataclass
class Line:
    """A line that was drawn.

    Attributes:
        ids: its symbols, the mark and the line feed at its end among them.
        place: where it leaves the poem.
        state, logits: where it leaves the model, of batch 1.
        score: log-probability of its symbols under the model, whatever the masks, nats.
        is_open: whether it is only the beginning of a line.
    """

    ids: list[int]
    place: object
    state: object
    logits: np.ndarray
    score: float = 0.0
    is_open: bool = False


@dataclass
class Drawn:
    """A poem that was drawn: its lines, and how often one was taken back."""

    lines: list[Line]
    taken_back: int = 0


@dataclass
class _Frame:
    """A place in a poem from which lines are drawn."""

    start: Line
    queue: list[Line] = field(default_factory=list)
    draws: int = 0


def poem(engine, verse, start: Line, *, seed, key, temperature, rows, refused) -> Drawn | None:
    """Draw a poem.

    Args:
        engine: the Engine.
        verse: what may come next.
        start: where to begin; what stands of the first line already, if any, are its ids.
        seed, key: of the random stream; key is a tuple of int.
        temperature: 0 takes the likeliest symbol.
        rows: lines that are drawn side by side.
        refused: takes a line's ids; whether it may not stand.

    Returns:
        the poem; None where the patience was spent.
    """
    if start.place.over:
        return Drawn([])
    frames, taken_back, budget = [_Frame(start)], 0, PATIENCE * (verse.lines or 8)
    while frames:
        frame = frames[-1]
        if not frame.queue:
            if budget == 0:
                return None
            if frame.draws == 0 or (temperature > 0 and frame.draws < 3):
                budget -= 1
                uniforms = Uniforms(seed, [(*key, budget, row) for row in range(rows)])
                found = lines(engine, verse, frame.start, rows, temperature, uniforms)
                frame.queue = [line for line in found if not refused(line.ids)]
                frame.draws += 1
            else:
                frames.pop()
                taken_back += 1
            continue
        line = frame.queue.pop(0)
        if line.place.over:
            chosen = [line]
            for earlier in reversed(frames[1:]):
                chosen.append(earlier.start)
            return Drawn(chosen[::-1], taken_back)
        frames.append(_Frame(line))
    return None


def lines(engine, verse, start: Line, rows, temperature, uniforms) -> list[Line]:
    """Draw a line many times over, side by side; the likeliest first, none twice, those that came to nothing left out.

    At temperature 0 the k-th row begins with the k-th likeliest symbol, and goes on with the likeliest.
    """
    first = start.place.line
    partial = start.ids if start.is_open else []
    places = [verse.turn(start.place, row) for row in range(rows)]
    state, logits = start.state.rows([0] * rows), np.repeat(start.logits, rows, axis=0)
    written, scores = [list(partial) for _ in range(rows)], np.zeros(rows)
    alive, done = np.arange(rows), []
    for step in range(LONGEST_LINE):
        masks = np.stack([verse.mask(places[row]) for row in alive])
        numbers = uniforms()
        hopeful = masks.any(axis=1)
        if not hopeful.all():
            alive, masks, logits, state = alive[hopeful], masks[hopeful], logits[hopeful], state.rows(hopeful)
            if not len(alive):
                break
        if temperature > 0:
            ids = pick(chances(logits, masks, temperature, verse.marks), numbers[alive])
        else:
            masked = np.where(masks, logits, -np.inf)
            ids = masked.argmax(axis=1)
            if step == 0:
                # Rows may begin with different symbols: each has a rank among its own.
                ids = np.argsort(-masked, axis=1, kind="stable")[np.arange(len(alive)), alive % masks.shape[1]]
                there = masks[np.arange(len(alive)), ids]
                alive, ids, logits, state = alive[there], ids[there], logits[there], state.rows(there)
        # In single precision: they rank lines, and many are looked at.
        scores[alive] += log_probabilities(logits, ids, np.float32)
        for row, index in zip(alive, ids.tolist(), strict=True):
            written[row].append(index)
            places[row] = verse.after(places[row], index)
        ended = np.array([places[row].over or places[row].line > first for row in alive])
        over = np.array([places[row].over for row in alive])
        if not over.all():
            logits, state = engine.step(state, ids)
        for at in np.flatnonzero(ended):
            row = alive[at]
            done.append(Line(written[row], places[row], state.rows([at]), logits[at : at + 1].copy(), scores[row]))
        if ended.all():
            break
        alive, logits, state = alive[~ended], logits[~ended], state.rows(~ended)
    unlike = {tuple(line.ids): line for line in reversed(done)}
    return sorted(unlike.values(), key=lambda line: -line.score / (1 if verse.even else len(line.ids)))


def chances(logits, masks, temperature, marks=None):
    """How likely each symbol is under a mask.

    Marks of punctuation take no place in a line, so nothing forbids them, while most words are forbidden somewhere:
    left alone, a mask would scatter commas. So the words that are left share what all words had.

    Args:
        logits: float32, shape (rows, vocabulary).
        masks: bool, the same shape.
        temperature: above 0.
        marks: bool (vocabulary,), or None.

    Returns:
        float32, the same shape: chances, up to a factor for each row.
    """
    # Of what the mask leaves, the likeliest has a chance of 1, so that no row is lost below the smallest number.
    left = np.where(masks, logits, -np.inf)
    scaled = np.exp((left - left.max(axis=1, keepdims=True)) / np.float32(temperature))
    if marks is None or not (masks & marks).any():
        return scaled
    every = np.exp((logits - logits.max(axis=1, keepdims=True)) / np.float32(temperature))
    every[:, marks] = 0
    had, have = (part.sum(axis=1, dtype=np.float64) for part in (every, every * masks))
    # Where no word that is left is at all likely, there is little to be shared.
    lift = np.divide(had, np.maximum(have, 1e-6 * had), out=np.ones_like(had), where=had > 0)
    scaled[:, ~marks] *= lift[:, None].astype(np.float32)
    return scaled


def pick(chances, uniforms):
    """One id for each row: int (rows,), of chances (rows, vocabulary) and numbers in [0, 1), shape (rows, 1)."""
    cumulative = np.cumsum(chances, axis=1, dtype=np.float64)
    return (cumulative > uniforms * (cumulative[:, -1:] * BELOW)).argmax(axis=1)
