"""Files that show a Look: pictures, the page, arrays; the picture of gradients. Knows nothing of the command line."""

import io
from pathlib import Path

import numpy as np

from textgen.inspection.backward import MOST, gradients, with_forget_gates_held
from textgen.inspection.page.build import page
from textgen.inspection.plots import PICTURES, draw
from textgen.inspection.plots.canvas import save
from textgen.inspection.plots.fonts import lacking
from textgen.inspection.plots.gradients import draw as draw_gradients
from textgen.inspection.tracing import laid_out, trace
from textgen.system.files import write_atomically
from textgen.system.wording import visible

PAGE = "index.html"


def write_pictures(look, folder, formats=("png",)):
    """Draw every picture of a Look into a folder; yields each file's path once it is written."""
    for name in PICTURES:
        for suffix, figure in draw(name, look):
            for kind in formats:
                path = Path(folder) / ("-".join(filter(None, (name, suffix))) + f".{kind}")
                save(figure, path)
                yield path


def characters_without_font(look):
    """Characters of the steps shown that no font on this machine holds: pictures show a box in their place."""
    return lacking("".join(map(visible, dict.fromkeys(look.trace.symbols))))


def write_page(look, folder):
    """Write the page of a Look into a folder; gives its path."""
    path = Path(folder) / PAGE
    write_atomically(path, [page(look).encode("utf-8")])
    return path


def write_arrays(seen, path):
    """Write a Trace's arrays as an .npz file, which `numpy.load` reads without pickle."""
    held = io.BytesIO()
    np.savez_compressed(held, **seen.arrays())
    write_atomically(path, [held.getvalue()])


def compare_gradients(generator, text):
    """Gradients of a text's loss: of the network as it is, with its forget gates held at a half, and whether the text
    was longer than MOST, whose first symbols then stand for it."""
    networks, text = (generator, with_forget_gates_held(generator)), laid_out(generator, text)
    own, held = (gradients(each, trace(each, text, stop=MOST)) for each in networks)
    return own, held, len(text.symbols) > MOST


def write_gradients(name, own, held, folder, formats=("png",)):
    """Draw both into a folder; yields each file's path once it is written."""
    figure = draw_gradients(name, own, held)
    for kind in formats:
        path = Path(folder) / f"gradients.{kind}"
        save(figure, path)
        yield path
