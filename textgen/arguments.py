"""What a function may be given: one reader of numbers, one of texts, one of paths, and a few more.

Every public function reads its arguments here before it does anything, and so does every field of a configuration
(`textgen.options`). A value of another kind, or out of its range, raises UsageError: one line that names the parameter
in backquotes, says what it takes, and shows the value, cut short. NumPy's numbers and texts, fractions and decimals
are taken as Python's own; arrays, even of one number, are not numbers.
"""

import math
import operator
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from textgen.errors import UsageError
from textgen.shown import one_line

Number: TypeAlias = int | float
T = TypeVar("T")

# The longest form of a value that a message shows, in characters.
MAX_SHOWN = 80
# Integers of more bits are not printed: Python refuses above 4,300 digits.
MAX_BITS = 400
# Bytes of a file's name and of a path, on every file system in use.
MAX_NAME, MAX_PATH = 255, 4095
# The largest number of a step.
MAX_STEP = 2**63 - 1
# Characters of a text that are checked at once.
PIECE = 1 << 20

_PLAIN = frozenset({int, float, bool, str, bytes, list, tuple, dict, type(None)})


def whole_number(
    name: str,
    value: object,
    low: Number | None = None,
    high: Number | None = None,
    above: Number | None = None,
    below: Number | None = None,
) -> int:
    """Read a whole number within bounds. The exclusive ones are `above` and `below`. Raises UsageError."""
    found = value if type(value) is int else _plain(value)
    if type(found) is not int or not _within(found, low, high, above, below):
        if high == MAX_STEP and not (type(found) is int and found > high):
            high = None  # only a limit of the computer, and not what was wrong
        raise refused(name, f"a whole number {_bounds(low, high, above, below)}", value)
    return found


def number(
    name: str,
    value: object,
    low: Number | None = None,
    high: Number | None = None,
    above: Number | None = None,
    below: Number | None = None,
) -> float:
    """Read a finite number within bounds. The exclusive ones are `above` and `below`. Raises UsageError."""
    found = as_float(value)
    if not math.isfinite(found) or not _within(found, low, high, above, below):
        raise refused(name, f"a number {_bounds(low, high, above, below)}", value)
    return found


def as_float(value: object) -> float:
    """A number as a float; NaN for everything else, and for whole numbers that no float can hold."""
    found = value if type(value) is float else _plain(value)
    if type(found) is int:
        try:
            return float(found)
        except OverflowError:
            return math.nan
    return found if type(found) is float else math.nan


def spelled_number(value: object) -> float:
    """A number, or a text that spells one, as a float; NaN for everything else."""
    if not isinstance(value, str):
        return as_float(value)
    try:
        return float(value)
    except ValueError:
        return math.nan


def switch(name: str, value: object) -> bool:
    """Read a truth value. Raises UsageError."""
    found = value if type(value) is bool else _plain(value)
    if type(found) is not bool:
        raise refused(name, "True or False", value)
    return found


def text(name: str, value: object, choices: Iterable[str] = ()) -> str:
    """Read a text that can be written as UTF-8, one of a few where there are choices.

    Raises:
        UsageError: not a str, one with half a surrogate pair in it, or none of the choices.
    """
    found = value if type(value) is str else _plain(value)
    if type(found) is not str or (choices and found not in choices):
        raise refused(name, f"one of {', '.join(choices)}" if choices else "text", value)
    if not found.isascii():
        for start in range(0, len(found), PIECE):
            try:
                found[start : start + PIECE].encode("utf-8")
            except UnicodeEncodeError as error:
                raise _half_a_character(name, found[start + error.start], start + error.start) from None
    return found


def delimiter(name: str, value: object) -> str:
    """Read a character that may separate columns, or the word "tab" for a tab. Raises UsageError."""
    found = text(name, value)
    found = "\t" if found in ("tab", "\\t") else found
    if len(found) != 1 or found in '"\r\n' or found.isalnum():
        raise refused(name, "one character that is no letter, digit or quote, or the word tab", value)
    return found


def texts(name: str, value: object) -> tuple[str, ...]:
    """Read one text or several, none of them empty. Raises UsageError."""
    found = tuple(_each_text(name, value, "a text that is not empty"))
    if not all(found):
        raise refused(name, "a text that is not empty", value)
    return found


def documents(name: str, value: object) -> list[str]:
    """Read one text or several; they may be empty. Raises UsageError."""
    return list(_each_text(name, value, "a text, or several"))


def _each_text(name: str, value: object, wanted: str) -> Iterable[str]:
    if isinstance(value, str):
        return [text(name, value)]
    found = []
    for each in items(name, value, wanted):
        if not isinstance(each, str):
            raise refused(name, wanted, value)
        found.append(text(name, each))
    return found


def items(name: str, value: object, wanted: str) -> Iterable[Any]:
    """The items of a sequence, an array or an iterator. Raises UsageError for what has no order of its own.

    Args:
        name: the parameter's name.
        value: what was given.
        wanted: what the parameter takes, for the message.
    """
    if isinstance(value, (str, bytes, bytearray, Mapping, AbstractSet, type)):
        raise refused(name, wanted, value)
    try:
        found: Iterable[Any] = iter(cast(Iterable[Any], value))
        return found
    except TypeError:  # no iterable, or an array of no dimensions
        raise refused(name, wanted, value) from None


def path(name: str, value: object) -> str | os.PathLike[str]:
    """Read a path as it is: text or a path object, not empty, that the file system can hold. Raises UsageError."""
    if type(value) is not str and not isinstance(value, Path):
        value = _plain(value)
    if not isinstance(value, (str, os.PathLike)):
        raise refused(name, "a path", value)
    plain = os.fspath(value)
    if not isinstance(plain, str) or not plain:
        raise refused(name, "a path that is not empty", value)
    try:
        encoded = os.fsencode(plain)
    except UnicodeEncodeError as error:
        raise _half_a_character(name, plain[error.start], error.start) from None
    if b"\0" in encoded:
        raise refused(name, "a path without NUL characters", plain)
    if max(map(len, encoded.split(b"/"))) > MAX_NAME or len(encoded) > MAX_PATH:
        raise refused(name, f"a path of at most {MAX_PATH} bytes, its names no longer than {MAX_NAME}", plain)
    return value


def instance(name: str, value: T, kind: type[Any], wanted: str = "") -> T:
    """Read a value of a class.

    Args:
        name: the parameter's name.
        value: what was given.
        kind: the class.
        wanted: what the parameter takes, for the message; the name of the class where it is empty.

    Raises:
        UsageError: a value of another class.
    """
    if not isinstance(value, kind):
        raise refused(name, wanted or f"a {kind.__name__}", value)
    return value


def function(name: str, value: object, wanted: str = "a function") -> Callable[..., Any]:
    """Read something that can be called. Raises UsageError; a class counts as none."""
    if not callable(value) or isinstance(value, type):
        raise refused(name, wanted, value)
    return value


def refused(name: str, wanted: str, value: object) -> UsageError:
    """The error about a value: "`epochs` takes a whole number at least 1; got 0"."""
    return UsageError(f"`{name}` takes {wanted.rstrip()}; got {shown(value)}")


def shown(value: object) -> str:
    """A value as messages show it: as Python writes it, on one line, without codes that a terminal obeys, cut short."""
    from reprlib import Repr  # here, since only errors need it

    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return f"a whole number of some {int(value.bit_length() * math.log10(2)) + 1:,} digits"
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = MAX_SHOWN
    try:
        written = short.repr(_plain(value) if isinstance(value, str) else value)
    except Exception:  # the value's own code, or an integer within it of too many digits
        written = f"a value of type {type(value).__name__}"
    return one_line(" ".join(written.split()))


def short(text: str) -> str:
    """A text as messages quote it beside its parameter: cut where it is long, with nothing that a terminal obeys."""
    return one_line(text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "...")


def _plain(value: object) -> Any:
    """A number or text of another library, a fraction or a decimal, as Python's own; other values stay as they are."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):  # of a subclass, such as NumPy's
        return str.__str__(value)
    from decimal import Decimal  # here, since few values need it
    from numbers import Integral, Real

    try:
        if isinstance(value, Integral):
            return operator.index(value)
        if isinstance(value, (Real, Decimal)):
            return float(value)
    except (TypeError, ValueError, ArithmeticError):
        return value
    numpy = sys.modules.get("numpy")
    return bool(value) if numpy and isinstance(value, numpy.bool_) else value


def _within(value: Number, low: Number | None, high: Number | None, above: Number | None, below: Number | None) -> bool:
    return (
        (low is None or value >= low)
        and (high is None or value <= high)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def _bounds(low: Number | None, high: Number | None, above: Number | None, below: Number | None) -> str:
    """Bounds in words: "at least 1 and below 5"; empty if there are none."""
    bounds = (("at least", low), ("above", above), ("at most", high), ("below", below))
    return " and ".join(f"{words} {bound}" for words, bound in bounds if bound is not None)


def _half_a_character(name: str, character: str, place: int) -> UsageError:
    """The error about a lone surrogate. Python reads a byte of an argument that is not UTF-8 as one of U+DC80 on."""
    code = ord(character)
    what = f"the byte 0x{code - 0xDC00:02X}, which is not UTF-8" if 0xDC80 <= code <= 0xDCFF else "half a character"
    return UsageError(f"`{name}`: character {place + 1:,} is {what} (U+{code:04X}); give text in UTF-8")
