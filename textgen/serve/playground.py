"""The page of a server: its HTML, and what it needs of each model. Knows nothing of HTTP."""

import functools
from typing import Any

from textgen.corpus.forms import FORMS
from textgen.errors import UsageError
from textgen.page.build import playground
from textgen.page.model import PageModel, page_model
from textgen.serve.models import Model
from textgen.tokens.characters import is_chinese
from textgen.writing.generator import Generator

MAX_KEPT = 2  # models whose numbers are kept ready for pages


@functools.cache
def html() -> str:
    """The page."""
    return playground()


def values(model: Model) -> dict[str, Any]:
    """What a page needs of a model but its numbers. One that mixes runs has no symbols or sizes: it stays here."""
    generator = model.generator
    forms = {"forms": _forms(generator)} if generator.documents == "poem" else {}
    try:
        return _page_model(generator, model.name).values | forms
    except UsageError:
        few: dict[str, Any] = {
            "name": model.name,
            "noun": generator.tokenizer.noun,
            "labels": [],
            "sizes": None,
            "verse": None,
        }
        return few | forms


def numbers(model: Model) -> bytes:
    """The numbers of a model. Raises UsageError for one that mixes runs."""
    return _page_model(model.generator, model.name).numbers


def _forms(generator: Generator) -> list[dict[str, str]]:
    """The forms of verse that a model may write."""
    language = "chinese" if is_chinese("".join(generator.tokenizer.symbols)) else "english"
    return [{"name": form.name, "about": form.about} for form in FORMS.values() if form.language in ("", language)]


@functools.lru_cache(MAX_KEPT)
def _page_model(generator: Generator, name: str) -> PageModel:
    return page_model(generator, name)
