"""The patterns that a line may follow instead of its own: the substitutions that poets allow themselves, as patterns.

An iambic line may begin with a trochee and may end with one weak syllable more (a feminine ending); a line in anapests
may have the feminine ending. Where the rule is "loose", one foot of an iambic line may be an anapest. Sources:
Attridge, The Rhythms of English Poetry (1982); Fussell, Poetic Meter and Poetic Form (1965). This module knows nothing
of words.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from itertools import cycle

from textgen.corpus.forms import Form

IAMB, TROCHEE, ANAPEST, FEMININE = "ws", "Sw", "wws", "e"
# Shorter lines have no room for a substitution.
MIN_FEET = 3
# Of this many parallel rows, the share that keeps the form's own patterns is the larger: a substitution stands out
# against lines that have none. Readers find a feminine ending in 3 of 100 lines, an initial trochee in 6 at least.
ROUND = 12


def allowed(form: Form, line: int, rule: str) -> tuple[str, ...]:
    """The patterns that parallel rows follow in turn in a line of a form; arguments as of `substituted`.

    Where some lines of a form rhyme in two syllables, feminine endings are not free: they tell these lines from others.
    Where another line repeats the first words of this one, a foot must end where these words do.
    """
    own = form.meters[line]
    found = substituted(own, rule)
    if any(map(form.is_feminine, range(form.lines))):
        found = tuple(pattern for pattern in found if not pattern.endswith(FEMININE))
    if caesura := form.caesura(line):
        beginnings = {pattern[:caesura] for pattern in own}
        beginnings |= {TROCHEE + beginning[len(IAMB) :] for beginning in beginnings if beginning.startswith(IAMB)}
        found = tuple(pattern for pattern in found if pattern[:caesura] in beginnings)
    return found


def substituted(patterns: Sequence[str], rule: str) -> tuple[str, ...]:
    """The patterns that parallel rows follow in turn.

    Args:
        patterns: of a line of a form, with the signs of `textgen.verse.sounds.meter`.
        rule: "strict", "substitutions" or "loose", as of `textgen.verse.config.Rules`.
    """
    beginnings = [other for pattern in patterns for other in _beginnings(pattern, rule)]
    endings = [other + FEMININE for pattern in (*patterns, *beginnings) if (other := _long(pattern))]
    if rule == "strict" or not (beginnings or endings):
        return tuple(patterns)
    # Each list is gone through in turn, so that a round has something of each.
    own, first, last = cycle(patterns), cycle(beginnings or patterns), cycle(endings or patterns)
    step = 2 if rule == "loose" else 4
    kinds = [last if at in (3, ROUND - 1) else first if at % step == 1 else own for at in range(ROUND)]
    return tuple(next(kind) for kind in max(len(beginnings), len(endings), 1) * kinds)


def _feet(pattern: str) -> int:
    """How many iambs a pattern has; 0 where it is of others, or too short to substitute one."""
    feet = len(pattern) // len(IAMB)
    return feet if pattern == IAMB * feet and feet >= MIN_FEET else 0


def _beginnings(pattern: str, rule: str) -> list[str]:
    """The patterns in which one foot of an iambic line is another."""
    feet = _feet(pattern)
    if not feet:
        return []
    anapests = [IAMB * at + ANAPEST + IAMB * (feet - at - 1) for at in range(feet)]
    return [TROCHEE + pattern[len(IAMB) :], *(anapests if rule == "loose" else [])]


def _long(pattern: str) -> str:
    """A pattern that may have a feminine ending; empty for others."""
    is_long = pattern.endswith("s") and "x" not in pattern and sum(sign in "sS" for sign in pattern) >= MIN_FEET
    return pattern if is_long else ""


class Hopeful:
    """The patterns that a line can keep, looked for only as far as parallel rows ask.

    Args:
        numbers: the patterns that rows take in turn.
        can: whether the line can keep one.
    """

    def __init__(self, numbers: Sequence[int], can: Callable[[int], bool]) -> None:
        self._numbers, self._can = numbers, cache(can)
        self._found: list[int] = []
        self._left = iter(numbers)

    def of_row(self, row: int) -> int:
        """The pattern of a row; all patterns count where the line can keep none."""
        while len(self._found) <= row and (number := next(self._left, None)) is not None:
            if self._can(number):
                self._found.append(number)
        hopeful = self._found or self._numbers
        return hopeful[row % len(hopeful)]


def first_places(patterns: Sequence[Hashable]) -> tuple[int, ...]:
    """For each pattern of a list the first place where it stands."""
    first: dict[Hashable, int] = {}
    return tuple(first.setdefault(pattern, at) for at, pattern in enumerate(patterns))
