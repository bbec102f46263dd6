"""Text as it can be shown: the one filter for messages, and for what reaches a terminal.

Control characters of a stranger's text could change the terminal's title, its clipboard or what stands on it already,
and an end of a line could forge a message. So they are shown as escapes.
"""

import functools

# Characters that act on a terminal in place of being shown: controls (C0, DEL, C1), other ends of lines, and what
# changes the direction of the text around it. Joiners and the letters of scripts from right to left are ordinary text.
_ACTING = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0x2028,
    0x2029,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
)


def visible_text(text: str) -> str:
    """A text as it can be shown: what acts on a terminal becomes an escape such as `\\x1b`. Lines and tabs stay."""
    if text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable():
        return text
    # Lone surrogates, which no terminal takes, become escapes as they are encoded.
    return text.translate(_escapes()).encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(text: str) -> str:
    """A text as it can be shown in one line: an end of a line becomes an escape too, so that nobody can forge one."""
    return visible_text(text).replace("\n", "\\n")


@functools.cache
def _escapes() -> dict[int, str]:
    return {code: repr(chr(code))[1:-1] for code in _ACTING if chr(code) not in "\n\t"}
