"""Options made from declarations: their flags in messages, their groups in the help."""

import re
from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from tests.helpers.commands import leaves
from textgen.arguments import texts
from textgen.cli import COMMANDS, main
from textgen.cli.console import note, with_flags
from textgen.cli.options import (
    GROUPS,
    GroupedCommand,
    GroupedOption,
    command_option,
    encoding_option,
    given,
    options_of,
    overwrite_option,
)
from textgen.options import Config, option


@dataclass(frozen=True)
class Tea(Config):
    """A configuration with a field of each kind."""

    leaves: str = option("black", "Steep these leaves.", choices=("black", "green"), flag="--kind", group="Text")
    minutes: float | None = option(None, "Steep this long. [default: by the leaves]", above=0, group="Training")
    milk: bool = option(True, "Add milk.", group="Advanced")
    sugar_lumps: int = option(2, "Add N lumps of sugar.", low=0, group="Text")
    cup: str = option("", "Pour into this cup.", group="Output", metavar="CUP")
    spices: tuple[str, ...] = option((), "Add this spice.", parse=texts, group="Advanced", metavar="SPICE")


def make_command():
    @click.command("tea", cls=GroupedCommand, tables=lambda: {"Kinds": [("black", "strong")]})
    @command_option("--from", "from_run", group="Training", metavar="RUN", help="Begin with a run.")
    @options_of(Tea, first=("sugar_lumps",))
    @encoding_option
    @overwrite_option("an existing cup")
    def tea(**options):
        """Make tea."""
        note("with `leaves=green`")
        click.echo(options)

    return tea


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("`sugar_lumps` takes a number", "--sugar-lumps takes a number"),
        ("give `minutes=3`", "give --minutes 3"),
        ("`leaves=green` or `leaves`", "--kind green or --kind"),  # the flag has another name
        (
            'train with `documents="poem"` and `tokenizer`',
            "train with --documents poem and tokenizer",
        ),  # of textgen train
        ("begin with `from_run`", "begin with --from"),  # a Python keyword
        ("`from_run=checkpoints/a b`", '--from "checkpoints/a b"'),
        ("`cup=`", '--cup ""'),
        ("`overwrite=True` replaces it", "--overwrite replaces it"),
        ("`milk=True`, `milk=False`, `milk`", "--milk, --no-milk, --milk"),
        ("`lemon=2` and `lemon` exist elsewhere", "lemon=2 and lemon exist elsewhere"),
        (
            "`minutes=3` and `sugar_lumps=N`: give one; see `lemon`",
            "--minutes 3 and --sugar-lumps N: give one; see lemon",
        ),
        ("`cup=a=b`", "--cup a=b"),
        ('`leaves="green"`, `cup=""`, `cup="a b"`', '--kind green, --cup "", --cup "a b"'),  # as Python spells a text
        ("no parameter: 'minutes', a `B`, a lone ` here", "no parameter: 'minutes', a `B`, a lone ` here"),
    ],
)
def test_a_message_of_the_library_is_spelled_with_flags(message, wanted):
    assert with_flags(message, make_command()) == wanted


def test_the_flags_of_a_group_are_those_of_its_commands():
    group = click.Group("kitchen", {"tea": make_command()})
    assert with_flags("`leaves=green`", group) == "--kind green"


def test_notes_are_spelled_with_flags_and_options_not_given_are_none():
    result = CliRunner().invoke(make_command(), ["--sugar-lumps", "3", "--no-milk", "--spices", r"a\nb\\n"])
    assert result.stderr == "with --kind green\n"
    values = eval(result.stdout)
    assert given(values) == {"sugar_lumps": 3, "milk": False, "spices": ("a\nb\\n",), "overwrite": False}
    assert values["minutes"] is values["leaves"] is values["from_run"] is None


def headings(text):
    return re.findall(r"^(\w.*):$", text, re.MULTILINE)


def test_help_lists_options_in_groups_the_first_fields_first():
    text = CliRunner().invoke(make_command(), ["--help"]).output
    assert headings(text) == ["Kinds", "Text", "Training", "Output", "Advanced"]
    places = [text.index(flag) for flag in ("--sugar-lumps", "--kind", "--encoding", "--from", "--minutes", "--cup")]
    assert places == sorted(places)
    assert "Steep these leaves. [default: black]" in text
    assert "Add milk. [default: on]" in text
    assert "Add this spice. Repeatable." in text
    # Every second column begins at the same place.
    columns = {line.index(each) for line in text.splitlines() for each in ("Add ", "Steep ", "Pour ") if each in line}
    assert len(columns) == 1


def test_few_options_have_one_heading():
    @click.command("water", cls=GroupedCommand)
    @command_option("--cold", is_flag=True, group="Advanced", help="Cold water.")
    @encoding_option
    def water():
        """Pour water."""

    text = CliRunner().invoke(water, ["--help"]).output
    assert headings(text) == ["Options"]
    assert text.index("--cold") < text.index("--encoding") < text.index("--help")


def test_a_group_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no group 'Drinks'"):
        GroupedOption(["--milk"], group="Drinks")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_has_a_group_and_each_group_its_place(name):
    for command in leaves(main.get_command(None, name)):
        assert isinstance(command, GroupedCommand)
        own = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert all(isinstance(parameter, GroupedOption) for parameter in own)
        context = click.Context(command, info_name=name)
        shown = [heading for heading in headings(command.get_help(context)) if heading not in command.tables()]
        assert shown == ["Options"] or shown == [group for group in GROUPS if group in shown]
        assert re.search(rf"^    .*textgen {name}", command.get_help(context), re.MULTILINE), "no example"
