"""textgen corpora"""

import json

import click

from textgen.cli.options import encoding_option, given, note, options_of, with_flags
from textgen.runs.config import ModelConfig, TrainingConfig


@click.group(name="corpora")
def command():
    """Texts to learn from: those that come with textgen, those that it fetches, and your own.

    A text of the catalogue has a name that stands wherever a path does.

    \b
      textgen corpora list
      textgen corpora show shakespeare
      textgen corpora fetch shakespeare
      textgen train corpora:shakespeare --minutes 5
      textgen corpora check story.txt
    """


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a text, for programs.")
def list_command(as_json):
    """List the texts of the catalogue.

    \b
      textgen corpora list
    """
    from textgen.corpus.catalogue import PREFIX, catalogue, is_here

    entries = list(catalogue().values())
    width = max(len(PREFIX + entry.name) for entry in entries)
    for entry in entries:
        where = entry.kind if entry.kind != "fetched" else "fetched" if is_here(entry) else "to fetch"
        if as_json:
            click.echo(json.dumps({"name": entry.name, "about": entry.about, "licence": entry.licence, "where": where}))
        else:
            click.echo(f"{PREFIX + entry.name:<{width}}  {where:<15}  {entry.about} ({entry.licence})")


@command.command(name="show")
@click.argument("name")
@click.option("--lines", type=click.IntRange(min=0), default=12, show_default=True, help="How many to show.")
def show_command(name, lines):
    """Show what a text of the catalogue is.

    And its first lines, if it is here.

    \b
      textgen corpora show ferryman
    """
    from textgen.corpus.catalogue import PREFIX, entry, files, is_here

    found = entry(name.removeprefix(PREFIX))
    options = [f"--{option.replace('_', '-')} {value}" for option, value in found.train.items()]
    size = sum(remote.size for remote in found.remote)
    for label, value in [
        ("name", PREFIX + found.name),
        ("what", found.about),
        ("licence", found.licence),
        ("where", found.kind),
        *(("from", remote.url) for remote in found.remote[:3]),
        *([("", f"and {len(found.remote) - 3} more")] if len(found.remote) > 3 else []),
        *([("size", f"{size:,} bytes")] if size else []),
        *(("SHA-256", remote.sha256) for remote in found.remote[:1]),
        ("train", " ".join(["textgen train", PREFIX + found.name, *options])),
    ]:
        click.echo(f"{label:<9}{value}")
    if not is_here(found):
        note(f"not here yet: textgen corpora fetch {found.name}")
        return
    if lines:
        click.echo()
        with open(files(found.name)[0], encoding="utf-8") as file:
            for _, line in zip(range(lines), file, strict=False):
                click.echo(line, nl=False)


@command.command(name="fetch")
@click.argument("name", nargs=-1, required=True)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def fetch_command(name, quiet):
    """Fetch texts of the catalogue.

    Into the cache folder (TEXTGEN_CACHE names another), verified; prints their files.

    \b
      textgen corpora fetch shakespeare
      textgen corpora fetch tang300 tang
    """
    from textgen.corpus.catalogue import PREFIX, files

    for one in name:
        for path in files(one.removeprefix(PREFIX), quiet):
            click.echo(path)


@command.command(name="check")
@click.argument("file", nargs=-1, required=True, metavar="FILE...")
@encoding_option
@options_of(ModelConfig, TrainingConfig)
def check_command(file, encoding, **options):
    """Say what a text is before time is spent on it.

    Its encoding, symbols and repeats; the model that would be trained, for how long; and what should be mended.

    Takes the options of textgen train.

    \b
      textgen corpora check story.txt
      textgen corpora check poems.txt --documents poem --minutes 5
      textgen corpora check corpora:shakespeare
    """
    from textgen.corpus.documents import read_for
    from textgen.planning.examine import examine
    from textgen.training.trainer import configurations

    model, training = configurations(given(options))
    report = examine(read_for(training, list(file), encoding, may_stay=True), model, training)
    width = max(len(label) for label, _ in report.lines)
    for label, value in report.lines:
        click.echo(f"{label:<{width}}  {value}")
    for warning in report.warnings:
        click.echo(with_flags(f"{'note':<{width}}  {warning}", click.get_current_context().command))
