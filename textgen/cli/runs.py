"""textgen runs"""

import click

from textgen.cli.options import note
from textgen.runs import describe as reports
from textgen.runs import run as runs


@click.command(name="runs")
def command():
    """List the runs below checkpoints/, newest last.

    \b
      textgen runs
    """
    found = runs.list_runs()
    for line in reports.table([runs.load(path) for path in found]):
        click.echo(line)
    if not found:
        note(f"no run in {runs.CHECKPOINTS}/ yet; train one: textgen train FILE.txt")
