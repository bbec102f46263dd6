"""Prosody's notation of a rhyme scheme: "A1bA2 abA1 abA2 abA1 abA2 abA1A2" is a villanelle's.

A letter stands for a line. Lines with the same letter rhyme, whatever its case. A letter with a number is a refrain:
the line is repeated whole wherever the same letter and number return. "-" is a line that rhymes with nothing. Blanks
stand between stanzas (Fussell, Poetic Meter and Poetic Form, 1965).
"""

import re
from typing import NamedTuple

_LINE = re.compile(r"([A-Za-z])([0-9]{1,3})?|-")


class Scheme(NamedTuple):
    """A rhyme scheme; attributes as of `Form`."""

    rhyme: str
    stanzas: tuple[int, ...]
    refrains: tuple[int, ...]


def parse(text: str) -> Scheme:
    """Read a scheme. Raises ValueError, which says what is wrong and how to mend it, for a text that is none."""
    rhyme: list[str] = []
    stanzas: list[int] = []
    refrains: list[int] = []
    firsts: dict[str, int] = {}
    returned: set[str] = set()
    for stanza in text.split():
        at = 0
        while at < len(stanza):
            found = _LINE.match(stanza, at)
            if not found:
                raise ValueError(
                    f"{stanza[at]!r} is no line of a rhyme scheme; write letters, each with a number where the line "
                    'returns whole, - for a line without rhyme, and blanks between stanzas: "A1bA2 abA1"'
                )
            line, name = len(rhyme), found[0].upper()
            rhyme.append(name[0])
            refrains.append(firsts.get(name, -1) if found[2] else -1)
            if found[2]:
                returned |= {name} & firsts.keys()
                firsts.setdefault(name, line)
            at = found.end()
        stanzas.append(len(rhyme) - sum(stanzas))
    if not rhyme:
        raise ValueError('it has no lines; write a letter for each line: "ABAB"')
    if once := sorted(firsts.keys() - returned):
        raise ValueError(
            f"{once[0]} has a number, and the line does not return; write it again where it does, or write {once[0][0]}"
        )
    return Scheme("".join(rhyme), tuple(stanzas), tuple(refrains) if returned else ())
