"""The decoder by itself: lines that are refused, lines that lead nowhere, marks under masks."""

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.helpers.models import untaught
from textgen.corpus.forms import FORMS
from textgen.tokens.layout import BOUNDARY
from textgen.verse import check
from textgen.verse import decoder as decoding
from textgen.verse.masks.regulated import Regulated, Sounds
from textgen.verse.sounds import pingshui

JUEJU = (ROOT / "corpora" / "jueju.txt").read_text("utf-8")


@pytest.fixture(scope="module")
def desk():
    """What drawing a quatrain by hand takes."""
    generator = untaught(JUEJU)
    id_of = {symbol: index for index, symbol in enumerate(generator.printed) if index > 1}
    sounds = Sounds(generator.printed, pingshui.readings)
    verse = Regulated(FORMS["jueju5"], "aBbA", "strict", sounds, id_of, groups=frozenset(sounds.members))

    def draw(refused, temperature=0.8, rows=4):
        logits, state = generator.engine.read([BOUNDARY])
        start = decoding.Line([], verse.begin(), state, logits[None])
        options = {"seed": 1, "key": (0,), "temperature": temperature, "rows": rows, "refused": refused}
        return decoding.poem(generator.engine, verse, start, **options)

    def lines(drawn):
        return ["".join(generator.printed[index] for index in line.ids).strip() for line in drawn.lines]

    return draw, lines


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_a_line_that_leads_nowhere_is_taken_back(desk, temperature):
    draw, lines = desk
    plain = draw(lambda ids: False, temperature)
    assert plain.taken_back == 0
    dead = plain.lines[1].ids[:5]

    def refused(ids):
        # After the line that would have been second there is no third: whoever wants to go on must turn back.
        refused.calls += 1
        return refused.calls > 8 and refused.calls <= 24 + 8 * (temperature > 0)

    refused.calls = 0
    other = draw(refused, temperature)
    assert other.taken_back >= 1
    assert check(lines(other), "jueju5").holds
    assert dead


def test_patience_has_an_end(desk):
    draw, _ = desk
    assert draw(lambda ids: True) is None
    assert draw(lambda ids: True, temperature=0) is None


def test_greed_takes_the_likeliest_and_then_others(desk):
    draw, lines = desk
    first = draw(lambda ids: False, temperature=0, rows=1)
    assert lines(first) == lines(draw(lambda ids: False, temperature=0, rows=1))
    assert max(line.score for line in draw(lambda ids: False, temperature=0, rows=8).lines[:1]) >= first.lines[0].score
    unlike = draw(lambda ids: ids == first.lines[0].ids, temperature=0, rows=2)
    assert lines(unlike)[0] != lines(first)[0]


def test_marks_keep_the_share_that_the_model_gives_them():
    """Four symbols: a mark and three words, of which the mask leaves one; the mark had a chance of a half."""
    logits = np.log(np.array([[0.5, 0.25, 0.15, 0.1]], np.float32))
    marks = np.array([True, False, False, False])

    def shares(*mask, marks=marks):
        told = decoding.chances(logits, np.array([mask], bool), 1.0, marks)
        return [round(share, 4) for share in (told[0] / told.sum()).tolist()]

    assert shares(1, 0, 0, 1) == [0.5, 0, 0, 0.5]
    # Without marks, and where no mark may stand, a mask is a mask.
    assert shares(1, 0, 0, 1, marks=None) == [0.8333, 0, 0, 0.1667]
    assert shares(0, 1, 0, 1) == [0, 0.7143, 0, 0.2857]
    assert shares(1, 0, 0, 0) == [1, 0, 0, 0]
    assert shares(1, 1, 1, 1) == [0.5, 0.25, 0.15, 0.1]


def test_symbols_are_picked_as_often_as_they_are_likely():
    told = np.array([[0.5, 0, 2.0, 1.5]], np.float32)
    uniforms = (np.arange(4000)[:, None] + 0.5) / 4000
    ids = decoding.pick(np.repeat(told, 4000, axis=0), uniforms)
    assert np.bincount(ids, minlength=4).tolist() == [500, 0, 2000, 1500]
    # Also far from what the model wanted: nothing is lost below the smallest number.
    far = np.array([[500.0, -500.0, -501.0]], np.float32)
    left = decoding.chances(far, np.array([[False, True, True]]), 0.5)
    assert left[0, 0] == 0
    assert np.isclose(left[0, 1] / left[0, 2], np.exp(2), rtol=1e-4)
