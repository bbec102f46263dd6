"""How an option is declared, once: its default, its range, its help text. Knows nothing of what options do."""

import dataclasses
import math
import operator
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass

from textgen.errors import UsageError


def texts(flag, value):
    """Parse an option that is one text or several, none empty: a tuple of str."""
    several = (value,) if isinstance(value, str) else value
    if not isinstance(several, Sequence) or not all(isinstance(text, str) and text for text in several):
        raise UsageError(f"{flag} takes a text that is not empty; got {value!r}")
    return tuple(several)


def option(
    default,
    help,
    *,
    low=None,
    high=None,
    above=None,
    below=None,
    choices=None,
    flag=None,
    parse=None,
    metavar=None,
    make=None,
    since=1,
):
    """Declare a field that is also a command-line option.

    Args:
        default: the value when none is given; None in an optional field means "chosen by the tool".
        help: the option's help text, and what an error message quotes.
        low, high: inclusive bounds of a number.
        above, below: exclusive bounds of a number.
        choices: the allowed words.
        flag: the option's name where it is not the field's own (`--sequence-length` for `sequence_length`).
        parse: for a field that is no plain number, text or truth: takes (flag, value), the value as a program or the
            command line gives it, and returns it in the one form that is kept, or raises UsageError. A field whose
            default is a tuple may then be given several times on the command line.
        metavar: what stands for the value in the help; default: N for a whole number, X for others.
        make: kept with the field, for whoever declares it (`textgen.writing.transforms`).
        since: the run format that first had the field; older runs are read without.
    """
    rule = {"help": help, "low": low, "high": high, "above": above, "below": below, "choices": choices, "flag": flag}
    return dataclasses.field(
        default=default, metadata=rule | {"parse": parse, "metavar": metavar, "make": make, "since": since}
    )


def flag_of(field):
    """The command-line spelling of a field: `--learning-rate`."""
    return field.metadata["flag"] or "--" + field.name.replace("_", "-")


def type_of(field):
    """The plain type of a field, and whether None is allowed: `int | None` gives (int, True)."""
    if isinstance(field.type, types.UnionType):
        kinds = typing.get_args(field.type)
        return next(kind for kind in kinds if kind is not type(None)), type(None) in kinds
    return field.type, False


def _allowed(rule):
    if rule["choices"]:
        return "one of " + ", ".join(rule["choices"])
    words = {"low": "at least {}", "above": "above {}", "high": "at most {}", "below": "below {}"}
    return " and ".join(text.format(rule[key]) for key, text in words.items() if rule[key] is not None)


def _checked(field, value):
    """The value in the field's own type, or UsageError naming the option, the rule and the value."""
    kind, optional = type_of(field)
    if value is None and optional:
        return None
    rule = field.metadata
    if rule["parse"]:
        return rule["parse"](flag_of(field), value)
    if not isinstance(value, bool):  # numpy's numbers are welcome too
        if kind is int and hasattr(value, "__index__"):
            value = operator.index(value)
        elif kind is float and hasattr(value, "__float__"):
            value = float(value)
    good = type(value) is kind and not (kind is float and not math.isfinite(value))
    if good and rule["choices"]:
        good = value in rule["choices"]
    if good and kind in (int, float):
        good = (
            (rule["low"] is None or value >= rule["low"])
            and (rule["high"] is None or value <= rule["high"])
            and (rule["above"] is None or value > rule["above"])
            and (rule["below"] is None or value < rule["below"])
        )
    if not good:
        nouns = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
        wanted = " ".join(part for part in (nouns[kind], _allowed(rule)) if part)
        raise UsageError(f"{flag_of(field)} takes {wanted}; got {value!r}")
    return value


@dataclass(frozen=True)
class Config:
    """What all configurations share: checking, and the way to and from plain JSON values."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))

    def to_json(self):
        """A dict of plain JSON values, one entry a field."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values, format=math.inf):
        """The configuration that `to_json` wrote into a run of a format, by default the latest. Unknown, missing or
        bad entries raise UsageError; those that the format did not have yet take their defaults."""
        names = {field.name for field in dataclasses.fields(cls) if field.metadata["since"] <= format}
        if not isinstance(values, dict) or set(values) != names:
            given = set(values) if isinstance(values, dict) else set()
            odd = sorted(map(repr, given - names)) or ["none"]
            lacking = sorted(map(repr, names - given)) or ["none"]
            raise UsageError(f"{cls.__name__}: unknown entries {', '.join(odd)}; missing entries {', '.join(lacking)}")
        return cls(**values)
