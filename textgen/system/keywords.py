"""Keyword arguments that a function passes on to a configuration."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TypeVar

from textgen import arguments
from textgen.errors import UsageError
from textgen.options import Config
from textgen.system.wording import did_you_mean

C = TypeVar("C", bound=Config)


def with_options(function: str, kind: type[C], config: C | None, options: Mapping[str, object]) -> C:
    """A configuration with some fields replaced by the keyword options of a function.

    Args:
        function: the function's name, for the message.
        kind: the class of the configuration.
        config: the function's argument `config`; None for the defaults.
        options: the fields to replace.

    Raises:
        UsageError: not a configuration of that class, an unknown option, or one out of its range.
    """
    config = kind() if config is None else arguments.instance("config", config, kind)
    check_keywords(function, options, [field.name for field in dataclasses.fields(kind)])
    return dataclasses.replace(config, **options) if options else config


def check_keywords(function: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise UsageError, which names the function and the nearest keyword, for a keyword that it does not take."""
    known = sorted(known)
    for name in given:
        if name not in known:
            raise UsageError(f"{function}() has no option {name!r}; {did_you_mean(name, known)}")
