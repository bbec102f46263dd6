"""The page of `textgen serve`, from a real server in a real browser: on the server, and in the page."""

import contextlib

import pytest

from tests.conftest import ROOT, TINY
from tests.helpers.browser import PATIENCE
from tests.helpers.server import serving
from textgen import Generator, train
from textgen.verse import compose

SHIPPED = ROOT / "checkpoints" / "jabez"


@contextlib.contextmanager
def visited(browser, url, fragment="", allowed=()):
    """A tab at a server's page. At the end it asked nobody else, and had no errors but those allowed."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    requests, errors = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    try:
        tab.goto(f"{url}/{fragment}")
        yield tab
        assert all(each.startswith((url, "blob:")) for each in requests), requests
        assert [each for each in errors if not any(part in each for part in allowed)] == []
    finally:
        context.close()


def written(tab):
    tab.wait_for_selector("html[data-written]")  # the page writes a text by itself when it opens
    tab.evaluate("delete document.documentElement.dataset.written")
    tab.click("#go")
    tab.wait_for_selector("html[data-written]")
    return tab.locator("#texts .text").all_text_contents()


@pytest.fixture(scope="module")
def server(tiny_run):
    with serving(SHIPPED, tiny_run) as served:
        yield served


def test_the_server_and_the_page_write_the_same(browser, server):
    expected = Generator.load(SHIPPED).generate_many("The river ", seed=11, count=2, length=200)
    with visited(browser, server.url, "#seed=11&count=2&length=200&prompt=The+river+") as tab:
        tab.wait_for_selector("html[data-ready]")
        assert written(tab) == expected
        assert server.client.get("/metrics").text.count("textgen_requests_total") > 0
        tab.select_option("#where", "page")
        assert written(tab) == expected


def test_a_model_is_chosen_by_its_name(browser, server, tiny_run):
    with visited(browser, server.url) as tab:
        tab.wait_for_selector("html[data-ready]")
        assert tab.inner_text("h1") == "jabez"
        tab.select_option("#model", tiny_run.name)
        tab.wait_for_selector(f"h1:has-text('{tiny_run.name}')")


def test_a_text_is_read_on_the_server(browser, server):
    text = "The river rose in the night."
    with visited(browser, server.url) as tab:
        tab.wait_for_selector("html[data-ready]")
        tab.click("#tab-surprise")
        tab.fill("#own-prose", text)
        tab.click("#read")
        tab.wait_for_selector("#mean:has-text('bits')")
        mean = float(tab.inner_text("#mean").split()[0])
    score = Generator.load(SHIPPED).score(text)
    assert mean == pytest.approx(score.bits / len(text), abs=0.001)


def test_what_needs_the_model_fetches_it(browser, server):
    with visited(browser, server.url, "#prompt=The+river+") as tab:
        tab.wait_for_selector("html[data-ready]")
        tab.click("#tab-inside")
        tab.wait_for_selector("html[data-steps]")
        assert tab.get_attribute("html", "data-steps") == str(len("The river "))


def test_a_hand_is_put_on_the_network_in_the_page(browser, server):
    generator = Generator.load(SHIPPED)
    with visited(browser, server.url, "#prompt=The+river+&seed=4") as tab:
        tab.wait_for_selector("html[data-ready]")
        tab.click("#tab-inside")
        tab.wait_for_selector("html[data-steps]")
        tab.click("#hold")
        tab.click("#compare")
        tab.wait_for_selector("html[data-compared]")
        free, held = tab.locator("#both .text").all_text_contents()
    assert free == generator.generate("The river ", seed=4, length=300)
    assert held == generator.generate("The river ", seed=4, length=300, hold={"forget": 0.5})


def test_numbers_of_an_older_model_are_refused(tiny_run):
    from starlette.testclient import TestClient

    from textgen.serve.application import app

    with TestClient(app([Generator.load(tiny_run)]), base_url="http://127.0.0.1:8000") as client:
        values = client.get(f"/playground/model/{tiny_run.name}").json()
        address = f"/playground/numbers/{tiny_run.name}"
        assert client.get(address, params={"version": values["version"]}).status_code == 200
        answer = client.get(address, params={"version": "1"})
        assert answer.status_code == 409
        assert "load the page again" in answer.json()["error"]["message"]


def test_an_english_poem_is_written_and_checked_on_the_server(browser, made_once):
    def learn(folder):
        options = TINY | {"epochs": 2, "sample_length": 0}
        train("corpora:haiku", folder / "haiku", quiet=True, documents="poem", tokenizer="word", **options)

    run = made_once("haiku", learn) / "haiku"
    with serving(run) as served, visited(browser, served.url) as tab:
        tab.wait_for_selector("html[data-ready]")
        tab.click("#tab-poem")
        tab.select_option("#form", "haiku")
        tab.fill("#seed", "5")
        tab.click("#compose")
        tab.wait_for_selector("html[data-composed='1']")
        lines = [line for line in tab.locator("#poems .line:not(.marks)").all_text_contents() if line]
        assert "keeps the form" in tab.inner_text("#poems")
        command = tab.text_content("#poem-shell")
    assert tuple(lines) == compose(Generator.load(run), form="haiku", seed=5).lines
    assert command == "textgen poem haiku --form haiku --temperature 0.8 --seed 5"


def test_a_key_is_asked_for(browser, tiny_run, tmp_path):
    (tmp_path / "key").write_text("secret")
    with (
        serving(tiny_run, "--key-file", tmp_path / "key", key="secret") as served,
        visited(browser, served.url, allowed=["401"]) as tab,
    ):
        tab.wait_for_selector("#key-form:visible")
        tab.fill("#key", "wrong")
        tab.click("#key-form button")
        tab.wait_for_selector("#key-form:visible")
        tab.fill("#key", "secret")
        tab.click("#key-form button")
        tab.wait_for_selector("html[data-ready]")
        assert len(written(tab)[0]) > 20


def test_several_models_mixed_write_on_the_server_only(tiny_run):
    from starlette.testclient import TestClient

    from textgen.serve.application import app

    generator = Generator.load(tiny_run)
    with TestClient(app([Generator.mix([generator, generator])]), base_url="http://127.0.0.1:8000") as client:
        name = client.get("/v1/models").json()["data"][0]["id"]
        values = client.get(f"/playground/model/{name}").json()
        assert values["sizes"] is None
        answer = client.get(f"/playground/numbers/{name}")
        assert answer.status_code == 400
        assert "one run" in answer.json()["error"]["message"]


def test_the_page_is_open_and_its_models_are_not(tiny_run, tmp_path):
    from starlette.testclient import TestClient

    from textgen.serve.application import app

    with TestClient(app([Generator.load(tiny_run)], key="secret"), base_url="http://127.0.0.1:8000") as client:
        page = client.get("/")
        assert page.status_code == 200
        assert tiny_run.name not in page.text
        assert client.get(f"/playground/model/{tiny_run.name}").status_code == 401
        assert client.get(f"/playground/numbers/{tiny_run.name}").status_code == 401
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 403


def test_a_chinese_poem_with_a_theme_is_written_on_the_server(browser, made_once):
    def learn(folder):
        train("corpora:jueju", folder / "jueju", quiet=True, documents="poem", **TINY)

    run = made_once("jueju", learn) / "jueju"
    options = {"form": "jueju7", "seed": 5, "theme": "江月", "tones": "relaxed"}
    poem = compose(Generator.load(run), **options)
    assert any(poem.plan)
    with serving(run) as served, visited(browser, served.url) as tab:
        tab.wait_for_selector("html[data-ready]")
        tab.click("#tab-poem")
        assert tab.locator("#form option[value='rumengling'], #form option[value='jueju7']").count() == 2
        tab.select_option("#form", "jueju7")
        tab.select_option("#tones", "relaxed")
        tab.fill("#poem-theme", "江月")
        tab.fill("#seed", "5")
        tab.click("#compose")
        tab.wait_for_selector("html[data-composed='1']")
        lines = tab.locator("#poems .line:not(.marks)").all_text_contents()
        notes = tab.locator("#poems .marks").all_text_contents()
        assert "keeps the form" in tab.inner_text("#poems")
        command = tab.text_content("#poem-shell")
    assert tuple(lines) == poem.lines
    assert [note.split(" · ")[0] for note in notes] == list(poem.plan)
    assert command == "textgen poem jueju --form jueju7 --temperature 0.8 --seed 5 --theme '江月' --tones relaxed"
