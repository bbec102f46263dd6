"""Plans: what is known of a training before its first step."""

import pytest

from textgen.corpus.documents import Corpus
from textgen.corpus.notes import Note, NoteKind
from textgen.errors import CorpusError
from textgen.planning.plan import plan
from textgen.runs.config import ModelConfig, TrainingConfig


def planned(text, model=None, **training):
    documents = (text,) if isinstance(text, str) else tuple(text)
    return plan(Corpus("text", documents), ModelConfig(**model or {}), TrainingConfig(**training))


def test_minutes_leave_the_number_of_steps_to_the_clock():
    found = planned("abcdefgh" * 5556, minutes=2)
    assert found.steps is None
    # 40,001 ids to train on, 32 streams of 1,250, 19 steps of 64 in each.
    facts = {fact.name: fact.text for fact in found.facts()}
    assert list(facts) == ["text", "size", "model", "training"]
    assert "2 minutes, 19 steps a pass" in facts["training"]
    assert [str(fact) for fact in found.facts()] == [f"{name}: {text}" for name, text in facts.items()]
    assert planned("abcdefgh" * 5556, epochs=3).steps == 57


def test_a_text_shorter_than_a_stretch_is_refused_with_the_numbers():
    with pytest.raises(CorpusError) as caught:
        planned("x" * 50)
    assert "46 characters to train on; one stretch of `sequence_length=64` needs 65" in str(caught.value)


def test_a_short_text_shrinks_the_batch_and_a_note_says_so():
    found = planned("xy" * 500)
    assert found.streams.rows == found.training.batch_size == 13
    assert any("fills only 13 of 32 streams" in note for note in found.notes)


def test_the_vocabulary_covers_the_held_out_text():
    found = planned("a" * 950 + "z" * 50)
    assert found.model.vocabulary_size == 4
    assert found.text.held_out_extent.characters == 100


def test_a_note_says_which_share_is_outside_the_vocabulary():
    found = planned(["abcd" * 100] * 4, model={"vocabulary_size": 4}, validation=0.0)
    assert any(note.startswith("49.9% of the characters are outside the vocabulary") for note in found.notes)


def test_no_held_out_text():
    found = planned("abc" * 500, validation=0.0)
    assert found.held_out is None
    assert not any("hold any out" in note for note in found.notes)
    assert any("single character" in note for note in planned("a" * 500).notes)


def test_notes_on_the_text_are_notes_of_the_plan():
    note = Note(NoteKind.LINE_ENDS, "t: 3 CR or CR LF line ends read as LF", "3")
    found = plan(Corpus("t", ("abcd" * 500,), notes=(note,)), ModelConfig(), TrainingConfig())
    assert found.notes[0] == str(note)


def test_a_vocabulary_is_extended_by_new_symbols_only():
    older = planned("abcd" * 500).tokenizer
    found = plan(Corpus("t", ("cdef" * 500,)), ModelConfig(), TrainingConfig(), extend_from=older)
    assert found.tokenizer.symbols == [*"abcd", *"ef"]
    assert found.model.vocabulary_size == 8
    # An existing vocabulary stays as it is.
    again = plan(Corpus("t", ("cdef" * 500,)), ModelConfig(), TrainingConfig(), tokenizer=older)
    assert again.tokenizer is older
    assert any("outside the vocabulary" in note for note in again.notes)


def test_a_word_counts_as_its_characters():
    found = planned("one two three four five six " * 100, model={"tokenizer": "word"})
    # Six words in 28 characters, and one boundary at the start.
    assert found.symbols_per_character == pytest.approx(6 / 28, rel=0.1)
    assert planned("one two " * 300).symbols_per_character == 1
    assert found.characters_per_step == pytest.approx(found.streams.rows * 64 * 28 / 6, rel=0.1)


def test_a_large_batch_takes_a_higher_rate_and_a_note_says_so():
    text = "abcdefgh" * 20_000
    usual, large = planned(text), planned(text, batch_size=128)
    assert large.training.learning_rate == 2 * usual.training.learning_rate
    (note,) = [note for note in large.notes if "times the usual 32" in note]
    assert "learning rate is 2 times as high, the square root" in note
    assert not [note for note in usual.notes if "usual 32" in note]
    own = planned(text, batch_size=128, learning_rate=0.003)
    assert own.training.learning_rate == 0.003
    assert not [note for note in own.notes if "usual 32" in note]
    assert planned(text, batch_size=8).training.learning_rate == usual.training.learning_rate
