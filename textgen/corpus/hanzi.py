"""Traditional and simplified Chinese characters, converted by OpenCC (the extra `chinese`). Knows nothing of files."""

from functools import cache

from textgen.system import extras

AS_IS, SIMPLIFIED, TRADITIONAL = "as-is", "simplified", "traditional"


_TABLES = {SIMPLIFIED: "t2s", TRADITIONAL: "s2t"}


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
