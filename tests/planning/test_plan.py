import pytest

from textgen.corpus.documents import Corpus
from textgen.errors import CorpusError
from textgen.planning.plan import plan
from textgen.runs.config import ModelConfig, TrainingConfig


def settle(text, model=None, **training):
    documents = (text,) if isinstance(text, str) else tuple(text)
    return plan(Corpus("text", documents), ModelConfig(**model or {}), TrainingConfig(**training))


def test_minutes_leave_the_number_of_steps_to_the_clock():
    settled = settle("abcdefgh" * 5556, minutes=2)
    assert settled.steps is None
    # 40,001 ids to train on, 32 streams of 1,250, 19 steps of 64 in each.
    assert any("2 minutes, 19 steps a pass" in line for line in settled.lines())
    assert settle("abcdefgh" * 5556, epochs=3).steps == 57


def test_a_text_shorter_than_a_stretch_is_refused_with_the_numbers():
    with pytest.raises(CorpusError) as caught:
        settle("x" * 50)
    assert "46 characters to train on; one stretch of --sequence-length 64 needs 65" in str(caught.value)


def test_a_short_text_shrinks_the_batch_and_says_so():
    settled = settle("xy" * 500)
    assert settled.streams.rows == settled.training.batch_size == 13
    assert any("13 of --batch-size 32 streams" in note for note in settled.notes)


def test_the_vocabulary_is_settled_and_covers_the_held_out_text():
    settled = settle("a" * 950 + "z" * 50)
    assert settled.model.vocabulary_size == 4
    assert settled.text.held_out_characters == 100


def test_a_cut_vocabulary_is_said_with_its_share():
    settled = settle(["abcd" * 100] * 4, model={"vocabulary_size": 4}, validation=0.0)
    assert any(note.startswith("49.9% of the characters are outside the vocabulary") for note in settled.notes)


def test_no_held_out_text():
    settled = settle("abc" * 500, validation=0.0)
    assert settled.held_out is None
    assert not any("hold any out" in note for note in settled.notes)
    assert any("single character" in note for note in settle("a" * 500).notes)


def test_a_word_counts_as_its_characters():
    settled = settle("one two three four five six " * 100, model={"tokenizer": "word"})
    # Six words in 28 characters, and one boundary at the start.
    assert settled.symbols_per_character == pytest.approx(6 / 28, rel=0.1)
    assert settle("one two " * 300).symbols_per_character == 1
    assert settled.characters_per_step == pytest.approx(settled.streams.rows * 64 * 28 / 6, rel=0.1)
