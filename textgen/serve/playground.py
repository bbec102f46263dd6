"""The page of a server: its HTML, and what it needs of each model. Knows nothing of HTTP."""

import functools
import threading
from typing import Any

from textgen.corpus.forms import FORMS
from textgen.errors import UsageError
from textgen.page.build import playground
from textgen.page.model import PageModel, page_model
from textgen.serve.models import Model
from textgen.tokens.characters import is_chinese
from textgen.writing.generator import Generator

# Of several requests for a model that no page has asked for, one makes what a page needs.
_MAKING = threading.Lock()


@functools.cache
def html() -> str:
    """The page."""
    return playground()


def values(model: Model) -> dict[str, Any]:
    """What a page needs of a model but its numbers. One that mixes runs has no symbols or sizes: it stays here."""
    generator = model.generator
    more: dict[str, Any] = {"run": generator.run.name if generator.run else None, "version": version(model)}
    if generator.documents == "poem":
        more["forms"] = _forms(generator)
    try:
        return _page_of(model).values | more
    except UsageError:
        noun = generator.tokenizer.noun
        return {"name": model.name, "noun": noun, "labels": [], "sizes": None, "verse": None} | more


def numbers(model: Model) -> bytes:
    """The numbers of a model. Raises UsageError for one that mixes runs."""
    return _page_of(model).numbers


def version(model: Model) -> str:
    """Tells the weights of a model from those that it had before it was trained further."""
    return str(model.created)


def _page_of(model: Model) -> PageModel:
    with _MAKING:
        if model.page is None:
            model.page = page_model(model.generator, model.name)
        return model.page


def _forms(generator: Generator) -> list[dict[str, str]]:
    """The forms of verse that a model may write."""
    language = "chinese" if is_chinese("".join(generator.tokenizer.symbols)) else "english"
    return [{"name": form.name, "about": form.about} for form in FORMS.values() if form.language in ("", language)]
