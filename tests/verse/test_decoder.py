"""The decoder alone: refused lines, lines that lead nowhere, restarts, punctuation under masks."""

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.helpers.models import untaught
from textgen.corpus.forms import FORMS
from textgen.tokens.layout import BOUNDARY
from textgen.verse import check, decoder
from textgen.verse.masks.regulated import Regulated
from textgen.verse.masks.sounds import Sounds
from textgen.verse.sounds import pingshui

JUEJU = (ROOT / "corpora" / "jueju.txt").read_text("utf-8")


@pytest.fixture(scope="module")
def desk():
    """Sample a quatrain without compose()."""
    generator = untaught(JUEJU)
    id_of = {symbol: index for index, symbol in enumerate(generator.printed) if index > 1}
    sounds = Sounds(generator.printed, pingshui.readings)
    layout = FORMS["jueju5"].layouts("strict")[0]
    verse = Regulated(layout, sounds, id_of, groups={"A": frozenset(sounds.members)})

    def draw(refused, temperature=0.8, rows=4):
        logits, state = generator.engine.read([BOUNDARY])
        start = decoder.Line([], verse.begin(), state, logits[None])
        options = {"seed": 1, "key": (0,), "temperature": temperature, "rows": rows, "refused": refused}
        return decoder.poem(generator.engine, verse, start, **options)

    def lines(draft):
        return ["".join(generator.printed[index] for index in line.ids).strip() for line in draft.lines]

    return draw, lines


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_a_line_that_leads_nowhere_is_taken_back(desk, temperature):
    draw, lines = desk
    plain = draw(lambda ids: False, temperature)
    assert plain.taken_back == 0

    def refused(ids):
        # No third line is accepted after the first try at a second line, so the decoder must backtrack.
        refused.calls += 1
        return refused.calls > 8 and refused.calls <= 24 + 8 * (temperature > 0)

    refused.calls = 0
    other = draw(refused, temperature)
    assert other.taken_back >= 1
    assert check(lines(other), "jueju5").holds


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_the_search_gives_up_where_every_line_is_refused(desk, temperature):
    draw, _ = desk
    assert draw(lambda ids: True, temperature) is None


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_an_attempt_that_finds_nothing_is_followed_by_others(desk, temperature, monkeypatch):
    draw, lines = desk
    seen = set()
    with monkeypatch.context() as patch:
        patch.setattr(decoder, "MAX_ATTEMPTS", 1)
        assert draw(lambda ids: seen.add(tuple(ids)) or True, temperature) is None
        assert draw(lambda ids: tuple(ids) in seen, temperature) is None
    # The lines that the first attempt can sample are refused; later attempts sample more lines, and others.
    draft = draw(lambda ids: tuple(ids) in seen, temperature)
    assert check(lines(draft), "jueju5").holds
    assert draft.taken_back >= 1
    assert not seen & {tuple(line.ids) for line in draft.lines}


@pytest.mark.parametrize("careful", [False, True])
def test_careful_masks_leave_characters_for_the_rhymes_to_come(careful):
    """A rhyme of two characters, as many as the form needs: elsewhere in a line they would be lost to it."""
    generator = untaught("江雙" + "".join(one for one in JUEJU if "江" not in pingshui.readings(one).groups))
    id_of = {symbol: index for index, symbol in enumerate(generator.printed) if index > 1}
    sounds = Sounds(generator.printed, pingshui.readings)
    verse = Regulated(FORMS["jueju5"].layouts("relaxed")[0], sounds, id_of, groups={"A": frozenset("江")})
    verse = verse.careful() if careful else verse
    position = verse.begin()
    assert verse.mask(position)[[id_of["江"], id_of["雙"]]].tolist() == [not careful] * 2
    assert verse.mask(position).sum() > 500
    # Where the rhyme stands, both may come, with care or without; then only the other.
    for symbol in "白日依山盡，黃河入海":
        position = verse.after(position, id_of[symbol])
    assert [generator.printed[index] for index in verse.mask(position).nonzero()[0]] == ["江", "雙"]
    for symbol in "江。\n欲窮千里目，更上一層":
        position = verse.after(position, id_of[symbol])
    assert [generator.printed[index] for index in verse.mask(position).nonzero()[0]] == ["雙"]


def test_greed_takes_the_likeliest_and_then_others(desk):
    draw, lines = desk
    first = draw(lambda ids: False, temperature=0, rows=1)
    assert lines(first) == lines(draw(lambda ids: False, temperature=0, rows=1))
    assert max(line.score for line in draw(lambda ids: False, temperature=0, rows=8).lines[:1]) >= first.lines[0].score
    other = draw(lambda ids: ids == first.lines[0].ids, temperature=0, rows=2)
    assert lines(other)[0] != lines(first)[0]


def test_marks_keep_the_share_that_the_model_gives_them():
    """Four symbols: a mark of probability one half, and three words, of which the mask allows one."""
    logits = np.log(np.array([[0.5, 0.25, 0.15, 0.1]], np.float32))
    marks = np.array([True, False, False, False])

    def shares(*mask, marks=marks):
        weights = decoder.chances(logits, np.array([mask], bool), 1.0, marks)
        return [round(share, 4) for share in (weights[0] / weights.sum()).tolist()]

    assert shares(1, 0, 0, 1) == [0.5, 0, 0, 0.5]
    # Without marks, and where the mask allows no mark, the mask alone decides.
    assert shares(1, 0, 0, 1, marks=None) == [0.8333, 0, 0, 0.1667]
    assert shares(0, 1, 0, 1) == [0, 0.7143, 0, 0.2857]
    assert shares(1, 0, 0, 0) == [1, 0, 0, 0]
    assert shares(1, 1, 1, 1) == [0.5, 0.25, 0.15, 0.1]


def test_symbols_are_picked_as_often_as_they_are_likely():
    weights = np.array([[0.5, 0, 2.0, 1.5]], np.float32)
    uniforms = (np.arange(4000)[:, None] + 0.5) / 4000
    ids = decoder.pick(np.repeat(weights, 4000, axis=0), uniforms)
    assert np.bincount(ids, minlength=4).tolist() == [500, 0, 2000, 1500]
    # Also where the mask allows only very unlikely symbols: nothing underflows.
    far = np.array([[500.0, -500.0, -501.0]], np.float32)
    left = decoder.chances(far, np.array([[False, True, True]]), 0.5)
    assert left[0, 0] == 0
    assert np.isclose(left[0, 1] / left[0, 2], np.exp(2), rtol=1e-4)
