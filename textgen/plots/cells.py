"""The cell state of the units worth watching, as curves over the text, with what each follows behind it."""

import numpy as np

from textgen.plots.canvas import add, cell_width, new_figure, write

STEPS = {"character": 125, "word": 70}  # in one line of the picture
LINES = 4  # in one picture


def draw(look):
    """One figure, of as many steps as its lines hold; None where no unit is worth watching."""
    size, trace = STEPS[look.noun], look.trace
    for watched in look.watched:
        lines = [range(start, min(start + size, len(trace))) for start in range(0, len(trace), size)][:LINES]
        figure = new_figure(15, 0.9 + 1.5 * len(lines))
        values = trace.cell[:, watched.layer, watched.unit]
        followed = look.property_of(watched)
        figure.suptitle(
            title(watched) + (" (shaded)" if watched.follows else ""),
            x=0.055,
            ha="left",
            y=1 - 0.25 / figure.get_size_inches()[1],
        )
        edge = max(float(np.abs(values).max()) * 1.08, 1e-3)
        for row, steps in enumerate(lines):
            axes = add(figure, 0.8, 0.6 + 1.5 * row, 13.9 * len(steps) / size, 1.1)
            axes.axhline(0, color="#bbbbbb", linewidth=0.8)
            if followed is not None and followed.max() > 0:
                shade = followed[steps.start : steps.stop] / followed.max() * 2 - 1
                axes.fill_between(steps, -edge, shade * edge, step="mid", color="#f3d9a4", linewidth=0)
            axes.step(steps, values[steps.start : steps.stop], where="mid", color="#1f4e79", linewidth=1.3)
            axes.set_xlim(steps.start - 0.5, steps.stop - 0.5)
            axes.set_ylim(-edge, edge)
            axes.set_xticks([])
            cell = cell_width(axes, len(steps))
            write(axes, steps, -1.1 * edge, trace.symbols[steps.start : steps.stop], cell, va="top")
        yield f"layer{watched.layer}-unit{watched.unit}" + (f"-{_slug(watched)}" if watched.follows else ""), figure


def title(watched):
    """A watched unit in words."""
    follows = watched.follows
    if follows is None:
        return f"{watched}: cell state c"
    seems, but = ("follows", "") if follows.holds else ("seems to follow", ": that does not hold")
    return (
        f"{watched} {seems} \u201c{follows.name}\u201d: correlation {follows.correlation:+.2f} where it was found, "
        f"{follows.elsewhere:+.2f} elsewhere{but}"
    )


def _slug(watched):
    return watched.follows.name.replace(" ", "-")
