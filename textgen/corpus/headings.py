"""The heading of a poem: a row above it with its title and its shape, which a model reads before the first line.

    《秋江》七言四句
    《Autumn river》

A model that has read the heading knows what it is to write about, and how long the lines are, before it begins. Knows
nothing of files or models.
"""

import re
from collections.abc import Sequence
from functools import cache

from textgen.tokens.characters import CLOSING, IDEOGRAPHS, is_chinese

# What a heading tells: both, one of them, or nothing.
FULL, FORM, TITLE, NONE = "full", "form", "title", "none"
HEADINGS = (FULL, FORM, TITLE, NONE)

# A heading has at most this many characters of a title, in Chinese and in other scripts.
MAX_TITLE, MAX_WESTERN_TITLE = 16, 60

# A title is no longer than this; what follows is not read.
MAX_READ = 400

_NUMERALS = "〇一二三四五六七八九十"
# How many poems stand under one title, and which of them this is: no part of what the poem is about.
_SERIES = re.compile(
    r"第?其?[一二三四五六七八九十百]+首|(?:^|\s)其?[一二三四五六七八九十百]+$|其[一二三四五六七八九十百]+$"
)
# What an editor added.
_ADDED = re.compile(r"（[^（）]*）|\([^()]*\)|【[^【】]*】|\{[^{}]*\}")


def heading(title: str, lines: Sequence[str], kind: str = FULL) -> str:
    """The heading of a poem, with a line feed at its end; empty where there is nothing to tell.

    Args:
        title: the poem's title; empty if it has none.
        lines: its lines; their marks do not count.
        kind: one of HEADINGS.
    """
    chinese = is_chinese("".join(lines))
    shape = shape_of([len(line.strip(CLOSING)) for line in lines]) if chinese else ""
    return heading_for(clean_title(title, chinese), shape, kind)


def heading_for(title: str, shape: str, kind: str = FULL) -> str:
    """The heading of a clean title and a shape; see `heading`."""
    title, shape = title if kind in (FULL, TITLE) else "", shape if kind in (FULL, FORM) else ""
    return f"《{title}》{shape}\n" if kind != NONE and (title or shape) else ""


def without_heading(document: str) -> str:
    """A poem in the layout that a model reads, without its heading."""
    first, _, rest = document.partition("\n")
    return rest if first.startswith("《") and "》" in first else document


def title_of(document: str) -> str:
    """The title in a poem's heading; empty where there is none."""
    first = document.partition("\n")[0]
    return first[1:].partition("》")[0] if first.startswith("《") and "》" in first else ""


def shape_of(lengths: Sequence[int]) -> str:
    """The shape of a Chinese poem in words: 七言四句, seven characters a line and four lines; 雜言 where lines differ.

    Args:
        lengths: characters in each line.
    """
    if not lengths:
        return ""
    length = f"{_numeral(lengths[0])}言" if len(set(lengths)) == 1 else "雜言"
    return f"{length}{_numeral(len(lengths))}句"


def clean_title(title: str, chinese: bool) -> str:
    """A title without an editor's notes, without the number of a poem in a series, and not too long."""
    title = _ADDED.sub("", title[:MAX_READ].replace("《", "").replace("》", ""))
    if not chinese:
        words = " ".join(title.split())
        return (
            words
            if len(words) <= MAX_WESTERN_TITLE
            else words[: MAX_WESTERN_TITLE + 1].rpartition(" ")[0] or words[:MAX_WESTERN_TITLE]
        )
    title = _SERIES.sub("", title.strip())
    return _foreign().sub("", title)[:MAX_TITLE]


@cache
def _foreign() -> re.Pattern[str]:
    """Everything that is no Chinese character."""
    return re.compile(f"[^{IDEOGRAPHS}]")


def _numeral(number: int) -> str:
    """A number below a hundred in Chinese; 多, many, for any other."""
    if number <= 10:
        return _NUMERALS[number]
    if number >= 100:
        return "多"
    tens, ones = divmod(number, 10)
    return (_NUMERALS[tens] if tens > 1 else "") + "十" + (_NUMERALS[ones] if ones else "")
