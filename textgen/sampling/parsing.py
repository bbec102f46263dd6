"""Options that are not plain numbers: from the forms that people and programs give to the one form that is kept.

Each function takes (name, value) and raises UsageError with the rule. It knows nothing of what the options do.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from textgen.arguments import items, refused, spelled_number, text, texts
from textgen.sampling.schedules import parse_schedule
from textgen.tokens.characters import in_word

MAX_BIAS = 1e9  # nats, of either sign
_BIAS = "a symbol and a number to add to its logit, as in e=-1.5"


def temperature(name: str, value: object) -> float | tuple[float, ...] | str:
    """A number, a tuple of numbers to use in turn, or the text "start:end"."""
    return parse_schedule(name, value).option()


def words(name: str, value: object) -> tuple[str, ...]:
    """One word or several: a tuple of str."""
    for word in (parsed := texts(name, value)):
        if not all(map(in_word, word)):
            raise refused(name, "one word of letters, digits and apostrophes", word)
    return parsed


def biases(name: str, value: object) -> tuple[tuple[str | int, float], ...]:
    """Symbols, or their ids, and numbers, from a mapping, pairs or texts such as "e=-1.5": a tuple of pairs."""
    if isinstance(value, Mapping):
        return tuple(_bias(name, pair) for pair in value.items())
    return tuple(_bias(name, pair) for pair in ([value] if isinstance(value, str) else items(name, value, _BIAS)))


def _bias(name: str, pair: object) -> tuple[str | int, float]:
    """One pair. Raises UsageError."""
    symbol, amount = pair.rpartition("=")[::2] if isinstance(pair, str) else _two(pair)
    number = spelled_number(amount)
    if not abs(number) <= MAX_BIAS or (type(symbol) is not int and not (isinstance(symbol, str) and symbol)):
        raise refused(name, _BIAS, pair)
    return symbol if type(symbol) is int else text(name, symbol), number


def _two(pair: object) -> tuple[Any, Any]:
    """The two parts of a pair; two times None where it is not one."""
    return (pair[0], pair[1]) if isinstance(pair, Sequence) and len(pair) == 2 else (None, None)
