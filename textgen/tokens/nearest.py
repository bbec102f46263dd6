"""The nearest substitute for a symbol that a vocabulary lacks. Knows nothing of tokenizers or models."""

import unicodedata
from collections.abc import Iterable

# Families of marks that mean much the same; the plainest form is last.
_ALIKE = (
    "\u2018\u2019\u201b\u2032\u00b4`\u02bc'",
    '\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"',
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u301c~-",
    "\u00a0\u2002\u2003\u2009\u202f\u3000\t\r\n ",
    "\u3002\uff0e.",
    "\uff0c\u3001\uff1b;:,",
    "[{(",
    "]})",
)


def nearest(symbol: str, symbols: Iterable[str]) -> str | None:
    """The text of one or more known symbols that is most like an unknown symbol, or None.

    It tries in turn: the symbol without or with the space before it; another case, lower case first; the symbol
    without accents and compatibility forms (Unicode's NFKD); for words, the closest spelling (at least two thirds alike
    by the measure of Ratcliff and Obershelp); for characters, a mark of the same family.

    Args:
        symbol: an unknown character or word.
        symbols: the vocabulary's symbols.
    """
    known: set[str] | frozenset[str] = symbols if isinstance(symbols, (set, frozenset)) else set(symbols)
    bare = symbol.lstrip(" ") or symbol
    forms = [symbol, *_cases(symbol), *_plain(symbol)]
    if len(bare) > 1 or symbol != bare or any(len(other) > 1 for other in known):
        forms += [space + form.lstrip(" ") for form in forms for space in (" ", "")]
    for form in forms:
        # One letter may stand for two (ß, æ), each a symbol of its own.
        if form in known or (len(symbol) == 1 and known.issuperset(form)):
            return form
    if len(bare) > 1:
        # Imported only when needed: the model knows every symbol of most prompts.
        from difflib import get_close_matches

        close = get_close_matches(symbol, sorted(known), n=1, cutoff=2 / 3)
        return close[0] if close else None
    for family in _ALIKE:
        if bare in family:
            return next((other for other in reversed(family) if other in known), None)
    return None


def _cases(symbol: str) -> list[str]:
    return [form for form in (symbol.lower(), symbol.upper(), symbol.title(), symbol.capitalize()) if form != symbol]


def _plain(symbol: str) -> list[str]:
    stripped = "".join(
        character for character in unicodedata.normalize("NFKD", symbol) if not unicodedata.combining(character)
    )
    # Letters that NFKD does not decompose.
    for letter, plain in zip("øØłŁđĐßæÆœŒ", ("o", "O", "l", "L", "d", "D", "ss", "ae", "AE", "oe", "OE"), strict=True):
        stripped = stripped.replace(letter, plain)
    return [stripped, *_cases(stripped)] if stripped and stripped != symbol else []
