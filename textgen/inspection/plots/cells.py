"""The cell state of the units worth watching, as curves over the text, with what each follows behind it."""

import numpy as np

from textgen.inspection.plots.canvas import add, board, new_figure, say, styled, write

STEPS = {"character": 250, "word": 70}  # in one line of the picture
FEWEST = 60  # cells are no wider than in a line of so many
LINES = 4  # in one picture
LEFT, TOP, WIDTH, HEIGHT = 0.8, 0.6, 13.9, 1.1


@styled
def draw(look):
    """One figure a unit, of as many steps as its lines hold."""
    trace = look.trace
    size = min(STEPS[look.noun], max(len(trace), FEWEST))
    between = HEIGHT + (0.4 if look.noun == "character" else 1.0)
    for watched in look.watched:
        lines = [range(start, min(start + size, len(trace))) for start in range(0, len(trace), size)][:LINES]
        figure = new_figure(15, TOP + 0.2 + between * len(lines))
        below = board(figure)
        values = trace.cell[:, watched.layer, watched.unit]
        followed = look.followed[watched.follows.name] if watched.follows else None
        say(below, LEFT, 0.3, title(watched) + (" (shaded)" if watched.follows else ""), size=11)
        edge = max(float(np.abs(values).max()) * 1.08, 1e-3)
        for row, steps in enumerate(lines):
            top = TOP + between * row
            axes = add(figure, LEFT, top, WIDTH * len(steps) / size, HEIGHT)
            axes.axhline(0, color="#bbbbbb", linewidth=0.8)
            if followed is not None and followed.max() > 0:
                shade = followed[steps.start : steps.stop] / followed.max() * 2 - 1
                axes.fill_between(steps, -edge, shade * edge, step="mid", color="#f3d9a4", linewidth=0)
            axes.step(steps, values[steps.start : steps.stop], where="mid", color="#1f4e79", linewidth=1.3)
            axes.set_xlim(steps.start - 0.5, steps.stop - 0.5)
            axes.set_ylim(-edge, edge)
            axes.set_xticks([])
            stretch = trace.symbols[steps.start : steps.stop]
            write(below, LEFT, top + HEIGHT + 0.05, stretch, WIDTH / size, va="top")
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
