"""The text, coloured by tanh(c) of each watched unit, as Karpathy, Johnson and Li (2015) show it."""

import numpy as np

from textgen.inspection.looks import Look
from textgen.inspection.plots.canvas import (
    MAX_ROWS,
    SIGNED,
    Grid,
    Pages,
    colour_bar,
    coloured_text,
    columns_for,
    draw_text,
    new_board,
    styled,
    wrapped,
)
from textgen.inspection.plots.cells import title

# Of characters, and of longer symbols; cells in inches, width and height.
MAX_COLUMNS = {True: 100, False: 12}
CELL = {True: (0.112, 0.21), False: (0.85, 0.24)}


@styled
def draw(look: Look) -> Pages:
    """One figure with a panel for each watched unit; no figure if no unit is watched."""
    if not look.watched:
        return []
    trace, (cell_width, cell_height) = look.trace, CELL[look.of_characters]
    columns = columns_for(trace.symbols, MAX_COLUMNS[look.of_characters])
    lines = wrapped(trace.symbols, columns)[: max(MAX_ROWS // len(look.watched), 4)]
    stop, width, height = lines[-1].stop, cell_width * columns, cell_height * len(lines)
    figure, board = new_board(max(width, 7) + 1.3, (height + 0.5) * len(look.watched) + 0.3)
    for place, watched in enumerate(look.watched):
        top = 0.45 + (height + 0.5) * place
        values = np.tanh(trace.cell[:stop, watched.layer, watched.unit])
        draw_text(board, 0.3, top - 0.12, title(watched), size=10)
        coloured_text(board, trace.symbols[:stop], values, Grid(0.3, top, columns, cell_width, cell_height), SIGNED)
        colour_bar(board, SIGNED, width + 0.45, top, height, "tanh(c)")
    return [(None, figure)]
