"""textgen info"""

import click

from textgen.runs import describe as reports
from textgen.runs import run as runs


@click.command(name="info")
@click.argument("run", required=False)
def command(run):
    """Describe a run: what it learned from, what it is, how well it learned.

    \b
      textgen info
      textgen info checkpoints/story
    """
    for name, value in reports.describe(runs.load(run)):
        click.echo(f"{name:<12} {value}")
