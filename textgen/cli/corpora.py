"""textgen corpora: the catalogue of texts, and what a text is."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.console import note, show_row, show_text, spelled
from textgen.cli.options import (
    GroupedCommand,
    command_option,
    encoding_option,
    given,
    json_option,
    options_of,
)
from textgen.cli.train import COMMON
from textgen.runs.config import ModelConfig, TrainingConfig

if TYPE_CHECKING:
    from textgen.corpus.catalogue import Entry


@click.group("corpora")
def corpora_command() -> None:
    """List, fetch and check texts to learn from: built-in texts, texts to download, and your own.

    A name of the catalogue can be used anywhere a file path is accepted.

    \b
      textgen corpora list
      textgen corpora show shakespeare
      textgen corpora fetch shakespeare
      textgen train corpora:shakespeare --minutes 5
      textgen corpora check story.txt
    """


@corpora_command.command("list", cls=GroupedCommand)
@json_option("one JSON object a text")
def list_command(as_json: bool) -> None:
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
            show_text(json.dumps({"name": entry.name, "about": entry.about, "licence": entry.licence, "where": where}))
        else:
            show_row(f"{PREFIX + entry.name:<{width}}  {where:<15}  {entry.about} ({entry.licence})")


@corpora_command.command("show", cls=GroupedCommand)
@click.argument("name")
@command_option(
    "--lines", type=click.IntRange(min=0), default=12, show_default=True, metavar="N", help="Show the first N lines."
)
def show_command(name: str, lines: int) -> None:
    """Describe a text of the catalogue.

    Shows its first lines too, if the text is on this machine.

    \b
      textgen corpora show ferryman
    """
    from textgen.corpus.catalogue import PREFIX, entry, files, is_here

    found = entry(name.removeprefix(PREFIX))
    for label, value in _facts(found):
        show_row(f"{label:<9}{value}")
    if not is_here(found):
        note(f"not here yet: textgen corpora fetch {found.name}")
    elif lines:
        show_text()
        with open(files(found.name)[0], encoding="utf-8") as file:
            for _, line in zip(range(lines), file, strict=False):
                show_text(line, end="")


def _facts(entry: "Entry") -> Iterator[tuple[str, str]]:
    """What is known of a text: pairs of a label and a value."""
    from textgen.corpus.catalogue import PREFIX

    yield "name", PREFIX + entry.name
    yield "what", entry.about
    yield "licence", entry.licence
    yield "where", entry.kind
    for remote in entry.remote[:3]:
        yield "from", remote.url
    if len(entry.remote) > 3:
        yield "", f"and {len(entry.remote) - 3} more"
    if size := sum(remote.size for remote in entry.remote):
        yield "size", f"{size:,} bytes"
    for remote in entry.remote[:1]:
        yield "SHA-256", remote.sha256
    options = [f"--{name.replace('_', '-')} {value}" for name, value in entry.train.items()]
    yield "train", " ".join(["textgen train", PREFIX + entry.name, *options])


@corpora_command.command("fetch", cls=GroupedCommand)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@command_option("--quiet", is_flag=True, help="Show no progress bar.")
def fetch_command(names: tuple[str, ...], quiet: bool) -> None:
    """Fetch texts of the catalogue and print their paths.

    Downloads into the cache folder (set TEXTGEN_CACHE for another) and verifies each file.

    \b
      textgen corpora fetch shakespeare
      textgen corpora fetch tang300 tang
    """
    from textgen.corpus.catalogue import PREFIX, files

    for name in names:
        for path in files(name.removeprefix(PREFIX), quiet):
            show_text(str(path))


@corpora_command.command("check", cls=GroupedCommand)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options_of(ModelConfig, TrainingConfig, first=COMMON)
@encoding_option
def check_command(files: tuple[str, ...], encoding: str | None, **options: Any) -> None:
    """Examine a text before you spend time on it.

    Prints its encoding, symbols and repeats, the model that would be trained and for how long, and what to correct.
    Takes the options of textgen train.

    \b
      textgen corpora check story.txt
      textgen corpora check poems.txt --documents poem --minutes 5
      textgen corpora check corpora:shakespeare
    """
    from textgen.corpus.documents import read_for
    from textgen.planning.examine import examine
    from textgen.training.request import configurations

    model, training = configurations(given(options))
    report = examine(read_for(training, list(files), encoding, may_stay=True), model, training)
    width = max(len(label) for label, _ in report.lines)
    for label, value in [*report.lines, *(("note", warning) for warning in report.warnings)]:
        show_row(f"{label:<{width}}  {spelled(value)}")
