"""JSON from untrusted files: bounded in size, each key once, numbers of 64 bits only, never through a link.

    values = read_json(path)                     # plain values: dict, list, str, int, float, bool, None
    state = read_json(path, TrainingState)       # a dataclass; every entry is checked against its field's type
    state = check_type(values, TrainingState)    # the same for values that are in memory already

A typed file is declared as a dataclass. The file must have an entry for every field and no others. A field's type may
be bool, int, float, str, None, Any, a Literal, another dataclass, `list[X]`, `tuple[X, ...]`, `dict[str, X]` or a union
of these. An int is accepted where a float is declared and becomes one; no other value is converted. A dataclass states
further rules in its `__post_init__`, which raises ValueError: the message then follows the file's name.
"""

import dataclasses
import functools
import json
import math
import reprlib
import sys
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn, TypeVar, overload

from textgen.errors import DamagedError
from textgen.system.folders import Folder

T = TypeVar("T")

MAX_BYTES = 64 * 1024 * 1024
MAX_DIGITS = 19  # of a whole number of 64 bits

_UNIONS = (typing.Union, types.UnionType)  # Optional[X] and X | None

_NOUNS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    tuple: "a list",
    dict: "an object",
    types.NoneType: "null",
}


@overload
def read_json(path: Path, *, max_bytes: int = MAX_BYTES) -> object: ...
@overload
def read_json(path: Path, type: type[T], *, max_bytes: int = MAX_BYTES) -> T: ...
def read_json(path: Path, type: Any = None, *, max_bytes: int = MAX_BYTES) -> object:
    """Read plain JSON values, or a dataclass, from a file.

    Args:
        path: the file; a link is refused.
        type: a dataclass (or another type that `check_type` knows); None returns plain values.
        max_bytes: the largest file that is read.

    Raises:
        DamagedError: the file is missing, not a plain file, too large, not JSON, has a key twice, a number that is not
            finite or too many levels, or does not fit `type`. The message names the file and the entry.
    """
    try:
        with Folder.opened(path.parent) as folder:
            data = folder.read(path.name, max_bytes)
    except FileNotFoundError:
        raise DamagedError(f"{path}: missing") from None
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_json(data, path, type)


@overload
def parse_json(data: bytes, path: Path) -> object: ...
@overload
def parse_json(data: bytes, path: Path, type: type[T]) -> T: ...
@overload
def parse_json(data: bytes, path: Path, type: None) -> object: ...
def parse_json(data: bytes, path: Path, type: Any = None) -> object:
    """Read plain JSON values, or a dataclass, from the bytes of a file.

    Args:
        data: the bytes.
        path: the file, for the message.
        type: as of `read_json`.

    Raises:
        DamagedError: as `read_json`.
    """
    try:
        values = json_values(data)
    except ValueError as error:
        raise DamagedError(f"{path}: damaged: not JSON that textgen reads ({error})") from None
    if type is None:
        return values
    try:
        return check_type(values, type)
    except ValueError as error:
        raise DamagedError(f"{path}: damaged: {error}") from None


def json_values(data: bytes | str) -> object:
    """Plain JSON values. Raises ValueError for a key twice, a number that no file of textgen holds, or too many levels.

    A whole number has at most 64 bits with its sign; other numbers are finite.
    """
    try:
        return json.loads(
            data,
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
            parse_int=_bounded_int,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def check_type(value: object, type: type[T]) -> T:
    """Turn plain JSON values into a value of a declared type.

    Args:
        value: what `read_json` or `json.loads` returned.
        type: a dataclass, or any type that a field may have (see the module's docstring).

    Returns:
        the dataclass, or the value.

    Raises:
        ValueError: the value does not fit the type. The message names the entry: `history[3].epoch`.
    """
    checked: T = _converted(value, type, "")
    return checked


def _converted(value: Any, kind: Any, entry: str) -> Any:
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in (Any, object):
        return value
    if origin in _UNIONS:
        return _alternative(value, kind, entry)
    if dataclasses.is_dataclass(origin):
        return _dataclass(value, origin, entry)
    if origin is typing.Literal:
        fits = any(type(value) is type(each) and value == each for each in arguments)
    elif origin is float and type(value) is int:
        fits = abs(value) <= sys.float_info.max
    else:
        fits = type(value) is (list if origin is tuple else origin)
    if not fits:
        _refuse(value, kind, entry)
    return _contents(value, origin, arguments, entry)


def _contents(value: Any, origin: Any, arguments: tuple[Any, ...], entry: str) -> Any:
    if origin in (list, tuple):
        inner = arguments[0] if arguments else Any
        return origin(_converted(each, inner, f"{entry}[{index}]") for index, each in enumerate(value))
    if origin is dict:
        inner = arguments[1] if arguments else Any
        return {key: _converted(each, inner, f"{entry}[{reprlib.repr(key)}]") for key, each in value.items()}
    return float(value) if origin is float else value


def _alternative(value: Any, kind: Any, entry: str) -> Any:
    kinds = [each for each in typing.get_args(kind) if each is not types.NoneType]
    if value is None and type(None) in typing.get_args(kind):
        return None
    for each in kinds:
        try:
            return _converted(value, each, entry)
        except ValueError:
            # Where only one alternative can hold other values, its own message says which of them does not fit.
            if len(kinds) == 1 and isinstance(value, (list, dict)):
                raise
    return _refuse(value, kind, entry)


def _dataclass(value: Any, kind: Any, entry: str) -> Any:
    if not isinstance(value, dict):
        _refuse(value, kind, entry)
    hints = _hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    if set(value) != set(names):
        unknown = _listed(key for key in value if key not in names)
        missing = _listed(name for name in names if name not in value)
        place = f'"{entry}": ' if entry else ""
        raise ValueError(f"{place}unknown entries {unknown}; missing entries {missing}")
    prefix = f"{entry}." if entry else ""
    return kind(**{name: _converted(value[name], hints[name], prefix + name) for name in names})


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _refuse(value: Any, kind: Any, entry: str) -> NoReturn:
    # reprlib shortens a long value, and what it returns is one line.
    place = f'invalid value for "{entry}": ' if entry else ""
    raise ValueError(f"{place}{reprlib.repr(value)}; expected {_noun(kind)}")


def _noun(kind: Any) -> str:
    if typing.get_origin(kind) in _UNIONS:
        return " or ".join(map(_noun, typing.get_args(kind)))
    if typing.get_origin(kind) is typing.Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(kind)))
    return _NOUNS.get(typing.get_origin(kind) or kind, "an object")


def _listed(names: Iterable[str]) -> str:
    """Up to five names in quotes, or "none"."""
    listed = sorted(map(reprlib.repr, names))
    return ", ".join([*listed[:5], *(["..."] if len(listed) > 5 else [])]) or "none"


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key appears twice")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a finite number")


def _bounded_int(text: str) -> int:
    # Longer numbers take long to read (Python refuses those of 4,300 digits), and no float holds those of 400.
    if len(text) > MAX_DIGITS + 1 or not -(2**63) <= (value := int(text)) < 2**63:
        raise ValueError(f"{text[:20]}{'...' * (len(text) > 20)} is too large for a whole number")
    return value


def _finite_float(text: str) -> float:
    # Python reads 1e999 as infinity.
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is not a finite number")
    return value
