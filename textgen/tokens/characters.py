"""What kind of character one is: an ideograph, part of a word, a mark. Knows nothing of tokenizers."""

import re

# Scripts written without spaces, one symbol a character: kana, CJK ideographs (also those outside the basic plane).
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


LETTER = rf"[^\W\d_{UNSPACED}]"


_UNSPACED = re.compile(f"[{UNSPACED}]")


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that is written without spaces and is a word by itself."""
    return bool(_UNSPACED.match(character))


def in_word(character: str) -> bool:
    """Whether a character can stand within a word."""
    return character.isalnum() or character in "'\u2019_"


# Ideographs, those of the extensions and of the supplementary planes among them.
IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")


# What a western keyboard gives, and the mark that stands in Chinese text.
MARKS = str.maketrans({",": "，", ".": "。", "?": "？", "!": "！", ";": "；", ":": "："})


def is_ideograph(character):
    """Whether a character is a Chinese one."""
    return bool(_IDEOGRAPH.match(character))


def is_chinese(text):
    """Whether more than half of a text's letters are Chinese."""
    ideographs = len(_IDEOGRAPH.findall(text))
    return 2 * ideographs > sum(map(str.isalpha, text))


# Marks that close a line of Chinese verse, and those of them after which a new row begins.
CLOSING, ENDING = "，。！？；：、", "。！？"
