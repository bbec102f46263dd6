"""Seasons and hours in Chinese verse: characters that fix one, so that a poem does not mix what excludes each other.

Written for this project. A character is here only if poets use it nearly always of that season or hour: 花 and 月 are
not (flowers of autumn, 月 a month). Knows nothing of models.
"""

from collections.abc import Iterable

SEASONS = {
    "spring": "春桃鶯燕蝶梨柳絮楊杏鵑",
    "summer": "夏蟬荷蓮榴暑炎梔",
    "autumn": "秋菊雁鴈霜蛩楓桂梧砧萸",
    "winter": "冬雪臘冰凍霰",
}
HOURS = {
    "morning": "曉晨曙旦",
    "day": "午晝晴曝",
    "evening": "夕暮昏晚",
    "night": "夜宵更螢燭漏",
}
# Seasons and hours that stand side by side in human poems, for instance a day and its evening, or snow in spring.
COMPATIBLE = {
    frozenset({"winter", "spring"}),
    frozenset({"spring", "summer"}),
    frozenset({"autumn", "winter"}),
    frozenset({"day", "evening"}),
    frozenset({"evening", "night"}),
    frozenset({"night", "morning"}),
    frozenset({"morning", "day"}),
}
# Words that deny, and words that ask: a poem that is made of them says nothing.
NEGATIONS, QUESTIONS = "不無未莫非勿休", "何誰豈安焉孰幾奚"

_TAGS = {character: name for table in (SEASONS, HOURS) for name, own in table.items() for character in own}
_KINDS = {name: kind for kind, table in enumerate((SEASONS, HOURS)) for name in table}


def tags(text: str) -> set[str]:
    """The seasons and hours that a text names."""
    return {_TAGS[one] for one in text if one in _TAGS}


def clashes(before: Iterable[str], line: str) -> int:
    """How many pairs of a season or hour of a line and another one, of the lines before it or its own, do not agree.

    Args:
        before: the lines before it.
        line: the line.
    """
    own, known = tags(line), tags("".join(before))
    pairs = {frozenset({one, other}) for one in own for other in known | own if one != other}
    return sum(len({_KINDS[name] for name in pair}) == 1 and pair not in COMPATIBLE for pair in pairs)
