"""What labels do to the gates: the shown symbols read with each label and without one, and how much further the gates
of the first layer are then open, on average over the text. No figure for a run that knows no labels."""

from typing import TYPE_CHECKING

import numpy as np

from textgen.inspection.looks import Look
from textgen.inspection.plots.canvas import SIGNED, Box, Pages, colour_bar, draw_text, heat_map, new_board, styled
from textgen.inspection.tracing import GATES, trace_ids
from textgen.shown import one_line
from textgen.tokens.labels import LabelSet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_LABELS, MAX_STEPS = 12, 200
LEFT, WIDTH, ROW, GAP = 2.4, 10.0, 0.26, 0.8  # inches
MAX_NAME = 24  # characters
NAMES = {
    "input_gate": "input gate: what is taken into the cell",
    "forget_gate": "forget gate: what the cell keeps",
    "candidate": "candidate: what would be taken into the cell",
    "output_gate": "output gate: what the cell shows",
}


@styled
def draw(look: Look) -> Pages:
    """One figure for each name of labels."""
    sets = look.config.labels if len(look.trace) > 1 else ()
    return [(str(number) if number else None, _figure(look, labels)) for number, labels in enumerate(sets)]


def _figure(look: Look, labels: LabelSet) -> "Figure":
    values, ids = labels.values[:MAX_LABELS], look.trace.ids[:MAX_STEPS]
    free = trace_ids(look.generator.with_labels({}), ids)
    told = [trace_ids(look.generator.with_labels({labels.name: label}), ids) for label in values]
    height = ROW * len(values)
    figure, board = new_board(LEFT + WIDTH + 1.4, 0.7 + len(GATES) * (height + GAP))
    title = f"what {one_line(labels.name)} does to the gates of the first layer, mean of {len(ids):,} {look.noun}s"
    draw_text(board, LEFT, 0.3, title, size=11)
    changes = {
        gate: np.array([(getattr(each, gate) - getattr(free, gate))[:, 0].mean(axis=0) for each in told])
        for gate in GATES
    }
    # The units whose forget gates move most come first in all four.
    order = np.argsort(-np.abs(changes["forget_gate"]).max(axis=0), kind="stable")
    scale = SIGNED.within(max(float(np.abs(each).max()) for each in changes.values()) or 1.0)
    for place, gate in enumerate(GATES):
        top = 0.95 + place * (height + GAP)
        draw_text(board, LEFT, top - 0.15, NAMES[gate], size=10)
        heat_map(board, changes[gate][:, order], Box(LEFT, top, WIDTH, height), scale)
        for row, label in enumerate(values):
            name = one_line(label or "(none)")[:MAX_NAME]
            draw_text(board, LEFT - 0.1, top + (row + 0.5) * ROW, name, size=9, ha="right")
    draw_text(board, LEFT, 0.95 + len(GATES) * (height + GAP) - GAP + 0.2, f"{look.units} units", size=9)
    colour_bar(board, scale, LEFT + WIDTH + 0.3, 0.95, max(height, 0.8), "change")
    return figure
