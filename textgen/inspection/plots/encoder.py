"""How symbols become vectors: each step's one-hot vector, the vector that the first layer reads, and all symbols in the
plane, near where their vectors point the same way."""

import numpy as np

from textgen.inspection.plots.canvas import SIGNED, WIDE, image, new_board, say, styled, write

STEPS, ROWS, PLACED = 40, 70, 150
LEFT, WIDTH = 1.0, 6.2
PLANE = 8.1, 0.9, 6.5, 7.8  # left, top, width, height


@styled
def draw(look):
    """One figure of the first steps."""
    config, trace = look.config, look.trace
    named = look.generator.engine.named_weights()
    steps = min(STEPS, len(trace))
    symbols, ids = trace.symbols[:steps], trace.ids[:steps]
    read = list(dict.fromkeys(trace.ids.tolist()))
    rows = sorted(read) if config.vocabulary_size > ROWS else range(config.vocabulary_size)
    vectors = named["embedding"] if config.encoder == "embedding" else named["lstm.0.kernel"]
    figure, board = new_board(15, 9.4 + 2 * (look.noun == "word"))
    size = f"{len(rows)} of {config.vocabulary_size:,}" if len(rows) < config.vocabulary_size else f"{len(rows)}"
    title = f"one-hot: a column a step, its one 1 in the row of its symbol ({size} rows)"
    _map(board, title, "symbols' ids", (np.array(rows)[:, None] == ids) * 0.85, 0.8, 4.6, "Greys", symbols)
    if config.encoder == "embedding":
        size = f"{config.vocabulary_size:,} x {config.embedding_size}"
        title, label = (
            f"embedding: one-hot times a table of {size} is that row of it",
            f"{config.embedding_size} numbers",
        )
    else:
        title, label = "one-hot times the kernel: that row of it, what each symbol says to the gates", "i, f, g, o"
    low = 6.4 + (look.noun == "word")
    bound = float(np.percentile(np.abs(vectors), 99)) or 1.0
    _map(board, title, label, vectors[ids].T / bound, low, 2.4, SIGNED, symbols)
    _plane(board, look, vectors, [index for index in read if index > 1][:PLACED])
    yield None, figure


def _map(board, title, label, values, top, height, colours, symbols):
    say(board, LEFT, top - 0.15, title, size=10)
    say(board, LEFT - 0.15, top + height / 2, label, size=9, rotation=90, ha="right")
    wide = WIDTH * len(symbols) / STEPS
    limits = (-1, 1) if colours == SIGNED else (0, 1)
    image(board, values, LEFT, top, wide, height, colours, limits)
    write(board, LEFT, top + height + 0.05, symbols, WIDTH / STEPS, va="top")


def _plane(board, look, vectors, ids):
    """Symbols by the two directions in which their vectors differ most (principal components)."""
    left, top, wide, high = PLANE
    say(board, left, 0.65, "symbols whose vectors point the same way stand near each other (PCA)", size=10)
    if len(ids) < 3:
        return
    # Rare symbols' vectors are long; only their direction counts.
    directed = vectors[ids] / np.maximum(np.linalg.norm(vectors[ids], axis=1, keepdims=True), 1e-9)
    centred = directed - directed.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    spots = centred @ directions[:2].T
    size = 14 if look.noun == "character" else 10
    spots = (spots - spots.min(axis=0)) / np.maximum(np.ptp(spots, axis=0), 1e-9)
    for (x, y), index in zip(spots, ids, strict=True):
        text = look.generator.printed[index].strip(" ") or " "
        kind = "#c0392b" if text.lower() in set("aeiou") else "#1f4e79" if text.isalpha() else "#555555"
        write(board, left + wide * x, top + high * y, [text], WIDE, color=kind, size=size)
