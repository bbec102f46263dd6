"""Keyword arguments: names that a function does not take, and those that it passes on to a configuration."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast, get_args

from textgen import arguments
from textgen.errors import UsageError
from textgen.options import Config, given_fields, option_of
from textgen.system.wording import did_you_mean

C = TypeVar("C", bound=Config)
D = TypeVar("D", bound=Callable[..., Any])
T = TypeVar("T")

# What the command line, or another library, calls a keyword of ours whose name is not like it.
SYNONYMS = {
    "lr": "learning_rate",
    "max_length": "length",
    "max_new_tokens": "length",
    "max_tokens": "length",
    "temp": "temperature",
    "unit": "tokenizer",
}


def with_options(kind: type[C], config: C | None, options: Mapping[str, object]) -> C:
    """A configuration with some fields replaced by the keyword options of a function that `answers_keywords`.

    Args:
        kind: the class of the configuration.
        config: the function's argument `config`; None for the defaults.
        options: the fields to replace.

    Raises:
        UsageError: not a configuration of that class, or an option out of its range.
    """
    config = kind() if config is None else arguments.instance("config", config, kind)
    return dataclasses.replace(config, **options) if options else config


def answers_keywords(target: T) -> T:
    """Have a function answer a keyword that it does not take with the nearest one that it does, not with a TypeError.

    It takes those of its signature, and those of the TypedDict that its `**options` unpack. Every function and class
    that programs call has this decorator; of a class it is about making an instance.
    """
    maker: Any = target
    if isinstance(target, type):
        maker.__init__ = _answering(maker.__init__, target.__name__)
        return target
    return cast(T, _answering(maker, maker.__name__))


def _answering(function: Any, name: str) -> Any:
    known = functools.cache(lambda: _keywords(function))  # at the first call: signatures take time to read

    @functools.wraps(function)
    def answering(*arguments: Any, **options: Any) -> Any:
        if options and not known().issuperset(options):
            check_keywords(name, options, known())
        return function(*arguments, **options)

    return answering


def _keywords(function: Any) -> frozenset[str]:
    """The keywords that a function takes."""
    found = set[str]()
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            (options,) = get_args(parameter.annotation)
            found |= options.__optional_keys__
        elif parameter.name not in ("self", "cls"):
            found.add(parameter.name)
    return frozenset(found)


def check_keywords(function: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise UsageError, which names the function and the nearest keyword, for a keyword that it does not take."""
    known = sorted(known)
    for name in given:
        if name not in known:
            meant = SYNONYMS.get(name, name)
            raise UsageError(f"{function}() has no option {name!r}; {did_you_mean(meant, known)}")


def lists_options(*configs: type[Config]) -> Callable[[D], D]:
    """A decorator that appends the help of every field of some configurations to a docstring, where help() shows it."""

    def listing(target: D) -> D:
        lines = ["", f"Options, the fields of {' and '.join(config.__name__ for config in configs)}:"]
        for field in given_fields(*configs):
            help, default = option_of(field).help, field.default
            # Where the default is not a value of the option, the help says what happens without it.
            shown = f" [default: {default}]" if default not in (None, (), "") else ""
            lines.append(f"    {field.name}: {help}{shown}")
        target.__doc__ = "\n".join([inspect.cleandoc(target.__doc__ or ""), *lines])
        return target

    return listing
