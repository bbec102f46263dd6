"""What the commands share: options made from declarations, and help in groups."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import click

from textgen.engine.cache_config import CacheConfig, CacheOptions
from textgen.engine.label_config import LabelConfig, label_config
from textgen.errors import UsageError
from textgen.options import Config, flag_of, given_fields, option_of, type_of
from textgen.runs.config import TrainingConfig

Decorated = TypeVar("Decorated", bound=Callable[..., Any] | click.Command)
Rows = list[tuple[str, str]]

# The headings of a command's help, in the order in which they appear.
GROUPS = (
    "Text",
    "Model",
    "Training",
    "Sampling",
    "Poem",
    "Rules",
    "Server",
    "Security",
    "Limits",
    "Options",
    "Output",
    "Machines",
    "Advanced",
)

# A command with no more options than this, --help among them, lists them under one heading.
MAX_UNGROUPED = 7

# The widest first column of the help, in characters. A longer option has its help on the next line.
MAX_COLUMN = 30

_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}


class GroupedOption(click.Option):
    """An option that the help lists under a heading, one of GROUPS."""

    def __init__(self, *declarations: Any, group: str, **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        if group not in GROUPS:
            raise ValueError(f"{self.name}: no group {group!r} in the help; there are: {', '.join(GROUPS)}")
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The two columns of the help. What Click adds, such as the default, follows after one space, as ours does."""
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].replace("  [", " ["))


class GroupedCommand(click.Command):
    """A command whose help lists the options in groups.

    Args:
        name: as click.Command takes it.
        tables: gives more of the help, shown before the options: headings, each with rows of two columns.
        settings: as click.Command takes them.
    """

    def __init__(self, name: str | None, *, tables: Callable[[], Mapping[str, Rows]] = dict, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.tables = tables

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the tables and the groups of options. Click's own option, --help, comes last in "Output"."""
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        rows = [(getattr(each, "group", "Output"), row) for each in options if (row := each.get_help_record(ctx))]
        if len(rows) <= MAX_UNGROUPED:
            groups = {"Options": [row for _, row in rows]}
        else:
            groups = {name: [row for group, row in rows if group == name] for name in GROUPS}
        column = min(max(len(first) for _, (first, _) in rows), MAX_COLUMN)
        for title, table in (dict(self.tables()) | groups).items():
            if table:
                with formatter.section(title):
                    # Padded, so that the second column begins at the same place in each group.
                    formatter.write_dl([(first.ljust(column), second) for first, second in table], MAX_COLUMN)


def command_option(*declarations: str, group: str = "Options", **settings: Any) -> Callable[[Decorated], Decorated]:
    """An option of the command itself, one that belongs to no configuration.

    Args:
        declarations: its spellings, and optionally the parameter's name.
        group: the heading in the help.
        settings: as click.option takes them.
    """
    return click.option(*declarations, cls=GroupedOption, group=group, **settings)


def options_of(
    *configs: type[Config], without: type[Config] | None = None, first: Sequence[str] = ()
) -> Callable[[Decorated], Decorated]:
    """A decorator that adds one option for each field of these configurations. Each is None unless the user gives it.

    Args:
        configs: Config classes.
        without: a Config class whose fields are left out.
        first: names of the fields that come first in their groups.
    """
    fields = given_fields(*configs)
    left_out = {field.name for field in dataclasses.fields(without)} if without else set()
    order = {name: place for place, name in enumerate(first)}
    fields = [field for field in fields if field.name not in left_out]
    fields.sort(key=lambda field: order.get(field.name, len(order)))

    def add(command: Decorated) -> Decorated:
        for field in reversed(fields):
            command = _option_of(field)(command)
        return command

    return add


def _option_of(field: "dataclasses.Field[Any]") -> Callable[[Decorated], Decorated]:
    kind, optional = type_of(field)
    declared, flag = option_of(field), flag_of(field)
    several = isinstance(field.default, tuple)
    text, shown = declared.help, field.default
    if kind is bool:
        flag, shown = f"{flag}/--no-{flag[2:]}", "on" if field.default else "off"
    if several:
        text += " Repeatable."
    elif not optional and shown != "":  # an optional field's own help says what happens without it
        text += f" [default: {shown}]"
    return command_option(
        flag,
        field.name,
        group=declared.group,
        type=click.Choice(declared.choices) if declared.choices else str if declared.parse else kind,
        default=None,
        multiple=several,
        callback=_unescaped if several else None,
        help=text,
        metavar=declared.metavar or (None if declared.choices or kind is bool else "N" if kind is int else "X"),
    )


def _unescaped(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    return tuple(re.sub(r"\\[nt\\]", lambda found: _ESCAPES[found[0]], value) for value in values) or None


encoding_option = command_option(
    "--encoding",
    group="Text",
    metavar="NAME",
    help="Decode the files with this encoding. [default: UTF-8, or as their byte-order mark says]",
)


field_option = command_option(
    "--field",
    group="Text",
    metavar="NAME",
    help="Read this field of a table or of lines of JSON. [default: the one that the run learned]",
)


def reading_of(training: TrainingConfig, field: str | None) -> TrainingConfig:
    """How a run's training read texts, but for the field that --field names."""
    return training if field is None else dataclasses.replace(training, field=field)


def json_option(what: str) -> Callable[[Decorated], Decorated]:
    """The option --json, for the parameter `as_json`.

    Args:
        what: what is printed, such as "one JSON object a poem".
    """
    return command_option("--json", "as_json", group="Output", is_flag=True, help=f"Print {what}, for programs.")


def overwrite_option(what: str) -> Callable[[Decorated], Decorated]:
    """The option --overwrite.

    Args:
        what: what is replaced, such as "an existing file".
    """
    return command_option("--overwrite", group="Output", is_flag=True, help=f"Replace {what}.")


def cache_options(options: dict[str, Any], has_cache: bool) -> CacheOptions | None:
    """Take the options of a neural cache out of those of a command; None where none is asked for.

    Raises:
        UsageError: there are some, but no --cache.
    """
    flags = {field.name: flag_of(field) for field in dataclasses.fields(CacheConfig)}
    found = given({name: options.pop(name) for name in flags})
    if found and not has_cache:
        raise UsageError(f"{flags[next(iter(found))]} sets up a cache; add --cache")
    return cast(CacheOptions, found) if has_cache else None


def label_options(options: dict[str, Any]) -> LabelConfig | None:
    """Take the labels of a text out of the options of a command; None where it has none. Raises as `label_config`."""
    return label_config({field.name: options.pop(field.name) for field in dataclasses.fields(LabelConfig)})


hold_option = command_option(
    "--hold",
    group="Advanced",
    multiple=True,
    metavar="GATE=X",
    help="Hold this gate at X in all units, to see what it is for: input, forget, output or candidate. "
    "GATE:LAYER:UNIT=X holds that of one unit. Repeatable.",
)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the user gave; the rest keep their declared defaults."""
    return {name: value for name, value in options.items() if value is not None}
