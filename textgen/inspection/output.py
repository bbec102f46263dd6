"""Files that show a Look (pictures, the page, arrays), and the table and picture of gradients.

This module knows nothing of the command line.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textgen import arguments
from textgen.inspection.backward import HELD, MAX_SYMBOLS, Gradients, gradients
from textgen.inspection.looks import Look
from textgen.inspection.page.build import page
from textgen.inspection.plots import PICTURES, draw
from textgen.inspection.plots.canvas import FORMATS, save
from textgen.inspection.plots.fonts import lacking
from textgen.inspection.plots.gradients import draw as draw_gradients
from textgen.inspection.tracing import Text, Trace, layout_of, trace
from textgen.system.files import write_atomically
from textgen.system.wording import visible
from textgen.writing.generator import Generator

PAGE = "index.html"


def write_pictures(look: Look, folder: str | Path, formats: Sequence[str] = ("png",)) -> Iterator[Path]:
    """Draw every picture of a Look into a folder, in each of the formats. Yields the path of each file written."""
    arguments.instance("look", look, Look)
    kinds = [
        arguments.text("formats", kind, FORMATS) for kind in arguments.items("formats", formats, "names of formats")
    ]
    folder = Path(arguments.path("folder", folder))
    for name in PICTURES:
        for suffix, figure in draw(name, look):
            for kind in kinds:
                path = folder / ("-".join(filter(None, (name, suffix))) + f".{kind}")
                save(figure, path)
                yield path


def characters_without_font(look: Look) -> list[str]:
    """Characters of the shown steps that no font on this machine has. Pictures show a box in their place."""
    return lacking("".join(map(visible, dict.fromkeys(look.trace.symbols))))


def write_page(look: Look, folder: str | Path) -> Path:
    """Write the page of a Look into a folder. Returns the path of the file."""
    arguments.instance("look", look, Look)
    path = Path(arguments.path("folder", folder)) / PAGE
    write_atomically(path, [page(look).encode("utf-8")])
    return path


def write_arrays(seen: Trace, path: str | Path) -> None:
    """Write the arrays of a Trace as an .npz file, which `numpy.load` reads without pickle."""
    target = Path(arguments.path("path", path))
    arrays: dict[str, Any] = arguments.instance(
        "seen", seen, Trace
    ).arrays()  # Any, since a name could be that of another parameter of savez
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    write_atomically(target, [file.getvalue()])


def compare_gradients(generator: Generator, text: Text) -> tuple[Gradients, Gradients, bool]:
    """Compare the gradients of a text's loss with those of the same network when its forget gates are held at HELD.

    Args:
        generator: a Generator of one run.
        text: as `textgen.inspection.trace` takes it. Only its first MAX_SYMBOLS symbols are used.

    Returns:
        the Gradients of the network as it is; those with its forget gates held; whether the text was longer than
        MAX_SYMBOLS.
    """
    layout = layout_of(generator, text)
    own, held = (
        gradients(each, trace(each, layout, stop=MAX_SYMBOLS))
        for each in (generator, generator.with_hold({"forget": HELD}))
    )
    return own, held, len(layout.symbols) > MAX_SYMBOLS


def gradient_table(own: Gradients, held: Gradients) -> Iterator[str]:
    """The comparison as lines of text: a heading, a row for each distance, and the two losses.

    Args:
        own, held: as `compare_gradients` returns them.
    """
    layers = range(len(own.hidden))
    yield "steps back  " + "  ".join(f"{f'layer {layer}':>9}  {f'held {HELD}':>9}" for layer in layers)
    for place, distance in enumerate(own.distances):
        norms = "  ".join(f"{own.typical[layer, place]:9.2e}  {held.typical[layer, place]:9.2e}" for layer in layers)
        yield f"{distance:>10}  {norms}"
    yield f"loss: {own.nats:.4f} nats, {held.nats:.4f} with the forget gates held at {HELD}"


def write_gradients(
    name: str, own: Gradients, held: Gradients, folder: str | Path, formats: Sequence[str] = ("png",)
) -> Iterator[Path]:
    """Draw the comparison into a folder, in each of the formats. Yields the path of each file written.

    Args:
        name: the name of the run.
        own, held: as `compare_gradients` returns them.
    """
    figure = draw_gradients(name, own, held)
    for kind in formats:
        path = Path(folder) / f"gradients.{kind}"
        save(figure, path)
        yield path
