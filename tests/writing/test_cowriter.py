"""Writing together with a model, without a terminal."""

import numpy as np
import pytest

from tests.helpers.models import spelling
from textgen import Generator
from textgen.errors import PromptError, UsageError
from textgen.writing.cowriter import CoWriter


@pytest.fixture(scope="module")
def generator(tiny_run):
    return Generator.load(tiny_run)


def test_proposals_are_different_words_the_likeliest_first(generator):
    writer = CoWriter(generator, "0: the hen", seed=1, words=2, ways=4)
    proposals = writer.propose()
    assert 1 < len(proposals) <= 4
    assert len({proposal.text for proposal in proposals}) == len(proposals)
    chances = [proposal.probability for proposal in proposals]
    assert chances == sorted(chances, reverse=True)
    for proposal in proposals:
        assert proposal.text == generator.tokenizer.decode(proposal.ids)
        assert proposal.text.endswith("\n") or 1 <= len(proposal.text.split()) <= 3


def test_a_probability_belongs_to_the_words():
    """A model that writes "my boat" with near certainty: e^20 against 1 at each of its symbols."""
    writer = CoWriter(spelling("my boat,"), temperature=1, words=1, seed=1)
    (first, *_) = writer.propose()
    assert first.text == "my"
    each = np.exp(20) / (np.exp(20) + 7)  # of nine ids, the unknown one and an empty document's end cannot be
    assert first.probability == pytest.approx(each**2, rel=1e-5)


def test_the_same_seed_gives_the_same_proposals_and_each_call_new_ones(generator):
    one, other = (CoWriter(generator, "the ", seed=3) for _ in range(2))
    first = [one.propose(), one.propose()]
    assert first == [other.propose(), other.propose()]
    assert first[0] != first[1]


def test_take_add_undo(generator):
    writer = CoWriter(generator, "the ", seed=3)
    (proposal, *_) = writer.propose()
    writer.take(proposal)
    assert writer.text == "the " + proposal.text
    assert writer.add(" and the fox") == []
    assert writer.text == "the " + proposal.text + " and the fox"
    assert writer.undo()
    assert writer.undo()
    assert writer.text == "the "
    assert not writer.undo()
    with pytest.raises(UsageError, match=r"`proposal` takes a Proposal .*`add` appends a text of your own.*; got 'x'"):
        writer.take("x")


def test_the_model_reads_what_was_chosen(generator):
    """Taken step by step or given as a prompt, the text leads to the same logits."""
    writer = CoWriter(generator, "the ", seed=3)
    for _ in range(3):
        writer.take(writer.propose()[0])
    writer.add("see")
    whole = CoWriter(generator, writer.text, seed=3)
    step, prompt = writer._steps[-1].start, whole._steps[-1].start
    assert np.abs(step.logits - prompt.logits).max() < 1e-4
    assert step.ids.tolist() == prompt.ids.tolist()


def test_added_text_stays_where_the_model_cannot_read_it(generator):
    writer = CoWriter(generator, "the ", seed=3)
    assert writer.add("Ünder é") == ["Ü", "é"]
    assert writer.text == "the Ünder é"
    assert writer.propose()
    with pytest.raises(PromptError):
        CoWriter(generator, "Ü")
    assert CoWriter(generator, "Ü", unknown="skip").text == "Ü"


def test_parts_of_a_word_are_joined(word_run):
    generator = Generator.load(word_run)
    writer = CoWriter(generator, " the h", unknown="skip", seed=1)
    writer.add("en went")
    assert writer._steps[-1].start.ids.tolist() == generator.read_prompt(" the hen went").tolist()


def test_a_temperature_may_change(generator):
    writer = CoWriter(generator, "the ", seed=3)
    writer.temperature = 0
    assert writer.temperature == 0
    (only,) = writer.propose()
    assert only.probability == pytest.approx(1)
    with pytest.raises(UsageError, match=r"`temperature`"):
        writer.temperature = "hot"
    with pytest.raises(UsageError, match=r"`temperature=1:[0-9.]+` changes over the length"):
        writer.temperature = "1:2"
    assert writer.temperature == 0
    with pytest.raises(UsageError, match=r"`temperature=1:[0-9.]+` changes over the length"):
        CoWriter(generator, temperature="1:0.5")


def test_the_end_of_a_document_is_proposed_too():
    writer = CoWriter(spelling("my boat", "block"), temperature=0, words=1, seed=1)
    for expected in ("my", " boat", "\n\n", "my"):
        (proposal,) = writer.propose()
        assert proposal.text == expected
        writer.take(proposal)
    assert writer.text == "my boat\n\nmy"
