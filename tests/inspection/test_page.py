"""The page in a real browser: it shows the values of the arrays and makes no network request."""

import math

import numpy as np
import pytest

from tests.helpers.browser import opened as open_page
from tests.inspection.test_tracing import made, text_of
from textgen.inspection.looks import look
from textgen.inspection.page.build import MAX_BYTES, page

# Characters that would break a page without escapes.
SYMBOLS = "<>&\"'/scriptab\n \\u`${}!-"
TEXT = "</script><script>alert('&amp;')</script>\n\"a\\u0041\" `${b}` <!-- a b </style>\n"


@pytest.fixture(scope="module")
def seen():
    generator, _ = made(layers=2, units=12, symbols=SYMBOLS, seed=4)
    return look(generator, TEXT * 4, "a <run>", start=10, count=200, units=[(1, 7)])


@pytest.fixture
def opened(browser, seen, tmp_path):
    """The page of `seen`, open in a browser."""
    (tmp_path / "index.html").write_text(page(seen), encoding="utf-8")
    with open_page(browser, tmp_path / "index.html") as tab:
        yield tab


def number(tab, name):
    return float(tab.inner_text(f"#{name}").replace("\u2212", "-").rstrip("%"))


def shown_values(tab):
    return {
        name: float(tab.text_content(f"#{name}").replace("\u2212", "-"))
        for name in ("i", "f", "g", "o", "c", "h", "before")
    }


def expected(seen, step, layer, unit):
    trace = seen.trace
    names = {"i": "input_gate", "f": "forget_gate", "g": "candidate", "o": "output_gate", "c": "cell", "h": "hidden"}
    values = {name: getattr(trace, array)[step, layer, unit] for name, array in names.items()}
    return values | {"before": trace.cell_before[step, layer, unit]}


def point_at(tab, step):
    span = tab.locator(f"#text span[data-step='{step}']")
    span.scroll_into_view_if_needed()
    span.hover()


@pytest.mark.parametrize("step", [0, 57, 199])
def test_pointing_at_a_character_shows_its_gates_and_what_may_come_next(opened, seen, step):
    point_at(opened, step)
    assert number(opened, "number") == 10 + step + 1
    assert opened.inner_text("#symbol") == seen.trace.symbols[step].replace("\n", "\u21b5").replace(" ", "\u00b7")
    assert number(opened, "bits") == pytest.approx(seen.trace.surprisal[step] / math.log(2), abs=0.006)
    assert number(opened, "probability") == pytest.approx(
        100 * math.exp(-seen.trace.surprisal[step]), rel=0.06, abs=0.6
    )
    assert shown_values(opened) == pytest.approx(
        expected(seen, step, 1, 7), abs=0.0006
    )  # the unit that the caller asked for
    rows = opened.locator("#next tr").all_inner_texts()
    likeliest = seen.trace.likeliest(step, 8)
    assert len(rows) == 8
    for row, (symbol, share) in zip(rows, likeliest, strict=True):
        shown, percent = row.split("\t")[0], row.split("\t")[-1]
        assert shown in (symbol, "\u21b5", "\u00b7", "?")
        assert float(percent.rstrip("%")) == pytest.approx(100 * share, abs=0.06)


def test_the_page_shows_the_text_and_the_run(opened, seen):
    assert opened.text_content("#text").replace("\u21b5", "") == "".join(seen.trace.symbols)
    assert opened.text_content("#run") == "a <run>"
    assert opened.locator("script").count() == 2  # none from the text


def test_units_and_layers_can_be_chosen_from_lists(opened, seen):
    point_at(opened, 30)
    for layer in (0, 1):
        opened.select_option("#layer", str(layer))
        for unit in (0, 5, 11):
            opened.select_option("#unit", label=str(unit))
            assert shown_values(opened) == pytest.approx(expected(seen, 30, layer, unit), abs=0.0006)


def test_a_click_holds_a_step_and_arrow_keys_move(opened):
    point_at(opened, 20)
    opened.locator("#text span[data-step='20']").click()
    point_at(opened, 25)
    assert number(opened, "number") == 31  # held
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowLeft")
    assert number(opened, "number") == 32
    opened.locator("#text span[data-step='21']").click()  # released
    point_at(opened, 25)
    assert number(opened, "number") == 36


def test_the_map_can_be_pointed_at_and_clicked(opened, seen):
    opened.locator("#canvas").scroll_into_view_if_needed()
    box = opened.locator("#canvas").bounding_box()
    opened.mouse.move(box["x"] + box["width"] * 100.5 / 200, box["y"] + box["height"] * 3.5 / 12)
    assert number(opened, "number") == 10 + 100 + 1
    opened.mouse.click(box["x"] + box["width"] * 100.5 / 200, box["y"] + box["height"] * 3.5 / 12)
    order = np.argsort(-seen.trace.forget_gate[:, 1].mean(axis=0), kind="stable")
    assert shown_values(opened) == pytest.approx(expected(seen, 100, 1, order[3]), abs=0.0006)


def test_colours_follow_the_choice(opened, seen):
    def shades():
        return opened.eval_on_selector_all("#text span", "spans => spans.map(span => span.style.background)")

    bits = shades()
    assert bits[int(np.argmax(seen.trace.surprisal))] != bits[int(np.argmin(seen.trace.surprisal))]
    opened.locator("#watched button").last.click()
    assert opened.eval_on_selector("#colour", "list => list.value") == "c"
    assert shades() != bits
    opened.select_option("#colour", "f")
    gate = seen.trace.forget_gate[:, seen.watched[-1].layer, seen.watched[-1].unit]
    # White where the gate is shut, green where it is open.
    reds = [int(shade.split("(")[1].split(",")[0]) for shade in shades()]
    np.testing.assert_allclose(reds, 255 + (17 - 255) * gate, atol=1)


def test_the_page_fits_a_telephone(opened):
    opened.set_viewport_size({"width": 400, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize(("layers", "units", "count"), [(2, 512, 500), (3, 64, 5000), (1, 16, 1)])
def test_the_page_stays_below_its_limit(layers, units, count):
    text = text_of(count)
    made_page = page(look(made(layers=layers, units=units)[0], text, "run", count=count))
    size = len(made_page.encode("utf-8"))
    assert size <= MAX_BYTES == 1_000_000
    if units == 512:  # as many units as fit
        assert size > 0.97 * MAX_BYTES
    assert "http://" not in made_page
    assert "https://" not in made_page
