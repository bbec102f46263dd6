"""Pictures of what a run makes of texts: a confusion matrix, and a map of texts (extra `plots`)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textgen.inspection.plots.canvas import add_axes, literal, new_figure, styled
from textgen.reading.accuracy import Accuracy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Labels that a matrix shows by name; of more, those with most texts, and the rest together.
MAX_LABELS = 24
# Labels that have a colour of their own on a map.
MAX_COLOURS = 9
OTHERS = "others"
CELL = 0.34  # inches


@styled
def draw_confusion(name: str, ways: Sequence[tuple[str, Accuracy]]) -> "Figure":
    """One matrix for each way of saying a label: rows are the true labels, columns those that were predicted.

    Args:
        name: of the label.
        ways: what each way is called, and how well it does; at least one, all about the same labels.
    """
    labels, matrices = _fewer(ways[0][1].labels, [accuracy.confusion for _, accuracy in ways])
    side = max(CELL * len(labels), 1.6)
    step = side + 2.9
    figure = new_figure(0.3 + step * len(ways), side + 2.1)
    for place, ((way, accuracy), matrix) in enumerate(zip(ways, matrices, strict=True)):
        axes = add_axes(figure, 1.9 + step * place, 0.7, side, side)
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in zip(*np.nonzero(matrix), strict=True):
            shade = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, f"{matrix[row, column]}", ha="center", va="center", color=shade, fontsize=7)
        shown = [literal(label or "(none)") for label in labels]
        axes.set_xticks(range(len(labels)), shown, rotation=90)
        axes.set_yticks(range(len(labels)), shown)
        axes.set_title(f"{way}: {accuracy.share:.1%} right")
        axes.set_xlabel(f"{literal(name)} that was predicted")
        axes.set_ylabel(literal(name))
    return figure


def _fewer(labels: Sequence[str], matrices: Sequence[NDArray[np.intp]]) -> tuple[list[str], list[NDArray[np.intp]]]:
    """The labels with most texts, and behind them the sum of the others."""
    if len(labels) <= MAX_LABELS:
        return list(labels), list(matrices)
    order = np.argsort(-matrices[0].sum(axis=1), kind="stable")
    groups = np.full(len(labels), MAX_LABELS - 1)
    groups[order[: MAX_LABELS - 1]] = np.arange(MAX_LABELS - 1)
    joined = []
    for matrix in matrices:
        small = np.zeros((MAX_LABELS, MAX_LABELS), np.intp)
        np.add.at(small, (groups[:, None], groups[None]), matrix)
        joined.append(small)
    return [*(labels[place] for place in order[: MAX_LABELS - 1]), OTHERS], joined


@styled
def draw_map(places: NDArray[np.float64], labels: Sequence[str], query: NDArray[np.float64] | None = None) -> "Figure":
    """A map of texts: a point for each, and a colour for each label.

    Args:
        places: float64, shape (texts, 2), as of `textgen.reading.neighbours.plane`.
        labels: the label of each text; empty for none.
        query: the place of a text to mark, shape (2,); None for none.
    """
    figure = new_figure(9.5, 7.2)
    axes = add_axes(figure, 0.8, 0.5, 6.4, 6.0)
    given = list(labels) or [""] * len(places)
    common = sorted(set(given), key=lambda label: (-given.count(label), label))[:MAX_COLOURS]
    groups = [*common, *([OTHERS] if len(set(given)) > len(common) else [])]
    for number, label in enumerate(groups):
        is_rest = number == MAX_COLOURS
        chosen = np.array([(each not in common) if is_rest else each == label for each in given], bool)
        axes.scatter(
            places[chosen, 0],
            places[chosen, 1],
            s=12,
            alpha=0.7,
            linewidths=0,
            color="lightgrey" if is_rest else f"C{number}",
            label=literal(label or "(none)") if labels else None,
        )
    if query is not None:
        axes.scatter(query[0], query[1], s=160, marker="*", color="black", label="the query")
    if list(labels) or query is not None:
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    axes.set_xlabel("first principal component")
    axes.set_ylabel("second principal component")
    return figure
