"""Every gate and the cell state, step by step: a heat map each, units down, the text along the axis."""

import numpy as np

from textgen.inspection import GATES
from textgen.plots.canvas import SHARES, SIGNED, add, cell_width, colour_bar, new_figure, write

STEPS = {"character": 125, "word": 70}  # in one picture
UNITS = 104  # in one picture, so that each is two dots high
NAMES = {
    "input_gate": "input gate i\n(1: let in)",
    "forget_gate": "forget gate f\n(1: keep)",
    "candidate": "candidate g\n(what comes in)",
    "output_gate": "output gate o\n(1: show)",
    "cell": "cell state c\n(what is kept)",
}


def draw(look):
    """One figure a layer and page; units in the order of their mean forget gate, those that keep longest on top."""
    trace, size = look.trace, STEPS[look.noun]
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
    width, words = 12.6, look.noun == "word"
    figure = new_figure(15, 11.2 + words)
    wide = width * len(symbols) / size
    first, last = look.start + steps.start + 1, look.start + steps.stop
    which = f"{len(order)} of its {look.config.units} units" if len(order) < look.config.units else "its units"
    figure.suptitle(
        f"{look.name}, layer {layer}, {look.noun}s {first:,} to {last:,}: {which} down, the same in all five, "
        "those that keep longest on top",
        x=0.1,
        ha="left",
        y=0.985,
        fontsize=11,
    )
    for place, name in enumerate([*GATES, "cell"]):
        axes = add(figure, 1.5, 0.75 + 2.05 * place, wide, 1.9)
        values = getattr(trace, name)[steps, layer].T[order]
        signed = name in ("candidate", "cell")
        limit = bound if name == "cell" else 1.0
        image = axes.imshow(
            values, aspect="auto", cmap=SIGNED if signed else SHARES, vmin=-limit if signed else 0, vmax=limit
        )
        axes.axis("off")
        axes.text(-0.008, 0.5, NAMES[name], transform=axes.transAxes, ha="right", va="center", size=9)
        colour_bar(figure, image, 1.5 + wide + 0.12, 0.75 + 2.05 * place, 1.9)
        if place in (0, 4) and not (words and place == 0):
            cell = cell_width(axes, len(symbols))
            above, below = -0.02 * len(order), 1.02 * len(order)
            options = {"va": "top"} if place else {"va": "bottom"}
            write(axes, range(len(symbols)), below if place else above, symbols, cell, **options)
    return figure
