"""Learning curves of one or several runs: losses, learning rate, gradients."""

import numpy as np

from textgen.inspection.plots.canvas import add, literal, new_figure, styled

PANELS = (
    ("loss, nats a symbol", "training_nats", "validation_nats"),
    ("bits a character", "training_bits_per_character", "validation_bits_per_character"),
    ("learning rate", "learning_rate", None),
    ("norm of the gradient, mean of an epoch", "gradient_norm", None),
)


@styled
def draw(named):
    """One figure: a colour a run; thick what was measured on held-out text, thin on the training text. A run whose
    gradients were watched has two panels more: of each weight, and with respect to h by distance, the later the darker.

    Args:
        named: pairs of a run's name and the run.
    """
    watched = [(name, run.gradients()) for name, run in named]
    watched = [(name, lines) for name, lines in watched if lines]
    figure = new_figure(13, 7.6 + 3.7 * len(watched))
    for place, (title, thin, thick) in enumerate(PANELS):
        axes = add(figure, 0.8 + 6.4 * (place % 2), 0.5 + 3.6 * (place // 2), 5.5, 2.8)
        for number, (name, run) in enumerate(named):
            history = run.history()
            for key, width in ((thin, 1 if thick else 1.8), (thick, 2.2)):
                points = [(line["step"], line[key]) for line in history if key in line]
                if points:
                    label = literal(name) if width > 1 else None
                    marker = "o" if len(points) < 2 else None
                    axes.plot(
                        *zip(*points, strict=True), color=f"C{number}", linewidth=width, label=label, marker=marker
                    )
        if not axes.lines:
            axes.text(
                0.5, 0.5, "not noted when these were trained", ha="center", transform=axes.transAxes, color="grey"
            )
        axes.set_title(title)
        axes.set_xlabel("step")
        axes.set_ylim(bottom=0 if thick is None else None)
        if not place:
            axes.legend(title="thick: held out, thin: training", title_fontsize=8)
    for row, (name, lines) in enumerate(watched):
        _gradients(figure, 8.0 + 3.7 * row, name, lines)
    return figure


def _gradients(figure, top, name, lines):
    axes = add(figure, 0.8, top, 5.5, 2.8)
    for weight in lines[0]["weights"]:
        points = [(line["step"], line["weights"][weight]) for line in lines if weight in line["weights"]]
        axes.plot(*zip(*points, strict=True), label=weight, linewidth=1.3)
    axes.set_title(f"{literal(name)}: norm of each weight's gradient")
    axes.set_xlabel("step")
    axes.set_yscale("log")
    axes.legend(ncols=2, fontsize=7)
    axes = add(figure, 7.2, top, 5.5, 2.8)
    for line, share in zip(lines, np.linspace(0.25, 1, len(lines)), strict=True):
        for layer, norms in enumerate(line["hidden"]):
            label = f"layer {layer}" if line is lines[-1] else None
            axes.plot(line["distances"], np.maximum(norms, 1e-30), color=f"C{layer}", alpha=share, label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    distances = lines[-1]["distances"]
    axes.set_xticks(distances, distances)
    axes.set_title("norm of d loss / d h, by steps back; the later, the darker")
    axes.set_xlabel("steps back")
    axes.legend()
