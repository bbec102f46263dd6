"""Options that are not plain numbers: from the forms that people and programs give to the one form that is kept.

Each function takes (name, value) and raises UsageError with the rule. It knows nothing of what the options do.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textgen.errors import UsageError
from textgen.options import texts
from textgen.sampling.schedules import parse_schedule
from textgen.tokens.characters import in_word

MAX_BIAS = 1e9  # nats, of either sign


def temperature(name: str, value: object) -> float | tuple[float, ...] | str:
    """A number, a tuple of numbers to use in turn, or the text "start:end"."""
    return parse_schedule(name, value).option()


def words(name: str, value: object) -> tuple[str, ...]:
    """One word or several: a tuple of str."""
    for word in (parsed := texts(name, value)):
        if not all(map(in_word, word)):
            raise UsageError(f"`{name}` takes one word of letters, digits and apostrophes; got {word!r}")
    return parsed


def biases(name: str, value: object) -> tuple[tuple[str, float], ...]:
    """Symbols and numbers, from a mapping, pairs or texts such as "e=-1.5": a tuple of (str, float)."""
    pairs: object = list(value.items()) if isinstance(value, Mapping) else [value] if isinstance(value, str) else value
    if not isinstance(pairs, Iterable):
        raise _not_a_bias(name, value)
    return tuple(_bias(name, pair) for pair in pairs)


def _bias(name: str, pair: object) -> tuple[str, float]:
    """One pair. Raises UsageError."""
    symbol, amount = pair.rpartition("=")[::2] if isinstance(pair, str) else _two(pair)
    try:
        number = float(amount)
    except (TypeError, ValueError):
        number = math.nan
    if not symbol or not isinstance(symbol, str) or not abs(number) <= MAX_BIAS:
        raise _not_a_bias(name, pair)
    return symbol, number


def _two(pair: object) -> tuple[Any, Any]:
    """The two parts of a pair; two times None where it is not one."""
    parts = tuple(pair) if isinstance(pair, Sequence) else ()
    return (parts[0], parts[1]) if len(parts) == 2 else (None, None)


def _not_a_bias(name: str, value: object) -> UsageError:
    return UsageError(f"`{name}` takes a symbol and a number to add to its logit, as in e=-1.5; got {value!r}")
