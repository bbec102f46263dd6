"""The text, coloured by how surprising each symbol was to the network that had read all before it."""

import math

from textgen.plots.canvas import MOST_ROWS, SURPRISE, add, colour_bar, coloured_text, columns_for, new_figure, wrapped

COLUMNS = {"character": 80, "word": 24}
MOST_BITS = {"character": 10, "word": 16}


def draw(look):
    """One figure a page of lines."""
    trace = look.trace
    columns = columns_for(trace.symbols, COLUMNS[look.noun])
    bits = trace.surprisal / math.log(2)
    lines = wrapped(trace.symbols, columns)
    pages = [lines[start : start + MOST_ROWS] for start in range(0, len(lines), MOST_ROWS)]
    for number, page in enumerate(pages, 1):
        steps = slice(page[0].start, page[-1].stop)
        high = 0.26 * len(page) * (2.4 if look.noun == "word" else 1)
        wide = 0.14 * columns * (3 if look.noun == "word" else 1)
        figure = new_figure(wide + 1.4, high + 0.8)
        axes = add(figure, 0.3, 0.5, wide, high)
        image = coloured_text(axes, trace.symbols[steps], bits[steps], columns, SURPRISE, (0, MOST_BITS[look.noun]))
        axes.set_title(
            f"{look.name}: {bits[steps].mean():.2f} bits a {look.noun} on average; the redder, the less expected",
            loc="left",
        )
        colour_bar(figure, image, wide + 0.45, 0.5, max(high, 0.6), "surprisal, bits")
        yield f"page{number}" if len(pages) > 1 else None, figure
