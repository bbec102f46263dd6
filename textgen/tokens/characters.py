"""Classes of characters: ideographs, letters of words, Chinese marks. Knows nothing of tokenizers.

The constants of ranges belong inside the brackets of a regular expression.
"""

import re
from functools import cache

# CJK ideographs, with the extensions and those outside the basic plane.
IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Scripts written without spaces, where one character is one symbol: kana and ideographs.
UNSPACED = f"\u3040-\u30ff{IDEOGRAPHS}"
# A letter of a script with spaces: a regular expression by itself.
LETTER = rf"[^\W\d_{UNSPACED}]"

# Marks that close a line of Chinese verse, and those of them that end a row of lines.
CLOSING, ENDING = "，。！？；：、", "。！？"
# Marks that no line begins with: close punctuation, exclamation and infix separators (Unicode Standard Annex 14, LB13).
NEVER_FIRST = frozenset(",;:.!?)]}" + CLOSING + "）」』】》〉")
# For str.translate: marks of a Western keyboard, and the marks of Chinese text.
MARKS = str.maketrans({",": "，", ".": "。", "?": "？", "!": "！", ";": "；", ":": "："})


@cache
def _ideographs() -> re.Pattern[str]:
    # Compiled when first used: at import it would be a noticeable share of a command's start-up.
    return re.compile(f"[{IDEOGRAPHS}]")


def is_unspaced(character: str) -> bool:
    """Whether a character's script is written without spaces, so that the character is a word by itself."""
    return "\u3040" <= character[:1] <= "\u30ff" or is_ideograph(character)


def in_word(character: str) -> bool:
    """Whether a character can be part of a word."""
    return character.isalnum() or character in "'\u2019_"


def is_ideograph(character: str) -> bool:
    """Whether a character is a Chinese ideograph."""
    first = character[:1]
    return (
        "\u4e00" <= first <= "\u9fff"
        or "\u3400" <= first <= "\u4dbf"
        or "\uf900" <= first <= "\ufaff"
        or "\U00020000" <= first <= "\U0003ffff"
    )


def is_chinese(text: str) -> bool:
    """Whether more than half of a text's letters are Chinese ideographs."""
    ideographs = len(_ideographs().findall(text))
    return 2 * ideographs > sum(map(str.isalpha, text))
