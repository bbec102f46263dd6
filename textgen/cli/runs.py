"""textgen runs and textgen info: the runs there are, and what one of them is."""

import click

from textgen.cli.chosen import chosen_run
from textgen.cli.console import note, show_row, show_text, with_flags
from textgen.cli.options import GroupedCommand, json_option
from textgen.errors import RunError
from textgen.runs import describe
from textgen.runs.describe import ADVICE, Row
from textgen.runs.folder import SHIPPED, list_runs, shipped_run, shown_runs_folder
from textgen.runs.run import load_run


@click.command("runs", cls=GroupedCommand)
@json_option("one JSON object a run")
def runs_command(as_json: bool) -> None:
    """List your runs, newest last.

    They are in the folder that TEXTGEN_RUNS names; without it, in checkpoints/.

    A run that cannot be read is named on standard error, and the exit code is 4.

    \b
      textgen runs
    """
    found, rows, objects, damaged = list_runs(), [], [], []
    for path in found:
        try:
            run = load_run(path)
            rows.append(Row.of(run))
            if as_json:
                objects.append((rows[-1].created, describe.as_json(run)))
        except RunError as error:
            damaged.append(error)
    for line in describe.table([] if as_json else rows):
        show_row(line)
    for _, line in sorted(objects):
        show_text(line)
    if not found:
        also = f", or write with {SHIPPED}, which comes with textgen: textgen sample {SHIPPED}" if shipped_run() else ""
        note(f"no run in {shown_runs_folder()} yet; train one: textgen train FILE.txt{also}")
    if damaged:
        for each in damaged[:-1]:
            note(f"textgen: {each}")
        raise damaged[-1]


@click.command("info", cls=GroupedCommand)
@click.argument("run", required=False)
@json_option("one JSON object")
def info_command(run: str | None, as_json: bool) -> None:
    """Describe a run: what it learned from, what it is, how well it learned. The default is the newest run.

    \b
      textgen info
      textgen info checkpoints/story
    """
    from textgen.cli.train import train_command  # whose flags its advice names

    found = load_run(chosen_run(run))
    if as_json:
        show_text(describe.as_json(found))
        return
    for name, value in describe.describe(found):
        show_row(f"{name:<12} {with_flags(value, train_command) if name == ADVICE else value}")
