"""Learning curves of one or several runs: losses, learning rate, gradients."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from textgen.inspection.plots.canvas import add_axes, literal, new_figure, styled
from textgen.runs.diary import Line
from textgen.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Title of a panel; the entry of history.jsonl drawn with a thin line, and the one drawn with a thick line if any.
PANELS = (
    ("loss, nats per symbol", "training_nats", "validation_nats"),
    ("bits per character", "training_bits_per_character", "validation_bits_per_character"),
    ("learning rate", "learning_rate", None),
    ("norm of the gradient, mean of each epoch", "gradient_norm", None),
)


class Learned(NamedTuple):
    """A training to draw.

    Attributes:
        name: what the legend calls it.
        history: one dict an epoch (`Run.history`).
        gradients: one dict an epoch (`Run.gradients`); empty where they were not watched.
    """

    name: str
    history: Sequence[Line]
    gradients: Sequence[dict[str, Any]]

    @classmethod
    def of(cls, name: str, run: Run) -> "Learned":
        """The training that a run keeps."""
        return cls(name, run.history(), run.gradients())


@styled
def draw(trainings: Sequence[Learned]) -> "Figure":
    """One figure, with a colour for each training.

    A thick line is a loss on held-out text, a thin line a loss on training text. A run trained with `watch_gradients`
    adds two panels: the gradient of each weight, and the gradient with respect to h by distance, darker for later
    epochs.
    """
    watched = [(each.name, each.gradients) for each in trainings if each.gradients]
    figure = new_figure(13, 7.6 + 3.7 * len(watched))
    for place, (title, thin, thick) in enumerate(PANELS):
        axes = add_axes(figure, 0.8 + 6.4 * (place % 2), 0.5 + 3.6 * (place // 2), 5.5, 2.8)
        for number, (name, history, _) in enumerate(trainings):
            for key, width in ((thin, 1 if thick else 1.8), (thick, 2.2)):
                points = [(line["step"], line[key]) for line in history if key in line]
                if points:
                    label = literal(name) if width > 1 else None
                    _draw_points(axes, points, color=f"C{number}", linewidth=width, label=label)
        if not axes.lines:
            text = "these runs did not record it"
            axes.text(0.5, 0.5, text, ha="center", transform=axes.transAxes, color="grey")
        axes.set_title(title)
        axes.set_xlabel("step")
        axes.set_ylim(bottom=0 if thick is None else None)
        if not place:
            axes.legend(title="thick: held out, thin: training", title_fontsize=8)
    for row, (name, lines) in enumerate(watched):
        top = 8.0 + 3.7 * row
        _draw_weight_gradients(add_axes(figure, 0.8, top, 5.5, 2.8), name, lines)
        _draw_distances(add_axes(figure, 7.2, top, 5.5, 2.8), lines)
    return figure


def _draw_points(axes: "Axes", points: Sequence[tuple[float, float]], **options: Any) -> None:
    """A line through points of (step, value); a single point is a dot."""
    steps, values = zip(*points, strict=True)
    axes.plot(steps, values, marker="o" if len(points) < 2 else None, **options)


def _draw_weight_gradients(axes: "Axes", name: str, lines: Sequence[dict[str, Any]]) -> None:
    for weight in lines[0]["weights"]:
        points = [(line["step"], line["weights"][weight]) for line in lines if weight in line["weights"]]
        axes.plot(*zip(*points, strict=True), label=weight, linewidth=1.3)
    axes.set_title(f"{literal(name)}: norm of the gradient of each weight")
    axes.set_xlabel("step")
    axes.set_yscale("log")
    axes.legend(ncols=2, fontsize=7)


def _draw_distances(axes: "Axes", lines: Sequence[dict[str, Any]]) -> None:
    for line, share in zip(lines, np.linspace(0.25, 1, len(lines)), strict=True):
        for layer, norms in enumerate(line["hidden"]):
            label = f"layer {layer}" if line is lines[-1] else None
            axes.plot(line["distances"], np.maximum(norms, 1e-30), color=f"C{layer}", alpha=share, label=label)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    distances = lines[-1]["distances"]
    axes.set_xticks(distances, distances)
    axes.set_title("norm of d loss / d h, by steps back; darker: later epochs")
    axes.set_xlabel("steps back")
    axes.legend()
