"""textgen poem"""

import json
import sys

import click

from textgen.cli.options import Sectioned, encoding_option, given, note, options_of
from textgen.corpus.forms import FORMS
from textgen.runs.folder import find_run
from textgen.verse.config import PoemConfig, Rules


@click.command(name="check")
@click.argument("file", nargs=-1, required=True, metavar="FILE...")
@click.option("--form", metavar="FORM", help="What the poems should be. [default: by their shape, of Chinese ones]")
@click.option("--failing", is_flag=True, help="Show only poems in which something breaks.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a poem, for programs.")
@encoding_option
@options_of(Rules)
def check_command(file, form, failing, as_json, encoding, **rules):
    """Say of each line of some poems what holds and what breaks: length, tones, rhyme, meter.

    Poems are JSON of the chinese-poetry collection, or text with a blank line between poems; - is standard input.
    The exit code is 0 whatever is found.

    \b
      textgen poem check poems.txt --form jueju5
      textgen poem check tang300.json --failing
      textgen poem --form sonnet | textgen poem check - --form sonnet
    """
    from textgen.verse.reporting import judged, summary, verdict_lines, verdict_values

    counts = []
    for text, verdict in judged(file, encoding, form, **given(rules)):
        counts.append(verdict)
        if failing and verdict.holds:
            continue
        if as_json:
            click.echo(json.dumps(verdict_values(text, verdict), ensure_ascii=False))
        else:
            for line in [*verdict_lines(verdict), ""]:
                click.echo(line)
    for line in summary(counts):
        note(line)


class Poem(Sectioned):
    """The command, whose first argument may be a subcommand in place of a run."""

    def format_options(self, ctx, formatter):
        with formatter.section("Forms"):
            formatter.write_dl([(form.name, form.about) for form in FORMS.values()])
        super().format_options(ctx, formatter)

    def make_context(self, info_name, args, parent=None, **extra):
        if args[:1] == ["check"]:
            return check_command.make_context(f"{info_name} check", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(name="poem", cls=Poem)
@click.argument("run", required=False)
@click.option("--show", is_flag=True, help="Print the tones and rhymes, or the stresses, under each line.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a poem, for programs.")
@options_of(PoemConfig, without=Rules)
@options_of(Rules)
def command(run, show, as_json, **options):
    """Write poems that keep a form, with a run that learned poems; by default the newest run.

    Line lengths, tones, rhymes, meter and acrostics hold always: what would break them is never drawn. What a poem
    keeps, and where a text of your own breaks it, textgen poem check FILE says.

    \b
      textgen poem tang --form jueju7
      textgen poem tang --form jueju5 --acrostic 春江花月 --show
      textgen poem tang --form lushi7 --rhyme 東 --count 5 --seed 1
      textgen poem tang --start 江流天地外 --mood 山色有無中。 --temperature 0
      textgen poem sonnets --form limerick --mood "a walk by the sea"
      textgen poem check poems.txt --form jueju5
    """
    from textgen.verse.composing import compositions
    from textgen.verse.reporting import composition_values, shown
    from textgen.writing.generator import Generator, new_seed

    config = PoemConfig(**{"seed": new_seed()} | given(options))
    path = find_run(run)
    notes, poems = compositions(Generator.load(path), config)
    for line in notes:
        note(f"note: {line}")
    note(f"run {path}, seed {config.seed}")
    for poem in poems:
        if as_json:
            click.echo(json.dumps(composition_values(poem, config, str(path)), ensure_ascii=False))
        else:
            click.echo("\n" * bool(poem.number) + (shown(poem, config) if show else str(poem)))
        sys.stdout.flush()
