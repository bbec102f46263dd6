"""English verse as masks: which words may come next in a line of a form, by meter, rhyme and first letter.

`textgen.verse.masks.spelling` turns words into symbols; this module works with words only. A position is a value. This
module knows nothing of models.
"""

import copy
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Protocol, Self

import numpy as np

from textgen.corpus.forms import Form
from textgen.verse.bounded import BoundedCache
from textgen.verse.masks.base import Mask
from textgen.verse.masks.path import Choices, LineWords, Path, path, steps
from textgen.verse.masks.position import MARK, START, WORD, MetricalPosition, Rhymes, RhymeSoFar
from textgen.verse.masks.substitutions import Hopeful, allowed, first_places
from textgen.verse.masks.supply import Supply
from textgen.verse.sounds.function_words import UNFINISHED
from textgen.verse.sounds.lexicon import Lexicon
from textgen.verse.sounds.meter import Meter, readable


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

    def closing(self, is_last: bool) -> int:
        """The id that ends a line: a line feed, or after the last line the end of the poem."""

    def beginning(self, ids: tuple[int, ...], words: int) -> tuple[int, ...]:
        """The ids of a line's first words, without the marks after them; in the order of writing, as `ids` are."""

    def words_of(self, ids: tuple[int, ...]) -> list[str]:
        """The words of a line in the order of reading."""


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
        self._patterns = [allowed(form, line, meter_rule) for line in range(form.lines)]
        self._meters = [
            [lexicon.meter(pattern, backward, form.caesura(line)) for pattern in patterns]
            for line, patterns in enumerate(self._patterns)
        ]
        # For each line the numbers of its patterns, of equal ones that of the first, so that caches share it.
        self._numbers = [first_places(meters) for meters in self._meters]
        # The words after which a line may end, or a mark stand.
        self._finished: Mask = ~lexicon.among(UNFINISHED)
        words = LineWords(spelling.first, spelling.later, self._finished, self._finished)
        self.supply = Supply(form, lexicon, words, self.heads, self._meters, backward)
        self._given, self._identical_rhymes = rhyme, identical_rhymes
        self._all: Mask = np.ones(len(lexicon), bool)
        self._letters = [letter for letter in dict.fromkeys(form.rhyme) if letter != "-"]
        # The rhymes of each letter that enough words share, and the words that each end word is chosen from.
        self._rich = {letter: self.supply.rich(letter, self._more(letter)) for letter in self._letters}
        self._end_words: Mapping[int, Mask] = {}
        self._repeated = {form.source_of(line) for line in range(form.lines)} - {-1}
        self._forget()

    def _forget(self) -> None:
        self._masks = BoundedCache[Hashable, Mask]()
        self._choices = BoundedCache[Hashable, Choices]()
        self._last_words = BoundedCache[Hashable, Mask]()
        self._paths = BoundedCache[Hashable, Path]()
        self._sources = BoundedCache[Hashable, tuple[int, ...]]()
        self._hopeful_meters = BoundedCache[Hashable, Hopeful]()

    def _more(self, letter: str) -> int:
        """How many words a letter's rhyme needs beside those of its lines: the user's own word."""
        return int(letter == self.form.leading and self._given is not None)

    template = ""

    @property
    def even(self) -> bool:
        """Whether all lines at one position have about as many syllables."""
        return all(max(map(len, own)) - min(map(len, own)) <= 1 for own in self.form.meters)

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
        return MetricalPosition(rhymes=(RhymeSoFar(self.form.leading, *self._given),) if self._given else ())

    def careful(self) -> Self:
        """The same poem; a line takes a rhyme or an end word only if its words suffice for all lines that need it."""
        other = copy.copy(self)
        other._rich = {letter: self.supply.rhymes(letter, self._more(letter)) for letter in self._letters}
        other._end_words = {number: self.supply.end_words(number) for number in set(self.form.end_words) - {-1}}
        other._forget()
        return other

    def shortage(self) -> str:
        """What the words do not suffice for, in a sentence; empty where they do. Ask a careful verse."""
        rhymes = dict(self._rich)
        if self._given:
            rhymes[self.form.leading] &= self._given[0]
        return self.supply.shortage(rhymes)

    def turn(self, position: MetricalPosition, row: int) -> MetricalPosition:
        """The same position, with the pattern of a row: parallel rows take in turn the patterns that a line can keep.

        Within a line the pattern stays: the places so far are those of this pattern.
        """
        if position.status != START or position.spelled is not None or position.over or self.is_settled(position):
            return position
        key = position.line, self._so_far(position), position.ends
        hopeful = self._hopeful_meters.get(
            key,
            lambda: Hopeful(
                self._numbers[position.line], lambda each: self._path(replace(position, meter=each)).can_be_written
            ),
        )
        return replace(position, meter=hopeful.of_row(row))

    def patterns(self, position: MetricalPosition) -> int:
        """How many patterns a position's line may follow; 1 after the last line."""
        return 1 if position.over else len(self._meters[position.line])

    def is_settled(self, position: MetricalPosition) -> bool:
        """Whether the line repeats an earlier one, so that all rows write the same."""
        return self.form.source_of(position.line) >= 0

    def mask(self, position: MetricalPosition) -> Mask:
        """The symbols that may come next, bool (vocabulary,). Do not modify it."""
        if self.is_settled(position):
            index = self._copied(position)
            return self._masks.get(index, lambda: np.arange(len(self.marks)) == index)
        return self._masks.get(self.spelling.key(position), lambda: self.spelling.mask(self, position))

    def admits(self, position: MetricalPosition, index: int) -> bool:
        """Whether a symbol of the user's own beginning may come next."""
        return bool(self.mask(position)[index])

    def after(self, position: MetricalPosition, index: int) -> MetricalPosition:
        """The position after a symbol that the mask allows."""
        if not self._repeated:
            return self.spelling.after(self, position, index)
        settled = self.is_settled(position)
        if settled and len(position.written) == len(self._source(position)):
            after = self._following(position)
        elif settled:
            after = replace(position, status=WORD)
        else:
            after = self.spelling.after(self, position, index)
        if after.line == position.line:
            return replace(after, written=(*position.written, index), kept=position.kept)
        is_kept = position.line in self._repeated
        return replace(after, kept=(*position.kept, *[(position.line, position.written)] * is_kept))

    def _copied(self, position: MetricalPosition) -> int:
        """The id that comes next in a line that repeats an earlier one."""
        source = self._source(position)
        at = len(position.written)
        return source[at] if at < len(source) else self.spelling.closing(position.line + 1 == self.lines)

    def _source(self, position: MetricalPosition) -> tuple[int, ...]:
        """The ids of a line that repeats an earlier one."""
        ids = dict(position.kept)[self.form.source_of(position.line)]
        if self.form.refrains and self.form.refrains[position.line] >= 0:
            return ids
        return self._sources.get((position.line, ids), lambda: self._beginning(position.line, ids))

    def _beginning(self, line: int, ids: tuple[int, ...]) -> tuple[int, ...]:
        """The ids of the words before the caesura in a line whose beginning another one repeats.

        Args:
            line: the one that repeats it.
            ids: of the other line.
        """
        source = self.form.source_of(line)
        caesura, words = self.form.caesura(source), self.spelling.words_of(ids)
        # Words have more pronunciations than one: both parts must be read.
        fitting = (
            number
            for number in range(1, len(words))
            for pattern in self._patterns[source]
            if readable(words[:number], pattern[:caesura]) and readable(words[number:], pattern[caesura:])
        )
        return self.spelling.beginning(ids, next(fitting))

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
        number = self.form.end_word(position.line)
        if number < 0:
            return self._rhyming(position)

        def make() -> Mask:
            mask = np.zeros_like(self._all)
            if number < len(position.ends):
                mask[position.ends[number]] = True
                return mask
            mask |= self._end_words.get(number, self._all) & self._finished
            mask[list(position.ends)] = False
            return mask

        return self._last_words.get((number, position.ends), make)

    def _rhyming(self, position: MetricalPosition) -> Mask:
        """The words that may stand where the line rhymes, bool (words,)."""
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

        def make() -> Choices:
            found = self._path(position).choices(position.places)
            if position.previous is not None:
                found.goes_on[position.previous] = found.ends[position.previous] = False
            if is_marked:
                found = Choices(found.goes_on & self._finished, found.ends & self._finished)
            return found

        # Written backward, a mark comes before the word that it follows.
        is_marked = self.backward and position.status == MARK
        return self._choices.get((*self._path_key(position), position.places, position.previous, is_marked), make)

    def _path_key(self, position: MetricalPosition) -> tuple[Hashable, ...]:
        meter = position.meter % len(self._meters[position.line])
        return position.line, meter, self._so_far(position), position.ends

    def _path(self, position: MetricalPosition) -> Path:
        """How the words of the line may follow each other."""

        def make() -> Path:
            first, later = self.first_words(position) & self.spelling.first, self.spelling.later
            words = LineWords(first, later, self.last_words(position))
            if self.form.has_radif(position.line):
                words = words._replace(mates=self._rhyming(position))
            elif (number := self.form.inner_word(position.line)) >= 0:
                inner = np.zeros_like(self._all)
                inner[position.ends[number]] = True
                words = words._replace(inner=inner)
            return path(self.meter_of(position), steps(words, self.backward))

        return self._paths.get(self._path_key(position), make)

    def written(self, position: MetricalPosition, word: int, finishes: bool = False) -> MetricalPosition:
        """The position after a word.

        Args:
            word: its number in the lexicon.
            finishes: written backward, whether it is the line's first.
        """
        places = self._path(position).after(position.places, word)
        last, mate = position.last, position.mate
        has_radif = self.form.has_radif(position.line)
        if self.backward:
            places = (*(0 for _ in places[:-1]), places[-1]) if finishes else (*places[:-1], 0)
            if has_radif and last is not None and mate is None:
                mate = word
            last = word if last is None else last
        else:
            last, mate = word, last if has_radif else None
        return replace(
            position,
            places=places,
            status=WORD,
            closed=self.backward and finishes,
            last=last,
            mate=mate,
            previous=word,
            spelled=None,
        )

    def may_end(self, position: MetricalPosition) -> bool:
        """Whether the line may end here."""
        if position.status == START:
            return False
        return position.closed if self.backward else self._path(position).is_over(position.places)

    def may_go_on(self, position: MetricalPosition) -> bool:
        """Whether another word may follow."""
        return not position.closed and self._path(position).goes_on(position.places)

    def next_line(self, position: MetricalPosition) -> MetricalPosition:
        """The position after the end of a line that repeats no other."""
        so_far, rhymes = self._so_far(position), position.rhymes
        mate = position.mate if self.form.has_radif(position.line) else position.last
        if so_far and mate is not None:
            shared = so_far.rhymes & self.lexicon.rhymes[mate]
            others = (other for other in rhymes if other.letter != so_far.letter)
            rhymes = (*others, RhymeSoFar(so_far.letter, shared, (*so_far.used, mate)))
        ends = position.ends
        if self.form.end_word(position.line) == len(ends) and position.last is not None:
            ends = (*ends, position.last)
        return replace(self._following(position), rhymes=rhymes, ends=ends)

    def _following(self, position: MetricalPosition) -> MetricalPosition:
        """The beginning of the next line."""
        line = position.line + 1
        return MetricalPosition(
            line=line,
            meter=position.meter,
            rhymes=position.rhymes,
            ends=position.ends,
            kept=position.kept,
            over=line == self.lines,
        )

    def _so_far(self, position: MetricalPosition) -> RhymeSoFar | None:
        """What is known of the rhyme of a position's line; None where it does not rhyme."""
        letter = self.letter(position.line)
        if letter is None:
            return None
        for own in position.rhymes:
            if own.letter == letter:
                return own
        rich = self._rich[letter]
        if self.supply.is_demanding:
            # Lines of different letters do not rhyme, where that can be kept.
            rich = rich.difference(*(other.rhymes for other in position.rhymes)) or rich
        return RhymeSoFar(letter, rich, ())
