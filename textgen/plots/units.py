"""The text, coloured by what the units worth watching hold: tanh(c), as Karpathy, Johnson and Li (2015) show it."""

import numpy as np

from textgen.plots.canvas import MOST_ROWS, SIGNED, add, colour_bar, coloured_text, columns_for, new_figure, wrapped
from textgen.plots.cells import title

COLUMNS = {"character": 100, "word": 40}


def draw(look):
    """One figure with a panel a unit; none where no unit is worth watching."""
    if not look.watched:
        return
    trace = look.trace
    columns = columns_for(trace.symbols, COLUMNS[look.noun])
    rows = min(len(wrapped(trace.symbols, columns)), max(MOST_ROWS // len(look.watched), 4))
    steps = wrapped(trace.symbols, columns)[rows - 1].stop
    high = 0.21 * rows * (2.6 if look.noun == "word" else 1)
    wide = 0.112 * columns * (2.5 if look.noun == "word" else 1)
    figure = new_figure(wide + 1.3, (high + 0.5) * len(look.watched) + 0.5)
    for place, watched in enumerate(look.watched):
        axes = add(figure, 0.3, 0.5 + (high + 0.5) * place, wide, high)
        values = np.tanh(trace.cell[:steps, watched.layer, watched.unit])
        image = coloured_text(axes, trace.symbols[:steps], values, columns, SIGNED, (-1, 1))
        axes.set_title(title(watched), loc="left")
        colour_bar(figure, image, wide + 0.45, 0.5 + (high + 0.5) * place, high, "tanh(c)")
    yield None, figure
