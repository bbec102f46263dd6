"""The predicted next symbol after the last shown step, at several temperatures, and the perplexity at each."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.engine.probability import softmax
from textgen.inspection.looks import Look
from textgen.inspection.plots.canvas import Pages, add_axes, literal, new_figure, styled
from textgen.inspection.plots.fonts import drawable
from textgen.system.wording import visible

TEMPERATURES = (0.2, 0.5, 0.8, 1.0, 1.5)
MAX_SYMBOLS = 12
MAX_CONTEXT, MAX_CHARACTERS = 30, 60  # symbols of the text before, in the title; characters, which must fit


def probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """softmax(logits / temperature), float64, shape (vocabulary,)."""
    row: NDArray[np.float64] = softmax(logits[None].astype(np.float64) / temperature)[0]
    return row


def entropy(probabilities: NDArray[np.float64]) -> float:
    """The entropy in nats. Its exponential, the perplexity, is a number of equally likely symbols."""
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())


def _context(look: Look) -> str:
    """The symbols that the network read last, in its order: words backward would run into each other unseparated."""
    symbols = look.trace.symbols[-MAX_CONTEXT:]
    if look.generator.tokenizer.whole_words:
        text = " ".join(map(visible, symbols))
    else:
        text = "".join(symbols).replace("\n", "\u21b5").replace("\t", "\u21e5")
    return text if len(text) <= MAX_CHARACTERS else "\u2026" + text[-MAX_CHARACTERS:]


@styled
def draw(look: Look) -> Pages:
    """One figure."""
    logits = look.trace.logits[-1]
    order = np.argsort(-logits, kind="stable")[:MAX_SYMBOLS]
    names = [drawable(visible(look.generator.labels[index]) or "?") for index in order]
    families = list(dict.fromkeys(family for _, each in names for family in each))
    context, context_families = drawable(_context(look))
    figure = new_figure(13, 4.6)
    figure.suptitle("softmax(logits / temperature) of the symbol after", x=0.055, ha="left")
    figure.text(0.42, 0.955, f"\u201c{context}\u201d", family=context_families, va="center", parse_math=False)
    for place, temperature in enumerate(TEMPERATURES):
        axes = add_axes(figure, 0.7 + 1.75 * place, 0.8, 1.5, 3.3)
        axes.barh(range(len(order)), probabilities(logits, temperature)[order], color=f"C{place}")
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        labels = [""] * len(order) if place else [literal(name) for name, _ in names]
        axes.set_yticks(range(len(order)), labels, family=families)
        axes.set_title(f"temperature {temperature}")
        axes.set_xlabel("probability")
    axes = add_axes(figure, 10.2, 0.8, 2.5, 3.3)
    curve: NDArray[Any] = np.linspace(0.1, 2, 60)
    axes.plot(curve, [math.exp(entropy(probabilities(logits, each))) for each in curve], color="#555555")
    for place, temperature in enumerate(TEMPERATURES):
        axes.plot(temperature, math.exp(entropy(probabilities(logits, temperature))), "o", color=f"C{place}")
    axes.set_xlabel("temperature")
    axes.set_title("perplexity (number of choices)")
    return [(None, figure)]
