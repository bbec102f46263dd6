"""textgen page: make a web page that holds a run's model and writes with it."""

import click

from textgen.cli.console import note
from textgen.cli.options import GroupedCommand, command_option, overwrite_option
from textgen.page.build import page
from textgen.page.numbers import BITS, WHOLE
from textgen.runs.run import load_run
from textgen.shown import one_line
from textgen.system.files import check_free, write_atomically
from textgen.writing.generator import Generator

LARGE = 10_000_000  # bytes of a page that takes a while to mail or to fetch


@click.command("page", cls=GroupedCommand)
@click.argument("run")
@command_option("--out", metavar="FILE", help="Write to this file. [default: RUN.html]")
@command_option("--title", default="", metavar="TEXT", help="Head the page with this title. [default: the run's name]")
@command_option("--prompt", default="", metavar="TEXT", help="Begin the texts with this, until the reader changes it.")
@command_option(
    "--bits",
    type=click.Choice([str(bits) for bits in BITS]),
    default=str(WHOLE),
    show_default=True,
    help="Store each weight in this many bits: fewer make a smaller file.",
)
@command_option("--explain/--no-explain", default=True, show_default=True, help="Show what happens inside the network.")
@command_option(
    "--memory",
    is_flag=True,
    help="Keep hashes of the lines of poems that the run learned, so that the page writes none of them.",
)
@overwrite_option("an existing file")
def page_command(
    run: str, out: str | None, title: str, prompt: str, bits: str, explain: bool, memory: bool, overwrite: bool
) -> None:
    """Make a web page that writes with a run: one file, which needs no network and no server.

    The model is in the page. A reader gives it a prompt, changes the settings, writes together with it, colours a text
    of their own by surprise, and looks inside. Mail the file, put it on any web site, or open it from disk. It holds
    the weights, the vocabulary and the names of labels, and nothing else of the text that was learned unless you say
    --memory.

    With 32 bits, a seed writes in the page what it writes in a shell. With fewer, it writes as well, but other texts.

    \b
      textgen page story
      textgen page story --out story.html --title "The ferryman" --prompt "The river "
      textgen page story --bits 8 --no-explain
    """
    found = load_run(run)
    name = one_line(found.path.absolute().name)
    target = out or f"{found.path.absolute().name}.html"
    check_free(target, overwrite)
    html = page(
        Generator.of_run(found), name, title=title, prompt=prompt, bits=int(bits), explain=explain, memory=memory
    )
    data = html.encode("utf-8")
    write_atomically(target, [data])
    smaller = "" if int(bits) < WHOLE or len(data) < LARGE else "; --bits 8 makes it a quarter as large"
    note(f"page: {one_line(target)}, {len(data):,} bytes; open it in a browser{smaller}")
