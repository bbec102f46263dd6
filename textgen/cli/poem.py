"""textgen poem: write poems, check them, or judge them beside human poems."""

import json
import os
import sys
from typing import Any

import click

from textgen.cli.console import note, show_row, show_text, with_flags
from textgen.cli.options import (
    GroupedCommand,
    Rows,
    command_option,
    encoding_option,
    given,
    json_option,
    label_options,
    options_of,
)
from textgen.corpus.forms import FORMS
from textgen.engine.label_config import LabelConfig
from textgen.errors import UsageError
from textgen.verse.config import PoemConfig, Rules

# The options that most people need, which come first in their groups.
COMMON = ("form", "count", "seed", "temperature")

# Options of textgen poem judge that take several files.
SEVERAL = ("--reference", "--machine")

# The command that runs where none is named.
DEFAULT = "write"

# Forms of a family that the help names; --forms lists all.
MAX_NAMED = 8


def tables() -> dict[str, Rows]:
    """The commands, and the families of forms with the names of their first forms."""
    rows = []
    for family, forms in FORMS.families.items():
        more = f" and {len(forms) - MAX_NAMED} others" if len(forms) > MAX_NAMED else ""
        rows.append((family, ", ".join(form.name for form in forms[:MAX_NAMED]) + more))
    return {
        "Commands": [
            ("check", "Check poems."),
            ("judge", "Judge poems beside human ones."),
            (DEFAULT, "Write poems (the default)."),
        ],
        "Forms (--forms says what each is)": rows,
    }


def list_forms(context: click.Context, _parameter: click.Parameter, is_wanted: bool) -> None:
    """Print every form with its description and its other names, and end."""
    if not is_wanted:
        return
    for family, forms in FORMS.families.items():
        show_row(family)
        for form in forms:
            others = "、".join(name for name in form.names if name not in form.about)
            show_row(f"  {form.name:<17} {form.about}" + f" ({others})" * bool(others))
    context.exit()


class DefaultGroup(click.Group):
    """A group of commands, of which DEFAULT runs where the first argument names none of them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command's name before arguments that do not begin with a command."""
        is_named = args[:1] and args[0] in self.commands
        return super().parse_args(ctx, args if is_named else [DEFAULT, *args])


class JudgeCommand(GroupedCommand):
    """A command whose options of several files take all arguments up to the next option, as a shell's pattern gives."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each of its files."""
        repeated: list[str] = []
        option, is_empty = "", False
        for each in [*args, "--"]:
            if each.startswith("-") and each != "-":
                if is_empty:
                    raise UsageError(f"{option} needs at least one file")
                option = each if each in SEVERAL else ""
                is_empty = bool(option)
                repeated += [] if option else [each]
            else:
                repeated += [option, each] if option else [each]
                is_empty = False
        return super().parse_args(ctx, repeated[:-1])


@click.group("poem", cls=DefaultGroup)
def poem_command() -> None:
    """Write poems that keep a form, check poems, or judge them beside human poems."""


@poem_command.command(DEFAULT, cls=GroupedCommand, tables=tables)
@click.argument("run", required=False)
@options_of(PoemConfig, without=Rules, first=COMMON)
@options_of(Rules)
@options_of(LabelConfig)
@command_option(
    "--show",
    group="Output",
    is_flag=True,
    help="Print the tones and rhymes under each line, or its stresses: 1 strong, 2 half, 0 weak, ? unknown.",
)
@command_option(
    "--forms",
    group="Output",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_forms,
    help="List all forms, one a line, and exit.",
)
@json_option("one JSON object a poem")
def write_command(run: str | None, show: bool, as_json: bool, **options: Any) -> None:
    """Write poems that keep a form, with a run that learned poems; by default the newest run.

    Line lengths, tones, rhymes, meter and acrostics always hold: symbols that would break them are masked before
    sampling. textgen poem check FILE shows which rules a poem keeps, and where your own text breaks them.

    A run that is named "check", "judge" or "write" is reached by its path: textgen poem checkpoints/check.

    \b
      textgen poem wyatt --form sonnet --theme "the sea"
      textgen poem tang --form jueju7
      textgen poem tang --form jueju5 --acrostic 春江花月 --show
      textgen poem tang --form lushi7 --rhyme 東 --count 5 --seed 1
      textgen poem tang --start 江流天地外 --mood 山色有無中。 --temperature 0
      textgen poem tang --form 憶江南
      textgen poem tang --form duilian --start 海闊憑魚躍
      textgen poem sonnets --form limerick --mood "a walk by the sea"
      textgen poem sonnets --form my-form.toml
      textgen poem check poems.txt --form jueju5
    """
    from textgen.cli.chosen import chosen_run
    from textgen.cli.train import train_command  # its options are what the warning advises
    from textgen.runs.folder import SHIPPED_VERSE
    from textgen.runs.run import load_run
    from textgen.verse.composing import compositions
    from textgen.verse.readiness import warning
    from textgen.verse.reporting import composition_values, shown
    from textgen.writing.generator import Generator
    from textgen.writing.sampler import new_seed

    labels = label_options(options)
    config = PoemConfig(**{"seed": new_seed()} | given(options))
    if run is not None and os.path.isfile(run):
        raise UsageError(f"{run}: a file, not a run; to check the poems in it: textgen poem check {run}")
    path = chosen_run(run, SHIPPED_VERSE)
    read = load_run(path)
    generator = Generator.of_run(read)
    if labels:
        generator = generator.with_labels(labels.label, labels.guidance)
    notes, poems = compositions(generator, config)
    if barely := warning(read):
        note(f"note: {with_flags(barely, train_command)}")
    for line in notes:
        note(f"note: {line}")
    note(f"run {path}, seed {config.seed}")
    for poem in poems:
        if as_json:
            show_text(json.dumps(composition_values(poem, config, str(path)), ensure_ascii=False))
        else:
            show_text("\n" * bool(poem.number) + (shown(poem, config) if show else str(poem)))
        sys.stdout.flush()


@poem_command.command("check", cls=GroupedCommand)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@command_option(
    "--form",
    group="Rules",
    metavar="FORM",
    help="Check against this form: its name, or a path to a TOML file with one. [default: the one whose lines and "
    "rhymes fit best]",
)
@options_of(Rules)
@command_option("--failing", group="Output", is_flag=True, help="Show only poems that break a rule.")
@json_option("one JSON object a poem")
@encoding_option
def check_command(
    files: tuple[str, ...], form: str | None, failing: bool, as_json: bool, encoding: str | None, **rules: Any
) -> None:
    """Check each line of poems: say which rules of length, tones, rhyme and meter hold, and which break.

    Poems are JSON of the chinese-poetry collection, or text with a blank line between poems; - is standard input.
    Stanzas of a form, with blank lines between them, are one poem: with --form, where their numbers of lines are the
    form's, without it, where their lines return and their rhymes hold too. The exit code is 0 whatever is found.

    \b
      textgen poem check poems.txt
      textgen poem check poems.txt --form jueju5
      textgen poem check tang300.json --failing
      textgen poem --form sonnet | textgen poem check - --form sonnet
    """
    from textgen.verse.reporting import judged, summary, verdict_lines, verdict_values

    verdicts = []
    for text, verdict in judged(files, encoding, form, **given(rules)):
        verdicts.append(verdict)
        if failing and verdict.holds:
            continue
        if as_json:
            show_text(json.dumps(verdict_values(text, verdict), ensure_ascii=False))
        else:
            for line in verdict_lines(verdict):
                show_row(line)
            show_text()
    for line in summary(verdicts):
        note(line)


@poem_command.command("judge", cls=JudgeCommand)
@click.argument("files", nargs=-1, metavar="FILE...")
@command_option("--reference", multiple=True, metavar="HUMAN...", help="Human poems to compare with. Needed.")
@command_option(
    "--machine",
    multiple=True,
    metavar="OTHER...",
    help="Poems that the classifier learns to tell from human ones. [default: those of FILE]",
)
@command_option("--model", metavar="RUN", help="Show how surprising the poems are to this run too.")
@command_option("--form", metavar="FORM", help="Judge the poems of this form only. [default: all]")
@json_option("one JSON object")
@encoding_option
def judge_command(
    files: tuple[str, ...], reference: tuple[str, ...], machine: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Measure poems beside human poems: surprise, coherence, words broken at the caesura, stock diction, themes.

    FILEs come first. Poems are JSON of the chinese-poetry collection, what textgen poem --json prints, or text with a
    blank line between poems; - is standard input. Human poems are split: statistics are learned from four fifths,
    and the others, of the same form and as many as the poems, give the column of human poems.

    \b
      textgen poem judge poems.txt --reference tang/*.json --form jueju7
      textgen poem judge new.txt --reference tang/*.json --machine old.txt
      textgen poem judge sonnets.txt --reference human.txt --model sonnets --json
    """
    from textgen.judging import judge
    from textgen.judging.reporting import judgement_lines, notes_of

    found = judge(files, reference, machine=machine or None, **options)
    for line in [json.dumps(found.to_json(), ensure_ascii=False)] if as_json else judgement_lines(found):
        show_row(line) if line else show_text()
    for line in notes_of(found):
        note(line)
