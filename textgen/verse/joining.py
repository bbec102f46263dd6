"""Which stanzas of a file are one poem. A file has an empty line between poems, and between stanzas too.

Where a form is named, blocks of the size of its stanzas, in their order, are one poem. Where none is named, they are
one poem if their lines also return as the form asks, and most of its rhymes hold: haiku have the shape of a terza
rima's tercets, but not its rhymes. Of a tune the tones must hold too: two quatrains have the shape of 玉樓春. Any other
block is a poem. A block's size is its number of lines; of Chinese verse its number of characters, since marks may stand
elsewhere than in the form. Knows nothing of files or models.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Unpack

from textgen.corpus.forms import FORMS, Form, form_of
from textgen.corpus.forms.form import MAX_LINES
from textgen.corpus.memory import lines_of
from textgen.tokens.characters import is_chinese, is_ideograph
from textgen.verse.checking import check
from textgen.verse.config import RulesOptions
from textgen.verse.verdicts import Verdict

# The share of rhymes that must hold where no form is named. The rest leaves room for near rhymes.
MIN_RHYMES = 0.6
# Of a form that is open in length, how many numbers of stanzas are tried.
MAX_TRIED = 12


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
    sizes = [(is_chinese(block), _size(block)) for block in blocks]
    at = 0
    while at < len(blocks):
        number = next(filter(None, (_stanzas_at(blocks, sizes, at, own, form is None, rules) for own in forms)), 1)
        yield "\n\n".join(blocks[at : at + number])
        at += number


def _size(block: str) -> int:
    """The characters of Chinese verse, or the lines of any other."""
    return sum(map(is_ideograph, block)) if is_chinese(block) else len(lines_of(block))


def _stanzas_at(
    blocks: Sequence[str], sizes: Sequence[tuple[bool, int]], at: int, form: Form, must_hold: bool, rules: RulesOptions
) -> int:
    """How many blocks from one on are the stanzas of a poem in a form; 0 for none."""
    own = form.language == "chinese"
    found = [number for number in _numbers(sizes, at, form) if all(one == own for one, _ in sizes[at : at + number])]
    if not must_hold and len(found) == 1:
        return found[0]
    for number in found:
        if _is_one(check(_lines(blocks[at : at + number]), form, **rules)):
            return number
    return 0 if must_hold or not found else found[0]


def _numbers(sizes: Sequence[tuple[bool, int]], at: int, form: Form) -> list[int]:
    """How many blocks from one on have the sizes of a form's stanzas: the form's usual number first."""
    found = [size for _, size in sizes[at : at + MAX_LINES]]
    usual = len(form.stanzas)
    if form.tune:
        lengths = [0, *accumulate(line.length for line in form.tune)]
        ends = list(accumulate(form.stanzas))
        wanted = [lengths[end] - lengths[end - size] for end, size in zip(ends, form.stanzas, strict=True)]
    else:
        wanted = list(form.stanzas)
    numbers = [usual] if found[:usual] == wanted else []
    if not form.unit:
        return numbers
    # A run of stanzas of one size, and the shorter one that may end the form.
    run = next((number for number, size in enumerate(found) if size != form.unit[1]), len(found))
    for number in range(min(run + 1, len(found)), 1, -1):
        lines = sum(found[:number])
        if number != usual and form.allows(lines) and form.sized(lines).stanzas == tuple(found[:number]):
            numbers.append(number)
    return numbers[:MAX_TRIED]


def _lines(blocks: Sequence[str]) -> list[str]:
    return [line for block in blocks for line in lines_of(block)]


def _is_one(verdict: Verdict) -> bool:
    """Whether the repeated lines and most of the rhymes hold, so that the stanzas are one poem; of a tune all."""
    if verdict.form.tune:
        return verdict.holds
    rhymed = [line for line in verdict.lines if line.rhymes]
    kept = len(rhymed) - verdict.count("rhyme")
    return not verdict.count("refrain") and not verdict.count("word") and kept >= MIN_RHYMES * len(rhymed)
