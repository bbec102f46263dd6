"""How symbols become vectors: the one-hot vector of each step, the vector that the first layer reads, and a plane in
which symbols whose vectors point in similar directions lie close together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textgen.inspection.looks import Look
from textgen.inspection.plots.canvas import (
    SIGNED,
    WIDE_CELL,
    Box,
    ColourScale,
    Pages,
    draw_symbols,
    draw_text,
    heat_map,
    new_board,
    styled,
)
from textgen.inspection.tracing import engine_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_STEPS, MAX_VOCABULARY_ROWS, MAX_PLANE_SYMBOLS = 40, 70, 150
LEFT, WIDTH = 1.0, 6.2  # inches
PLANE = Box(8.1, 0.9, 6.5, 7.8)
GREYS = ColourScale("Greys", 0, 1)


@styled
def draw(look: Look) -> Pages:
    """One figure of the first steps."""
    config, trace = look.config, look.trace
    weights = engine_of(look.generator).named_weights()
    steps = min(MAX_STEPS, len(trace))
    symbols, ids = trace.symbols[:steps], trace.ids[:steps]
    read = list(dict.fromkeys(trace.ids.tolist()))
    vectors = weights["embedding"] if config.encoder == "embedding" else weights["lstm.0.kernel"]
    vocabulary = len(vectors)
    rows = sorted(read) if vocabulary > MAX_VOCABULARY_ROWS else range(vocabulary)
    figure, board = new_board(15, 9.4 + 2 * (not look.of_characters))
    size = f"{len(rows)} of {vocabulary:,}" if len(rows) < vocabulary else f"{len(rows)}"
    title = f"one-hot vectors: each column is a step, with a single 1 in the row of its symbol ({size} rows)"
    one_hot = (np.array(rows)[:, None] == ids) * 0.85
    width = WIDTH * steps / MAX_STEPS
    _draw_map(board, (title, "ids of symbols"), one_hot, Box(LEFT, 0.8, width, 4.6), GREYS, symbols)
    if config.encoder == "embedding":
        size = f"{vocabulary:,} x {config.embedding_size}"
        title = f"embedding: the one-hot vector selects a row of a table of {size} numbers"
        label = f"{config.embedding_size} numbers"
    else:
        title, label = "kernel: the one-hot vector selects a row, the input of the symbol to each gate", "i, f, g, o"
    top = 6.4 + (not look.of_characters)
    bound = float(np.percentile(np.abs(vectors), 99)) or 1.0
    _draw_map(board, (title, label), vectors[ids].T / bound, Box(LEFT, top, width, 2.4), SIGNED, symbols)
    _draw_plane(board, look, vectors, [index for index in read if index > 1][:MAX_PLANE_SYMBOLS])
    return [(None, figure)]


def _draw_map(
    board: "Axes",
    titles: tuple[str, str],
    values: NDArray[Any],
    box: Box,
    scale: ColourScale,
    symbols: Sequence[str],
) -> None:
    """A heat map of (rows, steps) with a title above, a label at its left, and the symbols below."""
    title, label = titles
    draw_text(board, box.left, box.top - 0.15, title, size=10)
    draw_text(board, box.left - 0.15, box.top + box.height / 2, label, size=9, rotation=90, ha="right")
    heat_map(board, values, box, scale)
    draw_symbols(board, box.left, box.top + box.height + 0.05, symbols, box.width / len(symbols), va="top")


def _draw_plane(board: "Axes", look: Look, vectors: NDArray[np.float32], ids: Sequence[int]) -> None:
    """Symbols by the two directions in which their vectors vary most (principal component analysis)."""
    draw_text(
        board, PLANE.left, 0.65, "symbols whose vectors point in similar directions lie close together (PCA)", size=10
    )
    if len(ids) < 3:
        return
    # The vectors of rare symbols are long, so only directions are compared.
    selected = vectors[np.array(ids)]
    directions = selected / np.maximum(np.linalg.norm(selected, axis=1, keepdims=True), 1e-9)
    centred = directions - directions.mean(axis=0)
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    points = centred @ components[:2].T
    points = (points - points.min(axis=0)) / np.maximum(np.ptp(points, axis=0), 1e-9)
    size = 14 if look.of_characters else 10
    for (x, y), index in zip(points, ids, strict=True):
        text = look.generator.labels[index].strip(" ") or " "
        colour = "#c0392b" if text.lower() in set("aeiou") else "#1f4e79" if text.isalpha() else "#555555"
        left, middle = PLANE.left + PLANE.width * x, PLANE.top + PLANE.height * y
        draw_symbols(board, left, middle, [text], WIDE_CELL, color=colour, size=size)
