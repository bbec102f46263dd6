"""Pieces of messages: plurals, symbols that cannot be seen. Knows nothing of where they are shown."""

from collections.abc import Iterable


def ascii_safe(symbol: str) -> str:
    """A symbol in quotes, with what cannot be seen written out: U+200D."""
    return repr(symbol) if symbol.isprintable() else " ".join(f"U+{ord(character):04X}" for character in symbol)


_SHOWN_AS = {"\n": "\u21b5", "\t": "\u21e5", " ": "\u00b7", "\u3000": "\u00b7", "\r": "\u240d"}


def visible(symbol):
    """A symbol as it is shown: white space by a sign that can be seen, the space before a word left out."""
    if symbol in _SHOWN_AS:
        return _SHOWN_AS[symbol]
    shown = "".join(_SHOWN_AS.get(each, each) for each in symbol.strip(" "))
    return "".join(each if each.isprintable() else "\u00b7" for each in shown) or "\u00b7"


def did_you_mean(name: str, known: Iterable[str], most: int = 1) -> str:
    """A hint about a name that does not exist: the nearest known names, or all of them where none is near.

    Args:
        name: the unknown name.
        known: the names that exist.
        most: the number of near names to show.

    Returns:
        "did you mean 'units'?" or "there are: layers, units".
    """
    from difflib import get_close_matches  # here, since only errors need it

    names = list(known)
    near = get_close_matches(name, names, most)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {', '.join(names)}"


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 line", "1,200 lines"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
