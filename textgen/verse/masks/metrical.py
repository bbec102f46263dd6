"""English verse as masks: which words may come next in a line of a form, by meter, rhyme and first letter.

`textgen.verse.masks.spelling` turns words into symbols; this module works with words only. A position is a value. This
module knows nothing of models.
"""

import copy
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol, Self

import numpy as np

from textgen.corpus.forms import Form
from textgen.verse.bounded import BoundedCache
from textgen.verse.masks.base import Mask, Position
from textgen.verse.masks.substitutions import substituted
from textgen.verse.sounds.function_words import UNFINISHED
from textgen.verse.sounds.lexicon import Lexicon
from textgen.verse.sounds.meter import Meter

# What came last in a line.
START: Final = "start"
WORD: Final = "word"
MARK: Final = "mark"

Rhymes = frozenset[str]


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
        places: the numbers of syllables that the line may have so far, a set as in `textgen.verse.sounds.meter`.
        status: what came last in the line: START, WORD or MARK.
        spelled: the word that is being spelled; None between words.
        closed: written backward, whether the line's first word is written, so that only the line's end can follow.
        last: the word at the end of the line, as far as it is known.
        previous: the word written last; it is not written twice in a row.
        rhymes: what is known of the scheme's letters so far.
    """

    meter: int = 0
    places: int = 1
    status: str = START
    spelled: Span | None = None
    closed: bool = False
    last: int | None = None
    previous: int | None = None
    rhymes: tuple[RhymeSoFar, ...] = ()


class Choices(NamedTuple):
    """The words that may be written next, each array bool (words,).

    Attributes:
        goes_on: those after which the line goes on.
        ends: those that finish the line.
    """

    goes_on: Mask
    ends: Mask


class Spelling(Protocol):
    """How the words of a lexicon are written in a model's symbols."""

    @property
    def marks(self) -> Mask:
        """The punctuation marks, bool (vocabulary,)."""

    @property
    def first(self) -> Mask:
        """The words that can be written first in a line, bool (words,)."""

    @property
    def later(self) -> Mask:
        """The words that can be written elsewhere, bool (words,)."""

    def key(self, position: MetricalPosition) -> Hashable:
        """What the mask at a position depends on."""

    def mask(self, verse: "Metrical", position: MetricalPosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,)."""

    def after(self, verse: "Metrical", position: MetricalPosition, index: int) -> MetricalPosition:
        """The position after a symbol."""


class Metrical:
    """The masks of a poem of a form.

    Args:
        form: a Form of English verse.
        lexicon: the words.
        spelling: how they are written in the model's symbols.
        backward: whether lines are written from their end.
        heads: line to the letter that it must begin with.
        rhyme: the rhymes to choose from for the first letter of the scheme, and the words that must not rhyme again.
        meter_rule, identical_rhymes: as of `textgen.verse.config.Rules`.
    """

    def __init__(
        self,
        form: Form,
        lexicon: Lexicon,
        spelling: Spelling,
        backward: bool = False,
        heads: Mapping[int, str] | None = None,
        rhyme: tuple[Rhymes, tuple[int, ...]] | None = None,
        meter_rule: str = "strict",
        identical_rhymes: bool = False,
    ) -> None:
        self.form, self.lexicon, self.spelling, self.backward = form, lexicon, spelling, backward
        self.heads = {line: lexicon.beginning(letter) for line, letter in (heads or {}).items()}
        self._meters = [
            [lexicon.meter(pattern, backward) for pattern in substituted(patterns, meter_rule)]
            for patterns in form.meters
        ]
        self._given, self._identical_rhymes = rhyme, identical_rhymes
        self._all: Mask = np.ones(len(lexicon), bool)
        # The words after which a line may end, or a mark stand.
        self._finished: Mask = ~lexicon.among(UNFINISHED)
        # The rhymes of each letter that enough words share.
        self._rich = {letter: lexicon.rich(self._needed(letter), self._finished) for letter in set(form.rhyme) - {"-"}}
        self._forget()

    def _forget(self) -> None:
        self._masks = BoundedCache[Hashable, Mask]()
        self._choices = BoundedCache[Hashable, Choices]()
        self._last_words = BoundedCache[Hashable, Mask]()
        self._hopes = BoundedCache[Hashable, int]()
        self._hopeful_meters = BoundedCache[Hashable, tuple[int, ...]]()

    def _needed(self, letter: str) -> int:
        """How many words must share a rhyme of a letter of the scheme."""
        return self.form.rhyme.count(letter) + (letter == self.form.rhyme[0] and self._given is not None)

    template, even = "", True

    @property
    def marks(self) -> Mask:
        """The punctuation marks, which take up no slot, bool (vocabulary,)."""
        return self.spelling.marks

    @property
    def lines(self) -> int:
        """Number of lines."""
        return self.form.lines

    def begin(self) -> MetricalPosition:
        """The position before the first symbol."""
        return MetricalPosition(rhymes=(RhymeSoFar(self.form.rhyme[0], *self._given),) if self._given else ())

    def careful(self) -> Self:
        """The same poem; a line takes a rhyme only if enough words of it can end all lines that must rhyme."""
        other = copy.copy(self)
        other._rich = {letter: self._rich_at_line_ends(letter) for letter in self._rich}
        other._forget()
        return other

    def _rich_at_line_ends(self, letter: str) -> Rhymes:
        """The rhymes that enough words share which can end each line of a letter."""
        ends = [self._line_ends(line) for line, other in enumerate(self.form.rhyme) if other == letter]
        needed = self._needed(letter)
        return frozenset(
            rhyme for rhyme in self._rich[letter] if all(self.lexicon.is_rich(rhyme, needed, end) for end in ends)
        )

    def _line_ends(self, line: int) -> Mask:
        """The words that can end a line by one of its patterns, whatever its rhyme, bool (words,)."""
        first, later = self.heads.get(line, self._all) & self.spelling.first, self.spelling.later
        found = np.zeros_like(self._all)
        for meter in self._meters[line]:
            if self.backward:
                found |= (meter.onward(1) & meter.hopeful(first, later)) != 0
            else:
                found |= (meter.onward(meter.reachable(first, later)) & meter.end) != 0
        return found & later & self._finished

    def turn(self, position: MetricalPosition, row: int) -> MetricalPosition:
        """The same position, with the pattern of a row: parallel rows take in turn the patterns that a line can keep.

        Within a line the pattern stays: the places so far are those of this pattern.
        """
        if position.status != START or position.spelled is not None or position.over:
            return position
        meters = self._meters[position.line]

        def make() -> tuple[int, ...]:
            # A pattern that comes more than once has the number of its first place, so that caches share it.
            numbers = [meters.index(meter) for meter in meters]
            can = {each for each in numbers if self.choices(replace(position, meter=each)).goes_on.any()}
            return tuple(each for each in numbers if each in can) or tuple(numbers)

        hopeful = self._hopeful_meters.get((position.line, self._so_far(position)), make)
        return replace(position, meter=hopeful[row % len(hopeful)])

    def patterns(self, position: MetricalPosition) -> int:
        """How many patterns a position's line may follow; 1 after the last line."""
        return 1 if position.over else len(self._meters[position.line])

    def mask(self, position: MetricalPosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,). Do not modify it."""
        return self._masks.get(self.spelling.key(position), lambda: self.spelling.mask(self, position))

    def admits(self, position: MetricalPosition, index: int) -> bool:
        """Whether a symbol of the user's own beginning may come next."""
        return bool(self.mask(position)[index])

    def after(self, position: MetricalPosition, index: int) -> MetricalPosition:
        """The position after a symbol that the mask allows."""
        return self.spelling.after(self, position, index)

    def meter_of(self, position: MetricalPosition) -> Meter:
        """The pattern that the line follows."""
        meters = self._meters[position.line]
        return meters[position.meter % len(meters)]

    def letter(self, line: int) -> str | None:
        """The line's letter in the rhyme scheme; None where it does not rhyme."""
        letter = self.form.rhyme[line]
        return None if letter == "-" else letter

    def last_words(self, position: MetricalPosition) -> Mask:
        """The words that may end the line, bool (words,)."""
        so_far = self._so_far(position)
        if so_far is None:
            return self._finished

        def make() -> Mask:
            mask = self.lexicon.rhyming(so_far.rhymes) & self._finished
            for word in () if self._identical_rhymes else so_far.used:
                mask[self.lexicon.homophones(word)] = False
            return mask

        return self._last_words.get(so_far, make)

    def may_be_marked(self, word: int) -> bool:
        """Whether a mark may follow a word."""
        return bool(self._finished[word])

    def first_words(self, position: MetricalPosition) -> Mask:
        """The words that may begin the line, bool (words,)."""
        return self.heads.get(position.line, self._all)

    def choices(self, position: MetricalPosition) -> Choices:
        """The words that may be written next.

        Written forward, a word that goes on and a word that ends the line differ in what follows. Written backward,
        the word that ends the writing is the line's first.
        """
        is_fresh = position.status == START or (position.last is None and self.backward)
        key = (
            position.line,
            position.meter,
            position.places,
            is_fresh,
            position.previous,
            self._so_far(position),
            self._is_marked(position),
        )
        return self._choices.get(key, lambda: Choices(*self._choose(position, is_fresh)))

    def _choose(self, position: MetricalPosition, is_fresh: bool) -> tuple[Mask, Mask]:
        meter = self.meter_of(position)
        onward, hopeful = meter.onward(position.places), self._hopeful(position)
        goes_on, ends = (onward & hopeful) != 0, (onward & meter.end) != 0
        if position.previous is not None:
            goes_on[position.previous] = ends[position.previous] = False
        if self._is_marked(position):
            goes_on, ends = goes_on & self._finished, ends & self._finished
        nothing = np.zeros_like(ends)
        if self.backward:
            if is_fresh:  # the line's last word, and never its only one
                return goes_on & self.last_words(position), nothing
            return goes_on & self.spelling.later, ends & self.first_words(position) & self.spelling.first
        if is_fresh:
            return goes_on & self.first_words(position) & self.spelling.first, nothing
        return goes_on & self.spelling.later, ends & self.last_words(position) & self.spelling.later

    def _is_marked(self, position: MetricalPosition) -> bool:
        """Whether the word that is written next has a mark after it: written backward, the mark comes first."""
        return self.backward and position.status == MARK

    def _hopeful(self, position: MetricalPosition) -> int:
        """The places from which the line can still be finished, by the words that may be written last in it."""
        meter = self.meter_of(position)
        if self.backward:
            key: Hashable = meter.pattern, position.line if position.line in self.heads else None
            return self._hopes.get(key, lambda: meter.hopeful(self.first_words(position) & self.spelling.first))
        key = meter.pattern, self._so_far(position)
        return self._hopes.get(key, lambda: meter.hopeful(self.last_words(position) & self.spelling.later))

    def written(self, position: MetricalPosition, word: int, finishes: bool = False) -> MetricalPosition:
        """The position after a word.

        Args:
            word: its number in the lexicon.
            finishes: written backward, whether it is the line's first.
        """
        meter = self.meter_of(position)
        onward = int(meter.onward(position.places)[word])
        if self.backward:
            keep = meter.end if finishes else self._hopeful(position)
            last = word if position.last is None else position.last
            return replace(
                position, places=onward & keep, status=WORD, closed=finishes, last=last, previous=word, spelled=None
            )
        keep = self._hopeful(position)
        if position.status != START and self.last_words(position)[word]:
            keep |= meter.end
        return replace(position, places=onward & keep, status=WORD, last=word, previous=word, spelled=None)

    def may_end(self, position: MetricalPosition) -> bool:
        """Whether the line may end here."""
        if position.status == START:
            return False
        return position.closed if self.backward else bool(position.places & self.meter_of(position).end)

    def may_go_on(self, position: MetricalPosition) -> bool:
        """Whether another word may follow."""
        return not position.closed and bool(position.places & (self.meter_of(position).end - 1))

    def next_line(self, position: MetricalPosition) -> MetricalPosition:
        """The position after the line's end."""
        so_far, rhymes = self._so_far(position), position.rhymes
        if so_far and position.last is not None:
            shared = so_far.rhymes & self.lexicon.rhymes[position.last]
            others = (other for other in rhymes if other.letter != so_far.letter)
            rhymes = (*others, RhymeSoFar(so_far.letter, shared, (*so_far.used, position.last)))
        line = position.line + 1
        return MetricalPosition(line=line, meter=position.meter, rhymes=rhymes, over=line == self.lines)

    def _so_far(self, position: MetricalPosition) -> RhymeSoFar | None:
        """What is known of the rhyme of a position's line; None where it does not rhyme."""
        letter = self.letter(position.line)
        if letter is None:
            return None
        for own in position.rhymes:
            if own.letter == letter:
                return own
        return RhymeSoFar(letter, self._rich[letter], ())
