"""What all pictures share: figures in inches, text in cells, colours, saving. Knows nothing of what is drawn."""

import io
from functools import wraps
from inspect import isgenerator
from itertools import groupby

import numpy as np

from textgen.inspection.plots.fonts import MONO, WIDTH, drawable, is_mono
from textgen.system import extras
from textgen.system.files import write_atomically
from textgen.system.wording import visible

# Colours: of shares between 0 and 1, of numbers around 0, of surprise.
SHARES, SIGNED, SURPRISE = "viridis", "RdBu_r", "YlOrRd"
FORMATS = ("png", "svg")
DPI = 110
WIDE, LETTERS = 0.3, 13  # inches of a cell that holds a word as it is written; letters that fit an inch of it
LARGEST = 10  # points
MOST_ROWS = 40  # lines of text in one picture

_SETTINGS = {
    "svg.fonttype": "path",  # glyphs as outlines: a picture looks the same wherever it is opened
    "svg.hashsalt": "textgen",
    "text.hinting": "none",  # hinted, characters are whole pixels wide and leave their cells
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


def styled(function):
    """A function that draws or saves, under this module's settings; matplotlib's own are as before when it is done.
    What it yields comes as a list."""

    @wraps(function)
    def under_settings(*arguments):
        matplotlib = extras.load("matplotlib", "pictures")
        with matplotlib.rc_context(_SETTINGS):
            made = function(*arguments)
            return list(made) if isgenerator(made) else made

    return under_settings


def new_figure(width, height):
    """An empty figure, inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI)


def add(figure, left, top, width, height):
    """Axes at a place measured in inches from the figure's left upper corner."""
    wide, high = figure.get_size_inches()
    return figure.add_axes([left / wide, 1 - (top + height) / high, width / wide, height / high])


def new_board(width, height):
    """A figure and axes that cover it, whose coordinates are inches from the left upper corner.

    Axes take matplotlib longer than what is drawn in them: images and text that need no ticks share these.
    """
    figure = new_figure(width, height)
    return figure, board(figure)


def board(figure):
    """Such axes over a figure."""
    wide, high = figure.get_size_inches()
    axes = figure.add_axes([0, 0, 1, 1], zorder=-1)
    axes.axis("off")
    axes.set_xlim(0, wide)
    axes.set_ylim(high, 0)
    axes.autoscale(False)
    return axes


def say(board, left, middle, text, **options):
    """A text on a board, as it is: a dollar is a dollar."""
    board.text(left, middle, text, **({"va": "center", "parse_math": False} | options))


def literal(text):
    """A text for matplotlib's own titles and labels, in which a dollar is a dollar."""
    return text.replace("$", r"\$")


def image(board, values, left, top, width, height, colours, limits):
    """A heat map, (rows, columns), on a board. Returns the image."""
    extent = (left, left + width, top + height, top)
    low, high = limits
    return board.imshow(values, aspect="auto", extent=extent, cmap=colours, vmin=low, vmax=high)


def colour_bar(board, of, left, top, height, label=""):
    """What the colours of an image mean."""
    low, high = of.norm.vmin, of.norm.vmax
    image(board, np.linspace(high, low, 61)[:, None], left, top, 0.12, height, of.cmap, (low, high))
    for share, value in ((0, high), (0.5, (low + high) / 2), (1, low)):
        say(board, left + 0.18, top + share * height, f"{value:.3g}", size=8)
    say(board, left + 0.62, top + height / 2, label, rotation=90, ha="center", size=9)


def write(board, left, middle, symbols, cell, plain=True, **options):
    """Symbols on a board, each in the middle of a cell so many inches wide; words are turned where they do not fit.

    A stretch of plain characters is one text in a monospaced font, which is drawn a hundred times sooner than its
    characters one by one; unless it is told to be like the rest of its text, which is not `plain`.
    """
    shown = [visible(symbol) for symbol in symbols]
    points, longest = 72 * cell, max(map(len, shown))
    options = {"va": "center", "ha": "center"} | options
    if plain and cell < WIDE and all(map(is_mono, shown)):
        say(board, left + cell * len(shown) / 2, middle, "".join(shown), family=MONO, size=points / WIDTH, **options)
        return
    if cell < WIDE and longest > 2:
        options = {"rotation": 90} | options
    for place, text in enumerate(shown):
        if cell >= WIDE and len(text) > cell * LETTERS:
            text = text[: int(cell * LETTERS) - 1] + "\u2026"
        text, families = drawable(text)
        size = {"size": min(points * 0.85, LARGEST), "family": families}
        say(board, left + cell * (place + 0.5), middle, text, **(size | options))


def coloured_text(board, symbols, values, left, top, columns, cell, colours, limits):
    """A text in lines of so many symbols, each on the colour of its value; lines that are full end, as do the text's
    own. Cells are so many inches wide and high. Returns the image of the colours."""
    lines = wrapped(symbols, columns)
    wide, high = cell
    grid = np.full((len(lines), columns), np.nan)
    for row, line in enumerate(lines):
        grid[row, : len(line)] = values[line.start : line.stop]
    drawn = image(board, grid, left, top, wide * columns, high * len(lines), colours, limits)
    plain = all(is_mono(visible(symbol)) for symbol in symbols)
    shades = drawn.cmap(drawn.norm(np.asarray(values)))[:, :3] @ (0.3, 0.6, 0.1)
    for row, line in enumerate(lines):
        for is_dark, steps in groupby(line, key=lambda step: bool(shades[step] < 0.45)):
            steps = list(steps)
            start = left + wide * (steps[0] - line.start)
            stretch = symbols[steps[0] : steps[-1] + 1]
            write(board, start, top + high * (row + 0.5), stretch, wide, plain, color="white" if is_dark else "black")
    return drawn


def columns_for(symbols, most, least=12):
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


@styled
def save(figure, path):
    """Write a picture, whole or not at all; the path's suffix says in which of FORMATS."""
    kind = path.suffix[1:].lower()
    held = io.BytesIO()
    # Without a date, equal pictures are equal files.
    extra = {"metadata": {"Date": None}} if kind == "svg" else {"pil_kwargs": {"compress_level": 2}}
    figure.savefig(held, format=kind, dpi=DPI, **extra)
    write_atomically(path, [held.getvalue()])
