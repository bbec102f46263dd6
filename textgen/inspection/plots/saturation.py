"""How often the gates of each unit are shut or open, after Karpathy, Johnson and Li (2015).

Each dot is a unit. Its horizontal position is the share of steps with the gate below SHUT, its vertical position the
share of steps with the gate above OPEN.
"""

from textgen.inspection.looks import Look
from textgen.inspection.plots.canvas import Pages, add_axes, literal, new_figure, styled

SHUT, OPEN = 0.1, 0.9
PANELS = {"input_gate": "input gates", "forget_gate": "forget gates", "output_gate": "output gates"}
CORNERS = {
    "input_gate": "top: always lets in\nright: never lets in",
    "forget_gate": "top: always keeps\nright: always forgets",
    "output_gate": "top: always shown\nright: always hidden",
}


@styled
def draw(look: Look) -> Pages:
    """One figure, with a panel for each kind of gate and a colour for each layer."""
    figure = new_figure(12, 4.5)
    figure.suptitle(
        f"{literal(look.name)}: gates over {len(look.trace):,} {look.noun}s; each dot is a unit", x=0.06, ha="left"
    )
    for place, (name, label) in enumerate(PANELS.items()):
        axes = add_axes(figure, 0.7 + 3.8 * place, 0.7, 3.2, 3.2)
        for layer in range(look.layers):
            gate = getattr(look.trace, name)[:, layer]
            axes.scatter(
                (gate < SHUT).mean(axis=0),
                (gate > OPEN).mean(axis=0),
                s=14,
                alpha=0.5,
                linewidth=0,
                color=f"C{layer}",
                label=f"layer {layer}",
            )
        axes.plot([0, 1], [1, 0], color="#bbbbbb", linewidth=0.8)
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        axes.set_title(label)
        axes.set_xlabel(f"share of steps shut (below {SHUT})")
        axes.set_ylabel(f"share of steps open (above {OPEN})")
        corner = CORNERS[name]
        axes.text(0.98, 0.97, corner, ha="right", va="top", fontsize=8, color="#666666", transform=axes.transAxes)
        if look.layers > 1 and not place:
            axes.legend(loc="center right")
    return [(None, figure)]
