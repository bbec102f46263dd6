"""Which stanzas of a file are one poem. A file has an empty line between poems, and between stanzas too.

Where a form is named, blocks of the size of its stanzas, in their order, are one poem. Where none is named, they are
one poem if their lines also return as the form asks, and most of its rhymes hold: haiku have the shape of a terza
rima's tercets, but not its rhymes. Of a tune the tones must hold too: two quatrains have the shape of 玉樓春. Any other
block is a poem. A block's size is its number of lines; of Chinese verse its number of characters, since marks may stand
elsewhere than in the form. Knows nothing of files or models.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Unpack

from textgen.corpus.forms import FORMS, Form, form_of
from textgen.corpus.forms.form import MAX_LINES
from textgen.corpus.memory import lines_of, words
from textgen.tokens.characters import is_chinese, is_ideograph
from textgen.verse.checking import check
from textgen.verse.config import RulesOptions
from textgen.verse.repetition import judge_repetition
from textgen.verse.verdicts import LineVerdict, Verdict

# The share of rhymes that must hold where no form is named. The rest leaves room for near rhymes.
MIN_RHYMES = 0.6
# Of a form that is open in length, how many numbers of stanzas are judged in full: the longest whose lines return.
MAX_JUDGED = 12


def joined(blocks: Sequence[str], form: str | None, **rules: Unpack[RulesOptions]) -> Iterator[str]:
    """The poems of blocks of text.

    Args:
        blocks: what stands between empty lines.
        form, rules: as of `textgen.verse.checking.check`.

    Yields:
        the text of each poem, with an empty line between stanzas that were blocks.
    """
    named = [form_of(form)] if form is not None else sorted(FORMS.values(), key=lambda one: -len(one.stanzas))
    forms = [one for one in named if len(one.stanzas) > 1]
    file = _File(blocks)
    at = 0
    while at < len(blocks):
        found = (file.stanzas_of_poem(at, own, form is None, rules) for own in forms)
        number = next(filter(None, found), 1)
        yield "\n\n".join(blocks[at : at + number])
        at += number


class _File:
    """The blocks of a file.

    Attributes:
        lines: the lines of each.
        languages: "chinese" or "english".
        sizes: the characters of Chinese verse, the lines of any other.
    """

    def __init__(self, blocks: Sequence[str]) -> None:
        self.lines = [lines_of(block) for block in blocks]
        self.languages = ["chinese" if is_chinese(block) else "english" for block in blocks]
        self.sizes = [
            sum(map(is_ideograph, block)) if language == "chinese" else len(lines)
            for block, language, lines in zip(blocks, self.languages, self.lines, strict=True)
        ]
        self._known: dict[tuple[str, int], Form] = {}

    def stanzas_of_poem(self, at: int, form: Form, must_hold: bool, rules: RulesOptions) -> int:
        """How many blocks from one on are the stanzas of a poem in a form; 0 for none."""
        numbers = [] if must_hold else list(self._numbers(at, form))
        if len(numbers) == 1:
            return numbers[0]
        for number in self._returning(at, numbers or self._numbers(at, form), form)[: -MAX_JUDGED - 1 : -1]:
            if _is_one(check(self._poem(at, number), form, **rules)):
                return number
        # Stanzas of a form that is named are a poem even where it breaks the form: the usual one, or the longest.
        usual = len(form.stanzas)
        return usual if usual in numbers else max(numbers, default=0)

    def _numbers(self, at: int, form: Form) -> Iterator[int]:
        """How many blocks from one on have the language and the sizes of a form's stanzas: in rising order."""
        if not form.unit:
            end = at + len(form.stanzas)
            if self.sizes[at:end] == _sizes(form) and set(self.languages[at:end]) == {form.language}:
                yield len(form.stanzas)
            return
        lines = 0
        for end, size in enumerate(self.sizes[at : at + MAX_LINES], at + 1):
            lines += size
            if self.languages[end - 1] != form.language or lines > MAX_LINES:
                return
            if end > at + 1 and form.allows(lines) and list(self._sized(form, lines).stanzas) == self.sizes[at:end]:
                yield end - at

    def _sized(self, form: Form, lines: int) -> Form:
        """The form in a number of lines: files ask for the same ones again and again."""
        key = form.name, lines
        if key not in self._known:
            self._known[key] = form.sized(lines)
        return self._known[key]

    def _returning(self, at: int, numbers: Iterable[int], form: Form) -> list[int]:
        """Those of some numbers of blocks, in rising order, whose lines and words return as the form asks."""
        closing = form.lines - form.units.end if form.unit else 0
        found = []
        for number in numbers:
            poem = self._poem(at, number)
            verdicts = [LineVerdict(line) for line in poem]
            sized = self._sized(form, len(poem)) if form.unit else form
            judge_repetition(verdicts, list(map(words, poem)), sized)
            broken = next((line for line, verdict in enumerate(verdicts) if verdict.breaks), None)
            if broken is None:
                found.append(number)
            elif broken < len(poem) - closing:
                break  # what breaks before the closing lines breaks in a longer poem too
        return found

    def _poem(self, at: int, number: int) -> list[str]:
        return [line for block in self.lines[at : at + number] for line in block]


def _sizes(form: Form) -> list[int]:
    """The sizes of a form's stanzas, as those of blocks are counted."""
    if not form.tune:
        return list(form.stanzas)
    lengths = [0, *accumulate(line.length for line in form.tune)]
    ends = list(accumulate(form.stanzas))
    return [lengths[end] - lengths[end - size] for end, size in zip(ends, form.stanzas, strict=True)]


def _is_one(verdict: Verdict) -> bool:
    """Whether the repeated lines and most of the rhymes hold, so that the stanzas are one poem; of a tune all."""
    if verdict.form.tune:
        return verdict.holds
    rhymed = [line for line in verdict.lines if line.rhymes]
    kept = len(rhymed) - verdict.count("rhyme")
    return not verdict.count("refrain") and not verdict.count("word") and kept >= MIN_RHYMES * len(rhymed)
