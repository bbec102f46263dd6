"""Options that are no plain numbers: from the forms in which people and programs give them to the one that is kept.

Each function takes (name, value) and raises UsageError saying the rule. Knows nothing of what the options do.
"""

import math
from collections.abc import Mapping, Sequence

from textgen.errors import UsageError
from textgen.options import texts
from textgen.tokens.characters import in_word


def temperature(name, value):
    """A number, a tuple of numbers that are taken in turn, or the text "start:end"."""
    rule = f"`{name}` takes a number from 0 to 100, several taken in turn (0.5,1,0.7), or start:end over the length"
    parts, separator = value, None
    if isinstance(value, str):
        separator = ":" if ":" in value else ","
        parts = value.split(separator)
    elif not isinstance(value, Sequence):
        parts = [value]
    try:
        numbers = tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        raise UsageError(f"{rule}; got {value!r}") from None
    good = numbers and all(0 <= number <= 100 for number in numbers) and not any(map(_is_bool, parts))
    if not good or (separator == ":" and len(numbers) != 2):
        raise UsageError(f"{rule}; got {value!r}")
    if separator == ":":
        return f"{numbers[0]:g}:{numbers[1]:g}"
    return numbers if len(numbers) > 1 else numbers[0]


def _is_bool(value):
    return isinstance(value, bool)


def words(name, value):
    """One word or several: a tuple of str."""
    for word in (parsed := texts(name, value)):
        if not all(map(in_word, word)):
            raise UsageError(f"`{name}` takes one word, of letters, digits and apostrophes; got {word!r}")
    return parsed


def biases(name, value):
    """Symbols and numbers, from a mapping, pairs or texts such as "e=-1.5": a tuple of (str, float)."""
    pairs = value.items() if isinstance(value, Mapping) else [value] if isinstance(value, str) else value
    parsed = []
    for pair in pairs:
        symbol, amount = pair.rpartition("=")[::2] if isinstance(pair, str) else pair
        try:
            amount = float(amount)
        except (TypeError, ValueError):
            amount = math.nan
        if not symbol or not isinstance(symbol, str) or not abs(amount) <= 1e9:
            raise UsageError(f"`{name}` takes a symbol and a number to add to its logit, as in e=-1.5; got {pair!r}")
        parsed.append((symbol, amount))
    return tuple(parsed)
