"""What the page offers to copy does what the page did: a shell command, a Python script, a request, a link."""

import contextlib
import io
import json
import shlex

import pytest

from tests.conftest import ROOT
from tests.helpers.browser import opened
from tests.helpers.server import serving
from textgen import Generator
from textgen.page.build import page

SHIPPED = ROOT / "checkpoints" / "jabez"
SETTINGS = [
    "prompt=The+river+&seed=12&length=80",
    "prompt=I+said%2C+%22it%27s+%24HOME%22%0A&seed=9223372036854775807&length=60&temperature=1.2&top_k=20&min_p=0.02",
    "prompt=&seed=3&length=60&count=2&repetition_penalty=1.3&no_repeat=9&typical=0.9&stop-text=%5Cn&forbid=e",
]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page(Generator.load(SHIPPED), "jabez"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def server():
    with serving(SHIPPED) as served:
        yield served


@pytest.fixture(scope="module", params=SETTINGS, ids=["plain", "quotes", "several"])
def done(request, browser, path):
    """What the page wrote, and what it offers to copy."""
    with opened(browser, path, f"#{request.param}") as tab:
        tab.wait_for_selector("html[data-written]")
        tab.click("#commands summary")
        tab.wait_for_selector("#as-link:has-text('seed')")
        texts = tab.locator("#texts .text").all_text_contents()
        return texts, {name: tab.text_content(f"#as-{name}") for name in ("shell", "python", "curl", "link")}


def test_the_shell_command_writes_the_same(done, command, monkeypatch):
    texts, copies = done
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(copies["shell"])
    assert program == "textgen"
    result = command(*arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "\n\n".join(texts) + "\n"


def test_the_python_script_writes_the_same(done, monkeypatch):
    texts, copies = done
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(copies["python"], {})
    assert printed.getvalue() == "\n\n".join(texts) + "\n"


def test_the_request_writes_the_same(done, server):
    texts, copies = done
    curl = shlex.split(copies["curl"])
    assert curl[:4] == ["curl", "http://127.0.0.1:8000/v1/completions", "-H", "Content-Type: application/json"]
    answer = server.client.post("/v1/completions", content=curl[5], headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    found = [choice["text"] for choice in answer.json()["choices"]]
    prompt = json.loads(curl[5])["prompt"]
    assert [prompt + text for text in found] == texts


def test_the_link_writes_the_same(done, browser, path):
    texts, copies = done
    assert copies["link"].startswith(path.as_uri() + "#")
    with opened(browser, path, "#" + copies["link"].split("#")[1]) as tab:
        tab.wait_for_selector("html[data-written]")
        assert tab.locator("#texts .text").all_text_contents() == texts
