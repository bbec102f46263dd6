"""textgen runs and textgen info: the runs there are, and what one of them is."""

import click

from textgen.cli.options import note
from textgen.runs.describe import describe, table
from textgen.runs.folder import CHECKPOINTS, list_runs
from textgen.runs.run import load_run


@click.command(name="runs")
def command():
    """List the runs below checkpoints/, newest last.

    \b
      textgen runs
    """
    found = list_runs()
    for line in table([load_run(path) for path in found]):
        click.echo(line)
    if not found:
        note(f"no run in {CHECKPOINTS}/ yet; train one: textgen train FILE.txt")


@click.command(name="info")
@click.argument("run", required=False)
def info_command(run):
    """Describe a run: what it learned from, what it is, how well it learned.

    \b
      textgen info
      textgen info checkpoints/story
    """
    for name, value in describe(load_run(run)):
        click.echo(f"{name:<12} {value}")
