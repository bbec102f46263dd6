"""Requests made from the server's own description: no route fails, whatever it is sent, and answers as it says."""

import json

import pytest
from hypothesis import given, settings

from benchmarks.fuzz_server import complaint, served, strategy
from tests.conftest import examples
from tests.helpers import bodies
from tests.helpers.server import asking
from textgen.serve.openapi import document

SCHEMAS = bodies.schemas(document())


@pytest.fixture(scope="module")
def ask():
    application, lines = served()
    with asking(application) as send:
        yield send
    assert not [line for line in lines if " fault " in line]


@pytest.mark.parametrize("path", SCHEMAS)
def test_random_bodies_never_make_a_server_fail(path, ask):
    schema = SCHEMAS[path]

    @settings(max_examples=examples(20 if path.endswith("poem") else 60))
    @given(pair=strategy(path, schema))
    def attack(pair):
        must_succeed, body = pair
        answer = ask("post", path, json.dumps(body))
        wrong = complaint(schema, must_succeed, answer.status_code, answer.headers["content-type"], answer.text)
        assert not wrong, answer.text

    attack()


FITS = {
    "/v1/completions": {"prompt": "the ", "max_tokens": 3},
    "/v1/textgen/score": {"text": "the hen"},
    "/v1/textgen/poem": {"form": "free"},
    "/v1/textgen/poem/check": {"text": "the hen\nthe fox", "form": "free"},
    "/v1/textgen/inspect": {"text": "the hen"},
    "/v1/textgen/tokenize": {"text": "the hen"},
}
ROUTES = [(method, path) for path, methods in document()["paths"].items() for method in methods]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_route_answers_as_the_description_says(method, path, ask):
    said = document()["paths"][path][method]["responses"]
    body = json.dumps(FITS[path]) if method == "post" else None
    answer = ask(method, path.replace("{id}", "model"), body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] in said["200"]["content"]
    if method == "post" and "stream" in SCHEMAS[path]["properties"]:
        events = ask(method, path, json.dumps(FITS[path] | {"stream": True}))
        assert events.headers["content-type"].partition(";")[0] == "text/event-stream"
        assert "text/event-stream" in said["200"]["content"]


@pytest.mark.parametrize("path", SCHEMAS)
def test_errors_are_those_that_the_description_lists(path, ask):
    said = document()["paths"][path]["post"]["responses"]
    found = {
        ask("post", path, "{").status_code,
        ask("post", path, json.dumps({"unknown": 1})).status_code,
        ask("post", path).status_code,
        ask("post", path, json.dumps(FITS[path]).ljust(1_000_001)).status_code,
    }
    assert found == {400, 415, 413}
    assert {str(status) for status in found} <= set(said)
    assert said["400"]["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
