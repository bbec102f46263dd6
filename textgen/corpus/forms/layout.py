"""What Chinese forms come down to: lines, each with its tones, its rhyme and the mark that ends it.

Tones: P level (平), Z oblique (仄), N either.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

# Where a line repeats a character of the poem: (line, place), both from 0.
Spot = tuple[int, int]

# The tones in which a line may rhyme: level, oblique, or any one.
LEVEL, OBLIQUE, ANY = "P", "Z", "N"


class VerseLine(NamedTuple):
    """A line of a Chinese form.

    Attributes:
        patterns: its tone patterns, one sign a character, all of one length.
        rhyme: the letter of its rhyme; empty where it does not rhyme. Lines with one letter rhyme, in whatever tones.
        tone: the tone in which it rhymes: "P", "Z", or "N" for any one tone that its rhymes share.
        mark: the mark that ends it; "。" stands for any mark that ends a sentence.
        echoes: for each character the earlier one that it repeats; empty where the line repeats none.
    """

    patterns: tuple[str, ...]
    rhyme: str = ""
    tone: str = LEVEL
    mark: str = "，"
    echoes: tuple[Spot, ...] = ()

    @property
    def length(self) -> int:
        """Number of characters."""
        return len(self.patterns[0])


class Layout(NamedTuple):
    """A poem's lines in their order; a form has one or several.

    Attributes:
        name: for regulated verse one letter a line; else empty.
        lines: the lines.
    """

    name: str
    lines: tuple[VerseLine, ...]


# Tones, a rhyme, what is repeated, and a mark: PPZZa{5}，
_LINE = re.compile(r"([PZNpz|]+)([a-mo-oq-y])?((?:\{[^{}]*\})*)([，。、；：！？])")
_SPAN = re.compile(r"\{([0-9]{1,3})(?:\.([0-9]{1,2})(?:-([0-9]{1,2}))?)?\}")


def parse(stanzas: Sequence[str]) -> tuple[tuple[VerseLine, ...], tuple[int, ...]]:
    """Read a tune: its lines, and the number of lines of each stanza.

    A line is its tones (P, Z, N; p and z where poets took licences; "|" between alternatives), a small letter where it
    rhymes, what it repeats ({5} is line 5, {2.4-6} the fourth to sixth character of line 2), and its mark.

    Raises:
        ValueError: a text that is no tune; it says what is wrong and how to mend it.
    """
    lines: list[VerseLine] = []
    sizes: list[int] = []
    for stanza in stanzas:
        at = 0
        text = "".join(stanza.split())
        while at < len(text):
            found = _LINE.match(text, at)
            if not found:
                raise ValueError(
                    f"{text[at : at + 20]!r} is no line; write its tones as P, Z and N, a small letter if it rhymes, "
                    "and its mark: NZZPPa。"
                )
            lines.append(_line(lines, *found.groups()))
            at = found.end()
        sizes.append(len(lines) - sum(sizes))
    if not all(sizes):
        raise ValueError("a stanza has no lines; take it out")
    return tuple(lines), tuple(sizes)


def _line(lines: list[VerseLine], signs: str, rhyme: str | None, spans: str, mark: str) -> VerseLine:
    patterns = tuple(signs.split("|"))
    if not all(len(one) == len(patterns[0]) > 0 for one in patterns):
        raise ValueError(f"{signs!r} has patterns of several lengths; give all patterns of a line one length")
    tones = {one[-1].upper() for one in patterns}
    if rhyme and len(tones) > 1:
        raise ValueError(f"{signs!r} rhymes in two tones; end its patterns alike")
    echoes: list[Spot] = []
    for span in re.findall(r"\{[^{}]*\}", spans):
        echoes += _spots(span, lines)
    if echoes and len(echoes) != len(patterns[0]):
        raise ValueError(
            f"{spans} has {len(echoes)} characters, and its line has {len(patterns[0])}; repeat as many as the line has"
        )
    return VerseLine(patterns, rhyme or "", min(tones), mark, tuple(echoes))


def _spots(span: str, lines: list[VerseLine]) -> list[Spot]:
    """The characters that a span names: {5}, {5.2} or {5.6-5}."""
    found = _SPAN.fullmatch(span)
    if not found:
        raise ValueError(f"{span} names no earlier line; write {{5}} for line 5, {{5.2-3}} for two characters of it")
    line = int(found[1]) - 1
    if not 0 <= line < len(lines):
        raise ValueError(f"{span} names no earlier line; count the lines from 1")
    first = int(found[2] or 1)
    last = int(found[3] or found[2] or lines[line].length)
    if not (0 < first <= lines[line].length and 0 < last <= lines[line].length):
        raise ValueError(f"{span} names a character that line {line + 1} does not have; it has {lines[line].length}")
    step = 1 if first <= last else -1
    return [(line, place - 1) for place in range(first, last + step, step)]


def loosened(line: VerseLine, tones: str) -> VerseLine:
    """A line of a tune under a rule of tones.

    Args:
        line: as `parse` reads it.
        tones: "strict" keeps every tone, "variants" all but those from which poets departed (p and z), "relaxed" the
            second, fourth, sixth and last of a line, "off" none.
    """

    def sign(place: int, one: str, length: int) -> str:
        if tones == "strict":
            return one.upper()
        is_kept = one.isupper() and (tones == "variants" or place % 2 == 1 or place == length - 1)
        return one if is_kept and tones != "off" else "N"

    patterns = ("".join(sign(at, one, len(each)) for at, one in enumerate(each)) for each in line.patterns)
    return line._replace(patterns=tuple(dict.fromkeys(patterns)))
