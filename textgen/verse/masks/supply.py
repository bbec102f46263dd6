"""What a run's words suffice for: which rhymes and end words have enough words for all lines that need them.

A villanelle needs seven words of one rhyme, each of which can end a line of its meter. This module knows nothing of
models or symbols.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from textgen.corpus.forms import Form
from textgen.system.wording import count
from textgen.verse.masks.base import Mask
from textgen.verse.masks.path import LAST, MATES, LineWords, path, steps
from textgen.verse.masks.position import Rhymes
from textgen.verse.sounds.lexicon import Lexicon
from textgen.verse.sounds.meter import CONTENT, FUNCTION, Meter

# Words that an error names.
MAX_NAMED = 6
# A form with this many words of one rhyme looks ahead from its first line on, if it has more lines than SHORT.
MANY, SHORT = 3, 5
# The shapes of the word that a ghazal repeats after the rhyme: one syllable, or an iamb.
_RADIF_SHAPES = frozenset((CONTENT, FUNCTION)), frozenset(("01",))


class Supply:
    """The words of a lexicon for the lines of a form.

    Args:
        form: a Form of English verse.
        lexicon: the words.
        words: those that can be written first in a line, elsewhere, at its end, and before the word at its end.
        heads: line to the words that may begin it.
        meters: for each line its patterns.
        backward: whether lines are written from their end.
    """

    def __init__(
        self,
        form: Form,
        lexicon: Lexicon,
        words: LineWords,
        heads: Mapping[int, Mask],
        meters: Sequence[Sequence[Meter]],
        backward: bool,
    ) -> None:
        self._form, self._lexicon, self._backward = form, lexicon, backward
        self._words, self._heads, self._meters = words, heads, meters
        self._known: dict[tuple[object, ...], Mask] = {}

    @cached_property
    def is_demanding(self) -> bool:
        """Whether the form needs many words of few rhymes, so that its first line already looks ahead."""
        form = self._form
        if form.end_words or any(form.source_of(line) >= 0 for line in range(form.lines)):
            return True
        needed = max((len(form.new_lines(letter)) for letter in form.rhyme if letter != "-"), default=0)
        return (needed >= MANY and form.lines > SHORT) or any(map(form.is_feminine, range(form.lines)))

    def rich(self, letter: str, more: int = 0) -> Rhymes:
        """The rhymes that enough words share, wherever they can stand.

        Args:
            letter: of the rhyme scheme.
            more: how many more words are needed.
        """
        lines = self._form.new_lines(letter)
        rhymes = self._lexicon.rich(len(lines) + more, self._words.last)
        if any(self._form.is_feminine(line) for line in lines):
            rhymes &= self._lexicon.of_two_syllables
        return rhymes

    def rhymes(self, letter: str, more: int = 0) -> Rhymes:
        """The rhymes that enough words share which can end each line of a letter; arguments as of `rich`.

        Where no rhyme has enough words for each of the lines, those with enough for all lines together.
        """
        lines, is_rich = self._form.new_lines(letter), self._lexicon.is_rich
        ends = {end.tobytes(): end for end in map(self.ends, lines)}.values()  # most lines have the same
        rich, needed = self.rich(letter, more), len(lines) + more
        enough = frozenset(rhyme for rhyme in rich if all(is_rich(rhyme, needed, end) for end in ends))
        if enough:
            return enough
        some = _any(ends)
        return frozenset(
            rhyme for rhyme in rich if is_rich(rhyme, needed, some) and all(is_rich(rhyme, 1, end) for end in ends)
        )

    def ends(self, line: int) -> Mask:
        """The words that can stand where a line rhymes, or at its end where it does not rhyme, bool (words,)."""
        if not self._form.has_radif(line):
            return self._ends(line, None)
        return _all(self._ends(line, own) for own in self._radifs) if self._radifs else np.zeros_like(self._words.later)

    def _ends(self, line: int, radif: Mask | None) -> Mask:
        head = line if line in self._heads else None
        key = tuple(meter.pattern for meter in self._meters[line]), head, None if radif is None else radif.tobytes()
        if key not in self._known:
            words = self._words._replace(first=self._words.first & self._heads.get(line, self._words.first))
            words = words._replace(mates=None) if radif is None else words._replace(last=radif)
            found = (
                path(meter, steps(words, self._backward)).usable(LAST if radif is None else MATES)
                for meter in dict.fromkeys(self._meters[line])
            )
            self._known[key] = _any(found)
        return self._known[key]

    @cached_property
    def _radifs(self) -> list[Mask]:
        """The words that a ghazal may repeat after its rhyme: for each of _RADIF_SHAPES that can be used, its words."""
        lines = [line for line in range(self._form.lines) if self._form.has_radif(line)]
        found = (
            self._words.last & self._words.later & np.array([bool(own & shapes) for own in self._lexicon.shapes], bool)
            for shapes in _RADIF_SHAPES
        )
        return [own for own in found if own.any() and all(self._ends(line, own).any() for line in lines)]

    def end_words(self, number: int) -> Mask:
        """The words that can be the end word of a number: they can end each of its lines, bool (words,)."""
        lines = [line for line, own in enumerate(self._form.end_words) if own == number]
        if any(self._form.has_radif(line) for line in lines):
            return _any(self._radifs) if self._radifs else np.zeros_like(self._words.later)
        return _all(map(self.ends, lines))

    def shortage(self, rhymes: Mapping[str, Rhymes]) -> str:
        """What the words do not suffice for, in a sentence; empty where they do.

        Args:
            rhymes: for each letter of the scheme the rhymes to choose from.
        """
        form = self._form
        for line in range(form.lines):
            if form.source_of(line) < 0 and not self.ends(line).any():
                head = " from the letter of the acrostic on" if line in self._heads else ""
                return f"the run's words do not suffice for line {line + 1} of the {form.name}{head}"
        for letter, own in rhymes.items():
            if not own:
                return self._too_few(letter)
        if form.end_words and not form.leading:
            numbers = set(form.end_words) - {-1}
            found = _any(map(self.end_words, numbers))
            if found.sum() < len(numbers):
                known = self._named(found)
                return f"{form.name} needs {len(numbers)} end words, and the run knows {known} that can end its lines"
        return ""

    def _too_few(self, letter: str) -> str:
        form, lines = self._form, self._form.new_lines(letter)
        some = _any(map(self.ends, lines))
        feminine = any(form.is_feminine(line) for line in lines)
        best = np.zeros_like(some)
        for rhyme, places in self._lexicon.members.items():
            if (not feminine or rhyme in self._lexicon.of_two_syllables) and some[places].sum() > best.sum():
                best = np.zeros_like(some)
                best[places] = some[places]
        kind = f"{count(len(lines), 'word')} with one rhyme{' of two syllables' if feminine else ''}"
        where = "before the repeated word" if any(map(form.has_radif, lines)) else "at the end of its lines"
        return f"{form.name} needs {kind} {where}, and the run knows at most {self._named(best)}"

    def _named(self, words: Mask) -> str:
        places = np.flatnonzero(words)
        named = ", ".join(self._lexicon.words[place] for place in places[:MAX_NAMED])
        more = ", ..." if len(places) > MAX_NAMED else ""
        return f"{len(places)} ({named}{more})" if len(places) else "none"


def _any(masks: Iterable[Mask]) -> Mask:
    """The words that are in one of some masks, bool (words,)."""
    found: Mask = np.logical_or.reduce(list(masks))
    return found


def _all(masks: Iterable[Mask]) -> Mask:
    """The words that are in all of some masks, bool (words,)."""
    found: Mask = np.logical_and.reduce(list(masks))
    return found
