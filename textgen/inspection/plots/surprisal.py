"""The text, coloured by how surprising each symbol was to the network that had read all before it."""

from textgen.engine import probability
from textgen.inspection.plots.canvas import (
    MOST_ROWS,
    SURPRISE,
    colour_bar,
    coloured_text,
    columns_for,
    new_board,
    say,
    styled,
    wrapped,
)

COLUMNS = {"character": 80, "word": 12}
CELL = {"character": (0.14, 0.26), "word": (0.9, 0.27)}
MOST_BITS = {"character": 10, "word": 16}


@styled
def draw(look):
    """One figure a page of lines."""
    trace, cell = look.trace, CELL[look.noun]
    columns = columns_for(trace.symbols, COLUMNS[look.noun])
    bits = probability.bits(trace.surprisal)
    lines = wrapped(trace.symbols, columns)
    pages = [lines[start : start + MOST_ROWS] for start in range(0, len(lines), MOST_ROWS)]
    for number, page in enumerate(pages, 1):
        steps = slice(page[0].start, page[-1].stop)
        wide, high = cell[0] * columns, cell[1] * len(page)
        figure, board = new_board(max(wide, 5) + 1.4, max(high, 0.8) + 0.7)
        drawn = coloured_text(
            board, trace.symbols[steps], bits[steps], 0.3, 0.5, columns, cell, SURPRISE, (0, MOST_BITS[look.noun])
        )
        mean = f"{bits[steps].mean():.2f} bits a {look.noun} on average"
        say(board, 0.3, 0.28, f"{look.name}: {mean}; the redder, the less expected", size=10)
        colour_bar(board, drawn, wide + 0.45, 0.5, max(high, 0.8), "surprisal, bits")
        yield f"page{number}" if len(pages) > 1 else None, figure
