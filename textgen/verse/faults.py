"""What is wrong with a line of English, as numbers: for choosing among candidate lines, and for the checker's counts.

A fault is no break of a form: people's lines have some too. In 2,556 sonnets that people wrote, one line in ten has a
stressed preposition, one in 180 a stressed article, one in 500 a weak end and one in 1,600 an error of agreement. This
module knows nothing of models.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from textgen.corpus.memory import words
from textgen.verse import agreement
from textgen.verse.scansion import Reading, scan
from textgen.verse.sounds.function_words import MAX_LETTERED, UNFINISHED, is_letter, kind_of
from textgen.verse.sounds.meter import shape

# The names of faults, from the worst on.
AGREEMENT, WEAK_END, MISPLACED_MARK, NO_METER = "agreement", "weak end", "misplaced mark", "no meter"
FEW_STRESSES, STRESSED = "few stresses", "stressed "
NAMES = (
    NO_METER,
    AGREEMENT,
    WEAK_END,
    MISPLACED_MARK,
    FEW_STRESSES,
    *(
        STRESSED + kind
        for kind in ("article", "preposition", "conjunction", "possessive", "determiner", "auxiliary", "pronoun")
    ),
)
# The classes whose words on strong places the checker shows; the others are too common to tell a reader of.
_SHOWN = ("article", "preposition")
# Promoted syllables side by side that people write in 4 of 1,000 lines; the line then has no beat.
MANY_PROMOTIONS = 3

_MARK = r"[,;:.!?]"
_MISPLACED = re.compile(rf"^\s*{_MARK}|{_MARK}\s*(?={_MARK})")
_MARKED_WORD = re.compile(rf"((?:[^\W_]|['\u2019])+)\s*(?={_MARK})")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def line_faults(text: str, patterns: Sequence[str] = (), meter_rule: str = "substitutions") -> dict[str, float]:
    """Count the faults of a line.

    Args:
        text: one line, with its marks.
        patterns: the patterns that its form allows it (`textgen.corpus.forms.Form.meters`); without any, the faults of
            meter are not looked for.
        meter_rule: as of `textgen.verse.config.Rules`.

    Returns:
        the names of NAMES that occur, with how often each does: "agreement" (`textgen.verse.agreement.errors`), "weak
        end" (an article, a preposition, a conjunction or a possessive ends the line), "misplaced mark" (before the
        first word, side by side, or after such a word), "no meter" (the line cannot be read), "few stresses" (three
        strong places in a row without a stressed syllable), and "stressed article" and so on (function words on strong
        places, other than by promotion). A line with a word that the dictionary lacks has no faults of meter.
    """
    return examine(text, patterns, meter_rule).faults


@dataclass(frozen=True)
class Findings:
    """What is found in a line.

    Attributes:
        faults: as `line_faults` returns them.
        remarks: those that a reader wants to see, in words.
        reading: how the line reads; None without patterns, without known words, or where it cannot be read.
    """

    faults: dict[str, float]
    remarks: tuple[str, ...]
    reading: Reading | None


def examine(text: str, patterns: Sequence[str], meter_rule: str) -> Findings:
    """Find the faults of a line, and say which they are; arguments as of `line_faults`."""
    own, errors = words(text), agreement.errors(text)
    found, remarks = Counter[str](), [f"agreement: {error}" for error in errors]
    found[AGREEMENT] = len(errors)
    if own and own[-1] in UNFINISHED and not is_letter("".join(own[-2:-1]), own[-1]):
        found[WEAK_END] = 1
        remarks.append(f"{WEAK_END}: {own[-1]}")
    found[MISPLACED_MARK] = len(_MISPLACED.findall(text)) + sum(
        _is_unfinished(each[1], text[max(each.start() - MAX_LETTERED, 0) : each.start()])
        for each in _MARKED_WORD.finditer(text)
    )
    read = None
    if any("s" in pattern for pattern in patterns) and own and all(map(shape, own)):
        read = scan(own, breaks_before(text), patterns, meter_rule)
        if read is None:
            found[NO_METER] = 1
        else:
            found.update(STRESSED + kind_of(word) for word in read.stressed)
            found[FEW_STRESSES] = int(read.row >= MANY_PROMOTIONS)
            shown = [word for word in read.stressed if kind_of(word) in _SHOWN]
            remarks += [f"{STRESSED}{kind_of(word)}: {word}" for word in shown]
    return Findings({name: float(found[name]) for name in NAMES if found[name]}, tuple(remarks), read)


def _is_unfinished(word: str, before: str) -> bool:
    """Whether what a word belongs to comes next, by the text before it."""
    return "".join(words(word)) in UNFINISHED and not is_letter(before.lower(), word.lower())


def breaks_before(line: str) -> list[bool]:
    """For each word of a line, whether a mark stands between it and the word before; the first word has one."""
    found, before = list[bool](), 0
    for each in _WORD.finditer(line):
        found.append(not found or not line[before : each.start()].isspace())
        before = each.end()
    return found
