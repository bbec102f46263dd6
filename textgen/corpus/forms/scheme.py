"""Prosody's notation of a rhyme scheme: "A1bA2 abA1 abA2 abA1 abA2 abA1A2" is a villanelle's.

A letter stands for a line. Lines with the same letter rhyme, whatever its case. A letter with a number is a refrain:
the line is repeated whole wherever the same letter and number return. "-" is a line that rhymes with nothing. Blanks
stand between stanzas (Fussell, Poetic Meter and Poetic Form, 1965).

"*" repeats the first words of line 1, as in a rondeau: "AABBA AAB* AABBA*". A digit stands for a line that ends in the
word of that number, and two in brackets for one that has both words, as in the envoy of a sestina: "123 312 231 (12)3".
"""

import re
from typing import NamedTuple

_LINE = re.compile(r"([A-Za-z])([0-9]{1,3})?|-|\*|([0-9])|\(([0-9])([0-9])\)")


class Scheme(NamedTuple):
    """A rhyme scheme; attributes as of `Form`."""

    rhyme: str
    stanzas: tuple[int, ...]
    refrains: tuple[int, ...]
    rentrements: tuple[int, ...]
    end_words: tuple[int, ...]
    inner_words: tuple[int, ...]


def parse(text: str) -> Scheme:
    """Read a scheme. Raises ValueError, which says what is wrong and how to mend it, for a text that is none."""
    rhyme: list[str] = []
    stanzas: list[int] = []
    refrains: list[int] = []
    returns_short: list[int] = []
    words: list[str] = []
    inner: list[str] = []
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
            if name == "*" and not line:
                raise ValueError("* repeats the first words of line 1; write a letter for line 1")
            rhyme.append(name[0] if name[0].isalpha() else "-")
            returns_short.append(0 if name == "*" else -1)
            words.append(found[3] or found[5] or "")
            inner.append(found[4] or "")
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
    numbers = {word: number for number, word in enumerate(dict.fromkeys(filter(None, words)))}
    if once := sorted(word for word in numbers if words.count(word) + inner.count(word) < 2):
        raise ValueError(f"the word {once[0]} ends one line only; write - for a line that may end in any word")
    for line, word in enumerate(inner):
        if word and (word == words[line] or word not in words[:line]):
            raise ValueError(f"({word}{words[line]}) needs two words that end earlier lines; number others")
    return Scheme(
        "".join(rhyme),
        tuple(stanzas),
        tuple(refrains) if returned else (),
        _if_any(returns_short),
        _if_any([numbers.get(word, -1) for word in words]),
        _if_any([numbers.get(word, -1) for word in inner]),
    )


def _if_any(entries: list[int]) -> tuple[int, ...]:
    """The entries of all lines; none where no line has one."""
    return tuple(entries) if max(entries) >= 0 else ()
