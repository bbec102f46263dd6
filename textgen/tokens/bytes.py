"""Bytes of UTF-8 as symbols of text, for characters that a vocabulary lacks. Knows nothing of tokenizers.

A byte from 128 on is the lone surrogate that Python's error handler "surrogateescape" has for it (PEP 383). Below 128,
a byte is a character of ASCII.
"""

# The symbols of the bytes 128 to 255.
BYTES = [chr(0xDC00 + byte) for byte in range(128, 256)]
# The first of those with which a character of two, three and four bytes begins.
_TWO, _THREE, _FOUR = "\udcc0", "\udce0", "\udcf0"


def is_byte(symbol: str) -> bool:
    """Whether a symbol is one of BYTES."""
    return len(symbol) == 1 and BYTES[0] <= symbol <= BYTES[-1]


def begins_character(symbol: str) -> bool:
    """Whether a symbol is a byte with which a character begins; the others go on with one."""
    return is_byte(symbol) and symbol >= _TWO


def length_of(first: str) -> int:
    """How many bytes the character has that begins with a symbol."""
    return 1 + (first >= _TWO) + (first >= _THREE) + (first >= _FOUR)


def characters_in(symbol: str) -> int:
    """How many characters of a text a symbol stands for. Of a character of bytes, the first byte counts."""
    return int(begins_character(symbol)) if is_byte(symbol) else len(symbol)


def bytes_of(character: str) -> str:
    """The symbols of the bytes of a character, joined."""
    return character.encode("utf-8").decode("ascii", "surrogateescape")


def label(symbol: str) -> str:
    """A byte as it is written in Python, such as \\xe2; any other symbol as it is."""
    return f"\\x{ord(symbol) - 0xDC00:02x}" if is_byte(symbol) else symbol


def bytes_to_characters(text: str) -> str:
    """The text of joined symbols: bytes become the characters that they spell, or U+FFFD where they spell none."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
