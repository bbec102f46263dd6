"""What all pictures share: figures, the text along an axis, saving. Knows nothing of what is drawn."""

import io
from itertools import groupby, pairwise

from textgen import extras
from textgen.files import write_whole
from textgen.look import visible
from textgen.plots.fonts import MONO, WIDTH, fonts_for, is_mono

# Colours: of shares between 0 and 1, of numbers around 0, of surprise.
SHARES, SIGNED, SURPRISE = "viridis", "RdBu_r", "YlOrRd"
FORMATS = ("png", "svg")
DPI = 110
MOST_ROWS = 40  # lines of text in one picture

_SETTINGS = {
    "svg.fonttype": "path",  # glyphs as outlines: a picture looks the same wherever it is opened
    "svg.hashsalt": "textgen",
    "text.hinting": "none",  # hinted, characters are whole pixels wide and leave their cells
    "text.hinting_factor": 1,
    "image.interpolation": "nearest",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.facecolor": "white",
}


def new_figure(width, height):
    """An empty figure, inches. Raises UsageError where matplotlib is not installed."""
    matplotlib = extras.load("matplotlib", "pictures")
    matplotlib.rcParams.update(_SETTINGS)
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI)


def add(figure, left, top, width, height):
    """Axes at a place measured in inches from the figure's left upper corner."""
    wide, high = figure.get_size_inches()
    return figure.add_axes([left / wide, 1 - (top + height) / high, width / wide, height / high])


def write(axes, places, y, symbols, cell, **options):
    """Symbols at places along the x axis, each in a cell so many points wide.

    A stretch of plain characters at places that follow each other is one text in a monospaced font, which is drawn a
    hundred times sooner than its characters one by one.
    """
    shown = [visible(symbol) for symbol in symbols]
    options = {"va": "center", "ha": "center"} | options
    if all(map(is_mono, shown)) and all(second - first == 1 for first, second in pairwise(places)):
        middle = (places[0] + places[-1]) / 2
        axes.text(middle, y, "".join(shown), family=MONO, size=cell / WIDTH, parse_math=False, **options)
        return
    longest = max(map(len, shown))
    turned = {"rotation": 90, "va": "top"} if longest > 2 else {}
    for place, text in zip(places, shown, strict=True):
        families = fonts_for(text)
        if families is None:
            text, families = "\u25a1" * len(text), fonts_for("\u25a1")
        size = min(cell * (0.9 if longest <= 2 else 0.8), 11)
        axes.text(place, y, text, family=families, size=size, parse_math=False, **(options | turned))


def cell_width(axes, count):
    """How wide, in points, one of so many cells along the x axis is."""
    return axes.get_position().width * axes.figure.get_size_inches()[0] * 72 / count


def coloured_text(axes, symbols, values, columns, colours, limits):
    """A text in lines of so many symbols, each on the colour of its value; lines that are full end, as does the text's
    own."""
    import numpy as np

    lines = wrapped(symbols, columns)
    grid = np.full((len(lines), columns), np.nan)
    for row, line in enumerate(lines):
        grid[row, : len(line)] = [values[step] for step in line]
    axes.axis("off")
    image = axes.imshow(grid, aspect="auto", cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    wide = cell_width(axes, columns)
    for row, line in enumerate(lines):
        shades = image.cmap(image.norm(np.array([values[step] for step in line])))[:, :3] @ (0.3, 0.6, 0.1)
        for dark, places in groupby(range(len(line)), key=lambda place: bool(shades[place] < 0.45)):
            places = list(places)
            drawn = [symbols[line[place]] for place in places]
            write(axes, places, row, drawn, wide, color="white" if dark else "black")
    return image


def colour_bar(figure, image, left, top, height, label=""):
    """What the colours of an image mean, at a place in inches. matplotlib's own takes as long as the image."""
    axes = add(figure, left, top, 0.12, height)
    axes.axis("off")
    low, high = image.norm.vmin, image.norm.vmax
    axes.imshow([[high - (high - low) * step / 60] for step in range(61)], aspect="auto", cmap=image.cmap)
    for share, value in ((0, high), (0.5, (low + high) / 2), (1, low)):
        axes.text(1.3, 1 - share, f"{value:.3g}", transform=axes.transAxes, va="center", size=8)
    axes.text(5.2, 0.5, label, transform=axes.transAxes, rotation=90, va="center", ha="center", size=9)


def columns_for(symbols, most, least=40):
    """How many symbols wide a text is set: its longest line, within bounds."""
    longest = max(len(line) for line in wrapped(symbols, most))
    return min(max(longest, least), most)


def wrapped(symbols, columns):
    """Steps in lines: a list of ranges of at most so many, a line feed ending its line."""
    lines, start = [], 0
    for step, symbol in enumerate(symbols):
        if "\n" in symbol or step + 1 - start == columns or step + 1 == len(symbols):
            lines.append(range(start, step + 1))
            start = step + 1
    return lines


def save(figure, path):
    """Write a picture, whole or not at all; the path's suffix says in which of FORMATS."""
    kind = path.suffix[1:]
    held = io.BytesIO()
    # Without a date, equal pictures are equal files.
    extra = {"metadata": {"Date": None}} if kind == "svg" else {"pil_kwargs": {"compress_level": 2}}
    figure.savefig(held, format=kind, dpi=DPI, **extra)
    write_whole(path, [held.getvalue()])
