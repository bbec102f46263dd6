"""What all pictures share: figures measured in inches, heat maps, text in cells, colours, saving.

This module does not know what the pictures show. A board is a pair of axes that covers a whole figure and whose
coordinates are inches from its upper left corner.
"""

import io
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.errors import UsageError
from textgen.inspection.plots.fonts import MONO, MONO_WIDTH, drawable, is_mono
from textgen.system import extras, memory
from textgen.system.files import check_free, write_atomically
from textgen.system.wording import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

P = ParamSpec("P")
R = TypeVar("R")

# The figures of one picture, each with the part of its file name that tells it from the others, or None.
Pages: TypeAlias = "list[tuple[str | None, Figure]]"

FORMATS = ("png", "svg")
DPI = 110
WIDE_CELL = 0.3  # inches: from this width on, a cell holds a word written horizontally
LETTERS_PER_INCH = 13  # of such a word
MAX_POINTS = 10  # size of the letters of a word
MAX_ROWS = 40  # lines of text in one picture

_SETTINGS = {
    "svg.fonttype": "path",  # glyphs as outlines, so that a picture looks the same wherever it is opened
    "svg.hashsalt": "textgen",
    "text.hinting": "none",  # with hinting, characters are whole pixels wide and leave their cells
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


class ColourScale(NamedTuple):
    """Which colour stands for which number.

    Attributes:
        name: a colour map of matplotlib.
        low, high: the numbers of its first and last colour.
    """

    name: str
    low: float
    high: float

    def within(self, bound: float) -> "ColourScale":
        """The same colours for numbers from -bound to bound."""
        return ColourScale(self.name, -bound, bound)


# Colours of shares between 0 and 1, and of numbers around 0.
SHARES, SIGNED = ColourScale("viridis", 0, 1), ColourScale("RdBu_r", -1, 1)


class Box(NamedTuple):
    """A rectangle on a board, in inches from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


class Grid(NamedTuple):
    """A table of equal cells on a board, in inches from the upper left corner."""

    left: float
    top: float
    columns: int
    cell_width: float
    cell_height: float


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that draws or saves with this module's settings; matplotlib's own are restored afterwards."""

    @wraps(function)
    def under_settings(*arguments: P.args, **options: P.kwargs) -> R:
        memory.check_for_numpy("drawing pictures", memory.MATPLOTLIB)
        matplotlib = extras.load("matplotlib", "drawing pictures")
        with matplotlib.rc_context(_SETTINGS):
            return function(*arguments, **options)

    return under_settings


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure; width and height in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI)


def add_axes(figure: "Figure", left: float, top: float, width: float, height: float) -> "Axes":
    """Add axes to a figure, in inches from its upper left corner."""
    full_width, full_height = figure.get_size_inches()
    return figure.add_axes(
        (left / full_width, 1 - (top + height) / full_height, width / full_width, height / full_height)
    )


def new_board(width: float, height: float) -> tuple["Figure", "Axes"]:
    """A new figure, width and height in inches, and a board over it.

    Making axes takes matplotlib longer than drawing into them. So images and text that need no ticks share one board.
    """
    figure = new_figure(width, height)
    return figure, add_board(figure)


def add_board(figure: "Figure") -> "Axes":
    """Add a board to a figure."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1), zorder=-1)
    axes.axis("off")
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.autoscale(False)
    return axes


def draw_text(board: "Axes", left: float, middle: float, text: str, **options: Any) -> None:
    """Draw a text on a board, vertically centred. A dollar sign is drawn as a dollar sign.

    Args:
        options: those of `Axes.text`.
    """
    defaults: dict[str, Any] = {"va": "center", "parse_math": False}
    board.text(left, middle, text, **(defaults | options))


def literal(text: str) -> str:
    """Escape a text for matplotlib's own titles and labels, so that a dollar sign is drawn as a dollar sign."""
    return text.replace("$", r"\$")


def heat_map(board: "Axes", values: NDArray[Any], box: Box, scale: ColourScale) -> "AxesImage":
    """Draw a heat map of numbers, shape (rows, columns), on a board."""
    extent = (box.left, box.left + box.width, box.top + box.height, box.top)
    return board.imshow(values, aspect="auto", extent=extent, cmap=scale.name, vmin=scale.low, vmax=scale.high)


def colour_bar(board: "Axes", scale: ColourScale, left: float, top: float, height: float, label: str = "") -> None:
    """Draw a legend of a colour scale on a board."""
    _, low, high = scale
    heat_map(board, np.linspace(high, low, 61)[:, None], Box(left, top, 0.12, height), scale)
    for share, value in ((0.0, high), (0.5, (low + high) / 2), (1.0, low)):
        draw_text(board, left + 0.18, top + share * height, f"{value:.3g}", size=8)
    draw_text(board, left + 0.62, top + height / 2, label, rotation=90, ha="center", size=9)


def draw_symbols(
    board: "Axes",
    left: float,
    middle: float,
    symbols: Sequence[str],
    cell: float,
    *,
    joined: bool = True,
    **options: Any,
) -> None:
    """Draw symbols in a row on a board, each in the middle of its cell. Words that do not fit are rotated.

    Args:
        cell: the width of a cell, in inches.
        joined: draw a stretch of monospaced characters as one text, a hundred times faster than one by one. Pass False
            where the text has other characters too, so that all of it looks alike.
        options: those of `Axes.text`.
    """
    shown = [visible(symbol) for symbol in symbols]
    points, longest = 72 * cell, max(map(len, shown))
    options = {"va": "center", "ha": "center"} | options
    if joined and cell < WIDE_CELL and all(map(is_mono, shown)):
        size = points / MONO_WIDTH
        draw_text(board, left + cell * len(shown) / 2, middle, "".join(shown), family=MONO, size=size, **options)
        return
    if cell < WIDE_CELL and longest > 2:
        options = {"rotation": 90} | options
    for place, text in enumerate(shown):
        if cell >= WIDE_CELL and len(text) > cell * LETTERS_PER_INCH:
            text = text[: int(cell * LETTERS_PER_INCH) - 1] + "\u2026"
        text, families = drawable(text)
        font = {"size": min(points * 0.85, MAX_POINTS), "family": families}
        draw_text(board, left + cell * (place + 0.5), middle, text, **(font | options))


def coloured_text(board: "Axes", symbols: Sequence[str], values: NDArray[Any], grid: Grid, scale: ColourScale) -> None:
    """Draw a text in lines on a board, each symbol on the colour of its value.

    A line ends at a line feed and when all its columns are used.

    Args:
        values: a number for each symbol.
    """
    lines = wrapped(symbols, grid.columns)
    left, top, columns, width, height = grid
    colours = np.full((len(lines), columns), np.nan)
    for row, line in enumerate(lines):
        colours[row, : len(line)] = values[line.start : line.stop]
    image = heat_map(board, colours, Box(left, top, width * columns, height * len(lines)), scale)
    joined = all(is_mono(visible(symbol)) for symbol in symbols)
    brightness = np.asarray(image.cmap(image.norm(values)))[:, :3] @ (0.3, 0.6, 0.1)
    for row, line in enumerate(lines):
        for is_dark, group in groupby(line, key=lambda step: bool(brightness[step] < 0.45)):
            steps = list(group)
            start = left + width * (steps[0] - line.start)
            draw_symbols(
                board,
                start,
                top + height * (row + 0.5),
                symbols[steps[0] : steps[-1] + 1],
                width,
                joined=joined,
                color="white" if is_dark else "black",
            )


def columns_for(symbols: Sequence[str], most: int, least: int = 12) -> int:
    """The number of columns for a text: the length of its longest line, between `least` and `most`."""
    longest = max(len(line) for line in wrapped(symbols, most))
    return min(max(longest, least), most)


def wrapped(symbols: Sequence[str], columns: int) -> list[range]:
    """Break a text into lines: ranges of steps, each of `columns` symbols at most. A line feed ends its line."""
    lines, start = [], 0
    for step, symbol in enumerate(symbols):
        if "\n" in symbol or step + 1 - start == columns or step + 1 == len(symbols):
            lines.append(range(start, step + 1))
            start = step + 1
    return lines


def picture_file(out: object, overwrite: bool) -> Path:
    """The path of a picture to be written, once it is known that it can be. Raises UsageError and StorageError."""
    path = Path(arguments.path("out", out))
    if path.suffix[1:].lower() not in FORMATS:
        raise UsageError(f"`out={arguments.short(str(path))}`: a picture's name ends in .png or .svg")
    extras.check("matplotlib", "`out`")
    check_free(path, overwrite)
    return path


@styled
def save(figure: "Figure", path: Path) -> None:
    """Write a picture atomically. The suffix of the path selects one of FORMATS."""
    write_atomically(path, [_drawn(figure, path.suffix[1:].lower())])


def shown_in_notebooks(figure: "Figure") -> "Figure":
    """The figure, which a notebook shows as a picture. It shows those of pyplot alone by itself."""
    setattr(figure, "_repr_png_", lambda: styled(_drawn)(figure, "png"))  # noqa: B010 (no attribute that mypy knows)
    return figure


def _drawn(figure: "Figure", kind: str) -> bytes:
    held = io.BytesIO()
    # Without a date, equal pictures are equal files.
    extra: dict[str, Any] = {"metadata": {"Date": None}} if kind == "svg" else {"pil_kwargs": {"compress_level": 2}}
    figure.savefig(held, format=kind, dpi=DPI, **extra)
    return held.getvalue()
