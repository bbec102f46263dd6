"""Units that follow a property of the text, such as the position in the line.

Karpathy, Johnson and Li (2015) looked at units by eye and found some that count the length of a line or are active
within quotes. This module finds such units by correlation. For each property it selects the unit whose cell state has
the largest Pearson correlation with the property on the first half of the text. The correlation on the second half,
which took no part in the selection, shows whether the finding holds. To add a property, add an entry to PROPERTIES.

This module knows nothing of pictures or the command line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.inspection.tracing import Text, engine_of, layout_of, traces
from textgen.system.keywords import answers_keywords
from textgen.tokens.characters import is_unspaced
from textgen.writing.generator import Generator

Floats: TypeAlias = NDArray[np.float64]

# Steps that are traced at once. Of a long text only sums are kept in memory.
STEPS_AT_ONCE = 4096

OPENING_QUOTES, CLOSING_QUOTES = "\u201c\u00ab\u300c\u300e", "\u201d\u00bb\u300d\u300f"


def line_position(symbols: Sequence[str]) -> Floats:
    """The number of symbols since the last line feed."""
    return _since(["\n" in symbol for symbol in symbols])


def word_position(symbols: Sequence[str]) -> Floats:
    """The number of symbols since the last word boundary."""
    return _since((word_boundary(symbols) > 0).tolist())


def word_boundary(symbols: Sequence[str]) -> Floats:
    """1 at white space, at punctuation and at ideographs (each is a word of its own), else 0."""
    return np.array([not any(map(_is_in_word, symbol)) for symbol in symbols], float)


def clause_position(symbols: Sequence[str]) -> Floats:
    """The number of symbols since the last punctuation mark or line feed."""
    return _since([any(map(_ends_clause, symbol)) for symbol in symbols])


def capitals(symbols: Sequence[str]) -> Floats:
    """1 at a capital letter and at a word that begins with one, else 0."""
    return np.array([symbol.lstrip()[:1].isupper() for symbol in symbols], float)


def quotes(symbols: Sequence[str]) -> Floats:
    """1 within quotation marks, from the opening mark up to the closing one, else 0. A blank line ends a quotation."""
    values, depth, in_straight, after_line_feed = np.zeros(len(symbols)), 0, False, False
    for step, symbol in enumerate(symbols):
        for character in symbol:
            if character == '"':
                in_straight = not in_straight
            depth += (character in OPENING_QUOTES) - (character in CLOSING_QUOTES)
        if "\n" in symbol:
            if after_line_feed or symbol.count("\n") > 1:
                depth, in_straight = 0, False
            after_line_feed = True
        elif symbol.strip():
            after_line_feed = False
        depth = max(depth, 0)
        values[step] = bool(depth or in_straight)
    return values


# Each property's name, and the function that measures it: symbols to numbers, float, shape (symbols,).
PROPERTIES: dict[str, Callable[[Sequence[str]], Floats]] = {
    "position in the line": line_position,
    "within quotes": quotes,
    "capitals": capitals,
    "word boundary": word_boundary,
    "position in the word": word_position,
    "position in the clause": clause_position,
}


@dataclass(frozen=True)
class Follower:
    """The unit that correlates most with a property.

    Attributes:
        name: the property, a key of PROPERTIES.
        layer, unit: counted from 0.
        correlation: Pearson's correlation of the cell state and the property on the first half of the text, where the
            unit was selected.
        elsewhere: the same on the second half, which took no part in the selection.
        chance: the largest correlation, in absolute value, of any unit with the property shifted by a third of the
            first half. A search finds this much where there is nothing to find.
    """

    name: str
    layer: int
    unit: int
    correlation: float
    elsewhere: float
    chance: float

    @property
    def holds(self) -> bool:
        """Whether the second half confirms the correlation: it has the same sign and is larger than chance."""
        return self.correlation * self.elsewhere > 0 and abs(self.elsewhere) > self.chance


@answers_keywords
def followers(generator: Generator, text: Text, limit: int | None = None) -> list[Follower]:
    """Find the unit that correlates most with each property that varies in both halves of a text.

    Args:
        generator: a Generator of one run.
        text: as `textgen.inspection.trace` takes it. A few thousand symbols tell more than a few hundred.
        limit: read this many symbols at most.

    Raises:
        PromptError, UsageError: as of `textgen.inspection.trace`.
    """
    limit = None if limit is None else arguments.whole_number("limit", limit, 0)
    layout = layout_of(generator, text)
    symbols = layout.symbols[:limit]
    middle = len(symbols) // 2
    halves = slice(0, middle), slice(middle, len(symbols))
    properties = np.stack([measure(symbols) for measure in PROPERTIES.values()], axis=1)
    shifted = np.concatenate([np.roll(properties[half], (half.stop - half.start) // 3, axis=0) for half in halves])
    measured = np.hstack([properties, shifted])
    sums = [_Sums(), _Sums()]
    step = 0
    for piece in traces(generator, layout, STEPS_AT_ONCE):
        cells = piece.cell.reshape(len(piece), -1).astype(np.float64)
        for half, kept in zip(halves, sums, strict=True):
            own = slice(max(half.start, step), min(half.stop, step + len(piece)))
            if own.start < own.stop:
                kept.add(cells[own.start - step : own.stop - step], measured[own])
        step += len(piece)
        if step >= len(symbols):
            break
    units = engine_of(generator).initial_state().c.shape[2]
    return _select(sums[0].correlations(), sums[1].correlations(), units) if middle else []


def _select(first: Floats, second: Floats, units: int) -> list[Follower]:
    """The Follower of each property.

    Args:
        first, second: correlations on each half, shape (layers x units, 2 x properties): with the properties, then with
            the shifted properties.
        units: the number of units in a layer.
    """
    selected = []
    for place, name in enumerate(PROPERTIES):
        own, other = first[:, place], second[:, place]
        if np.isfinite(own).any() and np.isfinite(other).any():
            best = int(np.nanargmax(np.abs(own)))
            chance = float(np.nanmax(np.abs(first[:, len(PROPERTIES) + place])))
            layer, unit = divmod(best, units)
            selected.append(Follower(name, layer, unit, float(own[best]), float(other[best]), chance))
    return selected


class _Sums:
    """Running sums over steps, from which correlations of columns x and y are computed."""

    def __init__(self) -> None:
        self.count = 0
        # Zeros of no shape: the first addition gives each sum its own.
        self.x = self.y = self.xx = self.yy = self.xy = np.zeros(())

    def add(self, x: Floats, y: Floats) -> None:
        """Add steps: x of shape (steps, cells), y of shape (steps, properties)."""
        self.count += len(x)
        self.x, self.y = self.x + x.sum(0), self.y + y.sum(0)
        self.xx, self.yy, self.xy = self.xx + (x * x).sum(0), self.yy + (y * y).sum(0), self.xy + x.T @ y

    def correlations(self) -> Floats:
        """Pearson's correlations, shape (cells, properties); NaN where a column does not vary."""
        if not self.count:
            return np.full((1, 2 * len(PROPERTIES)), np.nan)
        n = self.count
        spread_x, spread_y = self.xx - self.x**2 / n, self.yy - self.y**2 / n
        smallest = 1e-9 * n  # below this, a spread is rounding error
        spread = np.sqrt(
            np.outer(np.where(spread_x > smallest, spread_x, np.nan), np.where(spread_y > smallest, spread_y, np.nan))
        )
        correlations: Floats = np.clip((self.xy - np.outer(self.x, self.y) / n) / spread, -1, 1)
        return correlations


def _since(marks: Sequence[bool]) -> Floats:
    """The number of symbols since the last mark, float, shape (symbols,); 0 at a mark."""
    steps = np.arange(len(marks))
    return (steps - np.maximum.accumulate(np.where(marks, steps, -1))).astype(float)


def _is_in_word(character: str) -> bool:
    return (character.isalnum() or character in "'\u2019") and not is_unspaced(character)


def _ends_clause(character: str) -> bool:
    return character == "\n" or (not character.isalnum() and not character.isspace() and character not in "'\u2019-")
