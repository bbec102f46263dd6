"""Scripts: which text is Chinese, traditional and simplified characters, western marks to Chinese ones.

Characters are converted by OpenCC (the extra `chinese`). Knows nothing of files or models.
"""

import re
from functools import cache

from textgen.system import extras

# Ideographs, those of the extensions and of the supplementary planes among them.
IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IDEOGRAPH = re.compile(f"[{IDEOGRAPHS}]")

# What a western keyboard gives, and the mark that stands in Chinese text.
MARKS = str.maketrans({",": "，", ".": "。", "?": "？", "!": "！", ";": "；", ":": "："})

AS_IS, SIMPLIFIED, TRADITIONAL = "as-is", "simplified", "traditional"
_TABLES = {SIMPLIFIED: "t2s", TRADITIONAL: "s2t"}


def is_ideograph(character):
    """Whether a character is a Chinese one."""
    return bool(_IDEOGRAPH.match(character))


def is_chinese(text):
    """Whether more than half of a text's letters are Chinese."""
    ideographs = len(_IDEOGRAPH.findall(text))
    return 2 * ideographs > sum(map(str.isalpha, text))


@cache
def _converter(script):
    return extras.load("opencc", f"{script} characters").OpenCC(_TABLES[script])


def convert(text, script):
    """A text in a script: "simplified", "traditional", or "as-is". Raises UsageError without the extra."""
    return text if script == AS_IS else _converter(script).convert(text)


def convert_all(texts, script):
    """Texts that belong together, in a script.

    What holds a traditional character is traditional and stays so: read as simplified, some of its characters stand
    for others (里 for 裏).
    """
    texts = tuple(texts)
    if script == TRADITIONAL and (whole := "".join(texts)) != convert(whole, SIMPLIFIED):
        return texts
    return tuple(convert(text, script) for text in texts)


def forms_of(character):
    """A character, and what it is in the other script: at most three, itself first. Itself alone without OpenCC."""
    if not extras.is_there("opencc"):
        return [character]
    return list(dict.fromkeys([character, *(convert(character, script) for script in (TRADITIONAL, SIMPLIFIED))]))
