"""Rhyme in English: perfect and near rhymes, and words that sound alike.

Perfect rhymes are alike from the last stressed vowel on. Near rhymes are those that Zwicky calls feature rhymes (This
rock-and-roll has got to stop, Chicago Linguistic Society 12, 1976): the vowel is the same and each consonant after it
is of the same class (time, line), or the consonants are the same and the vowel is a near one (men, tin). A rhyme is a
text: two words rhyme where they share one, and lines of one letter where all do. This module knows nothing of forms.
"""

from collections.abc import Iterator
from functools import cache, lru_cache

from textgen.verse.sounds import cmudict as cmu

PERFECT, NEAR = "perfect", "near"

# Consonants that differ in the place where they are made, and in nothing else.
_CLASSES = ("M N NG", "P T K", "B D G", "F TH S SH", "V DH Z ZH", "CH", "JH", "L", "R", "W Y", "HH")
_CLASS_OF = {phone: f"({phones.split()[0]})" for phones in _CLASSES for phone in phones.split()}
# Vowels that are neighbours: each pair differs in tenseness or by one step of height or of backness.
_NEAR_VOWELS = ("IY IH", "IH EH", "EY EH", "EH AE", "AH AA", "AA AO", "AO OW", "AH UH", "UH UW", "ER AH")
_VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())


@lru_cache(maxsize=cmu.MAX_WORDS)
def rhymes(word: str, kind: str = PERFECT) -> frozenset[str]:
    """A word's rhymes of a kind; near ones include the perfect ones. Empty where the dictionary lacks the word."""
    perfect = cmu.rhymes(word)
    if kind == PERFECT:
        return perfect
    return cmu.shared(perfect.union(*(_near(tuple(rhyme.split())) for rhyme in perfect)))


@cache
def _near(phones: tuple[str, ...]) -> frozenset[str]:
    """What the near rhymes of a perfect one share with it."""
    same_vowels = " ".join(_CLASS_OF.get(phone, phone) for phone in phones)
    found = {f"~{same_vowels}"}
    if not all(phone in _VOWELS for phone in phones):  # vowels alone carry no consonant that could be the same
        found |= {" ".join([pair, *phones[1:]]) for pair in _pairs_of(phones[0])}
    return frozenset(found)


def _pairs_of(vowel: str) -> Iterator[str]:
    """The pairs of near vowels that a vowel is in, as "IY/IH"."""
    return (pair.replace(" ", "/") for pair in _NEAR_VOWELS if vowel in pair.split())


def are_near(one: str, other: str) -> bool:
    """Whether two words make a near rhyme or a perfect one."""
    return bool(rhymes(one, NEAR) & rhymes(other, NEAR))


@lru_cache(maxsize=cmu.MAX_WORDS)
def sounds(word: str) -> frozenset[tuple[str, ...]]:
    """How a word sounds: the phonemes of each pronunciation, without stress."""
    return frozenset(tuple(phone.rstrip("012") for phone in phones) for phones in cmu.phones(word))


def sound_alike(one: str, other: str) -> bool:
    """Whether two words are the same or homophones: "night" and "knight"."""
    return one == other or bool(sounds(one) & sounds(other))


def starts_with_vowel(word: str) -> bool | None:
    """Whether a word begins with the sound of a vowel; None where the dictionary lacks it or has it both ways."""
    found = {phones[0][-1].isdigit() for phones in cmu.phones(word)}
    return found.pop() if len(found) == 1 else None
