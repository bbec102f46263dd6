"""Poems that keep a form: the forms as data, tables of tone, rhyme and stress, a checker, and a constrained decoder.

    from textgen import Generator
    from textgen.verse import compose

    print(compose(Generator.load("tang"), form="jueju7", seed=1).text)

Each name is imported when it is first used. Type checkers and editors see the same names as ordinary imports.
"""

from importlib import import_module
from typing import TYPE_CHECKING

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

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'textgen.verse' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
