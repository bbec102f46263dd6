"""The page for everybody: what axe-core finds, the keyboard alone, narrow and dark, and hostile things."""

import subprocess

import pytest

from tests.conftest import ROOT
from tests.helpers.browser import opened
from tests.inspection.test_tracing import made as with_random_weights
from tests.inspection.test_tracing import text_of
from tests.page.test_writing import RUNS, made
from textgen.inspection.looks import look
from textgen.inspection.page.build import page as inspection_page
from textgen.page.build import page
from textgen.tokens.chars import CharTokenizer

CHINESE_POEMS = (ROOT / "corpora" / "jueju.txt").read_text("utf-8")
TABS = ("write", "together", "surprise", "inside")
# Symbols that could break out of a page, or turn it round.
HOSTILE = [
    "<",
    ">",
    "/",
    "s",
    "c",
    "r",
    "i",
    "p",
    "t",
    "&",
    '"',
    "'",
    "\u2028",
    "\u202e",
    "\u202d",
    "\u2066",
    "\0",
    "\x1b",
    "\ufeff",
]


def axe(tab):
    """What axe-core finds that is serious or worse."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response["violations"]
    return [
        (each["id"], [node["html"][:120] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page(RUNS["labels"](), "run", title="A run", prompt="abc"), encoding="utf-8")
    return path


def fill(tab, name):
    """Open a tab and have it do something."""
    tab.click(f"#tab-{name}")
    if name == "write":
        tab.click("#commands summary")
    elif name == "together":
        tab.wait_for_selector("#ways button")
    elif name == "surprise":
        if not tab.input_value("#own-prose"):
            tab.fill("#own-prose", "</script>")
        tab.click("#read")
        tab.wait_for_selector("#surprising span")
    elif name == "inside":
        tab.wait_for_selector("html[data-steps]")
        tab.click("#hold")
        tab.click("#compare")
        tab.wait_for_selector("html[data-compared]")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
def test_axe_finds_nothing_serious(browser, path, scheme, width):
    with opened(
        browser, path, "#seed=1&length=60", color_scheme=scheme, viewport={"width": width, "height": 900}
    ) as tab:
        tab.wait_for_selector("html[data-written]")
        for name in TABS:
            fill(tab, name)
            assert axe(tab) == [], name
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, name


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
def test_axe_finds_nothing_serious_in_poems(browser, tmp_path, scheme, width):
    path = tmp_path / "page.html"
    path.write_text(page(made(CharTokenizer(sorted(set(CHINESE_POEMS))), "poem"), "run"), encoding="utf-8")
    with opened(browser, path, color_scheme=scheme, viewport={"width": width, "height": 900}) as tab:
        tab.click("#tab-poem")
        tab.click("#compose")
        tab.wait_for_selector("html[data-composed='1']")
        assert axe(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_page_of_inspect(browser, tmp_path, scheme):
    seen = look(with_random_weights(units=12)[0], text_of(80), "run", count=80)
    (tmp_path / "index.html").write_text(inspection_page(seen), encoding="utf-8")
    with opened(browser, tmp_path / "index.html", color_scheme=scheme) as tab:
        assert axe(tab) == []


def test_the_keyboard_alone_reaches_everything(browser, path):
    with opened(browser, path, "#seed=1&length=60") as tab:
        tab.wait_for_selector("html[data-written]")
        tab.focus("#tab-write")
        for name in ("together", "surprise", "inside", "write"):
            tab.keyboard.press("ArrowRight")
            assert tab.get_attribute(f"#tab-{name}", "aria-selected") == "true"
            assert tab.evaluate("document.activeElement.id") == f"tab-{name}"
        for name in TABS:
            tab.evaluate("window.scrollTo(0, 0)")
            tab.focus(f"#tab-{name}")
            tab.keyboard.press("Enter")
            fill(tab, name)
            tab.focus(f"#tab-{name}")
            wanted = tab.eval_on_selector_all(
                f"#{name} :is(button, input, select, textarea, summary, [tabindex='0']),"
                " aside :is(button, input, select, summary)",
                """elements => elements.filter(each => each.checkVisibility() && !each.disabled)
                    .map((each, place) => (each.dataset.reach = place, place))""",
            )
            reached = set()
            for _ in range(len(wanted) + 10):
                tab.keyboard.press("Tab")
                reached.add(tab.evaluate("Number(document.activeElement.dataset.reach ?? -1)"))
            assert set(wanted) <= reached, name
            tab.eval_on_selector_all("[data-reach]", "elements => elements.forEach(each => delete each.dataset.reach)")


def test_arrow_keys_move_through_a_text(browser, path):
    with opened(browser, path, "#length=20") as tab:
        fill(tab, "surprise")
        tab.focus("#surprising")
        tab.keyboard.press("ArrowRight")
        assert "bits" in tab.inner_text("#expected")
        fill(tab, "inside")
        before = tab.inner_text("#inside-number")
        tab.focus("#inside-line")
        tab.keyboard.press("ArrowLeft")
        assert tab.inner_text("#inside-number") != before


def test_a_hostile_vocabulary_is_text(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page(made(CharTokenizer(sorted(HOSTILE))), "</script><script>alert(1)</script>"), encoding="utf-8")
    with opened(browser, path, "#seed=2&length=300") as tab:
        tab.wait_for_selector("html[data-written]")
        assert tab.text_content("h1") == "</script><script>alert(1)</script>"
        expected = made(CharTokenizer(sorted(HOSTILE))).generate(seed=2, length=300, temperature=0.8)
        assert tab.text_content("#texts .text") == expected
        for name in TABS:
            fill(tab, name)
        assert tab.locator("script").count() == 4  # the numbers have gone to the worker


def test_a_million_characters_are_cut_and_said(browser, path):
    with opened(browser, path, "#length=20") as tab:
        tab.wait_for_selector("html[data-written]")
        tab.evaluate("document.getElementById('prompt').value = 'abc def '.repeat(125000)")
        tab.evaluate("document.getElementById('own-prose').value = 'abc def '.repeat(125000)")
        tab.evaluate("delete document.documentElement.dataset.written")
        tab.click("#go")
        tab.wait_for_selector("#said:has-text('last 20,000 characters')")
        tab.wait_for_selector("html[data-written]")
        tab.click("#tab-surprise")
        tab.click("#read")
        tab.wait_for_selector("#said:has-text('first 20,000 characters')")
        tab.wait_for_selector("#mean:has-text('over 20,000')")


def test_symbols_that_the_model_never_saw_are_named_and_left_out(browser, path):
    with opened(browser, path, "#seed=4&length=50&prompt=a%23b%E6%B1%9Fc") as tab:
        tab.wait_for_selector("#said:has-text('never saw')")
        assert '"#"' in tab.inner_text("#said")
        tab.wait_for_selector("html[data-written]")
        written = tab.text_content("#texts .text")
    assert written.startswith("a#b江c")
    assert written[5:] == RUNS["labels"]().generate("abc", seed=4, length=50, include_prompt=False)


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("#temperature=hot", "temperature"),
        ("#temperature=-1", "temperature"),
        ("#length=1e99", "length"),
        ("#seed=-5", "seed"),
        ("#seed=99999999999999999999", "seed"),
        ("#count=NaN", "count"),
        ("#top_p=", "top_p"),
        ("#%3Cb%3E=1", "<b>"),
        ("#__proto__=1&constructor=2", "__proto__"),
        ("#" + "a" * 100_000, "too long"),
        ("#prompt=%FF%FE", None),
        ("#temperature=0.5&temperature=2", None),
    ],
)
def test_a_link_that_is_wrong_is_said_and_the_page_goes_on(browser, path, fragment, said):
    with opened(browser, path, fragment) as tab:
        if said:
            tab.wait_for_selector(f"#said:has-text({said!r})")
        tab.evaluate("delete document.documentElement.dataset.written")
        tab.click("#go")
        tab.wait_for_selector("html[data-written]")


def test_a_text_is_stopped(browser, path):
    with opened(browser, path, "#length=20") as tab:
        tab.wait_for_selector("html[data-written]")
        tab.evaluate("document.getElementById('length').max = 3000000")
        tab.evaluate("document.getElementById('length').value = 3000000")
        tab.click("#go")
        tab.wait_for_selector("#halt:enabled")
        tab.click("#halt")
        tab.wait_for_selector("#halt:disabled")
        length = len(tab.text_content("#texts .text"))
        tab.wait_for_timeout(200)
        assert len(tab.text_content("#texts .text")) == length


def test_a_symbol_is_drawn_once_however_fast_one_clicks(browser, path):
    with opened(browser, path, "#seed=4&length=20&prompt=abc") as tab:
        fill(tab, "inside")
        tab.evaluate("for (let click = 0; click < 5; click++) document.getElementById('inside-next').click()")
        tab.wait_for_function("() => document.documentElement.dataset.steps === '5'")
        tab.wait_for_timeout(200)
        assert tab.get_attribute("html", "data-steps") == "5"  # the boundary, three symbols, and one that was drawn
        assert tab.locator("#inside-line .written").count() == 1


def test_a_link_carries_labels_and_guidance(browser, path):
    with opened(browser, path, "#seed=4&length=50&label-voice=b&guidance=2") as tab:
        tab.wait_for_selector("html[data-written]")
        written = tab.text_content("#texts .text")
        tab.click("#commands summary")
        tab.wait_for_selector("#as-link:has-text('guidance=2')")
        assert "label-voice=b" in tab.text_content("#as-link")
        assert "--label voice=b --guidance 2" in tab.text_content("#as-shell")
    assert written == "abc" + RUNS["labels"]().with_labels({"voice": "b"}, guidance=2).generate(
        "abc", seed=4, length=50, include_prompt=False
    )


def test_copied_commands_hold_no_control_characters(browser, path):
    with opened(browser, path, "#seed=4&length=50&prompt=a%03%1B%5B201~%0Ab%27c") as tab:
        tab.wait_for_selector("html[data-written]")
        tab.click("#commands summary")
        tab.wait_for_selector("#as-shell:has-text('prompt')")
        shell = tab.text_content("#as-shell")
    assert not set(shell) & {"\x03", "\x1b"}
    done = subprocess.run(
        ["bash", "-c", f"printf '%s|' {shell.removeprefix('textgen ')}"], capture_output=True, text=True
    )
    assert "a\x03\x1b[201~\nb'c" in done.stdout.split("|")


def test_a_way_to_go_on_is_taken_and_undone(browser, path):
    with opened(browser, path, "#length=20&prompt=abc") as tab:
        fill(tab, "together")
        tab.locator("#ways button").first.click()
        tab.wait_for_function("() => document.getElementById('shared-text').textContent !== 'abc'")
        assert tab.text_content("#shared-text").startswith("abc")
        tab.click("#undo")
        assert tab.text_content("#shared-text") == "abc"
        tab.fill("#own-text", "def")
        tab.keyboard.press("Enter")
        assert tab.text_content("#shared-text") == "abcdef"
