"""How symbols become vectors: each step's one-hot vector, the vector that the first layer reads, and all symbols in the
plane, near where their vectors are alike."""

import numpy as np

from textgen.plots.canvas import SIGNED, add, cell_width, new_figure, write

STEPS, ROWS, PLACED = 40, 70, 150


def draw(look):
    """One figure of the first steps."""
    config, trace = look.config, look.trace
    steps, named = min(STEPS, len(trace)), look.generator.engine.named_weights()
    symbols, ids = trace.symbols[:steps], trace.ids[:steps]
    read = list(dict.fromkeys(trace.ids.tolist()))
    rows = sorted(read) if config.vocabulary_size > ROWS else range(config.vocabulary_size)
    onehot = (np.array(rows)[:, None] == ids).astype(float)
    vectors = named["embedding"] if config.encoder == "embedding" else named["lstm.0.kernel"]
    figure = new_figure(15, 9.2)
    left = add(figure, 1.0, 0.8, 6.2, 4.6)
    left.imshow(onehot, aspect="auto", cmap="Greys", vmin=0, vmax=1.2)
    shown = f"{len(rows)} of {config.vocabulary_size:,}" if len(rows) < config.vocabulary_size else f"{len(rows)}"
    left.set_title(f"one-hot: a column a step, its one 1 in the row of the symbol ({shown} rows)", loc="left")
    left.set_ylabel("symbol's id")
    low = add(figure, 1.0, 6.2, 6.2, 2.4)
    picked = vectors[ids].T
    bound = float(np.percentile(np.abs(vectors), 99)) or 1.0
    low.imshow(picked, aspect="auto", cmap=SIGNED, vmin=-bound, vmax=bound)
    if config.encoder == "embedding":
        low.set_title(
            f"embedding: that row of a table of {config.vocabulary_size:,} x {config.embedding_size}", loc="left"
        )
        low.set_ylabel("embedding")
    else:
        low.set_title("one-hot times the kernel: that row of it, what each symbol says to the gates", loc="left")
        low.set_ylabel("i, f, g, o")
    for axes, bottom in ((left, len(rows)), (low, picked.shape[0])):
        axes.set_xticks([])
        write(axes, range(steps), bottom * 1.01, symbols, cell_width(axes, steps), va="top")
    plane = add(figure, 8.1, 0.8, 6.6, 7.8)
    _plane(plane, look, vectors, [index for index in read if index > 1][:PLACED])
    yield None, figure


def _plane(axes, look, vectors, ids):
    """Symbols by the two directions in which their vectors differ most (principal components)."""
    axes.set_title("symbols that are used alike stand near each other (two principal components)", loc="left")
    axes.set_xticks([])
    axes.set_yticks([])
    if len(ids) < 3:
        return
    lengths = np.linalg.norm(
        vectors[ids], axis=1, keepdims=True
    )  # rare symbols' vectors are long: only their way counts
    directed = vectors[ids] / np.maximum(lengths, 1e-9)
    centred = directed - directed.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    spots = centred @ directions[:2].T
    for (x, y), index in zip(spots, ids, strict=True):
        text = look.generator.printed[index]
        kind = "#c0392b" if text.strip().lower() in set("aeiou") else "#1f4e79" if text.strip().isalpha() else "#555555"
        write(axes, [x], y, [text], 14, color=kind, rotation=0, va="center")
    margin = np.ptp(spots, axis=0) * 0.06 + 1e-6
    axes.set_xlim(spots[:, 0].min() - margin[0], spots[:, 0].max() + margin[0])
    axes.set_ylim(spots[:, 1].min() - margin[1], spots[:, 1].max() + margin[1])
