"""Errors of agreement and of order that a few closed lists find: "he go", "a houses", "the my", "to the and".

Only what is almost never right is an error: an older English than ours is not ("if he go", "for to see", "thou art").
The lists are small for that reason. Of the 39,000 lines of 2,800 sonnets that people wrote these rules find something
in less than one line of a hundred (docs/guide/verse.md has the figure). This module knows nothing of verse.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from textgen.corpus.memory import words as words_of
from textgen.verse.sounds.function_words import ARTICLES, FUNCTION_WORDS, PRONOUNS, is_letter


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# They stand before a noun or its adjectives, and before nothing else.
_BEFORE_NOUNS = ARTICLES | _set("my thy your our their its every")
_DETERMINERS = _BEFORE_NOUNS - _set("every") | _set("this these those")
# Function words that are nouns, adjectives or adverbs as well, so that a determiner may stand before them.
_OTHERWISE = _set(
    "one's will might may art must can while whilst which round after mid midst near despite over under up down out in "
    "off inside outside above below beyond within without through by be ye tis that"
)
_NEVER_AFTER_DETERMINERS = FUNCTION_WORDS - _OTHERWISE - _DETERMINERS - _set("every i'd an'")
# An old "an" is "if": an it please you.
_AFTER_IF = PRONOUNS | _set("if")
_JOINING = _set("and or nor than because although unless lest")
_SUBJECTS = _set("i he she we they")
# Prepositions after which neither a conjunction, nor a subject, nor a verb, nor one of themselves stands.
_PREPOSITIONS = _set("of at into unto upon with among amid against")
# Forms that stand alone: no other verb stands right before them.
_FINITE = _set("is are was were am has does did goes hath doth can could would shall should comes makes takes gives")
_OF_BE = _set("is are was were am")
_MODALS = _set("shall should could would must can")
_HELPING = _set("is are was were am do does did doth have has hath")

# Verbs whose forms are checked after a pronoun: the form after "they", and the form after "he".
_BASE = (
    "go come see know make take give think say speak sing love hear seem keep hold find bring fall grow stand live die "
    "sleep weep dream walk sit rise shine fly lie tell turn call look move leave feel want begin become"
)
_THIRD = {verb: verb + ("es" if verb == "go" else "s") for verb in _BASE.split()} | {"fly": "flies"}
_BE = {
    "i": _set("is are art has does hath doth hast dost"),
    "thou": _set("is are am has does have do"),
    "he": _set("am are art have hast dost"),
    "we": _set("is am was has does art hast dost"),
}
_BE |= {"she": _BE["he"], "it": _BE["he"], "they": _BE["we"], "you": _set("is am has does hast dost")}
_SINGULAR = ("he", "she", "it")
# After these a pronoun begins a clause. After others its verb may be a subjunctive, or it may end another phrase.
_CLAUSE = _set("but for so when while where because since")

_PLURALS = _set("men women children feet teeth mice geese oxen lives wives leaves knives wolves selves")
_NOUNS = _set(
    "man woman child house heart eye hand day night year king queen tree bird flower star word song thing voice tear "
    "hour field hill river sea ship book door friend soul dream lip cheek hope fear joy cloud leaf wing rose"
)
# They end as plurals do, and "a" may stand before them.
_SINGULAR_ENDINGS = _set(
    "alms means gallows shambles series species summons lens news atlas mars venus hercules james charles hors bellows "
    "barracks crossroads headquarters works innings mews sports"
)
_ENDING = re.compile(r"[a-z]{2,}[^aious'\W]s")


class Error(NamedTuple):
    """An error: the words and what is wrong with them."""

    words: str
    text: str

    def __str__(self) -> str:
        return f"{self.words}: {self.text}"


def errors(line: str) -> list[Error]:
    """The errors of a line, in order. No rule looks across a mark.

    Args:
        line: with or without its punctuation.
    """
    found: list[Error] = []
    for phrase in re.split(r"[^\w\s'\u2019]+", line):
        found += _errors(words_of(phrase))
    return found


def _errors(words: Sequence[str]) -> Iterator[Error]:
    for at, (one, other) in enumerate(pairwise(words)):
        before = words[at - 1] if at else ""
        after = words[at + 2] if at + 2 < len(words) else ""
        text = _order(one, other) or _number(one, other, after) or _verb(before, one, other)
        if text and not is_letter(before, one):
            yield Error(f"{one} {other}", text)


def _order(one: str, other: str) -> str:
    """Words that do not stand side by side."""
    if one in _BEFORE_NOUNS and other in _DETERMINERS:
        return "two determiners"
    if one in _BEFORE_NOUNS and other in _NEVER_AFTER_DETERMINERS and not (one == "an" and other in _AFTER_IF):
        return f"no noun after {one!r}"
    if one in _PREPOSITIONS and other in _JOINING | _SUBJECTS | _FINITE | _PREPOSITIONS:
        return f"no noun after {one!r}"
    if one == "to" and other in _FINITE | _SUBJECTS | _PREPOSITIONS | _JOINING - _set("and"):
        return "neither a noun nor an infinitive after 'to'"
    if one in ("and", "or", "nor") and other in ("and", "or", "than"):
        return "two conjunctions"
    return ""


def _number(one: str, other: str, after: str) -> str:
    """A determiner and a noun that differ in number."""
    if one in ("a", "an", "every") and (other in _PLURALS or _is_plural(other)):
        return "a plural after a singular determiner"
    if one == "this" and other in _PLURALS:
        return "a plural after a singular determiner"
    # Before another noun the singular is right: these summer days.
    if one in ("these", "those") and other in _NOUNS and not after:
        return "a singular after a plural determiner"
    return ""


def _is_plural(word: str) -> bool:
    """Whether a word is a plural by its ending."""
    return bool(_ENDING.fullmatch(word)) and word not in _SINGULAR_ENDINGS


def _verb(before: str, one: str, other: str) -> str:
    """A pronoun and a verb, or two verbs, that do not agree."""
    if one in _MODALS and (other in _FINITE or other in _THIRD.values()):
        return f"no infinitive after {one!r}"
    # A clause may end before a form of "be": all that I have is thine.
    if one in _HELPING and other in _FINITE and (one in _OF_BE or other not in _OF_BE):
        return "two verbs"
    if one in ("we", "they", "thou") and other in _THIRD.values():
        return "the verb does not agree"
    # The pronoun of a phrase such as "he and I" has no verb of its own.
    if before and before not in _CLAUSE:
        return ""
    if other in _BE.get(one, ()) or (one in ("i", "you") and other in _THIRD.values()):
        return "the verb does not agree"
    if one in _SINGULAR and not before and other in _THIRD:
        return "the verb does not agree"
    return ""
