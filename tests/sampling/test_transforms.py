"""Each transform on hand-made distributions, and properties for any logits and any combination."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from tests.conftest import examples
from textgen.engine.probability import softmax
from textgen.errors import UsageError
from textgen.sampling.chain import NeverFollows, chain, transformed
from textgen.sampling.config import SamplingConfig
from textgen.sampling.constraints import (
    Bias,
    ForbidText,
    ForbidWord,
    FrequencyPenalty,
    NoRepeatNgram,
    PresencePenalty,
    RepetitionPenalty,
)
from textgen.sampling.context import Context, Vocabulary
from textgen.sampling.draw import draw
from textgen.sampling.schedules import Constant, Cycle, Ramp
from textgen.sampling.transforms import MinP, Temperature, TopK, TopP, Typical
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.words import WordTokenizer

NOTHING = Context(np.zeros((1, 1), np.intp))
LETTERS = CharTokenizer(list("\n abehrs"))
SYMBOLS = Vocabulary(LETTERS.printed("\n"), LETTERS)


def of(*chances):
    """Logits of these probabilities, one row."""
    with np.errstate(divide="ignore"):
        return np.log([chances])


def kept(transform, *chances, history=None):
    """Which of four symbols a transform leaves."""
    context = Context(np.array([history], np.intp)) if history else NOTHING
    return np.flatnonzero(transform(of(*chances), context)[0] > -np.inf).tolist()


def test_temperature_divides():
    logits = np.array([[1.0, 3.0, 2.0, -1.0]])
    for value in (0.5, 1.0, 2.0):
        weights = np.exp(logits / value)
        assert np.allclose(softmax(Temperature(Constant(value))(logits, NOTHING)), weights / weights.sum())


def test_temperature_zero_leaves_the_first_likeliest_symbol():
    logits = np.array([[1.0, 5.0, 5.0], [7.0, 5.0, 5.0]])
    assert softmax(Temperature(Constant(0.0))(logits, NOTHING)).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert softmax(Temperature(Constant(1e-300))(logits * 1e30, NOTHING)).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_temperatures_in_turn_and_along_a_line():
    assert [Cycle((0.5, 1.0, 2.0)).at(position, None) for position in range(4)] == [0.5, 1.0, 2.0, 0.5]
    line = Ramp(1, 0.5)
    assert [line.at(position, 6) for position in range(6)] == pytest.approx([1, 0.9, 0.8, 0.7, 0.6, 0.5])
    assert line.at(0, 1) == 1


def test_top_k():
    assert kept(TopK(2), 0.1, 0.4, 0.2, 0.3) == [1, 3]
    assert kept(TopK(4), 0.1, 0.4, 0.2, 0.3) == [0, 1, 2, 3]
    assert kept(TopK(9), 0.1, 0.4, 0.2, 0.3) == [0, 1, 2, 3]
    assert kept(TopK(1), 0.1, 0.4, 0.4, 0.1) == [1, 2]  # as likely as the last that is kept
    assert kept(TopK(3), 0.0, 0.5, 0.5, 0.0) == [1, 2]


def test_top_p():
    assert kept(TopP(0.5), 0.1, 0.4, 0.2, 0.3) == [1, 3]
    assert kept(TopP(0.4), 0.1, 0.5, 0.2, 0.2) == [1]
    assert kept(TopP(0.01), 0.1, 0.4, 0.2, 0.3) == [1]
    assert kept(TopP(1.0), 0.1, 0.4, 0.2, 0.3) == [0, 1, 2, 3]


def test_min_p():
    assert kept(MinP(0.5), 0.1, 0.4, 0.25, 0.25) == [1, 2, 3]
    assert kept(MinP(0.7), 0.1, 0.4, 0.25, 0.25) == [1]
    assert kept(MinP(1.0), 0.1, 0.4, 0.1, 0.4) == [1, 3]


def test_typical_keeps_symbols_of_expected_surprisal():
    """Entropy of (0.5, 0.25, 0.125, 0.125) is 1.75 bits: a surprisal of 2 bits is nearest, then 1, then 3."""
    assert kept(Typical(0.2), 0.5, 0.25, 0.125, 0.125) == [1]
    assert kept(Typical(0.7), 0.5, 0.25, 0.125, 0.125) == [0, 1]
    assert kept(Typical(1.0), 0.5, 0.25, 0.125, 0.125) == [0, 1, 2, 3]


def test_a_repetition_penalty_works_on_both_signs_and_within_its_window():
    logits = np.array([[2.0, -2.0, 4.0, -4.0]])
    context = Context(np.array([[2, 0, 1]], np.intp))
    assert RepetitionPenalty(2.0, 3)(logits, context).tolist() == [[1.0, -4.0, 2.0, -4.0]]
    assert RepetitionPenalty(2.0, 2)(logits, context).tolist() == [[1.0, -4.0, 4.0, -4.0]]
    short = Context(np.array([[-1, -1, 0]], np.intp))
    assert RepetitionPenalty(2.0, 3)(logits, short).tolist() == [[1.0, -2.0, 4.0, -4.0]]


def test_a_presence_penalty_counts_each_symbol_once_and_a_frequency_penalty_each_time():
    logits = np.array([[1.0, 2.0, -1.0, 0.5], [0.0, 0.0, 0.0, 0.0]])
    # -1 stands where the second text is shorter.
    context = Context(np.array([[0, 2, 2, 0, 2], [-1, -1, -1, 3, 3]]))
    present = PresencePenalty(0.5)(logits, context)
    assert present.tolist() == [[0.5, 2.0, -1.5, 0.5], [0.0, 0.0, 0.0, -0.5]]
    often = FrequencyPenalty(0.25)(logits, context)
    assert often.tolist() == [[0.5, 2.0, -1.75, 0.5], [0.0, 0.0, 0.0, -0.5]]
    assert FrequencyPenalty(-1.0)(logits, context)[0].tolist() == [3.0, 2.0, 2.0, 0.5]


def test_no_repeat_forbids_what_followed_the_same_before():
    equal = [0.25] * 4
    assert kept(NoRepeatNgram(3), *equal, history=[0, 1, 2, 3, 0, 1]) == [0, 1, 3]
    assert kept(NoRepeatNgram(2), *equal, history=[0, 1, 0, 2, 0]) == [0, 3]
    assert kept(NoRepeatNgram(1), *equal, history=[0, 3]) == [1, 2]
    assert kept(NoRepeatNgram(3), *equal, history=[0, 1]) == [0, 1, 2, 3]
    assert kept(NoRepeatNgram(2), *equal, history=[-1, -1, 2]) == [0, 1, 2, 3]


def test_no_repeat_on_two_texts_at_once():
    context = Context(np.array([[0, 1, 2, 0, 1], [0, 1, 3, 0, 1]], np.intp))
    left = NoRepeatNgram(3)(np.zeros((2, 4)), context)
    assert np.isinf(left).tolist() == [[False, False, True, False], [False, False, False, True]]


def test_some_symbols_never_follow_others():
    masks = np.array([[0, 0, 0], [0, -np.inf, 0]])
    context = Context(np.array([[0], [2]], np.intp))
    left = NeverFollows(np.array([0, 0, 1]), masks)(np.zeros((2, 3), np.float32), context)
    assert np.isinf(left).tolist() == [[False] * 3, [False, True, False]]
    assert left.dtype == np.float64


def written(text, transform, tokenizer=LETTERS, separator="\n"):
    """The texts of the symbols that a transform leaves after a text."""
    printed = tokenizer.printed(separator)
    ids = tokenizer.encode(text).astype(np.intp)[None]
    left = transform(np.zeros((1, tokenizer.vocabulary_size)), Context(ids, 0, None, printed))
    return {printed[index] for index in np.flatnonzero(left[0] > -np.inf)}


def make(kind, value, tokenizer=LETTERS, separator="\n"):
    return kind.build(value, SamplingConfig(), Vocabulary(tokenizer.printed(separator), tokenizer))


def test_a_forbidden_character_is_never_left():
    assert "e" not in written("a", make(ForbidText, ("e",)))
    assert "e" not in written("", make(ForbidText, ("e",)))


def test_a_forbidden_text_is_stopped_at_its_last_symbol():
    forbid = make(ForbidText, ("hers",))
    assert "s" not in written("a her", forbid)
    assert "s" in written("a he", forbid)
    assert "r" in written("a he", forbid)


def test_a_forbidden_text_may_span_words():
    words = WordTokenizer([",", "\n", " river", " the", "The", "the"])
    forbid = make(ForbidText, ("the river",), words)
    assert " river" not in written("the", forbid, words)
    assert " river" not in written(", the", forbid, words)
    assert " river" in written(",", forbid, words)
    assert " the" not in written("The", make(ForbidText, ("he",), words), words)


def test_a_separator_is_text_too():
    assert "\n" not in written("a", make(ForbidText, ("\n",)))
    forbid = make(ForbidText, ("\n\n",), separator="\n\n")
    assert "\n" in written("a", forbid, separator="\n\n")
    assert "\n\n" not in written("a", forbid, separator="\n\n")
    assert "\n" not in written("a\n", forbid, separator="\n\n")


def test_a_forbidden_word_may_begin_a_longer_one():
    forbid = make(ForbidWord, ("he",))
    assert written("a he", forbid) == {"", "a", "b", "e", "h", "r", "s"}
    assert written("he", forbid) == {"", "a", "b", "e", "h", "r", "s"}
    assert " " in written("she", forbid)
    assert " " in written("her", forbid)


def test_a_forbidden_word_of_a_word_model():
    words = WordTokenizer([" river", " rivers", "river"])
    assert written("", make(ForbidWord, ("river",), words), words) == {"\n", "", " rivers"}


def test_a_bias_finds_its_symbols():
    printed = LETTERS.printed("\n")
    values = make(Bias, (("e", -1.5), ("\n", 2.0))).values
    assert {printed[index]: value for index, value in enumerate(values) if value and index > 1} == {"e": -1.5, "\n": 2}
    words = WordTokenizer([" river", "river"])
    assert make(Bias, (("river", 1.0),), words).values.tolist() == [0, 0, 1, 1]


def test_a_bias_may_name_its_symbols_by_their_ids():
    index = LETTERS.encode("e")[0]
    changed = make(Bias, ((int(index), -2.0), ("e", 0.5)))(np.zeros((1, LETTERS.vocabulary_size)), NOTHING)[0]
    assert changed.nonzero()[0].tolist() == [index]
    assert changed[index] == -1.5
    assert SamplingConfig(bias={3: 1}).bias == ((3, 1.0),)
    for outside in (LETTERS.vocabulary_size, -1):
        with pytest.raises(UsageError, match=f"`bias`: the model has no id {outside}; its ids go from 0 to 9"):
            make(Bias, ((outside, 1.0),))


def test_a_bias_for_a_symbol_outside_the_vocabulary():
    with pytest.raises(UsageError, match=r"`bias`: .*'é'; .*'e'"):
        chain(SamplingConfig(bias={"é": 1}), SYMBOLS)


def test_the_order_of_the_chain_is_the_documented_one():
    options = {"forbid": "a", "forbid_word": "he", "bias": {"e": 1}, "repetition_penalty": 1.1, "no_repeat": 3}
    options |= {"temperature": 0.5, "top_k": 5, "top_p": 0.9, "min_p": 0.1, "typical": 0.9}
    own = lambda logits, context: logits  # noqa: E731
    built = chain(SamplingConfig(**options), SYMBOLS, [own])
    order = [NeverFollows, ForbidText, ForbidWord, Bias, RepetitionPenalty, NoRepeatNgram]
    assert [type(each) for each in built] == [*order, type(own), Temperature, TopK, TopP, MinP, Typical]
    assert [type(each) for each in chain(SamplingConfig(temperature=1), SYMBOLS)] == [NeverFollows]


def test_temperature_comes_before_top_p():
    """At temperature 0.5, 0.5 0.3 0.2 becomes 0.66 0.24 0.11: 0.6 is then reached by one symbol, not by two."""
    chances = (0.0, 0.0, 0.5, 0.3, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0)[: LETTERS.vocabulary_size]
    logits = np.maximum(of(*chances), -1e9).astype(np.float32)
    context = Context(np.array([[2]], np.intp))
    for temperature, left in ((0.5, [2]), (1.0, [2, 3])):
        config = SamplingConfig(temperature=temperature, top_p=0.6)
        result = transformed(logits, context, chain(config, SYMBOLS))
        assert np.flatnonzero(result[0] > -np.inf).tolist() == left


# ---- what must hold whatever the logits and options ----

SIZE = LETTERS.vocabulary_size
ANY_LOGITS = arrays(np.float64, (3, SIZE), elements=some.floats(-1e30, 1e30, allow_subnormal=False))
# Texts of different lengths, the newest symbol last, -1 before their beginnings.
HISTORIES = some.lists(some.lists(some.integers(0, SIZE - 1), min_size=1, max_size=12), min_size=3, max_size=3).map(
    lambda rows: np.array([[-1] * (12 - len(row)) + row for row in rows], np.intp)
)
ONE = {
    "temperature": some.floats(0, 100) | some.sampled_from([0.0, 1e-300, 1e-9, 100.0]),
    "top_k": some.integers(1, 20),
    "top_p": some.floats(0, 1, exclude_min=True),
    "min_p": some.floats(0, 1, exclude_min=True),
    "typical": some.floats(0, 1, exclude_min=True),
    "repetition_penalty": some.floats(0.01, 100),
    "repetition_window": some.integers(1, 20),
    "bias": some.dictionaries(some.sampled_from("abehrs "), some.floats(-1e9, 1e9), max_size=3),
}
KINDS = {
    "temperature": (Temperature, True),
    "top_k": (TopK, True),
    "top_p": (TopP, True),
    "min_p": (MinP, True),
    "typical": (Typical, False),
}


@settings(max_examples=examples(300))
@given(logits=ANY_LOGITS, data=some.data(), name=some.sampled_from(sorted(KINDS)))
def test_each_transform_leaves_a_choice_makes_no_nan_and_keeps_order(logits, data, name):
    kind, likeliest_stays = KINDS[name]
    before = logits.copy()
    value = data.draw(ONE[name])
    transform = kind(Constant(value) if kind is Temperature else value)
    after = transform(logits, Context(np.zeros((3, 1), np.intp)))
    assert np.array_equal(logits, before)  # pure
    assert not np.isnan(after).any()
    for old, new in zip(logits, after, strict=True):
        left = np.flatnonzero(new > -np.inf)
        assert len(left)
        # Among what is left nothing changes places (two may become equal).
        order = left[np.argsort(old[left], kind="stable")]
        assert (np.diff(new[order]) >= 0).all()
        if likeliest_stays:
            assert new[old.argmax()] == new.max()


@settings(max_examples=examples(300))
@given(logits=ANY_LOGITS, history=HISTORIES, options=some.fixed_dictionaries({}, optional=ONE))
def test_any_mix_leaves_a_choice_and_makes_no_nan(logits, history, options):
    transforms = chain(SamplingConfig(**options), SYMBOLS)
    after = transformed(logits, Context(history, 5, 100, LETTERS.printed("\n")), transforms)
    assert not np.isnan(after).any()
    assert (after > -np.inf).any(axis=1).all()
    drawn = draw(after, np.array([[0.0], [0.5], [1 - 2**-53]]))
    assert (after[np.arange(3), drawn] > -np.inf).all()


@settings(max_examples=examples(200))
@given(logits=ANY_LOGITS, history=HISTORIES, n=some.integers(1, 12), penalty=ONE["repetition_penalty"])
def test_transforms_that_look_back_make_no_nan(logits, history, n, penalty):
    context = Context(history)
    after = RepetitionPenalty(penalty, n)(logits, context)
    assert np.isfinite(after).all()
    unseen = [sorted(set(range(SIZE)) - set(row[-n:].tolist())) for row in history]
    for old, new, rest in zip(logits, after, unseen, strict=True):
        assert np.array_equal(old[rest], new[rest])
    forbidden = NoRepeatNgram(n)(logits, context)
    assert not np.isnan(forbidden).any()
    for row, new in zip(history.tolist(), forbidden, strict=True):
        past = {tuple(row[at : at + n]) for at in range(len(row) - n + 1)}
        for symbol in range(SIZE):
            longer = (*row[len(row) - n + 1 :], symbol)
            assert (new[symbol] == -np.inf) == (longer in past and -1 not in longer)
