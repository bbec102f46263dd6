"""textgen plot"""

import shutil
from itertools import pairwise
from pathlib import Path

import click

from textgen.cli.options import note
from textgen.errors import RunError, UsageError
from textgen.inspection.plots.canvas import FORMATS, save
from textgen.inspection.plots.curves import draw
from textgen.runs.describe import best_epoch, measured
from textgen.runs.run import load_run
from textgen.system import extras
from textgen.system.files import check_free


@click.command(name="plot")
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@click.option("--out", metavar="FILE", help="Draw them into this file, .png or .svg (extra 'plots').")
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
def command(names, out, overwrite):
    """Show how runs learned: a chart of the losses here, and with --out a picture of all curves.

    The picture has losses in nats and bits a character, training and held out, the learning rate and the gradient's
    norm; of a run trained with --watch-gradients, also the gradients of each weight and by distance.

    \b
      textgen plot story
      textgen plot story letters --out curves.png
    """
    found = [(str(name), load_run(name)) for name in names]
    histories = [run.history() for _, run in found]
    for (name, _), history in zip(found, histories, strict=True):
        if not history:
            raise RunError(f"{name}: no history to plot: no epoch was finished, or its history.jsonl was removed")
    if out:
        if Path(out).suffix[1:].lower() not in FORMATS:
            raise UsageError(f"--out {out}: a picture's name ends in .png or .svg")
        extras.check("matplotlib", "--out")
        check_free(out, overwrite)
    curves = [[(line["step"], line[f"{measured(line)}_nats"]) for line in history] for history in histories]
    width = max(min(shutil.get_terminal_size().columns, 100) - 10, 30)
    for line in sketch(curves, width):
        click.echo(line)
    for number, ((name, run), history) in enumerate(zip(found, histories, strict=True)):
        best = best_epoch(history)
        kind = measured(best)
        noun, bits = run.tokenizer.noun, best[f"{kind}_bits_per_character"]
        click.echo(
            f"{MARKS[number % len(MARKS)]} {name}: {kind} {best[f'{kind}_nats']:.4f} nats a {noun} "
            f"({bits:.4f} bits a character) in epoch {best['epoch']}, {best['seconds']:.0f} s"
        )
    if out:
        save(draw(found), Path(out))
        note(f"picture: {out}")


MARKS = "ox+*#@%&"


def sketch(curves, width=72, height=14):
    """Lines of a chart.

    Args:
        curves: for each, its points: pairs of step and loss, by step; a mark of MARKS each.
        width, height: characters of the chart without its axes.
    """
    points = [point for curve in curves for point in curve]
    if not points:
        return []
    last = max(step for step, _ in points)
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    spread = (high - low) or 1.0
    grid = [[" "] * width for _ in range(height)]

    def mark(step, loss, sign, over):
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
    labels = {
        0: f"{high:.3f}",
        height // 2: f"{high - spread * (height // 2) / (height - 1):.3f}",
        height - 1: f"{low:.3f}",
    }
    wide = max(map(len, labels.values()))
    lines = [f"{labels.get(row, ''):>{wide}} |{''.join(cells).rstrip()}" for row, cells in enumerate(grid)]
    lines.append(" " * wide + " +" + "-" * width)
    return [*lines, " " * wide + f"  0{f'{last:,} steps':>{width - 1}}"]
