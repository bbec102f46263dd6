"""How an option is declared: its default, its range and its help text, in one place.

A field of a Config is declared with `option`. The command-line option, its validation and the saved JSON all come from
that declaration. A configuration is a frozen value: it is checked when it is made and never changes. This module does
not know what the options do, nor the command line.

Messages of the library name a parameter in backquotes, with its value where one is meant: `epochs`, `epochs=3`. A
value to type is written as Python takes it: `documents="line"`.
The command line turns these into its own spelling (`textgen.cli.options.with_flags`): --epochs, --documents line.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from textgen.arguments import Number, number, switch, text, whole_number
from textgen.errors import UsageError

OPTION = "option"  # the key in a field's metadata


@dataclass(frozen=True)
class Option:
    """The declaration of a field.

    Attributes:
        help: the option's help text.
        low, high: inclusive bounds of a number.
        above, below: exclusive bounds of a number.
        choices: the allowed words; empty for no such rule.
        flag: the option's name where it differs from the field's (`--unit` for `tokenizer`).
        parse: for a field that is not a plain number, text or truth value: a function of the field's name and the value
            from a program or the command line. It returns the value in the one form that is kept, or raises UsageError.
            A field whose default is a tuple may be given several times on the command line.
        metavar: the placeholder for the value in the help; None for N (a whole number) or X (anything else).
        group: the heading under which the help lists the option.
        make: the function that turns the field into a transform (`textgen.sampling.transforms`).
        since: the first run format that has the field; older runs are read without it.
        before: what such older runs have in its place, where that is not the default.
        is_planned: whether the field follows from the text and the other options, so that nobody gives it.
    """

    help: str
    low: Number | None = None
    high: Number | None = None
    above: Number | None = None
    below: Number | None = None
    choices: tuple[str, ...] = ()
    flag: str | None = None
    parse: Callable[[str, Any], Any] | None = None
    metavar: str | None = None
    group: str = "Options"
    make: Callable[..., Any] | None = None
    since: int = 1
    before: Any = None
    is_planned: bool = False


def option(default: Any, help: str, **rule: Any) -> Any:
    """Declare a field that is also a command-line option.

    Args:
        default: the value when none is given; in an optional field, None means that textgen chooses.
        help: the option's help text.
        rule: the other attributes of Option.
    """
    return dataclasses.field(default=default, metadata={OPTION: Option(help, **rule)})


def option_of(field: "dataclasses.Field[Any]") -> Option:
    """The declaration of a field."""
    declared: Option = field.metadata[OPTION]
    return declared


def given_fields(*configs: "type[Config]") -> "list[dataclasses.Field[Any]]":
    """The fields of configurations that users give."""
    fields = [field for config in configs for field in dataclasses.fields(config)]
    return [field for field in fields if not option_of(field).is_planned]


def flag_of(field: "dataclasses.Field[Any]") -> str:
    """The command-line spelling of a field: `--learning-rate`."""
    return option_of(field).flag or "--" + field.name.replace("_", "-")


def type_of(field: "dataclasses.Field[Any]") -> tuple[Any, bool]:
    """The plain type of a field, and whether None is allowed: `int | None` gives (int, True)."""
    if isinstance(field.type, types.UnionType):
        kinds = typing.get_args(field.type)
        return next(kind for kind in kinds if kind is not type(None)), type(None) in kinds
    return field.type, False


def _checked(field: "dataclasses.Field[Any]", value: Any) -> Any:
    """The value in the field's own type. Raises UsageError, which names the parameter, the rule and the value."""
    kind, optional = type_of(field)
    if value is None and optional:
        return None
    rule, name = option_of(field), field.name
    if rule.parse:
        return rule.parse(name, value)
    if kind is str:
        return text(name, value, rule.choices)
    if kind is bool:
        return switch(name, value)
    read = whole_number if kind is int else number
    return read(name, value, rule.low, rule.high, rule.above, rule.below)


@dataclass(frozen=True)
class Config:
    """The base class of configurations: it checks values, and turns them into plain JSON values and back."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))

    def to_json(self) -> dict[str, Any]:
        """A dict of plain JSON values, one entry per field."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: object, format: float = math.inf) -> Self:
        """Make the configuration that `to_json` described.

        Args:
            values: plain JSON values from an untrusted file.
            format: the run format of the file; fields that came with a later format are as they were before it.

        Raises:
            UsageError: unknown, missing or bad entries.
        """
        names = {field.name for field in dataclasses.fields(cls) if option_of(field).since <= format}
        given = set(values) if isinstance(values, dict) else set()
        if not isinstance(values, dict) or given != names:
            odd = sorted(map(repr, given - names)) or ["none"]
            lacking = sorted(map(repr, names - given)) or ["none"]
            raise UsageError(f"{cls.__name__}: unknown entries {', '.join(odd)}; missing entries {', '.join(lacking)}")
        later = [field for field in dataclasses.fields(cls) if field.name not in names]
        before = {field.name: option_of(field).before for field in later if option_of(field).before is not None}
        return cls(**before, **values)
