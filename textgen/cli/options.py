"""Options from declarations, and what the commands share."""

import dataclasses
import os
import re
import sys

import click

from textgen.options import flag_of, option_of, type_of

_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}


class Sectioned(click.Command):
    """A command whose help shows its options under headings."""

    def format_options(self, ctx, formatter):
        sections = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


class _Option(click.Option):
    def __init__(self, *arguments, section, **options):
        super().__init__(*arguments, **options)
        self.section = section


def options_of(*configs, section="Options", without=()):
    """A decorator that adds one option for each field of these configurations, all None unless given.

    Args:
        configs: Config classes.
        section: the heading in the help of a Sectioned command.
        without: a Config class whose fields are left out.
    """

    def add(command):
        fields = [field for config in configs for field in dataclasses.fields(config)]
        left_out = {field.name for field in dataclasses.fields(without)} if without else ()
        for field in reversed([field for field in fields if field.name not in left_out]):
            kind, optional = type_of(field)
            rule, flag = option_of(field), flag_of(field)
            several = isinstance(field.default, tuple)
            text, metavar, shown = rule.help, rule.metavar, field.default
            if kind is bool:
                flag, shown = f"{flag}/--no-{flag[2:]}", "on" if field.default else "off"
            if several:
                text += " Repeatable."
            elif not optional and shown != "":  # an optional field's help says itself what happens without it
                text += f"  [default: {shown}]"
            command = click.option(
                flag,
                field.name,
                cls=_Option,
                section=section,
                type=click.Choice(rule.choices) if rule.choices else str if rule.parse else kind,
                default=None,
                multiple=several,
                callback=_unescaped if several else None,
                help=text,
                metavar=metavar or (None if rule.choices or kind is bool else "N" if kind is int else "X"),
            )(command)
        return command

    return add


def _unescaped(ctx, parameter, values):
    return tuple(re.sub(r"\\[nt\\]", lambda found: _ESCAPES[found[0]], value) for value in values) or None


encoding_option = click.option(
    "--encoding", metavar="NAME", help="How the files are decoded. [default: UTF-8, or by their byte-order mark]"
)


def given(options):
    """The options that the user gave; the rest keep their declared defaults."""
    return {name: value for name, value in options.items() if value is not None}


def note(text):
    """Print a line for the person, not for the program that reads standard output."""
    context = click.get_current_context(silent=True)
    click.echo(with_flags(text, context.command) if context else text, err=True)


def with_flags(text, command):
    """A message of the library in the command line's spelling.

    The library names parameters in backquotes: `max_copy` becomes --max-copy, `documents=line` becomes --documents
    line, `overwrite=True` becomes --overwrite. A name that the command has no option for loses its backquotes.
    """
    flags = {}
    for each in [command, *getattr(command, "commands", {}).values()]:
        for parameter in each.params:
            if isinstance(parameter, click.Option):
                flags.setdefault(parameter.name, max(parameter.opts, key=len))

    def spelled(found):
        name, is_set, value = found[1], found[2], found[3]
        if name not in flags:
            return found[0][1:-1]
        return flags[name] if not is_set or value == "True" else f"{flags[name]} {value}"

    return re.sub(r"`([a-z_]+)(=)?([^`]*)`", spelled, text)


def wants_colour(stream=None):
    """Whether a stream (standard output) is a terminal whose owner has not said no to colour (no-color.org)."""
    return (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
