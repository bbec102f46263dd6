"""Labels in requests: the same texts as in Python, and errors that name the field."""

import json

import pytest

from tests.helpers.server import asking
from tests.writing.test_reader import made
from textgen.serve import ServeConfig, app

GENERATOR = made()
PLAIN = made(labels=(), classify="")


@pytest.fixture(scope="module")
def ask():
    with asking(app([GENERATOR, PLAIN], config=ServeConfig(threads=1), say=print)) as send:
        yield send


def post(ask, route, status=200, **body):
    answer = ask("post", route, json.dumps(body))
    assert answer.status_code == status, answer.text
    return answer.json()


def texts(ask, **body):
    choices = post(ask, "/v1/completions", seed=4, max_tokens=30, **body)["choices"]
    return [choice["text"] for choice in choices]


@pytest.mark.parametrize(
    ("body", "labels", "guidance"),
    [
        ({"label": "who=Ann"}, ["who=Ann"], 1.0),
        ({"label": ["who=Ann:0.5,Bob:0.5", "form=ode"], "guidance": 1.5}, ["who=Ann:0.5,Bob:0.5", "form=ode"], 1.5),
        ({"label": [], "n": 2}, [], 1.0),
    ],
)
def test_completions(ask, body, labels, guidance):
    told = GENERATOR.with_labels(labels, guidance=guidance)
    wanted = told.generate_many("", count=body.get("n", 1), length=30, seed=4, include_prompt=False, temperature=1)
    assert texts(ask, **body) == wanted
    assert texts(ask, **body) == wanted  # the second time it is ready


def test_texts_with_other_labels_are_written_beside_each_other(ask):
    before = texts(ask)
    assert texts(ask, label="who=Bob") != before
    assert texts(ask) == before


def test_score_and_inspect(ask):
    found = post(ask, "/v1/textgen/score", text="abc", label="who=Ann", guidance=2)
    assert found["nats"] == pytest.approx(GENERATOR.with_labels({"who": "Ann"}, guidance=2.0).score("abc").nats)
    seen = [post(ask, "/v1/textgen/inspect", text="abc", **label)["arrays"] for label in ({}, {"label": "who=Ann"})]
    assert seen[0] != seen[1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"label": "who=An"}, "did you mean 'Ann'?"),
        ({"label": "who"}, "has no ="),
        ({"label": 3}, "label"),
        ({"label": ["who=Ann"] * 9}, "label"),
        ({"label": {"who": "Ann"}}, "label"),
        ({"label": "who=Ann", "guidance": -1}, "guidance"),
        ({"guidance": 2}, "give `label` too"),
        ({"label": "who=Ann", "model": "model-2"}, "knows no labels"),
    ],
)
def test_bad_labels(ask, body, message):
    error = post(ask, "/v1/completions", 400, **body)["error"]
    assert message in error["message"]
    assert "\n" not in error["message"]
