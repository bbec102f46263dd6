"""Poems in the page: those that Python writes with the seed, and in their form by Python's checker."""

import pytest

from tests.conftest import ROOT
from tests.helpers.browser import opened
from tests.page.test_writing import made
from textgen import Generator
from textgen.corpus.memory import hash_poems
from textgen.page.build import page
from textgen.page.verse import verse_tables
from textgen.tokens.chars import CharTokenizer
from textgen.verse import check, compose

FORMS = ("jueju5", "jueju7", "lushi5", "lushi7")


@pytest.fixture(scope="module", params=["none", "full", "form", "title"])
def generator(request):
    """A model that read nothing above the poems that it learned, or their titles and shapes."""
    text = (ROOT / "corpora" / "jueju.txt").read_text("utf-8")
    generator = made(CharTokenizer(sorted({*text, *"《》五七言四八句"})), "poem")
    generator.heading = request.param
    return generator


@pytest.fixture(scope="module")
def tab(browser, generator, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page(generator, "poems"), encoding="utf-8")
    with opened(browser, path, "#length=20") as tab:
        yield tab


def composed(tab, form, seed, acrostic="", title="", tones="strict", temperature=0.8):
    poem = tab.evaluate(
        "([asked, seed, temperature]) =>"
        " window.textgen.poem(asked, {seed: BigInt(seed), number: 0, temperature, tries: 12})",
        [{"form": form, "acrostic": acrostic, "title": title, "tones": tones}, str(seed), temperature],
    )
    assert not any(each["isWrong"] for row in poem["rows"] for each in row)
    return ["".join(each["symbol"] for each in row) for row in poem["rows"]]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", FORMS)
def test_a_seed_composes_what_it_composes_in_python(tab, generator, form, seed):
    lines = composed(tab, form, seed)
    assert tuple(lines) == compose(generator, form=form, seed=seed).lines
    assert check(lines, form).holds


@pytest.mark.parametrize(
    "options",
    [{"acrostic": "江月山水"}, {"title": "春江"}, {"title": "春江二首 其一"}, {"tones": "relaxed"}, {"temperature": 0}],
)
def test_an_acrostic_a_title_and_tones_are_kept(tab, generator, options):
    lines = composed(tab, "jueju7", 5, **options)
    assert tuple(lines) == compose(generator, form="jueju7", seed=5, **options).lines


def test_tasks_that_run_beside_each_other_do_not_disturb_each_other(tab, generator):
    poems = tab.evaluate(
        "(asked) => Promise.all([12, 20, 32].map((tries) =>"
        " window.textgen.poem(asked, {seed: 9n, number: 0, temperature: 0.8, tries})))",
        {"form": "lushi7", "acrostic": "", "title": "", "tones": "strict"},
    )
    for tries, poem in zip((12, 20, 32), poems, strict=True):
        lines = tuple("".join(each["symbol"] for each in row) for row in poem["rows"])
        assert lines == compose(generator, form="lushi7", seed=9, tries=tries).lines


def test_lines_that_were_learned_are_left_out_where_the_page_remembers_them(browser, generator, tmp_path):
    first = compose(generator, form="jueju5", seed=3)
    memory = hash_poems([first.text])
    learned = Generator(generator.tokenizer, generator.engine, "poem", memory=memory, heading=generator.heading)
    kept, dropped = page(learned, "poems", memory=True), page(learned, "poems")
    assert '"memory"' in kept
    assert '"memory"' not in dropped
    (tmp_path / "page.html").write_text(kept, encoding="utf-8")
    with opened(browser, tmp_path / "page.html", "#length=20") as tab:
        lines = composed(tab, "jueju5", 3)
    assert tuple(lines) == compose(learned, form="jueju5", seed=3).lines
    assert not set(lines) & set(first.lines)


def test_what_breaks_the_form_is_marked(tab, generator):
    wrong = tab.evaluate(
        "(asked) => window.textgen.poem(asked, {seed: 1n, number: 0, temperature: 0.8, tries: 12})",
        {"form": "jueju5", "acrostic": "", "title": "", "tones": "off"},
    )
    lines = ["".join(each["symbol"] for each in row) for row in wrong["rows"]]
    assert check(lines, "jueju5", tones="off").holds


def test_an_acrostic_that_the_model_never_saw_is_said(tab):
    tab.click("#tab-poem")
    tab.fill("#acrostic", "江Q")
    tab.click("#compose")
    tab.wait_for_selector("#said:has-text('never saw Q')")
    tab.fill("#acrostic", "江月山水江月")
    tab.click("#compose")
    tab.wait_for_selector("#said:has-text('6 characters')")


def test_poems_are_shown_with_their_tones(tab):
    tab.click("#tab-poem")
    tab.fill("#acrostic", "")
    tab.evaluate("delete document.documentElement.dataset.composed")
    tab.click("#compose")
    tab.wait_for_selector("html[data-composed='1']")
    signs = tab.locator("#poems rt").all_text_contents()
    assert len(signs) == 20
    assert set("".join(signs)) <= set("平仄中韻")
    assert "keeps the form" in tab.inner_text("#poems")


def test_only_runs_of_chinese_poems_have_the_tables():
    assert verse_tables(made(CharTokenizer(sorted("abc\n")), "poem")) is None
    assert verse_tables(made(CharTokenizer(sorted("江月山水\n")), "line")) is None
