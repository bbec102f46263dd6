"""textgen without a command: what to do next, in four lines."""

from textgen.cli.console import show_row
from textgen.runs.folder import SHIPPED, find_run, list_runs, shipped_run, shown_runs_folder

# Characters of the first column: a longer command is followed by its explanation all the same.
WIDTH = 27


def show_next_steps() -> None:
    """Print what a person may do next, given the runs that there are."""
    newest = find_run() if list_runs() or shipped_run() else None
    if newest is None:
        heading, steps = f"No run in {shown_runs_folder()} yet.", [("corpora list", "find a text to learn")]
    elif newest.name == SHIPPED:
        heading = f"No run of your own in {shown_runs_folder()} yet."
        steps = [(f"sample {SHIPPED}", "write with the model that is here")]
    else:
        heading = f"Your newest run is {newest.name}, in {shown_runs_folder()}."
        steps = [(f"sample {newest.name}", "write with it")]
    show_row(heading)
    for command, about in [*steps, ("train FILE.txt", "learn a text of your own"), ("--help", "list all commands")]:
        show_row(f"  textgen {command:<{WIDTH - 10}} {about}")
