"""Properties of texts, and the units that follow them."""

import numpy as np
import pytest

from tests.helpers.models import fixed
from tests.inspection.test_tracing import made, text_of
from textgen.inspection.tracing import trace
from textgen.inspection.units import (
    PROPERTIES,
    capitals,
    clause_position,
    followers,
    line_position,
    quotes,
    word_boundary,
)
from textgen.inspection.units import word_position as in_word


@pytest.mark.parametrize(
    ("measure", "symbols", "expected"),
    [
        (line_position, "ab\nc\n\nd", [1, 2, 0, 1, 0, 0, 1]),
        (line_position, ["To", " be", "\n", "or"], [1, 2, 0, 1]),
        (in_word, "to be, I'm", [1, 2, 0, 1, 2, 0, 0, 1, 2, 3]),
        (in_word, "春眠a", [0, 0, 1]),
        (word_boundary, "a b!", [0, 1, 0, 1]),
        (word_boundary, ["To", ",", " be"], [0, 1, 0]),
        (clause_position, "春眠，不覺", [1, 2, 0, 1, 2]),
        (clause_position, "a b, c\nd", [1, 2, 3, 0, 1, 2, 0, 1]),
        (capitals, "aBé É", [0, 1, 0, 0, 1]),
        (capitals, ["To", " Be", " or", "\n"], [1, 1, 0, 0]),
        (quotes, 'a"b"c', [0, 1, 1, 0, 0]),
        (quotes, "\u201ca\u201db", [1, 1, 0, 0]),
        (quotes, '"a\n\nb', [1, 1, 1, 0, 0]),
        (quotes, '"a\nb', [1, 1, 1, 1]),
        (quotes, "「a」b", [1, 1, 0, 0]),
        (quotes, "\u201da", [0, 0]),
    ],
)
def test_properties_by_hand(measure, symbols, expected):
    assert measure(list(symbols)).tolist() == expected


def test_the_unit_that_follows_capitals_is_found():
    """In this model each unit is active after its own symbol. The unit of "A", the only capital, follows capitals."""
    generator = fixed({}, symbols="Ab c")
    text = text_of(300, "Abbc c")
    found = {each.name: each for each in followers(generator, text)}
    best = found["capitals"]
    assert (best.layer, best.unit) == (0, generator.tokenizer.encode("A")[0])
    assert best.correlation == pytest.approx(1, abs=1e-6)
    assert best.elsewhere == pytest.approx(1, abs=1e-6)
    assert best.holds
    assert found["word boundary"].unit == generator.tokenizer.encode(" ")[0]
    assert "within quotes" not in found  # the text has none
    assert "position in the line" in found  # there is but one


def test_the_correlations_are_pearsons_of_each_half():
    generator, text = made(layers=2)[0], text_of(9001)  # more than one piece
    seen = trace(generator, text)
    (each,) = [each for each in followers(generator, text) if each.name == "position in the line"]
    followed = PROPERTIES[each.name](seen.symbols)
    cells = seen.cell.reshape(len(seen), -1)
    half = len(seen) // 2
    here = [np.corrcoef(cells[:half, place], followed[:half])[0, 1] for place in range(cells.shape[1])]
    place = int(np.argmax(np.abs(here)))
    assert (each.layer, each.unit) == divmod(place, 8)
    assert each.correlation == pytest.approx(here[place], abs=1e-6)
    there = np.corrcoef(cells[half:, place], followed[half:])[0, 1]
    assert each.elsewhere == pytest.approx(there, abs=1e-6)
    moved = np.roll(followed[:half], half // 3)
    chance = max(abs(np.corrcoef(cells[:half, place], moved)[0, 1]) for place in range(cells.shape[1]))
    assert each.chance == pytest.approx(chance, abs=1e-6)


def test_a_chance_finding_does_not_hold():
    """Random capitals, which the model cannot tell from small letters."""
    draw = np.random.default_rng(3)
    generator = made(symbols="abcdefg \nAB")[0]
    weights = generator.engine.named_weights()
    for letter, small in zip("AB", "ab", strict=True):
        weights["embedding"][generator.tokenizer.encode(letter)] = weights["embedding"][
            generator.tokenizer.encode(small)
        ]
    generator.engine = type(generator.engine)(generator.engine.config, weights)
    letters = text_of(400, "abcdefg")
    text = "".join(each.upper() if each in "ab" and draw.random() < 0.5 else each for each in letters)
    (each,) = [each for each in followers(generator, text) if each.name == "capitals"]
    assert abs(each.elsewhere) < 0.8  # a unit can only follow the letters a and b


@pytest.mark.parametrize("text", ["a", "ab", "aaaa"])
def test_a_text_with_little_in_it_gives_finite_correlations(text):
    assert all(np.isfinite(each.correlation) for each in followers(made()[0], text))
