"""The pictures: real files whose pixels show the values of the arrays."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.conftest import missing
from tests.helpers.models import fixed, untaught
from tests.inspection.test_tracing import made, text_of
from textgen.inspection.looks import look
from textgen.inspection.plots import PICTURES, canvas, draw, fonts
from textgen.system.wording import visible
from textgen.tokens.labels import LabelSet
from textgen.tokens.subwords import SubwordTokenizer
from textgen.tokens.words import WordTokenizer


def pixels(figure):
    """The pixels of a saved figure, float (rows, columns, 3), 0 to 1."""
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=canvas.DPI)
    return np.asarray(Image.open(held).convert("RGB")) / 255


def at(image, left, top):
    """The colour at a position in inches."""
    return image[round(top * canvas.DPI), round(left * canvas.DPI)]


def every_picture(seen):
    return {name: list(draw(name, seen)) for name in PICTURES}


SETS = (LabelSet("who", ("Ann", "", "$x_")), LabelSet("form", tuple(map(str, range(30)))))
LOOKS = {
    "characters": lambda: look(made(layers=2)[0], text_of(400), "run"),
    "one-hot": lambda: look(made(encoder="onehot")[0], text_of(30), "run"),
    "words": lambda: look(untaught(["to", " be", ",", "\n", " or", " not"], WordTokenizer), "to be, or not\nto be" * 9),
    "subwords": lambda: look(
        untaught(SubwordTokenizer.train(["to be, or not to be"], 280), SubwordTokenizer), "to be \u2764 or not\n" * 9
    ),
    "projected": lambda: look(made(layers=2, projection=3, tie=True, embedding_size=3)[0], text_of(100), "run"),
    "labelled": lambda: look(made(labels=SETS, label_size=3, classify="who")[0], text_of(100), "run"),
    "backward": lambda: look(made(direction="backward")[0], text_of(100), "run"),
    "a symbol": lambda: look(made()[0], "a", "run"),
    "a unit": lambda: look(made(units=1)[0], "abc", "run"),
    "dollars": lambda: look(made(symbols="a$_^\\{ ")[0], "a$_^{a$\\a$" * 9, "$run$_^"),
    "never seen": lambda: look(made()[0], "aXbé\u200d\t", "run", units=[(0, 3)]),
}


@pytest.mark.parametrize("kind", LOOKS)
def test_every_picture_of_every_kind_of_run_is_drawn(kind, tmp_path):
    seen = LOOKS[kind]()
    for name, figures in every_picture(seen).items():
        if name == "labels":
            assert len(figures) == len(seen.config.labels)
        else:
            assert figures or (name in ("cells", "units") and not seen.watched)
        for number, (_, figure) in enumerate(figures):
            for suffix in canvas.FORMATS:
                canvas.save(figure, tmp_path / f"{name}{number}.{suffix}")
            with Image.open(tmp_path / f"{name}{number}.png") as picture:
                assert picture.format == "PNG"
                assert np.asarray(picture.convert("L")).std() > 5, name  # not blank
            root = ElementTree.parse(tmp_path / f"{name}{number}.svg").getroot()
            assert root.tag.endswith("svg")


def test_heat_maps_have_the_colours_of_the_values():
    """In this model the input and output gates are always open and the forget gates always shut."""
    import matplotlib

    from textgen.inspection.plots.gates import GAP, HEIGHT, LEFT, TOP

    seen = look(fixed({}), "abba" * 15, "run")
    ((_, figure),) = draw("gates", seen)
    image = pixels(figure)
    colours = matplotlib.colormaps[canvas.SHARES.name]
    for place, expected in ((0, 1.0), (1, 0.0), (3, 1.0)):
        colour = at(image, LEFT + 3.33, TOP + (HEIGHT + GAP) * place + 0.7)
        assert colour == pytest.approx(colours(expected)[:3], abs=0.02)


def test_pages_hold_every_step_once():
    seen = look(made(layers=2)[0], text_of(400), "run")
    names = [name for name, _ in draw("gates", seen)]
    assert names == [f"layer{layer}-page{page}" for layer in (0, 1) for page in (1, 2, 3)]
    lines = canvas.wrapped(seen.trace.symbols, 80)
    assert [step for line in lines for step in line] == list(range(400))


def test_surprise_is_red():
    """This model is sure that a and b alternate. The text repeats a once."""
    from textgen.inspection.plots.surprisal import CELL

    seen = look(fixed({2: {3: 9.0}, 3: {2: 9.0}}), "ababaab", "run")
    ((_, figure),) = draw("surprisal", seen)
    image, (wide, high) = pixels(figure), CELL[True]
    # Near the bottom of each cell, below the letters.
    red = [at(image, 0.3 + wide * (step + 0.5), 0.5 + high * 0.93) for step in range(7)]
    assert np.argmin([colour[1] for colour in red]) == 5


def test_equal_pictures_are_equal_files(tmp_path):
    for suffix in canvas.FORMATS:
        for name in ("one", "two"):
            ((_, figure),) = draw("saturation", look(made()[0], text_of(50), "run"))
            canvas.save(figure, tmp_path / f"{name}.{suffix}")
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_a_character_that_no_font_has_is_drawn_as_a_box_and_reported(monkeypatch):
    """Linear A, which no common font has. Warnings are errors in these tests."""
    sign = "\U00010600"
    assert fonts.lacking(f"a{sign}") == [sign]
    text, families = fonts.drawable(f"a{sign}")
    assert text == "a\u25a1"
    assert families[0] == fonts.PLAIN
    for figures in every_picture(look(made(symbols=f"ab{sign}")[0], f"a{sign}b" * 30, "run")).values():
        for _, figure in figures:
            pixels(figure)


def test_chinese_is_drawn_with_a_font_that_has_it():
    families = fonts.fonts_for("春")
    if families is None:
        missing("no font with Chinese characters on this machine")
    symbols = "春眠不覺曉，\n"
    seen = look(made(symbols=symbols)[0], symbols * 9, "run")
    for figures in every_picture(seen).values():
        for _, figure in figures:
            pixels(figure)
    assert fonts.lacking(symbols.strip()) == []


def test_a_font_installed_after_matplotlib_made_its_list_is_found(monkeypatch):
    """Matplotlib's list is replaced by one that has only matplotlib's own fonts."""
    from matplotlib import font_manager

    if fonts.fonts_for("春") is None:
        missing("no font with Chinese characters on this machine")
    own = [entry for entry in font_manager.fontManager.ttflist if "matplotlib" in entry.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    for each in (fonts._fonts, fonts._fonts_installed_since, fonts.fonts_for):
        each.cache_clear()
    try:
        assert fonts.fonts_for("春") is not None
    finally:
        for each in (fonts._fonts, fonts._fonts_installed_since, fonts.fonts_for):
            each.cache_clear()


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [
        ("a", "a"),
        ("\n", "\u21b5"),
        (" ", "\u00b7"),
        (" the", "the"),
        ("\t", "\u21e5"),
        ("\x07", "\u00b7"),
        ("\n\n", "\u21b5\u21b5"),
    ],
)
def test_white_space_is_made_visible(symbol, shown):
    assert visible(symbol) == shown


def test_the_temperatures_shown_are_softmax_of_logits_over_temperature():
    from textgen.inspection.plots.temperature import probabilities

    logits = np.log([0.5, 0.3, 0.2]).astype(np.float32)
    assert probabilities(logits, 1.0) == pytest.approx([0.5, 0.3, 0.2])
    assert probabilities(logits, 0.5) == pytest.approx(np.array([0.25, 0.09, 0.04]) / 0.38)
    seen = look(fixed({2: {3: 2.0}}), "ba", "run")
    ((_, figure),) = draw("temperature", seen)
    bars = [patch.get_width() for patch in figure.axes[0].patches]  # at 0.2
    assert bars[0] == pytest.approx(np.exp(10) / (np.exp(10) + 3))
    assert figure.axes[0].get_yticklabels()[0].get_text() == "b"


def test_the_title_of_the_temperatures_ends_with_what_was_read_last():
    from tests.helpers.models import untaught
    from textgen.tokens.words import WordTokenizer

    words = untaught(["the", " uncommonly", " elongated", "\n"], WordTokenizer, direction="backward")
    ((_, figure),) = draw("temperature", look(words, "the uncommonly elongated\n" * 9, "run"))
    assert figure.texts[-1].get_text().endswith("the \u21b5 elongated uncommonly the \u21b5\u201d")
    assert figure.texts[-1].get_text().startswith("\u201c\u2026")
    assert len(figure.texts[-1].get_text()) < 70  # more would be cut off at the right
