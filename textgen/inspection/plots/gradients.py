"""How far back a loss reaches: the norm of its gradient with respect to h, by distance.

The first panel shows the network as it is, the second the same network with every forget gate held at HELD. The third
shows the norm of the gradient with respect to each weight.
"""

from typing import TYPE_CHECKING

import numpy as np

from textgen.inspection.backward import HELD, Gradients
from textgen.inspection.plots.canvas import add_axes, literal, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def draw(name: str, own: Gradients, held: Gradients) -> "Figure":
    """One figure.

    Args:
        name: the name of the run.
        own, held: Gradients of the same text, by the network as it is and with its forget gates held.
    """
    figure = new_figure(14, 4.9)
    low = min(max(each.hidden[each.hidden > 0].min(), 1e-30) for each in (own, held)) / 3
    high = max(each.hidden.max() for each in (own, held)) * 3
    titles = f"{literal(name)}: {own.nats:.2f} nats", f"forget gates held at {HELD}: {held.nats:.2f} nats"
    for place, (title, each) in enumerate(zip(titles, (own, held), strict=True)):
        axes = add_axes(figure, 0.9 + 4.5 * place, 0.6, 3.9, 3.5)
        _draw_distances(axes, each, low)
        # The gradient of the network as it is, if it were halved at each step.
        halved = own.typical[-1, 0] * HELD ** (each.distances - 1.0)
        axes.plot(each.distances, np.maximum(halved, low), "--", color="#999999", linewidth=1, label="halved each step")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        axes.set_xticks(each.distances, [str(distance) for distance in each.distances])
        axes.set_title(title)
        axes.set_xlabel("steps back")
        if not place:
            axes.set_ylabel("norm of d loss / d h")
            axes.legend(loc="lower left")
    _draw_weights(add_axes(figure, 11.2, 0.6, 2.6, 3.5), own, held)
    return figure


def _draw_distances(axes: "Axes", found: Gradients, low: float) -> None:
    """The median and the quartiles over places, a colour for each layer."""
    for layer, norms in enumerate(found.hidden):
        median, color = found.typical[layer], f"C{layer}"
        axes.plot(found.distances, median, "o-", color=color, markersize=4, label=f"layer {layer}")
        lower, upper = np.maximum(np.percentile(norms, [25, 75], axis=1), low)
        axes.fill_between(found.distances, lower, upper, color=color, alpha=0.18, linewidth=0)


def _draw_weights(axes: "Axes", own: Gradients, held: Gradients) -> None:
    """Two bars for each weight."""
    names = list(own.weights)
    rows = np.arange(len(names))
    axes.barh(rows - 0.2, [own.weights[each] for each in names], 0.38, color="#1f4e79", label="as it is")
    axes.barh(rows + 0.2, [held.weights[each] for each in names], 0.38, color="#d9a05b", label=f"held at {HELD}")
    axes.set_yticks(rows, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title("norm of d loss / d weight")
    axes.legend(loc="lower right")
