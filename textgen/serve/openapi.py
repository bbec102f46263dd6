"""/openapi.json and /docs: the routes, from the same declarations that check requests."""

import functools
import html
import json
import re
from typing import Any

from textgen._version import __version__
from textgen.serve import fields, own
from textgen.serve.schema import Schema, words

_ERRORS = {
    "400": "A field is wrong: `error.param` names it.",
    "401": "The key is missing or wrong.",
    "403": "The Host or Origin is not on the server's list.",
    "404": "No such model.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "429": "Too many requests wait; Retry-After says when to come again.",
    "503": "The server is stopping, or found no poem in time.",
}

# Of each route: its method, its name, what it does, what its body may hold, the kind of its answer.
ROUTES: list[tuple[str, str, str, str, Schema | None, str]] = [
    ("post", "/v1/completions", "complete", "Write a text, or several, after a prompt.", fields.BODY, "json"),
    ("get", "/v1/models", "listModels", "List the models.", None, "json"),
    ("get", "/v1/models/{id}", "showModel", "Describe a model.", None, "json"),
    ("post", "/v1/textgen/score", "score", "Measure how surprising each symbol of a text is.", own.SCORE, "json"),
    ("post", "/v1/textgen/poem", "poem", "Write poems that keep a form.", own.POEM, "json"),
    ("post", "/v1/textgen/poem/check", "checkPoem", "Say what holds and breaks in a poem.", own.CHECK, "json"),
    (
        "post",
        "/v1/textgen/inspect",
        "inspect",
        "Show gates, states and predictions as the model reads a text.",
        own.INSPECT,
        "json",
    ),
    ("post", "/v1/textgen/tokenize", "tokenize", "Turn a text into ids, or ids into text.", own.TOKENIZE, "json"),
    ("get", "/health", "health", "Say whether the server can answer.", None, "json"),
    ("get", "/metrics", "metrics", "Count requests, symbols and rows, for Prometheus.", None, "text"),
]
_MEDIA = {"json": "application/json", "text": "text/plain"}


@functools.cache
def document() -> dict[str, Any]:
    """The description of the routes by the OpenAPI specification 3.1."""
    paths: dict[str, Any] = {}
    for method, path, name, about, body, kind in ROUTES:
        operation: dict[str, Any] = {"operationId": name, "summary": about, "responses": _responses(path, body, kind)}
        if body is not None:
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": _nullable(body)}},
            }
        if "{id}" in path:
            operation["parameters"] = [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Its name."}
            ]
        if path == "/health":
            operation["security"] = []
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "textgen",
            "version": __version__,
            "description": "Completions, scores, poems and the inside of LSTM models of one text each.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": _ERROR},
        },
        "security": [{}, {"key": []}],
    }


_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}


def _responses(path: str, body: Schema | None, kind: str) -> dict[str, Any]:
    content: dict[str, Any] = {_MEDIA[kind]: {}}
    if body is not None and "stream" in body["properties"]:
        content["text/event-stream"] = {}
    found: dict[str, Any] = {"200": {"description": "The answer.", "content": content}}
    codes = list(_ERRORS) if body is not None else ["400", "401", "403"] + ["404"] * ("{id}" in path)
    if path == "/health":
        codes.append("503")
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for code in codes:
        found[code] = {"description": _ERRORS[code], "content": error}
    return found


def _nullable(body: Schema) -> Schema:
    """A body's schema that says that null counts as left out, without what only messages need."""
    properties = {}
    for name, each in body["properties"].items():
        bare = {key: value for key, value in each.items() if key not in ("description", "default")}
        about = {key: each[key] for key in ("description", "default") if key in each}
        if name in body["required"]:
            properties[name] = about | _plain(bare)
        else:
            properties[name] = about | {"anyOf": [*_plain(bare).get("anyOf", [_plain(bare)]), {"type": "null"}]}
    return body | {"properties": properties}


def _plain(each: Schema) -> Schema:
    """Without the words that only this server's messages use."""
    found: Schema = {}
    for key, value in each.items():
        if key == "anyOf":
            found[key] = [_plain(one) for one in value]
        elif key != "x-words":
            found[key] = value
    return found


def page(address: str) -> str:
    """The routes as a page, without scripts or anything from elsewhere.

    Args:
        address: the server's, as the reader's browser has it.
    """
    return _whole_page().replace("ADDRESS", html.escape(address))


@functools.cache
def _whole_page() -> str:
    parts = []
    for method, path, _, about, body, _ in ROUTES:
        rows = ""
        for name, each in (body or {"properties": {}})["properties"].items():
            default = f" <em>Default: {html.escape(json.dumps(each['default']))}.</em>" if "default" in each else ""
            takes = html.escape(words(each))
            rows += (
                f"<tr><th scope=row><code>{name}</code></th><td>{takes}</td>"
                f"<td>{_prose(each.get('description', ''))}{default}</td></tr>"
            )
        table = f"<table><tr><th>Field<th>Takes<th>What it does</tr>{rows}</table>" if rows else ""
        parts.append(
            f"<section><h2><code>{method.upper()} {path}</code></h2><p>{html.escape(about)}</p>{table}</section>"
        )
    return _PAGE.replace("ROUTES", "".join(parts)).replace("VERSION", __version__)


def _prose(text: str) -> str:
    """A description as HTML: names in backquotes are code."""
    return re.sub(r"`(\w+)`", r"<code>\1</code>", html.escape(text))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>textgen: the server's routes</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; font-size: 1.15rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .92em; }
pre { overflow-x: auto; padding: .8rem 1rem; border: 1px solid #8886; border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-top: 1px solid #8884; }
td:nth-child(2) { min-width: 9rem; color: color-mix(in srgb, currentColor 75%, transparent); }
@media (max-width: 40rem) {
  tr { display: block; padding: .5rem 0; border-top: 1px solid #8884; }
  tr:first-child { display: none; }
  th, td { display: block; padding: 0; border: 0; }
}
</style></head><body>
<h1>textgen VERSION</h1>
<p>This server completes text with models that learned one text each. Clients of the completions API work with it: give
them this server's address with <code>/v1</code>, and any key if the server has none.</p>
<pre>curl ADDRESS/v1/completions -H "Content-Type: application/json" \\
  -d '{"prompt": "The ", "max_tokens": 200, "temperature": 0.8, "seed": 1}'</pre>
<p>A token is a symbol of the model: a character or a word. Errors are JSON:
<code>{"error": {"message", "type", "param", "code"}}</code>.
<a href="/openapi.json">/openapi.json</a> says the same for programs. <a href="/">A page</a> writes with the models in
the browser.</p>
ROUTES
</body></html>
"""
