"""The cell state of each watched unit as a curve over the text, with the property it follows shaded behind it."""

from typing import TYPE_CHECKING

import numpy as np

from textgen.inspection.looks import Look, Watched
from textgen.inspection.plots.canvas import Pages, add_axes, add_board, draw_symbols, draw_text, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_STEPS = {True: 250, False: 70}  # in one line of the picture: of characters, of longer symbols
MIN_STEPS = 60  # a line is scaled for at least this many steps, so that cells do not become too wide
MAX_LINES = 4  # in one picture
LEFT, TOP, WIDTH, HEIGHT = 0.8, 0.6, 13.9, 1.1  # inches


@styled
def draw(look: Look) -> Pages:
    """One figure for each unit, of as many steps as its lines hold."""
    return [_draw_unit(look, watched) for watched in look.watched]


def _draw_unit(look: Look, watched: Watched) -> tuple[str, "Figure"]:
    trace, follows = look.trace, watched.follows
    size = min(MAX_STEPS[look.of_characters], max(len(trace), MIN_STEPS))
    lines = [range(start, min(start + size, len(trace))) for start in range(0, len(trace), size)][:MAX_LINES]
    line_height = HEIGHT + (0.4 if look.of_characters else 1.0)
    figure = new_figure(15, TOP + 0.2 + line_height * len(lines))
    board = add_board(figure)
    draw_text(board, LEFT, 0.3, title(watched) + (" (shaded)" if follows else ""), size=11)
    values = trace.cell[:, watched.layer, watched.unit]
    followed = look.followed[follows.name] if follows else None
    edge = max(float(np.abs(values).max()) * 1.08, 1e-3)
    for row, steps in enumerate(lines):
        top = TOP + line_height * row
        axes = add_axes(figure, LEFT, top, WIDTH * len(steps) / size, HEIGHT)
        axes.axhline(0, color="#bbbbbb", linewidth=0.8)
        if followed is not None and followed.max() > 0:
            shade = followed[steps.start : steps.stop] / followed.max() * 2 - 1
            axes.fill_between(steps, -edge, shade * edge, step="mid", color="#f3d9a4", linewidth=0)
        axes.step(steps, values[steps.start : steps.stop], where="mid", color="#1f4e79", linewidth=1.3)
        axes.set_xlim(steps.start - 0.5, steps.stop - 0.5)
        axes.set_ylim(-edge, edge)
        axes.set_xticks([])
        symbols = trace.symbols[steps.start : steps.stop]
        draw_symbols(board, LEFT, top + HEIGHT + 0.05, symbols, WIDTH / size, va="top")
    suffix = f"-{follows.name.replace(' ', '-')}" if follows else ""
    return f"layer{watched.layer}-unit{watched.unit}{suffix}", figure


def title(watched: Watched) -> str:
    """A watched unit in words."""
    follows = watched.follows
    if follows is None:
        return f"{watched}: cell state c"
    verb, verdict = ("follows", "") if follows.holds else ("seems to follow", ": not confirmed")
    return (
        f"{watched} {verb} \u201c{follows.name}\u201d: correlation {follows.correlation:+.2f} in the first half, "
        f"{follows.elsewhere:+.2f} in the second{verdict}"
    )
