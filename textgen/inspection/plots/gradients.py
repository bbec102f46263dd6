"""How far back a loss reaches: the norm of its gradient with respect to h, by distance; of the network as it is and,
beside it, with every forget gate held at a half. And the norm of each weight's gradient."""

import numpy as np

from textgen.inspection.backward import HELD
from textgen.inspection.plots.canvas import add, literal, new_figure, styled


@styled
def draw(name, own, held):
    """One figure.

    Args:
        name: of the run.
        own, held: Gradients of the same text.
    """
    figure = new_figure(14, 4.9)
    low = min(max(each.hidden[each.hidden > 0].min(), 1e-30) for each in (own, held))
    high = max(each.hidden.max() for each in (own, held))
    titles = f"{literal(name)}: {own.nats:.2f} nats", f"its forget gates held at {HELD}: {held.nats:.2f} nats"
    for place, (title, each) in enumerate(zip(titles, (own, held), strict=True)):
        axes = add(figure, 0.9 + 4.5 * place, 0.6, 3.9, 3.5)
        for layer, norms in enumerate(each.hidden):
            axes.plot(
                each.distances, each.typical[layer], "o-", color=f"C{layer}", markersize=4, label=f"layer {layer}"
            )
            quartiles = np.percentile(norms, [25, 75], axis=1)
            axes.fill_between(
                each.distances, *np.maximum(quartiles, low / 3), color=f"C{layer}", alpha=0.18, linewidth=0
            )
        halves = own.typical[-1, 0] * HELD ** (each.distances - 1.0)
        axes.plot(each.distances, np.maximum(halves, low / 3), "--", color="#999999", linewidth=1, label="half a step")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_ylim(low / 3, high * 3)
        axes.set_xticks(each.distances, each.distances)
        axes.set_title(title)
        axes.set_xlabel("steps back")
        if not place:
            axes.set_ylabel("norm of d loss / d h")
            axes.legend(loc="lower left")
    axes = add(figure, 11.2, 0.6, 2.6, 3.5)
    names = list(own.weights)
    rows = np.arange(len(names))
    axes.barh(rows - 0.2, [own.weights[each] for each in names], 0.38, color="#1f4e79", label="as it is")
    axes.barh(rows + 0.2, [held.weights[each] for each in names], 0.38, color="#d9a05b", label=f"held at {HELD}")
    axes.set_yticks(rows, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title("norm of d loss / d weight")
    axes.legend(loc="lower right")
    return figure
