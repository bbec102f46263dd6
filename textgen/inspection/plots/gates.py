"""Every gate and the cell state, step by step: a heat map each, units down, the text along the axis."""

import numpy as np

from textgen.inspection.plots.canvas import SHARES, SIGNED, colour_bar, image, new_board, say, styled, write
from textgen.inspection.tracing import GATES

STEPS = {"character": 167, "word": 70}  # in one picture
FEWEST = 60  # cells are no wider than in a picture of so many
UNITS = 104  # in one picture, so that each is two dots high
NAMES = {
    "input_gate": "input gate i\n(1: let in)",
    "forget_gate": "forget gate f\n(1: keep)",
    "candidate": "candidate g\n(what comes in)",
    "output_gate": "output gate o\n(1: show)",
    "cell": "cell state c\n(what is kept)",
}
LEFT, TOP, WIDTH, HEIGHT, GAP = 1.5, 0.75, 12.6, 1.9, 0.15


@styled
def draw(look):
    """One figure a layer and page; units in the order of their mean forget gate, those that keep longest on top."""
    trace = look.trace
    size = min(STEPS[look.noun], max(len(trace), FEWEST))
    pages = -(-len(trace) // size)
    for layer in range(look.config.layers):
        order = np.argsort(-trace.forget_gate[:, layer].mean(axis=0), kind="stable")
        order = order[np.unique(np.linspace(0, len(order) - 1, UNITS).round().astype(int))]
        bound = float(np.percentile(np.abs(trace.cell[:, layer]), 99)) or 1.0
        for page in range(pages):
            steps = slice(page * size, min((page + 1) * size, len(trace)))
            figure = _page(look, layer, steps, order, bound, size)
            parts = [f"layer{layer}"] * (look.config.layers > 1) + [f"page{page + 1}"] * (pages > 1)
            yield "-".join(parts) or None, figure


def _page(look, layer, steps, order, bound, size):
    trace, symbols = look.trace, look.trace.symbols[steps]
    words = look.noun == "word"
    figure, board = new_board(15, 11.3 + words)
    wide, cell = WIDTH * len(symbols) / size, WIDTH / size
    first, last = look.start + steps.start + 1, look.start + steps.stop
    which = f"{len(order)} of its {look.config.units} units" if len(order) < look.config.units else "its units"
    title = f"{look.name}, layer {layer}, {look.noun}s {first:,} to {last:,}: {which} down, the same in all five, "
    say(board, LEFT, 0.2, title + "those that keep longest on top", size=11)
    for place, name in enumerate([*GATES, "cell"]):
        top = TOP + (HEIGHT + GAP) * place
        signed = name in ("candidate", "cell")
        limit = bound if name == "cell" else 1.0
        values = getattr(trace, name)[steps, layer].T[order]
        colours, limits = (SIGNED, (-limit, limit)) if signed else (SHARES, (0, 1))
        drawn = image(board, values, LEFT, top, wide, HEIGHT, colours, limits)
        say(board, LEFT - 0.1, top + HEIGHT / 2, NAMES[name], ha="right", size=9)
        if name in ("input_gate", "candidate", "cell"):  # the others' colours are the input gate's
            colour_bar(board, drawn, LEFT + wide + 0.12, top, HEIGHT)
    if not words:
        write(board, LEFT, TOP - 0.05, symbols, cell, va="bottom")
    write(board, LEFT, top + HEIGHT + 0.05, symbols, cell, va="top")
    return figure
