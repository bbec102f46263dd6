"""Every gate and the cell state, step by step: one heat map each, units down, the text along the axis."""

from typing import TYPE_CHECKING

import numpy as np

from textgen.inspection.looks import Look
from textgen.inspection.plots.canvas import (
    SHARES,
    SIGNED,
    Box,
    Pages,
    colour_bar,
    draw_symbols,
    draw_text,
    heat_map,
    new_board,
    styled,
)
from textgen.inspection.tracing import GATES
from textgen.tokens.layout import Ids

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_STEPS = {True: 167, False: 70}  # in one figure: of characters, of longer symbols
MIN_STEPS = 60  # a figure is scaled for at least this many steps, so that cells do not become too wide
MAX_UNITS = 104  # in one figure, so that each is two pixels high
LABELS = {
    "input_gate": "input gate i\n(1: let in)",
    "forget_gate": "forget gate f\n(1: keep)",
    "candidate": "candidate g\n(new value)",
    "output_gate": "output gate o\n(1: show)",
    "cell": "cell state c\n(memory)",
}
LEFT, TOP, WIDTH, HEIGHT, GAP = 1.5, 0.75, 12.6, 1.9, 0.15  # inches


@styled
def draw(look: Look) -> Pages:
    """One figure for each layer and stretch of steps. Units with the highest mean forget gate are on top."""
    trace = look.trace
    pages: Pages = []
    size = min(MAX_STEPS[look.of_characters], max(len(trace), MIN_STEPS))
    count = -(-len(trace) // size)
    for layer in range(look.layers):
        order = np.argsort(-trace.forget_gate[:, layer].mean(axis=0), kind="stable")
        order = order[np.unique(np.linspace(0, len(order) - 1, MAX_UNITS).round().astype(int))]
        for page in range(count):
            steps = slice(page * size, min((page + 1) * size, len(trace)))
            parts = [f"layer{layer}"] * (look.layers > 1) + [f"page{page + 1}"] * (count > 1)
            pages.append(("-".join(parts) or None, _draw_page(look, layer, steps, order, WIDTH / size)))
    return pages


def _draw_page(look: Look, layer: int, steps: slice, order: Ids, cell: float) -> "Figure":
    """One layer at some steps.

    Args:
        order: the units, from top to bottom.
        cell: the width of a step, in inches.
    """
    trace, symbols = look.trace, look.trace.symbols[steps]
    is_words = not look.of_characters
    figure, board = new_board(15, 11.3 + is_words)
    width = cell * len(symbols)
    first, last = look.start + steps.start + 1, look.start + steps.stop
    rows = f"{len(order)} of {look.units} units" if len(order) < look.units else "units"
    title = (
        f"{look.name}, layer {layer}, {look.noun}s {first:,} to {last:,}. Rows: {rows}, in the same order in all maps, "
    )
    draw_text(board, LEFT, 0.2, title + "highest mean forget gate on top", size=11)
    # Cell states are not bounded, and a few are far larger than the rest.
    scales = dict.fromkeys(GATES, SHARES) | {
        "candidate": SIGNED,
        "cell": SIGNED.within(float(np.percentile(np.abs(trace.cell[:, layer]), 99)) or 1.0),
    }
    for place, (name, scale) in enumerate(scales.items()):
        top = TOP + (HEIGHT + GAP) * place
        heat_map(board, getattr(trace, name)[steps, layer].T[order], Box(LEFT, top, width, HEIGHT), scale)
        draw_text(board, LEFT - 0.1, top + HEIGHT / 2, LABELS[name], ha="right", size=9)
        if name in ("input_gate", "candidate", "cell"):  # the other gates have the colours of the input gate
            colour_bar(board, scale, LEFT + width + 0.12, top, HEIGHT)
    if not is_words:
        draw_symbols(board, LEFT, TOP - 0.05, symbols, cell, va="bottom")
    draw_symbols(board, LEFT, top + HEIGHT + 0.05, symbols, cell, va="top")
    return figure
