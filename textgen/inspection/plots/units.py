"""The text, coloured by what the units worth watching hold: tanh(c), as Karpathy, Johnson and Li (2015) show it."""

import numpy as np

from textgen.inspection.plots.canvas import (
    MOST_ROWS,
    SIGNED,
    colour_bar,
    coloured_text,
    columns_for,
    new_board,
    say,
    styled,
    wrapped,
)
from textgen.inspection.plots.cells import title

COLUMNS = {"character": 100, "word": 12}
CELL = {"character": (0.112, 0.21), "word": (0.85, 0.24)}


@styled
def draw(look):
    """One figure with a panel a unit; none where no unit is worth watching."""
    if not look.watched:
        return
    trace, cell = look.trace, CELL[look.noun]
    columns = columns_for(trace.symbols, COLUMNS[look.noun])
    lines = wrapped(trace.symbols, columns)[: max(MOST_ROWS // len(look.watched), 4)]
    steps, wide, high = lines[-1].stop, cell[0] * columns, cell[1] * len(lines)
    figure, board = new_board(max(wide, 7) + 1.3, (high + 0.5) * len(look.watched) + 0.3)
    for place, watched in enumerate(look.watched):
        top = 0.45 + (high + 0.5) * place
        values = np.tanh(trace.cell[:steps, watched.layer, watched.unit])
        say(board, 0.3, top - 0.12, title(watched), size=10)
        drawn = coloured_text(board, trace.symbols[:steps], values, 0.3, top, columns, cell, SIGNED, (-1, 1))
        colour_bar(board, drawn, wide + 0.45, top, high, "tanh(c)")
    yield None, figure
