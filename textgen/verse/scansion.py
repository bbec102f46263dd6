"""Scansion: how a line that exists reads, foot by foot, and which licences of meter it takes.

The licences, after Attridge, The Rhythms of English Poetry (1982), and Fussell, Poetic Meter and Poetic Form (1965):

    initial trochee    the first foot is strong and weak, and so may be a foot after a break
    double iamb        two feet are weak, weak, strong, strong ("in the old age")
    feminine ending    one weak syllable follows the last foot
    elision            a weak vowel is not heard: "heav'n", "ev'ry", "glor-yous"
    anapest            a foot is weak, weak, strong; only where the rule is "loose"

A function word between weak syllables may stand on a strong place, which is the rule of promotion in Attridge. This
module shares its tables with the decoder, but no code, and knows nothing of poems.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds.function_words import ARTICLES, FUNCTION_WORDS

TROCHEE, LATER_TROCHEE, DOUBLE_IAMB = "initial trochee", "trochee after a break", "double iamb"
ANAPEST, FEMININE, ELISION = "anapest", "feminine ending", "elision"
# Feet that a line may substitute, and licences that it may take in all: one that has more keeps no meter.
MAX_FEET, MAX_LICENCES = 2, 4
# What a licence costs, and what an article on a strong place does: a reader would rather take a licence.
LICENCE, STRESSED_ARTICLE = 2, 3

# Signs of a foot: w weak, s strong, S strong and stressed by itself, T the same after a break, e weak, at a line's end.
_FEET = {"ws": 0, "Tw": 1, "wwSS": 1, "wws": 1}
_NAMES = {"Tw": TROCHEE, "wwSS": DOUBLE_IAMB, "wws": ANAPEST, "e": FEMININE}


@dataclass(frozen=True)
class Reading:
    """How a line reads.

    Attributes:
        pattern: the sign of each syllable's place: "s" strong, "w" weak.
        licences: what the line allows itself, such as "initial trochee" or "elision: heaven".
        stressed: the function words on strong places that no promotion excuses, and every article there.
        promotions: how many strong places weak syllables between weak ones take.
        row: the most of them side by side, with no stressed place between them.
    """

    pattern: str
    licences: tuple[str, ...] = ()
    stressed: tuple[str, ...] = ()
    promotions: int = 0
    row: int = 0


class _Sound(NamedTuple):
    """A way to say a word: a digit for each syllable, and whether a vowel is elided."""

    stress: str
    is_elided: bool


class _Path(NamedTuple):
    """A reading of the first words of a line: its cost, and how each word is said.

    The cost is that of licences and stressed articles, then the number of function words on strong places.
    """

    cost: tuple[int, int]
    sounds: tuple[_Sound, ...]


def scan(words: Sequence[str], breaks: Sequence[bool], patterns: Sequence[str], rule: str) -> Reading | None:
    """Read a line with as few licences as it can be read with.

    Args:
        words: of the line, in lower case, each known to the dictionary.
        breaks: for each word, whether a mark stands before it.
        patterns: the form's patterns for the line: w weak, s strong, x either.
        rule: "strict" for these patterns only, with an article on a strong place counted as in `Reading.stressed`;
            "substitutions", or "loose".

    Returns:
        the Reading; None where the line cannot be read.
    """
    # Each word takes a place, and licences add a few places: a line with more words is not read at all.
    if not words or len(words) > max(map(len, patterns)) * 2:
        return None
    can_elide = rule != "strict"
    sizes = _sizes(words, can_elide)
    best: tuple[tuple[int, int], _Path, str, tuple[str, ...]] | None = None
    for licences, signs, names in _variants(tuple(patterns), rule):
        if best is not None and best[0] <= (LICENCE * licences, 0):
            break
        if not sizes >> len(signs) & 1:
            continue
        path = _read(words, breaks, signs, can_elide)
        if path and licences + sum(sound.is_elided for sound in path.sounds) <= MAX_LICENCES:
            total = (LICENCE * licences + path.cost[0], path.cost[1])
            if best is None or total < best[0]:
                best = total, path, signs, names
    if best is None:
        return None
    _, path, signs, names = best
    elided = tuple(f"{ELISION}: {word}" for word, sound in zip(words, path.sounds, strict=True) if sound.is_elided)
    return _reading(words, path.sounds, signs, names + elided)


def lengths(patterns: Sequence[str], rule: str) -> set[int]:
    """The numbers of syllables that a line may have, without elision; arguments as of `scan`."""
    return {len(signs) for _, signs, _ in _variants(tuple(patterns), rule)}


@lru_cache(maxsize=64)
def _variants(patterns: tuple[str, ...], rule: str) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """The patterns that a line may follow: the number of licences in each, its signs, and their names; few first."""
    found: dict[str, tuple[int, str, tuple[str, ...]]] = {pattern: (0, pattern, ()) for pattern in patterns}
    if rule == "strict":
        return tuple(found.values())
    for pattern in patterns:
        for feet in _feet(pattern, rule):
            for ending in ("", "e"):
                signs = "".join(feet) + ending
                cost = sum(_FEET.get(foot, 0) for foot in feet) + bool(ending)
                if signs not in found and "x" not in pattern:
                    found[signs] = cost, signs, tuple(_named(feet, ending))
    return tuple(sorted(found.values(), key=lambda one: one[0]))


def _sizes(words: Sequence[str], can_elide: bool) -> int:
    """The numbers of syllables that a line may have, as a set: bit n stands for n."""
    found = 1
    for word in words:
        longer = 0
        for sound in sounds(word, can_elide):
            longer |= found << len(sound.stress)
        found = longer
    return found


def _feet(pattern: str, rule: str) -> Iterator[list[str]]:
    """The feet of each variant of a pattern: of an iambic one; any other stays whole."""
    size = len(pattern) // 2
    if pattern != "ws" * size:
        yield [pattern]
        return
    kinds = ["ws", "Tw", "wwSS", *(["wws"] if rule == "loose" else [])]

    def rest(left: int, substitutions: int) -> Iterator[list[str]]:
        if not left:
            yield []
            return
        for kind in kinds:
            taken, cost = (2 if kind == "wwSS" else 1), _FEET[kind]
            # The last foot is never turned round: the line would lose its end.
            if taken <= left and cost <= substitutions and not (kind == "Tw" and left == 1):
                for others in rest(left - taken, substitutions - cost):
                    yield [kind, *others]

    yield from rest(size, MAX_FEET)


def _named(feet: Sequence[str], ending: str) -> Iterator[str]:
    for at, foot in enumerate(feet):
        if foot in _NAMES and len(feet) > 1:
            yield LATER_TROCHEE if foot == "Tw" and at else _NAMES[foot]
    if ending:
        yield _NAMES[ending]


@lru_cache(maxsize=cmu.MAX_WORDS)
def sounds(word: str, can_elide: bool) -> tuple[_Sound, ...]:
    """The ways to say a word; of equal ones that without elision."""
    whole = [_Sound(one.stress, False) for one in cmu.spoken(word) if one.stress]
    elided = [_Sound(stress, True) for phones in cmu.phones(word) for stress in _elided(phones)] if can_elide else []
    found: dict[str, _Sound] = {}
    for sound in whole + elided:
        found.setdefault(sound.stress, sound)
    return tuple(found.values())


def _elided(phones: Sequence[str]) -> Iterator[str]:
    """The stresses of a word in which two syllables are said as one, where English verse does that.

    Two vowels side by side, the second weak: glorious, being, wandering, power. Two weak vowels around l, n or r:
    family, reckoning. A short stressed vowel, v, th or r, and a weak end: heaven, spirit.
    """
    vowels = [at for at, phone in enumerate(phones) if phone[-1].isdigit()]
    stress = "".join(phones[at][-1] for at in vowels)
    for number, (one, other) in enumerate(pairwise(vowels)):
        between = tuple(phones[one + 1 : other])
        if stress[number + 1] != "0":
            continue
        is_ending = len(phones) == other + 2 and phones[-1] in ("N", "L", "T") and between in (("V",), ("DH",), ("R",))
        has_liquid = stress[number] == "0" and number > 0 and between in (("L",), ("N",), ("R",))
        if not between or has_liquid or (is_ending and stress[number] == "1"):
            yield stress[: number + 1] + stress[number + 2 :]


def _cost(word: str, sound: _Sound, signs: str, has_break: bool) -> tuple[int, int] | None:
    """What a word costs at the beginning of some signs, as in `_Path`; None where it does not fit."""
    if len(signs) < len(sound.stress) or (signs[0] == "T" and not has_break) or "T" in signs[1 : len(sound.stress)]:
        return None
    if len(sound.stress) > 1:
        barred = {"w": "1", "S": "0", "T": "0", "e": "12"}
        if any(digit in barred.get(sign, "") for digit, sign in zip(sound.stress, signs, strict=False)):
            return None
        return LICENCE * sound.is_elided, 0
    is_function, sign = word in FUNCTION_WORDS, signs[0]
    if (sign in "ST" and is_function) or (sign == "e" and not is_function):
        return None
    is_stressed_article = sign == "s" and word in ARTICLES
    return LICENCE * sound.is_elided + STRESSED_ARTICLE * is_stressed_article, int(sign == "s" and is_function)


def _read(words: Sequence[str], breaks: Sequence[bool], signs: str, can_elide: bool) -> _Path | None:
    """The best reading of a line by some signs: by dynamic programming over places, a word a step."""
    paths: dict[int, _Path] = {0: _Path((0, 0), ())}
    for word, has_break in zip(words, breaks, strict=True):
        onward: dict[int, _Path] = {}
        for place, path in paths.items():
            for sound in sounds(word, can_elide):
                cost = _cost(word, sound, signs[place:], has_break or not place) if place < len(signs) else None
                if cost is None:
                    continue
                total = (path.cost[0] + cost[0], path.cost[1] + cost[1])
                end = place + len(sound.stress)
                if end not in onward or total < onward[end].cost:
                    onward[end] = _Path(total, (*path.sounds, sound))
        paths = onward
    return paths.get(len(signs))


def _reading(words: Sequence[str], said: Sequence[_Sound], signs: str, licences: tuple[str, ...]) -> Reading:
    """A Reading, with the function words that stand on strong places."""
    of_word = [word for word, sound in zip(words, said, strict=True) for _ in sound.stress]
    stresses = [
        digit if len(sound.stress) > 1 else "0" if word in FUNCTION_WORDS else "1"
        for word, sound in zip(words, said, strict=True)
        for digit in sound.stress
    ]
    is_single = [len(sound.stress) == 1 for sound in said for _ in sound.stress]
    stressed, promotions, row, longest = [], 0, 0, 0
    for at, sign in enumerate(signs):
        if sign not in "sST":
            continue
        if stresses[at] != "0":
            row = 0
            continue
        # The second stress of a word such as "shadow" is weak beside its first.
        is_between_weak = all(stresses[each] != "1" for each in (at - 1, at + 1) if 0 <= each < len(signs))
        row += 1
        longest = max(longest, row)
        promotions += is_between_weak
        if is_single[at] and (of_word[at] in ARTICLES or not is_between_weak):
            stressed.append(of_word[at])
    pattern = "".join("s" if sign in "sST" else sign if sign == "x" else "w" for sign in signs)
    return Reading(pattern, licences, tuple(stressed), promotions, longest)
