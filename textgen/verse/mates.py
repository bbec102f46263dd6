"""Which lines of a poem that exist rhyme with each other, perfectly, nearly, or with the same sound.

Shares its tables with the decoder, but no code. This module knows nothing of forms.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from textgen.verse.sounds import rhyming


class Mate(NamedTuple):
    """What is found of a line among those that rhyme with it.

    Attributes:
        line: its number, from 0.
        fault: what is wrong, in a few words; empty where it rhymes.
        remark: what else is worth knowing.
    """

    line: int
    fault: str = ""
    remark: str = ""


def mates(ends: Mapping[int, str], rhyme_kind: str, identical_rhymes: bool) -> Iterator[Mate]:
    """Judge the lines of one letter of a rhyme scheme.

    Args:
        ends: line number to last word, in order; at least one.
        rhyme_kind, identical_rhymes: as of `textgen.verse.config.Rules`.
    """
    # Words that the dictionary lacks are compared with nothing.
    first = next(filter(rhyming.rhymes, ends.values()), "")
    shared = rhyming.rhymes(first, rhyme_kind)
    for number, word in ends.items():
        own = rhyming.rhymes(word, rhyme_kind)
        same = [at for at, other in ends.items() if at < number and rhyming.sound_alike(word, other)]
        is_near = not rhyming.rhymes(first) & rhyming.rhymes(word) and rhyming.are_near(first, word)
        if not own:
            yield Mate(number, f"{word} is not in the dictionary")
        elif same and not identical_rhymes:
            yield Mate(number, _same(word, ends[same[0]], same[0] + 1))
        elif not shared & own:
            yield Mate(number, f"{word} does not rhyme with {first}" + (": a near rhyme" if is_near else ""))
        else:
            shared &= own
            yield Mate(number, remark=f"near rhyme with {first}" if is_near else "")


def _same(word: str, other: str, number: int) -> str:
    if word == other:
        return f"{word} stands in line {number} too"
    return f"{word} sounds as {other} does in line {number}"
