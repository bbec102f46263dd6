"""English forms that are open in length: a unit of lines may come any number of times, as a tercet of terza rima does.

A unit's lines keep what they have to do with earlier ones: in ABA BCB CDC DED E the first line of each further tercet
rhymes with the line two places before it. Lines after the units refer to the last of them, or to lines before the first
one: the last quatrain of a pantoum repeats lines of its first. Knows nothing of files.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

# Letters of a scheme, of which a long terza rima needs more than the alphabet has: one for each of the most lines.
_LETTERS = [chr(code) for code in (*range(ord("A"), ord("Z") + 1), *range(0x4E00, 0x5000))]


class Lines(Protocol):
    """What of a form its length changes; attributes as of `textgen.corpus.forms.form.Form`."""

    @property
    def lines(self) -> int: ...
    @property
    def rhyme(self) -> str: ...
    @property
    def meters(self) -> tuple[tuple[str, ...], ...]: ...
    @property
    def stanzas(self) -> tuple[int, ...]: ...
    @property
    def refrains(self) -> tuple[int, ...]: ...
    @property
    def end_words(self) -> tuple[int, ...]: ...
    @property
    def unit(self) -> tuple[int, ...]: ...


class Units(NamedTuple):
    """Where the units of a form stand.

    Attributes:
        first: the first line of the first unit, from 0.
        size: the lines of a unit.
        copies: how many units the form has as it is written.
    """

    first: int
    size: int
    copies: int

    @property
    def end(self) -> int:
        """The line after the last unit."""
        return self.first + self.size * self.copies


def units_of(form: Lines) -> Units:
    """The units of a form whose `unit` says where the first one stands."""
    first, size = form.unit
    rhymes, wholes = _links(_rhymes(form)), _links(_wholes(form))
    # What a line of a unit has in common with that line of the other units.
    rows = [
        (
            form.meters[line],
            *(to >= 0 and line - to for to in (rhymes[line], wholes[line])),
            form.end_words[line] if form.end_words else -1,
        )
        for line in range(form.lines)
    ]
    copies = 1
    while rows[first : first + size] == rows[(at := first + size * copies) : at + size]:
        copies += 1
    return Units(first, size, copies)


def _rhymes(form: Lines) -> list[str]:
    return ["" if letter == "-" else letter for letter in form.rhyme]


def _wholes(form: Lines) -> list[str]:
    """For each line the name of what is repeated whole; empty where it is said once."""
    sources = [own if own >= 0 else line for line, own in enumerate(form.refrains)] or [*range(form.lines)]
    counts = Counter(sources)
    return [str(own) if counts[own] > 1 else "" for own in sources]


def _links(names: Sequence[str]) -> list[int]:
    """For each line the nearest earlier one of the same name; -1 for none, and for an empty name."""
    last: dict[str, int] = {}
    found = []
    for line, name in enumerate(names):
        found.append(last.get(name, -1) if name else -1)
        last[name] = line
    return found


def strays(form: Lines, units: Units) -> list[int]:
    """The lines after the units that go with a unit before the last one, from 0: with which one of many is not said."""
    links = [_links(_rhymes(form)), _links(_wholes(form))]
    last = range(units.first, units.end - units.size)
    return [line for line in range(units.end, form.lines) if any(each[line] in last for each in links)]


def resized(form: Lines, lines: int) -> dict[str, Any]:
    """The fields of a form that differ where it has another number of lines, which it allows."""
    units = units_of(form)
    closing = form.lines - units.end
    copies = (lines - units.first - closing) // units.size
    end = units.first + units.size * copies
    # For each line of the new form that of the old one whose place it takes.
    old = [
        *range(units.first),
        *(units.first + at % units.size for at in range(units.size * copies)),
        *range(units.end, form.lines),
    ]

    def linked(names: Sequence[str]) -> list[int]:
        """For each new line the first one that it goes with, itself if it is the first."""
        links, found = _links(names), list[int]()
        for line, own in enumerate(old):
            to = links[own]
            is_fixed = own < units.first or (own >= units.end and to < units.first)
            found.append(line if to < 0 else found[to if is_fixed else line - (own - to)])
        return found

    wholes, rhymes = linked(_wholes(form)), linked(_rhymes(form))
    rhymed = dict.fromkeys(own for own, at in zip(rhymes, old, strict=True) if form.rhyme[at] != "-")
    names = dict(zip(rhymed, _LETTERS, strict=False))
    return {
        "lines": lines,
        "rhyme": "".join("-" if form.rhyme[at] == "-" else names[own] for own, at in zip(rhymes, old, strict=True)),
        "meters": tuple(form.meters[at] for at in old),
        "stanzas": tuple(_stanzas(form, units, end, lines)),
        "refrains": tuple(-1 if own == line else own for line, own in enumerate(wholes)) if form.refrains else (),
        "end_words": tuple(form.end_words[at] for at in old) if form.end_words else (),
        "unit": form.unit,
    }


def _stanzas(form: Lines, units: Units, end: int, lines: int) -> Iterator[int]:
    if len(form.stanzas) == 1:
        yield lines
        return
    begin = 0
    inside: list[int] = []
    for size in form.stanzas:
        if begin < units.first:
            yield size
        elif begin < units.first + units.size:
            inside.append(size)
        elif begin >= units.end:
            if inside:
                yield from inside * ((end - units.first) // units.size)
                inside = []
            yield size
        begin += size
    yield from inside * ((end - units.first) // units.size)
