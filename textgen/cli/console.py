"""How the commands print: every one of them prints by these functions and by no other.

The streams that they print on (`textgen.system.terminal`) make visible what would act on a terminal.
"""

import dataclasses
import os
import re
import sys
from typing import Any, TextIO

import click

from textgen.shown import one_line, visible_text
from textgen.system.terminal import Styled


def show_text(*parts: str, end: str = "\n") -> None:
    """Print text on standard output: the parts one after another, Styled ones as they are.

    Raises:
        OutputClosed: the program that reads standard output has ended.
        StorageError: standard output cannot be written.
    """
    for part in (*parts, end):
        sys.stdout.write(part)


def show_row(row: str) -> None:
    """Print a row of a table on standard output. It stays one line. Raises what `show_text` does."""
    show_text(one_line(row))


def note(text: str) -> None:
    """Print a line for the person on standard error, with parameters spelled as flags."""
    tell(one_line(spelled(text)))


def tell(*parts: str, end: str = "\n") -> None:
    """Print text for the person on standard error, such as a part of a dialogue: several lines, Styled parts."""
    sys.stdout.flush()  # where both are shown in one place, what was printed first comes first
    for part in (*parts, end):
        sys.stderr.write(part)
    sys.stderr.flush()


def styled(text: str, is_on: bool = True, **style: Any) -> str:
    """A text in the style of click.style, with what would act on a terminal made visible; plain where not `is_on`."""
    return Styled(click.style(visible_text(text), **style)) if is_on else text


def wants_colour(stream: TextIO | None = None) -> bool:
    """Whether a stream (standard output) is a terminal whose owner has not declined colour (no-color.org)."""
    return (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def spelled(text: str) -> str:
    """A message of the library with its parameters spelled as flags of the running command."""
    context = click.get_current_context(silent=True)
    return with_flags(text, context.command) if context else text


def with_flags(text: str, command: click.Command) -> str:
    """A message of the library in the command line's spelling.

    The library names parameters in backquotes: `max_copy` becomes --max-copy, `documents="line"` becomes --documents
    line, `overwrite=True` becomes --overwrite, `bias=False` becomes --no-bias. A value with spaces is quoted. A name
    that neither the command nor, with its value, textgen train or sample has an option for loses its backquotes.

    Args:
        text: the message.
        command: the command that printed it; of a group, its commands count too.
    """
    flags: dict[str, click.Option] = {}
    for each in [command, *getattr(command, "commands", {}).values()]:
        for parameter in each.params:
            if isinstance(parameter, click.Option) and parameter.name:
                flags.setdefault(parameter.name, parameter)

    def flag_for(found: re.Match[str]) -> str:
        name, is_set, value = found.groups()
        value = re.sub(r'^"(.*)"$', r"\1", value, flags=re.DOTALL)  # Python's quotes
        # With a value, it may be advice on how to train another run or to sample.
        flag = max(flags[name].opts, key=len) if name in flags else _flag_elsewhere(name) if is_set else ""
        if not flag:
            return found[0][1:-1]
        if not is_set or value == "True":
            return flag
        if value == "False" and name in flags and flags[name].secondary_opts:
            return flags[name].secondary_opts[0]
        return f'{flag} "{value}"' if not value or re.search(r"\s", value) else f"{flag} {value}"

    return re.sub(r"`([a-z_]+)(=)?([^`]*)`", flag_for, text)


def _flag_elsewhere(name: str) -> str:
    """The option of textgen train or sample for a parameter; empty for any other name."""
    from textgen.engine.label_config import LabelConfig  # here, since few messages need it
    from textgen.options import flag_of
    from textgen.runs.config import ModelConfig, TrainingConfig
    from textgen.sampling.config import SamplingConfig

    if name == "from_run":  # no field, and its option has a name of its own
        return "--from"
    configs = (ModelConfig, TrainingConfig, SamplingConfig, LabelConfig)
    fields = [field for each in configs for field in dataclasses.fields(each)]
    return next((flag_of(field) for field in fields if field.name == name), "")
