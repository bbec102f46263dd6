"""English verse as masks: which symbols may come next in a line of a form, by meter, rhyme and first letter.

How words are spelled in symbols, `textgen.verse.masks.spelling` knows; here are only words. A state is a value. This
module knows nothing of models.
"""

from dataclasses import dataclass, replace

import numpy as np

from textgen.verse.masks.base import Memo

START, WORD, MARK = "start", "word", "mark"


@dataclass(frozen=True)
class Foot:
    """Where a poem stands.

    Attributes:
        line: lines that are done.
        meter: which of the line's patterns is written.
        places: the syllables that what stands of the line may have, a set as `textgen.verse.sounds.meter` keeps it.
        status: what came last in the line.
        spelled: of a word that is being spelled, what the Spelling needs to know.
        closed: whether the line's first word has been written from behind, so that nothing but the end can follow.
        last: the word that ends the line, as far as is known.
        previous: the word that was written last; it does not come twice in a row.
        rhymes: for each letter of the scheme the rhymes that its words so far share, and those words.
        over: whether the poem is done.
    """

    line: int = 0
    meter: int = 0
    places: int = 1
    status: str = START
    spelled: tuple | None = None
    closed: bool = False
    last: int | None = None
    previous: int | None = None
    rhymes: tuple = ()
    over: bool = False


class Metrical:
    """A poem of a form: what may come next, and where that leads.

    Args:
        form: the Form, of English verse.
        lexicon: the Lexicon.
        spelling: how its words are written in the model's symbols.
        backward: whether lines are written from their end.
        heads: line to the letter that it must begin with.
        rhyme: the rhymes of which the first must be one, and the word that it must not repeat, or None.
    """

    def __init__(self, form, lexicon, spelling, backward=False, heads=None, rhyme=None):
        self.form, self.lexicon, self.spelling, self.backward = form, lexicon, spelling, backward
        self.heads = {line: lexicon.beginning(letter) for line, letter in (heads or {}).items()}
        self._meters = [[lexicon.meter(pattern, backward) for pattern in patterns] for patterns in form.meters]
        self._given = rhyme
        self._rich = {
            letter: lexicon.rich(form.rhyme.count(letter) + (letter == form.rhyme[0] and rhyme is not None))
            for letter in set(form.rhyme) - {"-"}
        }
        self._all = np.ones(len(lexicon), bool)
        self._masks = Memo()

    even = True

    @property
    def marks(self):
        """The symbols that take no place, bool (vocabulary,)."""
        return self.spelling.marks

    @property
    def lines(self):
        """How many lines the poem has."""
        return self.form.lines

    def begin(self):
        """The Foot before anything is written."""
        return Foot(rhymes=((self.form.rhyme[0], *self._given),) if self._given else ())

    def turn(self, foot, row):
        """The same place, with the pattern that a row is to take: rows take a line's patterns in turn."""
        return replace(foot, meter=row)

    def mask(self, foot):
        """The symbols that may come next, bool (vocabulary,); not to be changed."""
        return self.spelling.mask(self, foot)

    def admits(self, foot, index):
        """Whether a symbol that somebody gave may stand."""
        return bool(self.mask(foot)[index])

    def after(self, foot, index):
        """The Foot after a symbol that the mask allowed."""
        return self.spelling.after(self, foot, index)

    def meter_of(self, foot):
        """The Meter that a line is written to."""
        meters = self._meters[foot.line]
        return meters[foot.meter % len(meters)]

    def letter(self, line):
        """The line's letter in the scheme of rhymes; None where it does not rhyme."""
        letter = self.form.rhyme[line]
        return None if letter == "-" else letter

    def last_words(self, foot):
        """The words that may end the line, bool (words,)."""
        letter = self.letter(foot.line)
        if letter is None:
            return self._all
        rhymes, used = self._of(foot, letter)

        def make():
            mask = self.lexicon.rhyming(rhymes).copy()
            mask[list(used)] = False
            return mask

        return self._masks.of((letter, rhymes, used), make)

    def first_words(self, foot):
        """The words that may begin the line, bool (words,)."""
        return self.heads.get(foot.line, self._all)

    def choices(self, foot):
        """The words that may be written next: those after which the line goes on, and those that finish it.

        Written forward these differ in what follows, written backward in being the line's first. Two arrays, bool
        (words,).
        """
        letter = self.letter(foot.line)
        fresh = foot.status == START or (foot.last is None and self.backward)
        key = (foot.line, foot.meter, foot.places, fresh, foot.previous, self._of(foot, letter) if letter else None)
        return self._masks.of(key, lambda: self._choices(foot, fresh))

    def _choices(self, foot, fresh):
        meter = self.meter_of(foot)
        onward, hopeful = meter.onward(foot.places), self._hopeful(foot)
        goes_on, ends = (onward & hopeful) != 0, (onward & meter.end) != 0
        if foot.previous is not None:
            goes_on[foot.previous] = ends[foot.previous] = False
        nothing = np.zeros_like(ends)
        if self.backward:
            if fresh:  # the line's last word, and never its only one
                return goes_on & self.last_words(foot), nothing
            return goes_on & self.spelling.later, ends & self.first_words(foot) & self.spelling.first
        if fresh:
            return goes_on & self.first_words(foot) & self.spelling.first, nothing
        return goes_on & self.spelling.later, ends & self.last_words(foot) & self.spelling.later

    def _hopeful(self, foot):
        """The places from which the line can still be finished: by the words that may be written last in it."""
        meter = self.meter_of(foot)
        if self.backward:
            key = ("hopeful", id(meter), foot.line if foot.line in self.heads else None)
            return self._masks.of(key, lambda: meter.hopeful(self.first_words(foot) & self.spelling.first))
        letter = self.letter(foot.line)
        key = ("hopeful", id(meter), self._of(foot, letter) if letter else None)
        return self._masks.of(key, lambda: meter.hopeful(self.last_words(foot) & self.spelling.later))

    def written(self, foot, word, finishes=False):
        """The Foot after a word.

        Args:
            word: its number in the lexicon.
            finishes: written backward, whether it is the line's first.
        """
        meter = self.meter_of(foot)
        onward = int(meter.onward(foot.places)[word])
        if self.backward:
            keep = meter.end if finishes else self._hopeful(foot)
            last = word if foot.last is None else foot.last
            return replace(
                foot, places=onward & keep, status=WORD, closed=finishes, last=last, previous=word, spelled=None
            )
        keep = self._hopeful(foot)
        if foot.status != START and self.last_words(foot)[word]:
            keep |= meter.end
        return replace(foot, places=onward & keep, status=WORD, last=word, previous=word, spelled=None)

    def may_end(self, foot):
        """Whether the line may end here."""
        if foot.status == START:
            return False
        return foot.closed if self.backward else bool(foot.places & self.meter_of(foot).end)

    def may_go_on(self, foot):
        """Whether another word may come."""
        return not foot.closed and bool(foot.places & (self.meter_of(foot).end - 1))

    def next_line(self, foot):
        """The Foot after the line's end."""
        letter, rhymes = self.letter(foot.line), foot.rhymes
        if letter:
            shared, used = self._of(foot, letter)
            shared &= self.lexicon.rhymes[foot.last]
            rhymes = (*(entry for entry in rhymes if entry[0] != letter), (letter, shared, (*used, foot.last)))
        line = foot.line + 1
        return Foot(line, foot.meter, rhymes=rhymes, over=line == self.lines)

    def _of(self, foot, letter):
        """The rhymes that a letter's words so far share, and those words."""
        for own, rhymes, used in foot.rhymes:
            if own == letter:
                return rhymes, used
        return self._rich[letter], ()
