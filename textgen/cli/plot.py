"""textgen plot: a chart of the losses as text, and a picture of all curves."""

import shutil
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import click

from textgen.cli.console import note, show_row
from textgen.cli.options import GroupedCommand, command_option, overwrite_option
from textgen.errors import RunError
from textgen.inspection.plots.canvas import picture_file, save
from textgen.inspection.plots.curves import Learned, draw
from textgen.runs.diary import best_epoch, measured
from textgen.runs.run import load_run
from textgen.shown import one_line

# The mark of each run's curve in the chart.
MARKS = "ox+*#@%&"


@click.command("plot", cls=GroupedCommand)
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@command_option("--out", metavar="FILE", help="Draw all curves into this file, .png or .svg (extra 'plots').")
@overwrite_option("an existing file")
def plot_command(names: tuple[str, ...], out: str | None, overwrite: bool) -> None:
    """Show how runs learned: a chart of the losses here, and with --out a picture of all curves.

    The picture shows training and validation losses in nats and bits a character, the learning rate and the gradient
    norm. For a run trained with --watch-gradients, it also shows the gradients of each weight and by distance.

    \b
      textgen plot story
      textgen plot story letters --out curves.png
    """
    found = [(name, load_run(name)) for name in names]
    histories = [run.history() for _, run in found]
    for name, history in zip(names, histories, strict=True):
        if not history:
            raise RunError(f"{name}: no history to plot: no epoch was finished, or its history.jsonl was removed")
    picture = picture_file(out, overwrite) if out else None
    curves = [[(line["step"], line[f"{measured(line)}_nats"]) for line in history] for history in histories]
    width = max(min(shutil.get_terminal_size().columns, 100) - 10, 30)
    for line in text_chart(curves, width):
        show_row(line)
    for number, ((name, run), history) in enumerate(zip(found, histories, strict=True)):
        show_row(f"{MARKS[number % len(MARKS)]} {name}: {_best(run.tokenizer.noun, history)}")
    if picture:
        save(draw([Learned.of(one_line(name), run) for name, run in found]), picture)
        note(f"picture: {picture}")


def _best(noun: str, history: list[dict[str, Any]]) -> str:
    """The best epoch of a history in words."""
    best = best_epoch(history)
    kind = measured(best)
    return (
        f"{kind} {best[f'{kind}_nats']:.4f} nats a {noun} "
        f"({best[f'{kind}_bits_per_character']:.4f} bits a character) in epoch {best['epoch']}, {best['seconds']:.0f} s"
    )


def text_chart(curves: Sequence[Sequence[tuple[float, float]]], width: int = 72, height: int = 14) -> list[str]:
    """Draw curves as lines of text.

    Args:
        curves: for each, its points: pairs of step and loss, in the order of steps. Each has a mark of MARKS.
        width, height: size of the chart without its axes, in characters.

    Returns:
        the lines; none where there is no point.
    """
    points = [point for curve in curves for point in curve]
    if not points:
        return []
    last = max(step for step, _ in points)
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    spread = (high - low) or 1.0
    grid = [[" "] * width for _ in range(height)]

    def mark(step: float, loss: float, sign: str, over: bool) -> None:
        column, row = round(step / max(last, 1) * (width - 1)), round((high - loss) / spread * (height - 1))
        if over or grid[row][column] == " ":
            grid[row][column] = sign

    for curve in curves:
        for (step, loss), (next_step, next_loss) in pairwise(curve):
            for part in range(1, width):
                share = part / width
                mark(step + share * (next_step - step), loss + share * (next_loss - loss), ".", over=False)
    for number, curve in enumerate(curves):
        for step, loss in curve:
            mark(step, loss, MARKS[number % len(MARKS)], over=True)
    middle = high - spread * (height // 2) / (height - 1)
    labels = {0: f"{high:.3f}", height // 2: f"{middle:.3f}", height - 1: f"{low:.3f}"}
    wide = max(map(len, labels.values()))
    lines = [f"{labels.get(row, ''):>{wide}} |{''.join(cells).rstrip()}" for row, cells in enumerate(grid)]
    lines.append(" " * wide + " +" + "-" * width)
    return [*lines, " " * wide + f"  0{f'{last:,} steps':>{width - 1}}"]
