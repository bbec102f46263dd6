"""textgen runs and textgen info: the runs there are, and what one of them is."""

import click

from textgen.cli.chosen import chosen_run
from textgen.cli.console import note, show_row, with_flags
from textgen.cli.options import GroupedCommand
from textgen.errors import RunError
from textgen.runs.describe import ADVICE, Row, describe, table
from textgen.runs.folder import SHIPPED, list_runs, shipped_run, shown_runs_folder
from textgen.runs.run import load_run


@click.command("runs", cls=GroupedCommand)
def runs_command() -> None:
    """List your runs, newest last.

    They are in the folder that TEXTGEN_RUNS names; without it, in checkpoints/.

    A run that cannot be read is named on standard error, and the exit code is 4.

    \b
      textgen runs
    """
    found, rows, damaged = list_runs(), [], []
    for path in found:
        try:
            rows.append(Row.of(load_run(path)))
        except RunError as error:
            damaged.append(error)
    for line in table(rows):
        show_row(line)
    if not found:
        also = f", or write with {SHIPPED}, which comes with textgen: textgen sample {SHIPPED}" if shipped_run() else ""
        note(f"no run in {shown_runs_folder()} yet; train one: textgen train FILE.txt{also}")
    if damaged:
        for each in damaged[:-1]:
            note(f"textgen: {each}")
        raise damaged[-1]


@click.command("info", cls=GroupedCommand)
@click.argument("run", required=False)
def info_command(run: str | None) -> None:
    """Describe a run: what it learned from, what it is, how well it learned. The default is the newest run.

    \b
      textgen info
      textgen info checkpoints/story
    """
    from textgen.cli.train import train_command  # whose flags its advice names

    for name, value in describe(load_run(chosen_run(run))):
        show_row(f"{name:<12} {with_flags(value, train_command) if name == ADVICE else value}")
