"""Verse in strict forms: forms as data, tables of tone, rhyme and stress, a checker, and a constrained decoder.

    from textgen import Generator
    from textgen.verse import compose

    print(compose(Generator.load("tang"), form="jueju7", seed=1).text)

Names are imported when first used.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Composition": "textgen.verse.composing",
    "FORMS": "textgen.corpus.forms",
    "PoemConfig": "textgen.verse.config",
    "check": "textgen.verse.checking",
    "compose": "textgen.verse.composing",
    "compositions": "textgen.verse.composing",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'textgen.verse' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
