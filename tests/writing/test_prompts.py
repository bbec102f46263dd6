"""What a model reads before it writes."""

import pytest

from textgen.errors import CorpusError, PromptError
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.nearest import nearest
from textgen.tokens.words import WordTokenizer
from textgen.writing.prompts import read_prompts, readable

LETTERS = CharTokenizer(list("\n '\"-.,abcdefghijklmnopqrstuvwxyzAE"))
WORDS = WordTokenizer(["\n", " River", " river", " rose", ",", "The", "the"])


@pytest.mark.parametrize(
    ("symbol", "like"),
    [
        ("B", "b"),
        ("é", "e"),
        ("É", "E"),
        ("ø", "o"),
        ("ß", "ss"),
        ("\u2019", "'"),
        ("\u201c", '"'),
        ("\u2014", "-"),
        ("\u3002", "."),
        ("\uff0c", ","),
        ("\u00a0", " "),
        ("\uff41", "a"),  # full-width a
        ("\ufb01", "fi"),  # the ligature
        ("\u96ea", None),
        ("9", None),
    ],
)
def test_the_nearest_character(symbol, like):
    assert nearest(symbol, LETTERS.symbols) == like


@pytest.mark.parametrize(
    ("symbol", "like"),
    [
        (" the", "the"),
        ("river", " river"),
        (" RIVER", " river"),
        (" ROSE", " rose"),
        (" THE", "the"),
        (" Rose", " rose"),
        (" rivers", " river"),
        (" zebra", None),
        (";", ","),
    ],
)
def test_the_nearest_word(symbol, like):
    assert nearest(symbol, WORDS.symbols) == like


def test_a_prompt_the_model_can_read_stays_as_it_is():
    for unknown in ("error", "skip", "nearest"):
        assert readable("the river", LETTERS, unknown) == "the river"


def test_symbols_never_seen_are_refused_skipped_or_replaced():
    with pytest.raises(PromptError, match="2 characters the model never saw: 'é', '雪'"):
        readable("é雪é", LETTERS)
    assert readable("café 雪", LETTERS, "skip") == "caf "
    assert readable("Café\u2014straße", LETTERS, "nearest") == "cafe-strasse"
    with pytest.raises(PromptError, match=r"1 character the model never saw.* '雪'.*`unknown=.skip.`"):
        readable("é雪", LETTERS, "nearest")
    assert readable("the rivers zebra rose", WORDS, "skip") == "the rose"
    assert readable("The rivers ROSE", WORDS, "nearest") == "The river rose"


def test_invisible_characters_are_written_out():
    with pytest.raises(PromptError, match=r"U\+200D"):
        readable("a\u200d", LETTERS)


def test_prompts_are_lines(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_bytes(b"one\r\n\r\n  two \nthree")
    assert read_prompts(path) == ["one", "  two ", "three"]


@pytest.mark.parametrize(
    ("content", "error", "complaint"),
    [
        (None, CorpusError, "no such file"),
        (b"\n \n", PromptError, "no prompt in it"),
        (b"caf\xe9", CorpusError, "not UTF-8: byte 0xe9 at offset 3"),
    ],
)
def test_a_bad_file_of_prompts_is_refused(tmp_path, content, error, complaint):
    path = tmp_path / "prompts.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error) as caught:
        read_prompts(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_prompts_from_a_folder_are_those_of_its_files(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.txt").write_text("three\n")
    assert read_prompts(tmp_path) == ["one", "two", "three"]
