"""What units follow: properties of a text that can be told symbol by symbol, and the units that vary most with them.

Karpathy, Johnson and Li (2015) found, by eye, units that count a line's length or are on within quotes. Here they are
found by correlation: for each property the unit whose cell state has the largest Pearson correlation with it on one
half of the text; the correlation on the other half, which took no part in the choice, tells whether it holds. A new
property is a new entry of PROPERTIES.

This module knows nothing of pictures or the command line.
"""

from dataclasses import dataclass

import numpy as np

from textgen.inspection.tracing import laid_out, traces
from textgen.tokens.characters import is_unspaced

# Steps that are traced at a time: what is kept of a long text are sums.
PIECE = 4096

OPENING, CLOSING = "\u201c\u00ab\u300c\u300e", "\u201d\u00bb\u300d\u300f"


def line_position(symbols):
    """Symbols since the last line feed."""
    return _since(["\n" in symbol for symbol in symbols])


def word_position(symbols):
    """Symbols since the last one at which a word ends or that is a word by itself."""
    return _since(word_boundary(symbols) > 0)


def word_boundary(symbols):
    """1 at white space and punctuation, and at ideographs, of which each is a word; else 0."""
    return np.array([not any(map(_spells, symbol)) for symbol in symbols], float)


def clause_position(symbols):
    """Symbols since the last punctuation mark or line feed."""
    return _since([any(_parts(each) for each in symbol) for symbol in symbols])


def capitals(symbols):
    """1 at a capital letter, or a word that begins with one, else 0."""
    return np.array([symbol.lstrip()[:1].isupper() for symbol in symbols], float)


def quotes(symbols):
    """1 within quotation marks, the opening one included, else 0; a blank line ends a quotation."""
    values, depth, straight, blank = np.zeros(len(symbols)), 0, False, False
    for step, symbol in enumerate(symbols):
        for character in symbol:
            if character == '"':
                straight = not straight
            depth += (character in OPENING) - (character in CLOSING)
        if "\n" in symbol:
            if blank or symbol.count("\n") > 1:
                depth, straight = 0, False
            blank = True
        elif symbol.strip():
            blank = False
        depth = max(depth, 0)
        values[step] = bool(depth or straight)
    return values


PROPERTIES = {
    "position in the line": line_position,
    "within quotes": quotes,
    "capitals": capitals,
    "word boundary": word_boundary,
    "position in the word": word_position,
    "position in the clause": clause_position,
}


@dataclass(frozen=True)
class Follower:
    """The unit that varies most with a property.

    Attributes:
        name: the property, a key of PROPERTIES.
        layer, unit: counted from 0.
        correlation: Pearson's, of the cell state and the property, on the part of the text where the unit was found.
        elsewhere: the same on the other part, which took no part in finding it.
        chance: the largest correlation that any unit had with the same property of another place of the text (the
            property moved by a third of the part): what one finds where there is nothing.
    """

    name: str
    layer: int
    unit: int
    correlation: float
    elsewhere: float
    chance: float

    @property
    def holds(self):
        """Whether the other part of the text bears it out: the same sign, and more than chance."""
        return self.correlation * self.elsewhere > 0 and abs(self.elsewhere) > self.chance


def followers(generator, text, limit=None) -> list[Follower]:
    """For each property that varies in both halves of a text, the unit that varies most with it.

    Args:
        generator: a Generator of one run.
        text: as `textgen.inspection.trace` takes it; a few thousand symbols tell more than a few hundred.
        limit: how many symbols are read at most.
    """
    text = laid_out(generator, text)
    symbols = text.symbols[:limit]
    middle = len(symbols) // 2
    halves = slice(0, middle), slice(middle, len(symbols))
    wanted = np.stack([measure(symbols) for measure in PROPERTIES.values()], axis=1)
    moved = np.concatenate([np.roll(wanted[half], (half.stop - half.start) // 3, axis=0) for half in halves])
    sums = [_Sums(), _Sums()]
    step = 0
    for piece in traces(generator, text, PIECE):
        cells = piece.cell.reshape(len(piece), -1).astype(np.float64)
        for half, kept in zip(halves, sums, strict=True):
            own = slice(max(half.start, step), min(half.stop, step + len(piece)))
            if own.start < own.stop:
                kept.add(cells[own.start - step : own.stop - step], np.hstack([wanted[own], moved[own]]))
        step += len(piece)
        if step >= len(symbols):
            break
    return _chosen(sums, generator.engine.config.units) if middle else []


def _chosen(sums, units):
    here, there = (kept.correlations() for kept in sums)
    chosen = []
    for place, name in enumerate(PROPERTIES):
        own, other = here[:, place], there[:, place]
        if np.isfinite(own).any() and np.isfinite(other).any():
            best = int(np.nanargmax(np.abs(own)))
            chance = np.nanmax(np.abs(here[:, len(PROPERTIES) + place]))
            chosen.append(Follower(name, *divmod(best, units), float(own[best]), float(other[best]), float(chance)))
    return chosen


class _Sums:
    """Sums over steps from which correlations come."""

    def __init__(self):
        self.count = self.x = self.y = self.xx = self.yy = self.xy = 0

    def add(self, x, y):
        """Columns x (steps, cells) and y (steps, properties)."""
        self.count += len(x)
        self.x, self.y = self.x + x.sum(0), self.y + y.sum(0)
        self.xx, self.yy, self.xy = self.xx + (x * x).sum(0), self.yy + (y * y).sum(0), self.xy + x.T @ y

    def correlations(self):
        """Pearson's, shape (cells, properties); NaN where something does not vary."""
        if not self.count:
            return np.full((1, 2 * len(PROPERTIES)), np.nan)
        n = self.count
        spread_x, spread_y = self.xx - self.x**2 / n, self.yy - self.y**2 / n
        least = 1e-9 * n
        spread = np.sqrt(
            np.outer(np.where(spread_x > least, spread_x, np.nan), np.where(spread_y > least, spread_y, np.nan))
        )
        return np.clip((self.xy - np.outer(self.x, self.y) / n) / spread, -1, 1)


def _since(marks):
    """How many symbols ago the last mark was, float (symbols,); at a mark 0."""
    steps = np.arange(len(marks))
    return (steps - np.maximum.accumulate(np.where(marks, steps, -1))).astype(float)


def _spells(character):
    return (character.isalnum() or character in "'\u2019") and not is_unspaced(character)


def _parts(character):
    return character == "\n" or (not character.isalnum() and not character.isspace() and character not in "'\u2019-")
