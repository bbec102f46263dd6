"""Lines as they are printed: capitals, marks, articles, quotation marks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.corpus.memory import words
from textgen.verse.finishing import finish
from textgen.verse.sounds import rhyming


@pytest.mark.parametrize(
    ("lines", "finished"),
    [
        (["i saw a owl ; and then", ", an user of an unicorn , ,"], ["I saw an owl; and then", "A user of a unicorn."]),
        (["an hour, a heir, an house"], ["An hour, an heir, a house."]),
        (["vitamin a is good, and hepatitis a. a owl"], ["Vitamin a is good, and hepatitis a. An owl."]),
        (["by my side a angel"], ["By my side an angel."]),
        (["he came. then, i'm told, he'll go"], ["He came. Then, I'm told, he'll go."]),
        (["the light of, the moon and. the sun"], ["The light of the moon and the sun."]),
        (["what? who !! and he ,; said"], ["What? Who! And he; said."]),
        (["\u201c he said ( and then", "we slept )"], ["He said (and then", "We slept)."]),
        (['"we go', 'we come" and rest'], ['"We go', 'We come" and rest.']),
        (["we go) and rest]"], ["We go and rest."]),
        (["\u2018 tis the old man's house \u2019"], ["\u2018Tis the old man's house.\u2019"]),
        (["and so..."], ["And so..."]),
        (["is it so?"], ["Is it so?"]),
        (["and we sleep,"], ["And we sleep."]),
        (["the bird is gone; and", "", "i"], ["The bird is gone; and", "", "I."]),
        ([], []),
        ([""], [""]),
        ([",.;"], [""]),
    ],
)
def test_lines_are_finished(lines, finished):
    assert finish(lines) == finished


def test_capitals_by_choice():
    lines = ["the moon is up", "and i am down. so", "we part"]
    assert finish(lines) == ["The moon is up", "And I am down. So", "We part."]
    assert finish(lines, "sentences") == ["The moon is up", "and I am down. So", "we part."]
    assert finish(lines, "as-is") == ["the moon is up", "and i am down. so", "we part."]
    assert finish(["the end.", "so it is"], "sentences") == ["The end.", "So it is."]


def test_a_word_of_two_sounds_or_of_none_keeps_its_article():
    assert rhyming.starts_with_vowel("xyzzyq") is None
    assert finish(["an xyzzyq", "a xyzzyq"], "as-is") == ["an xyzzyq", "a xyzzyq."]
    assert rhyming.starts_with_vowel("herb") is None
    assert finish(["an herb, a herb"], "as-is") == ["an herb, a herb."]


TEXT = st.text(st.sampled_from("ai nth,.;!?()\"'\u201c\u201d\u2018\u2019 "), max_size=30)


@given(st.lists(TEXT, max_size=4), st.sampled_from(["lines", "sentences", "as-is"]))
def test_no_word_is_lost_and_twice_finished_is_once_finished(lines, capitals):
    once = finish(lines, capitals)
    assert len(once) == len(lines)
    assert finish(once, capitals) == once
    for line in once:
        assert not line.startswith((",", ".", ";", " "))
        assert "  " not in line
        assert ",," not in line


@given(st.lists(st.sampled_from(["owl", "hour", "user", "a", "an", "the", "stone,", "is.", "i"]), max_size=8))
def test_the_words_stay_in_their_order(chosen):
    found = finish([" ".join(chosen)])

    def plain(line):
        return ["a" if word == "an" else word for word in words(line)]

    assert plain(found[0]) == plain(" ".join(chosen))
