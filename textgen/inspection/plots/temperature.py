"""What comes after the last step that is shown, at several temperatures; and how many choices each leaves."""

import numpy as np

from textgen.engine.probability import softmax
from textgen.inspection.plots.canvas import add, literal, new_figure, styled
from textgen.inspection.plots.fonts import drawable
from textgen.system.wording import visible

TEMPERATURES = (0.2, 0.5, 0.8, 1.0, 1.5)
LIKELIEST = 12


def shares(logits, temperature):
    """softmax(logits / temperature), float64, shape (vocabulary,)."""
    return softmax(logits[None].astype(np.float64) / temperature)[0]


def choices(shares):
    """exp of the entropy: as how many equally likely symbols a choice is."""
    some = shares[shares > 0]
    return np.exp(-(some * np.log(some)).sum())


@styled
def draw(look):
    """One figure."""
    logits = look.trace.logits[-1]
    order = np.argsort(-logits, kind="stable")[:LIKELIEST]
    names = [drawable(visible(look.generator.printed[index]) or "?") for index in order]
    families = list(dict.fromkeys(family for _, each in names for family in each))
    names = [name for name, _ in names]
    before, fonts = drawable("".join(look.trace.symbols[-30:]).replace("\n", "\u21b5").replace("\t", "\u21e5"))
    figure = new_figure(13, 4.6)
    figure.suptitle("softmax(logits / temperature) of what comes after", x=0.055, ha="left")
    figure.text(0.42, 0.955, f"\u201c{before}\u201d", family=fonts, va="center", parse_math=False)
    for place, temperature in enumerate(TEMPERATURES):
        axes = add(figure, 0.7 + 1.75 * place, 0.8, 1.5, 3.3)
        axes.barh(range(len(order)), shares(logits, temperature)[order], color=f"C{place}")
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.set_yticks(
            range(len(order)), [literal(name) for name in names] if not place else [""] * len(order), family=families
        )
        axes.set_title(f"temperature {temperature}")
        axes.set_xlabel("probability")
    axes = add(figure, 10.2, 0.8, 2.5, 3.3)
    ladder = np.linspace(0.1, 2, 60)
    axes.plot(ladder, [choices(shares(logits, temperature)) for temperature in ladder], color="#555555")
    for place, temperature in enumerate(TEMPERATURES):
        axes.plot(temperature, choices(shares(logits, temperature)), "o", color=f"C{place}")
    axes.set_xlabel("temperature")
    axes.set_title("as many choices as (perplexity)")
    yield None, figure
