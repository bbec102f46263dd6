"""The scorer of next lines, on poems from a grammar that it has not seen."""

import io
import random

import numpy as np
import pytest

from tests.helpers import planted_verse as planted
from textgen.errors import UsageError
from textgen.verse.meaning.coherence import Coherence


@pytest.fixture(scope="module")
def coherence():
    return Coherence.learn([lines for _, lines in planted.poems(500, seed=1)])


@pytest.fixture(scope="module")
def unseen():
    return [lines for _, lines in planted.poems(120, seed=2)]


def test_the_real_next_line_is_found_among_others(coherence, unseen):
    chooser = random.Random(3)
    found = {1: 0, 2: 0, 3: 0}
    for lines in unseen:
        for place in found:
            others = [poem[place] for poem in chooser.sample([each for each in unseen if each != lines], 9)]
            scores = coherence.scores(lines[:place], [*others, lines[place]])
            assert scores.shape == (10,)
            found[place] += int(scores.argmax()) == 9
    # Of twelve themes the others have nine at most, and a partner word tells more than the theme.
    assert found[1] > 0.8 * len(unseen)
    assert found[3] > 0.8 * len(unseen)
    assert found[2] > 0.5 * len(unseen)  # a new couplet shares the theme only


def test_poems_score_above_their_lines_in_other_poems_and_in_another_order(coherence, unseen):
    real = np.array([coherence.poem(lines) for lines in unseen])
    across = np.array([coherence.poem(lines) for lines in planted.shuffled(unseen, seed=4)])
    turned = np.array([coherence.poem([lines[at] for at in (0, 2, 1, 3)]) for lines in unseen])
    assert np.mean(real > across) > 0.95
    assert np.mean(real > turned) > 0.9
    assert real.mean() > 0 > across.mean()


def test_a_poem_scores_the_mean_of_its_lines(coherence, unseen):
    for lines in unseen[:5]:
        each = [coherence.scores(lines[:place], [lines[place]])[0] for place in (1, 2, 3)]
        assert coherence.poem(lines) == pytest.approx(np.mean(each), abs=1e-4)
    marked = [f"{line}，" for line in unseen[0]]
    assert coherence.poem(marked) == coherence.poem(unseen[0])


def test_what_has_no_line_before_it_scores_nothing(coherence, unseen):
    assert coherence.scores([], unseen[0]).tolist() == [0, 0, 0, 0]
    assert coherence.scores(unseen[0], []).shape == (0,)
    assert coherence.poem(unseen[0][:1]) == 0
    strange = coherence.scores(["☃"], ["龘龘龘龘龘", ""])
    assert np.isfinite(strange).all()


def test_a_scorer_is_kept_as_arrays_and_facts(coherence, unseen):
    file = io.BytesIO()
    np.savez(file, **coherence.arrays())
    file.seek(0)
    again = Coherence.from_arrays(dict(np.load(file)), coherence.facts())
    candidates = [lines[1] for lines in unseen]
    assert np.array_equal(again.scores(unseen[0][:1], candidates), coherence.scores(unseen[0][:1], candidates))


def test_the_same_poems_and_seed_give_the_same_scorer(unseen):
    first, second, other = (Coherence.learn(unseen[:40], seed) for seed in (5, 5, 6))
    scores = [each.scores(unseen[0][:2], [lines[2] for lines in unseen]) for each in (first, second, other)]
    assert np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_english_lines_are_words():
    chooser = random.Random(7)
    poems = [planted.english_poem(chooser) for _ in range(300)]
    coherence = Coherence.learn(poems[:220])
    assert "the" in coherence.symbols
    right = 0
    for lines in poems[220:]:
        others = [poem[1] for poem in poems[220:] if poem[1][4:6] != lines[1][4:6]][:9]
        right += int(coherence.scores([lines[0].upper() + ","], [lines[1], *others]).argmax() == 0)
    assert right > 0.9 * 80


def test_too_few_poems_are_refused():
    with pytest.raises(UsageError, match="`poems`: at least 20 poems of two lines or more are needed; got 0"):
        Coherence.learn([["白日依山盡"]] * 30)
    with pytest.raises(UsageError, match="no word or character occurs 3 times"):
        Coherence.learn([[chr(0x4E00 + 2 * number), chr(0x4E01 + 2 * number)] for number in range(30)])
