"""What the masks of English verse forbid beyond the form: stressed articles, unfinished ends, words that sound alike.

The models have random weights and many function words, so that without the masks each of these occurs in every poem.
"""

import itertools
import re

import pytest

from tests.helpers.models import untaught
from textgen.corpus.memory import hash_poems, words
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.subwords import SubwordTokenizer
from textgen.tokens.words import WordTokenizer
from textgen.verse import check, compose
from textgen.verse.sounds import cmudict as cmu

WORDS = (
    "the a an of and or to my in with but from i thee stone light night knight sea see tree be bee flower hour power "
    "river never golden upon delight alone begin again mountain fountain shining ever bone time line prime mine shine "
    "heart part dream stream gleam morning mourning borne born"
).split()
SPELLINGS = [
    ("word", "forward"),
    ("word", "backward"),
    ("char", "forward"),
    ("char", "backward"),
    ("subword", "forward"),
]
# Written by hand: what a line or a phrase may not end on.
NEVER_LAST = {"the", "a", "an", "of", "and", "or", "to", "my", "with", "but", "from"}


@pytest.fixture(scope="module")
def smiths():
    text = " ".join(WORDS)
    symbols = {
        "word": (WordTokenizer, [*WORDS, *(f" {word}" for word in WORDS), *"\n,.;"]),
        "char": (CharTokenizer, f"{text}\n,.;"),
        "subword": (SubwordTokenizer, SubwordTokenizer.train([f"{text}\n,.;"], 300)),
    }
    memory = hash_poems([text])
    memory["lines"] = memory["lines"][:0]
    return {
        (kind, direction): untaught(symbols[kind][1], symbols[kind][0], direction=direction, memory=memory, sharpness=2)
        for kind, direction in SPELLINGS
    }


def readable(line, pattern):
    """Whether some way to say a line's words keeps a pattern, by trying them all."""
    ways = [{one.stress for one in cmu.spoken(word)} for word in words(line)]
    for said in itertools.product(*ways):
        syllables = [(word, digit, len(way)) for word, way in zip(words(line), said, strict=True) for digit in way]
        if len(syllables) == len(pattern) and all(
            (word not in ("the", "a", "an") if sign == "s" else length == 1 or digit != "1")
            for (word, digit, length), sign in zip(syllables, pattern, strict=True)
        ):
            return True
    return False


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("form", ["couplets", "alternate", "limerick"])
def test_articles_ends_and_marks(smiths, form, spelling):
    for seed in range(4):
        poem = compose(smiths[spelling], form=form, seed=seed, temperature=1, tries=6, meter_rule="strict")
        assert check(poem.lines, form, meter_rule="strict").holds, poem.text
        for number, line in enumerate(poem.lines):
            assert words(line)[-1] not in NEVER_LAST, poem.text
            assert not set(map(str.lower, re.findall(r"([\w']+)[,;.]", line))) & NEVER_LAST, poem.text
            if form != "limerick":
                assert readable(line, "ws" * (5 if form == "couplets" else 4)), line
            else:
                feet = 2 if number in (2, 3) else 3
                assert readable(line, "wws" * feet) or readable(line, "ws" + "wws" * (feet - 1)), line


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_word_rhymes_with_one_that_sounds_alike(smiths, spelling):
    alike = [{"night", "knight"}, {"sea", "see"}, {"be", "bee"}, {"morning", "mourning"}, {"borne", "born"}]
    twice = 0
    for seed in range(8):
        poem = compose(smiths[spelling], form="couplets", seed=seed, temperature=1, tries=3)
        ends = [words(line)[-1] for line in poem.lines]
        for pair in (ends[:2], ends[2:]):
            assert pair[0] != pair[1], poem.text
            assert set(pair) not in alike, poem.text
        free = compose(smiths[spelling], form="couplets", seed=seed, temperature=1, tries=3, identical_rhymes=True)
        ends = [words(line)[-1] for line in free.lines]
        twice += ends[0] == ends[1] or set(ends[:2]) in alike
    assert twice


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_near_rhymes_by_choice(smiths, spelling):
    near = 0
    for seed in range(12):
        poem = compose(smiths[spelling], form="alternate", seed=seed, temperature=1, tries=3, rhyme_kind="near")
        assert check(poem.lines, "alternate", rhyme_kind="near").holds, poem.text
        near += check(poem.lines, "alternate").count("rhyme")
    assert near


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_substitutions_are_written_and_read(smiths, spelling):
    licences = set()
    for seed in range(6):
        poem = compose(smiths[spelling], form="couplets", seed=seed, temperature=1, tries=6)
        verdict = check(poem.lines, "couplets")
        assert verdict.holds, poem.text
        licences.update(*(line.licences for line in verdict.lines))
        strict = compose(smiths[spelling], form="couplets", seed=seed, temperature=1, tries=6, meter_rule="strict")
        assert not any(line.licences for line in check(strict.lines, "couplets", meter_rule="strict").lines)
    assert "initial trochee" in licences
    loose = compose(smiths[spelling], form="couplets", seed=1, temperature=1, tries=12, meter_rule="loose")
    assert check(loose.lines, "couplets", meter_rule="loose").holds


def test_a_rhyme_that_was_asked_for_is_not_answered_by_its_homophone(smiths):
    for seed in range(5):
        poem = compose(smiths["word", "backward"], form="couplets", rhyme="night", seed=seed, temperature=1)
        ends = {words(line)[-1] for line in poem.lines[:2]}
        assert ends == {"light", "delight"}, poem.text


@pytest.mark.parametrize("spelling", [("word", "forward"), ("char", "forward"), ("subword", "forward")])
def test_a_beginning_may_keep_any_pattern_of_its_line(smiths, spelling):
    """A trochee first, an iamb first: the rest of the line keeps the pattern that the beginning chose."""
    for start in ("golden", "the golden", "the stone and golden"):
        poem = compose(smiths[spelling], form="couplets", start=start, seed=2, temperature=1)
        assert poem.text.lower().startswith(start)
        assert check(poem.lines, "couplets").holds, poem.text
    for start in () if spelling[0] == "subword" else ("the stone", "the river of stone", "in the light"):
        poem = compose(smiths[spelling], form="limerick", start=start, seed=2, temperature=1)
        assert check(poem.lines, "limerick").holds, poem.text
