"""A run as a web page: one HTML file that holds the model and writes with it, offline.

    from textgen import Generator
    from textgen.page import page

    html = page(Generator.load("story"), "story", title="The ferryman")

The package knows the generator, and nothing of the command line, of servers or of Keras.
"""

from typing import TYPE_CHECKING

from textgen.lazy import attributes

__all__ = ["page"]

# Where each public name is defined.
_HOMES = {"page": "textgen.page.build"}

if TYPE_CHECKING:
    from textgen.page.build import page

else:  # hidden from type checkers, which would otherwise accept any name
    __getattr__ = attributes(__name__, _HOMES)
