"""The page of a server: its HTML, and what it needs of each model. Knows nothing of HTTP."""

import functools
from typing import Any

from textgen.errors import UsageError
from textgen.page.build import playground
from textgen.page.model import PageModel, page_model
from textgen.serve.models import Model
from textgen.writing.generator import Generator

MAX_KEPT = 2  # models whose numbers are kept ready for pages


@functools.cache
def html() -> str:
    """The page."""
    return playground()


def values(model: Model) -> dict[str, Any]:
    """What a page needs of a model but its numbers. One that mixes runs has no symbols or sizes: it stays here."""
    try:
        return _page_model(model.generator, model.name).values
    except UsageError:
        noun = model.generator.tokenizer.noun
        return {"name": model.name, "noun": noun, "labels": [], "sizes": None, "verse": None}


def numbers(model: Model) -> bytes:
    """The numbers of a model. Raises UsageError for one that mixes runs."""
    return _page_model(model.generator, model.name).numbers


@functools.lru_cache(MAX_KEPT)
def _page_model(generator: Generator, name: str) -> PageModel:
    return page_model(generator, name)
