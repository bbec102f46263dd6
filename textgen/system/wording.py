"""Pieces of messages: numbers with nouns, and symbols made visible. Knows nothing of where they are shown."""

from collections.abc import Iterable

_SIGNS = {"\n": "\u21b5", "\t": "\u21e5", " ": "\u00b7", "\u3000": "\u00b7", "\r": "\u240d"}
_OTHER = "\u00b7"
# Names that a hint lists: more than any command has options, and fewer than a run may have labels.
MAX_NAMES = 100


def did_you_mean(name: str, known: Iterable[str], most: int = 1) -> str:
    """A hint about a name that does not exist: the nearest known names, or where none is near those that there are.

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
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return f"there are: {', '.join(names[:MAX_NAMES])}{more}"


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 line", "1,200 lines"."""
    return f"{number:,} {plural(noun, number)}"


def plural(noun: str, number: int) -> str:
    """A noun as it follows a number: "line" after 1, else "lines". For nouns that only take an s."""
    return noun if number == 1 else noun + "s"


def ascii_safe(symbol: str) -> str:
    """A symbol in quotes, or its code points where it cannot be printed: "U+200D"."""
    return repr(symbol) if symbol.isprintable() else " ".join(f"U+{ord(character):04X}" for character in symbol)


def visible(symbol: str) -> str:
    """A symbol with a sign in place of each character that cannot be seen.

    White space has signs of its own, other characters become a raised dot. The space before a word is left out.
    """
    if symbol in _SIGNS:
        return _SIGNS[symbol]
    shown = "".join(_SIGNS.get(each, each) for each in symbol.strip(" "))
    return "".join(each if each.isprintable() else _OTHER for each in shown) or _OTHER
