"""Several models sampled as one."""

import numpy as np
import pytest

from tests.helpers.models import fixed, untaught
from textgen import Generator
from textgen.engine.probability import softmax
from textgen.errors import UsageError
from textgen.tokens.base import Rules
from textgen.tokens.layout import BOUNDARY, UNKNOWN
from textgen.tokens.subwords import SubwordTokenizer
from textgen.tokens.words import WordTokenizer


def chances(generator, prompt):
    """The probability of each symbol after a prompt."""
    logits, _ = generator.engine.read(generator.read_prompt(prompt))
    return dict(zip(["<end>", "<unknown>", *generator.tokenizer.symbols], softmax(logits[None])[0], strict=True))


def test_probabilities_are_the_weighted_mean():
    one = fixed({2: {2: 2.0, 3: 1.0}}, symbols="ab")
    other = fixed({2: {2: -1.0, 3: 3.0}}, symbols="ab")
    mixed = Generator.mix([one, other], [3, 1])
    first, second, both = (chances(each, "a") for each in (one, other, mixed))
    for symbol in first:
        assert both[symbol] == pytest.approx(0.75 * first[symbol] + 0.25 * second[symbol], rel=1e-5)


def test_the_union_of_two_vocabularies():
    one, other = fixed({2: {3: 2.0}}, symbols="ab"), fixed({2: {3: 2.0}}, symbols="bc")
    mixed = Generator.mix([one, other])
    assert mixed.tokenizer.symbols == ["a", "b", "c"]
    # After b: the first model reads its b, the second too, each by its own id.
    first, second, both = chances(one, "b"), chances(other, "b"), chances(mixed, "b")
    assert both["a"] == pytest.approx(first["a"] / 2, rel=1e-5)
    assert both["b"] == pytest.approx((first["b"] + second["b"]) / 2, rel=1e-5)
    assert both["c"] == pytest.approx(second["c"] / 2, rel=1e-5)
    assert sum(both.values()) == pytest.approx(1)
    # After a, which the second does not have: it has read its unknown symbol.
    logits, _ = other.engine.read([BOUNDARY, UNKNOWN])
    assert chances(mixed, "a")["c"] == pytest.approx(softmax(logits[None])[0, 3] / 2, rel=1e-5)


def test_with_weight_0_only_the_other_model_counts(tiny_run, word_run):
    generator = Generator.load(tiny_run)
    other = fixed({}, "file", symbols="ab")
    mixed = Generator.mix([generator, other], [1, 0])
    assert mixed.generate("the ", length=80, seed=3) == generator.generate("the ", length=80, seed=3)
    assert mixed.generate_many("the ", length=80, seed=3, count=3) == generator.generate_many(
        "the ", length=80, seed=3, count=3
    )
    assert mixed.generate("the ", length=20, beam=3) == generator.generate("the ", length=20, beam=3)


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        ([1], "`weights` takes one weight for each run: 2 runs, 1 weight"),
        ([1, 2, 3], "2 runs, 3 weights"),
        ([1, -1], "`weights` takes weights of 0 or more"),
        ([0, 0], "not all 0"),
        ([float("nan"), 1], "`weights` takes weights of 0 or more"),
    ],
)
def test_weights_that_do_not_match_are_refused(weights, complaint):
    with pytest.raises(UsageError) as caught:
        Generator.mix([fixed({}), fixed({})], weights)
    assert complaint in str(caught.value)


def test_characters_and_words_do_not_mix(tiny_run, word_run):
    with pytest.raises(UsageError, match="one run writes characters, another words"):
        Generator.mix([Generator.load(tiny_run), Generator.load(word_run)])


def test_mixed_logits_are_never_nan():
    mixed = Generator.mix([fixed({2: {2: 1e4}}), fixed({2: {3: 1e4}})])
    logits, _ = mixed.engine.read([BOUNDARY, 2])
    assert not np.isnan(logits).any()


def test_runs_of_subwords_mix_where_their_vocabularies_are_the_same():
    text = "the fox and the hen went down to the barn\n" * 9
    one, other = (SubwordTokenizer.train([text], size) for size in (280, 290))
    generators = [untaught(one, SubwordTokenizer, seed=seed) for seed in (1, 2)]
    mixed = Generator.mix(generators)
    assert mixed.tokenizer.split("the hen") == one.split("the hen")
    assert mixed.generate("the", length=10, seed=1) == Generator.mix(generators).generate("the", length=10, seed=1)
    with pytest.raises(UsageError, match="different vocabularies of subwords"):
        Generator.mix([generators[0], untaught(other, SubwordTokenizer)])


def test_words_that_are_kept_whole_stay_whole_in_a_mixture():
    tokenizer = WordTokenizer.train(["a <unk>"], rules=Rules(special=("<unk>",)))
    mixed = Generator.mix([untaught(tokenizer, WordTokenizer), untaught(tokenizer, WordTokenizer)])
    assert mixed.tokenizer.split("a <unk>") == ["a", " <unk>"]
