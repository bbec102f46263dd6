"""The text, coloured by the surprisal of each symbol: how unexpected it was after all the symbols before it."""

from textgen.inspection.looks import Look
from textgen.inspection.plots.canvas import (
    MAX_ROWS,
    ColourScale,
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
from textgen.runs.losses import bits

# Of characters, and of longer symbols; cells in inches, width and height.
MAX_COLUMNS = {True: 80, False: 12}
CELL = {True: (0.14, 0.26), False: (0.9, 0.27)}
MAX_BITS = {True: 10, False: 16}


@styled
def draw(look: Look) -> Pages:
    """One figure for each page of lines."""
    trace, (cell_width, cell_height) = look.trace, CELL[look.of_characters]
    columns = columns_for(trace.symbols, MAX_COLUMNS[look.of_characters])
    scale = ColourScale("YlOrRd", 0, MAX_BITS[look.of_characters])
    surprisal = bits(trace.surprisal)
    lines = wrapped(trace.symbols, columns)
    parts = [lines[start : start + MAX_ROWS] for start in range(0, len(lines), MAX_ROWS)]
    pages: Pages = []
    for number, part in enumerate(parts, 1):
        steps = slice(part[0].start, part[-1].stop)
        width, height = cell_width * columns, cell_height * len(part)
        figure, board = new_board(max(width, 5) + 1.4, max(height, 0.8) + 0.7)
        grid = Grid(0.3, 0.5, columns, cell_width, cell_height)
        coloured_text(board, trace.symbols[steps], surprisal[steps], grid, scale)
        mean = f"{surprisal[steps].mean():.2f} bits per {look.noun} on average"
        draw_text(board, 0.3, 0.28, f"{look.name}: {mean}; red: unexpected", size=10)
        colour_bar(board, scale, width + 0.45, 0.5, max(height, 0.8), "surprisal, bits")
        pages.append((f"page{number}" if len(parts) > 1 else None, figure))
    return pages
