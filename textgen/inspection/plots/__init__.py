"""Pictures by matplotlib (extra `plots`): one module each, whose `draw` gives figures.

A picture of a Look takes the Look and gives pairs of a page's name (None where there is but one) and a Figure. A new
one is a new module and its line in PICTURES. Importing this package imports no matplotlib.
"""

from importlib import import_module

# The pictures of a Look, in the order in which a text passes through the network, and what each shows.
PICTURES = {
    "encoder": "how symbols become vectors: one-hot, embedding",
    "gates": "every gate and the cell state of each layer, step by step",
    "cells": "the cell state of the units worth watching",
    "units": "the text, coloured by what those units hold",
    "saturation": "how often each unit's gates are shut or open",
    "surprisal": "the text, coloured by how surprising it was",
    "temperature": "what comes next, at several temperatures",
}


def draw(name, look):
    """The figures of one picture of a Look: pairs of a page's name or None, and a Figure."""
    return import_module(f"textgen.inspection.plots.{name}").draw(look)
