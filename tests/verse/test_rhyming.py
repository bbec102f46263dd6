"""Perfect and near rhymes, and words that sound alike."""

import numpy as np
import pytest

from textgen.verse import check
from textgen.verse.sounds.lexicon import Lexicon
from textgen.verse.sounds.rhyming import NEAR, PERFECT, are_near, rhymes, sound_alike


@pytest.mark.parametrize(
    ("one", "other", "perfect", "near"),
    [
        ("time", "prime", True, True),
        ("time", "line", False, True),  # nasals
        ("back", "map", False, True),  # stops without voice
        ("love", "rough", False, False),  # one has voice
        ("men", "tin", False, True),  # a near vowel before the same consonant
        ("see", "day", False, False),  # vowels alone
        ("stone", "light", False, False),
        ("river", "quiver", True, True),
        ("bitter", "dipper", False, True),
    ],
)
def test_perfect_and_near(one, other, perfect, near):
    assert bool(rhymes(one, PERFECT) & rhymes(other, PERFECT)) == perfect
    assert bool(rhymes(one, NEAR) & rhymes(other, NEAR)) == are_near(one, other) == are_near(other, one) == near


def test_words_that_sound_alike():
    assert sound_alike("night", "knight")
    assert sound_alike("see", "sea")
    assert sound_alike("stone", "stone")
    assert not sound_alike("night", "light")
    assert not sound_alike("xyzzyq", "night")
    lexicon = Lexicon(["night", "knight", "light", "sea", "see"])
    assert [lexicon.words[at] for at in lexicon.homophones(0)] == ["night", "knight"]
    everything = np.ones(5, bool)
    assert "AY T" in lexicon.rich(3, everything)
    assert not lexicon.is_rich("AY T", 3, everything)
    assert lexicon.is_rich("AY T", 2, everything)
    assert not lexicon.is_rich("IY", 2, everything)


KNIGHT = [
    "And in the morning came the darkest night",
    "And in the evening came the silver knight",
    "And all the day we counted out the time",
    "And every day he read another line",
]


def test_the_checker_names_near_rhymes_and_words_that_sound_alike():
    verdict = check(KNIGHT, "couplets")
    assert [str(one) for line in verdict.lines for one in line.breaks] == [
        "rhyme: knight sounds as night does in line 1",
        "rhyme: line does not rhyme with time: a near rhyme",
    ]
    loose = check(KNIGHT, "couplets", rhyme_kind="near", identical_rhymes=True)
    assert loose.holds
    assert loose.lines[3].remarks == ["near rhyme with time"]
    twice = check([KNIGHT[0], KNIGHT[0], *KNIGHT[2:]], "couplets", identical_rhymes=True)
    assert twice.count("rhyme") == 1
