"""The routes below /v1/textgen are the Python functions of the same name: their values, and their errors as 400s."""

import itertools
import json

import numpy as np
import pytest

from tests.helpers.models import untaught
from tests.helpers.server import asking, events
from textgen.corpus.forms import form_of
from textgen.errors import TextgenError
from textgen.inspection import trace
from textgen.inspection.tracing import GATES, STATES
from textgen.serve import ServeConfig, app
from textgen.tokens.layout import UNKNOWN
from textgen.verse import check, compositions

GENERATOR = untaught("abcdefghijklmnopqrstuvwxyz ,.\n")
TEXT = "the hen \u96ea went,\nand"


@pytest.fixture(scope="module")
def ask():
    with asking(app([GENERATOR], config=ServeConfig(threads=1), say=print)) as send:
        yield send


@pytest.fixture
def values(ask):
    """The answer of a route, which must be 200: `values("score", text="the")`."""

    def post(name, **body):
        answer = ask("post", f"/v1/textgen/{name}", json.dumps(body))
        assert answer.status_code == 200, answer.text
        return answer.json()

    return post


def test_score(values):
    found, wanted = values("score", text=TEXT), GENERATOR.score(TEXT)
    assert (found["symbols"], found["unknown"]) == (list(TEXT), [character == "\u96ea" for character in TEXT])
    assert found["surprisal"] == pytest.approx(wanted.surprisal, abs=1e-6)
    for name in ("nats", "mean_nats", "bits", "perplexity", "bits_per_character", "bits_per_byte", "word_perplexity"):
        assert found[name] == pytest.approx(getattr(wanted, name)), name
    assert found["bits_per_word"] == pytest.approx(found["bits"] / 6)  # five words and the end of a line


def test_tokenize(values):
    found = values("tokenize", text=TEXT)
    assert found["ids"] == GENERATOR.tokenizer.encode(TEXT).tolist()
    assert found["unknown"] == [character == "\u96ea" for character in TEXT]
    known = [index for index in found["ids"] if index != UNKNOWN]
    back = values("tokenize", ids=known)
    assert back["ids"] == known
    assert back["text"] == "".join(back["symbols"]) == TEXT.replace("\u96ea", "")


def test_inspect(values):
    found, wanted = values("inspect", text=TEXT, start=3, likeliest=2), trace(GENERATOR, TEXT, start=3)
    assert found["symbols"] == list(wanted.symbols) == list(TEXT[3:])
    assert found["ids"] == wanted.ids.tolist()
    assert set(found["arrays"]) == {*GATES, *STATES}
    for name, array in found["arrays"].items():
        assert np.allclose(array, getattr(wanted, name), atol=1e-6), name
        assert np.shape(array) == getattr(wanted, name).shape
    assert [[text for text, _ in each] for each in found["likeliest"]] == [
        [text for text, _ in wanted.likeliest(step, 2)] for step in range(len(wanted))
    ]
    assert set(values("inspect", text=TEXT, arrays=["cell"])["arrays"]) == {"cell"}


@pytest.mark.parametrize("options", [{"form": "couplets", "count": 2}, {"form": "free", "acrostic": "hen"}])
def test_poem(ask, values, options):
    _, poems = compositions(GENERATOR, seed=5, tries=4, **options)
    wanted = list(poems)
    body = options | {"seed": 5, "tries": 4}
    assert [poem["text"] for poem in values("poem", **body)["poems"]] == [poem.text for poem in wanted]
    answer = ask("post", "/v1/textgen/poem", json.dumps(body | {"stream": True}))
    *told, last = events(answer.text.splitlines())
    assert last == "[DONE]"
    for poem, of_poem in zip(wanted, _by_poem(told), strict=True):
        *lines, whole = of_poem
        assert whole["poem"]["text"] == poem.text
        assert [line["text"] for line in lines] == list(poem.lines)
        assert [line["line"] for line in lines] == list(range(len(lines)))
        assert {each["number"] for each in of_poem} == {poem.number}


def _by_poem(told):
    return [list(group) for _, group in itertools.groupby(told, key=lambda each: each["number"])]


def test_poem_check(values):
    lines = ["the hen went out to see the day", "the fox had nothing left to say"]
    found, wanted = values("poem/check", text="\n".join(lines), form="couplets"), check(lines, "couplets")
    assert (found["form"], found["holds"]) == (wanted.form.name, wanted.holds)
    assert len(found["breaks"]) == len(wanted.breaks)
    assert len(found["lines"]) == len(wanted.lines) == 2


@pytest.mark.parametrize(
    ("name", "body", "call"),
    [
        ("inspect", {"text": "the", "start": 3}, lambda: trace(GENERATOR, "the", start=3)),
        ("poem", {"form": "jueju5"}, lambda: compositions(GENERATOR, form="jueju5")),
        ("poem", {"form": "haiku", "rhyme": "day"}, lambda: compositions(GENERATOR, form="haiku", rhyme="day")),
        ("poem/check", {"text": "the hen"}, lambda: check(["the hen"])),
    ],
)
def test_errors_of_the_functions_are_400s(ask, name, body, call):
    answer = ask("post", f"/v1/textgen/{name}", json.dumps(body))
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    with pytest.raises(TextgenError) as raised:
        call()
    assert error["message"] == str(raised.value)


@pytest.mark.parametrize("route", ["poem", "poem/check"])
def test_clients_name_forms_and_cannot_make_the_server_read_files(ask, tmp_path, monkeypatch, route):
    path = tmp_path / "mine.toml"
    path.write_text('[mine]\nabout = "secret"\nscheme = "AA"\nmeter = "wsws"\n')
    assert form_of(str(path)).lines == 2  # where the library is given the path, it reads the file
    monkeypatch.setattr("textgen.corpus.forms.known.read_own_form", lambda name: pytest.fail(f"{name} was read"))
    for form in (str(path), path.name, "../mine.toml", "/etc/passwd", "MINE.TOML", "", None, ["haiku"]):
        answer = ask("post", f"/v1/textgen/{route}", json.dumps({"text": "the hen", "form": form}))
        assert answer.status_code == 400, answer.text
        assert "secret" not in answer.text
