"""Traditional and simplified Chinese characters, converted by OpenCC (the extra `chinese`). Knows nothing of files."""

from collections.abc import Iterable
from functools import cache
from typing import Protocol

from textgen.system import extras

AS_IS, SIMPLIFIED, TRADITIONAL = "as-is", "simplified", "traditional"

# OpenCC's table for each script.
_TABLES = {SIMPLIFIED: "t2s", TRADITIONAL: "s2t"}


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _converter(script: str) -> _Converter:
    converter: _Converter = extras.load("opencc", f"{script} characters").OpenCC(_TABLES[script])
    return converter


def convert(text: str, script: str) -> str:
    """A text in a script.

    Args:
        text: the text.
        script: "simplified", "traditional", or "as-is".

    Raises:
        UsageError: OpenCC is needed and the extra `chinese` is not installed.
    """
    return text if script == AS_IS else _converter(script).convert(text)


def convert_all(texts: Iterable[str], script: str) -> tuple[str, ...]:
    """Texts that belong together, in a script. Raises as `convert`.

    Texts that already hold a traditional character stay as they are when `script` is "traditional": OpenCC would read
    them as simplified, where one character may stand for another (里 for 裏).
    """
    texts = tuple(texts)
    if script == TRADITIONAL and (whole := "".join(texts)) != convert(whole, SIMPLIFIED):
        return texts
    return tuple(convert(text, script) for text in texts)


def forms_of(character: str) -> list[str]:
    """A character and its forms in the other script: at most three, the character itself first.

    Without OpenCC, the character alone.
    """
    if not extras.is_there("opencc"):
        return [character]
    return list(dict.fromkeys([character, *(convert(character, script) for script in (TRADITIONAL, SIMPLIFIED))]))
