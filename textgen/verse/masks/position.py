"""A position in metrical verse: what the masks need to know of the poem so far. Knows nothing of models."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from textgen.verse.masks.base import Position
from textgen.verse.masks.path import BEGINNING

Rhymes = frozenset[str]

# What came last in a line.
START: Final = "start"
WORD: Final = "word"
MARK: Final = "mark"


class RhymeSoFar(NamedTuple):
    """What is known of one letter of the rhyme scheme.

    Attributes:
        letter: the letter.
        rhymes: the rhymes that its words so far share.
        used: these words.
    """

    letter: str
    rhymes: Rhymes
    used: tuple[int, ...]


class Span(NamedTuple):
    """A word that is being spelled: the span of a sorted word list that begins with the letters written.

    Attributes:
        low, high: the span.
        depth: number of letters written.
        is_complete: whether no further letter may follow.
    """

    low: int
    high: int
    depth: int
    is_complete: bool


@dataclass(frozen=True, kw_only=True)
class MetricalPosition(Position):
    """A position in metrical verse.

    Attributes:
        meter: which of the line's patterns the line follows.
        places: where the line can be, as in `textgen.verse.masks.path`.
        status: what came last in the line: START, WORD or MARK.
        spelled: the word that is being spelled; None between words.
        closed: written backward, whether the line's first word is written, so that only the line's end can follow.
        last: the word at the end of the line, as far as it is known.
        mate: in a line whose end word follows the rhyme, the word that rhymes, as far as it is known.
        previous: the word written last; it is not written twice in a row.
        rhymes: what is known of the scheme's letters so far.
        ends: the end words so far, in the order of their numbers.
        written: the ids of the line so far, where the form repeats lines.
        kept: the finished lines that are repeated later: line and ids.
    """

    meter: int = 0
    places: tuple[int, ...] = BEGINNING
    status: str = START
    spelled: Span | None = None
    closed: bool = False
    last: int | None = None
    mate: int | None = None
    previous: int | None = None
    rhymes: tuple[RhymeSoFar, ...] = ()
    ends: tuple[int, ...] = ()
    # Not compared: equal positions have equal masks, except in lines that repeat these.
    written: tuple[int, ...] = field(default=(), compare=False)
    kept: tuple[tuple[int, tuple[int, ...]], ...] = field(default=(), compare=False)
