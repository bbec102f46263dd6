"""Pictures drawn by matplotlib (extra `plots`). Each picture is one module with a function `draw`.

A picture of a Look takes the Look and returns Pages. To add one, add a module and its entry in PICTURES. Importing this
package does not import matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textgen.inspection.looks import Look
    from textgen.inspection.plots.canvas import Pages

# The pictures of a Look and what each shows, in the order in which a text passes through the network.
PICTURES = {
    "encoder": "how symbols become vectors: one-hot and embedding",
    "gates": "every gate and the cell state of each layer, step by step",
    "cells": "the cell state of each watched unit",
    "units": "the text, coloured by the cell state of each watched unit",
    "saturation": "how often the gates of each unit are shut or open",
    "surprisal": "the text, coloured by the surprisal of each symbol",
    "labels": "what each label of the texts does to the gates, for runs with labels",
    "temperature": "the predicted next symbol at several temperatures",
}


def draw(name: str, look: "Look") -> "Pages":
    """Draw one picture of a Look. `name` is a key of PICTURES."""
    pages: Pages = import_module(f"textgen.inspection.plots.{name}").draw(look)
    return pages
