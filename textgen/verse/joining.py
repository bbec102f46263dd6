"""Which stanzas of a file are one poem. A file has an empty line between poems, and between stanzas too.

Where a form is named, blocks whose numbers of lines are those of its stanzas, in their order, are one poem. Where none
is named, they are one poem if their lines also return as the form asks, and most of its rhymes hold: haiku have the
shape of a terza rima's tercets, but not its rhymes. Any other block is a poem. Knows nothing of files or models.
"""

from collections.abc import Iterator, Sequence
from typing import Unpack

from textgen.corpus.forms import FORMS, form_of
from textgen.corpus.memory import lines_of
from textgen.tokens.characters import is_chinese
from textgen.verse.checking import check
from textgen.verse.config import RulesOptions
from textgen.verse.verdicts import Verdict

# The share of rhymes that must hold where no form is named. The rest leaves room for near rhymes.
MIN_RHYMES = 0.6


def joined(blocks: Sequence[str], form: str | None, **rules: Unpack[RulesOptions]) -> Iterator[str]:
    """The poems of blocks of text.

    Args:
        blocks: what stands between empty lines.
        form, rules: as of `textgen.verse.checking.check`.

    Yields:
        the text of each poem, with an empty line between stanzas that were blocks.
    """
    named = [form_of(form)] if form is not None else sorted(FORMS.values(), key=lambda one: -len(one.stanzas))
    forms = [one for one in named if len(one.stanzas) > 1 and one.language != "chinese"]
    sizes = [len(lines_of(block)) for block in blocks]
    at = 0
    while at < len(blocks):
        number = 1
        for own in forms:
            end = at + len(own.stanzas)
            has_shape = tuple(sizes[at:end]) == own.stanzas and not is_chinese(blocks[at])
            if has_shape and (form is not None or _is_one(check(_lines(blocks[at:end]), own.name, **rules))):
                number = len(own.stanzas)
                break
        yield "\n\n".join(blocks[at : at + number])
        at += number


def _lines(blocks: Sequence[str]) -> list[str]:
    return "\n".join(blocks).split("\n")


def _is_one(verdict: Verdict) -> bool:
    """Whether the repeated lines and most of the rhymes hold, so that the stanzas are one poem."""
    rhymed = [line for line in verdict.lines if line.rhymes]
    kept = len(rhymed) - verdict.count("rhyme")
    return not verdict.count("refrain") and not verdict.count("word") and kept >= MIN_RHYMES * len(rhymed)
