"""Poems that keep a form: the forms as data, tables of tone, rhyme and stress, a checker, and a constrained decoder.

    from textgen import Generator
    from textgen.verse import compose

    print(compose(Generator.load("tang"), form="jueju7", seed=1).text)

Each name is imported when it is first used. Type checkers and editors see the same names as ordinary imports.
"""

from typing import TYPE_CHECKING

from textgen.lazy import attributes

__all__ = ["FORMS", "Composition", "PoemConfig", "check", "compose", "compositions"]

# Where each public name is defined.
_HOMES = {
    "Composition": "textgen.verse.composing",
    "FORMS": "textgen.corpus.forms",
    "PoemConfig": "textgen.verse.config",
    "check": "textgen.verse.checking",
    "compose": "textgen.verse.composing",
    "compositions": "textgen.verse.composing",
}

if TYPE_CHECKING:
    from textgen.corpus.forms import FORMS
    from textgen.verse.checking import check
    from textgen.verse.composing import Composition, compose, compositions
    from textgen.verse.config import PoemConfig

else:  # hidden from type checkers, which would otherwise accept any name
    __getattr__ = attributes(__name__, _HOMES)
