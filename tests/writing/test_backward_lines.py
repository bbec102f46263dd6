"""Lines read and written from their end are shown in reading order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import TINY
from tests.helpers.models import spelling, untaught
from textgen import CoWriter, Generator, train
from textgen.errors import UsageError
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.layout import BOUNDARY, lay_out, reverse_lines
from textgen.tokens.words import WordTokenizer


def backward(text, documents="line"):
    generator = spelling(text, documents)
    generator.direction = "backward"
    return generator


@given(st.lists(st.text("ab\nc", max_size=12), max_size=4))
def test_each_line_is_reversed_and_nothing_else(documents):
    tokenizer = CharTokenizer("\nabc")
    ids = lay_out(tokenizer, documents, backward=True)
    expected = []
    for document in documents:
        expected.append(BOUNDARY)
        expected += tokenizer.encode("\n".join(line[::-1] for line in document.split("\n"))).tolist()
    assert ids.tolist() == expected
    order = reverse_lines(ids, tokenizer)
    assert np.array_equal(order[order], np.arange(len(ids)))
    assert np.array_equal(ids[order], lay_out(tokenizer, documents))


def test_lines_are_shown_in_reading_order():
    # It draws c, b, a, line feed; the document's end prints a line feed too.
    generator = backward("cba\n")
    assert generator.generate(length=9, temperature=0) == "abc\n\nabc\n"
    assert generator.generate_many(length=9, temperature=0, count=3) == ["abc\n\nabc\n"] * 3
    assert list(generator.stream(length=9, temperature=0)) == ["", "", "", "abc\n", "\n", "", "", "", "abc\n"]


def test_a_line_that_is_cut_off_is_reversed_too():
    assert backward("cba\n").generate(length=7, temperature=0) == "abc\n\nbc"
    assert backward("cba\n").generate_many(length=7, temperature=0, count=2) == ["abc\n\nbc"] * 2


def test_documents_and_stops_follow_the_shown_text():
    generator = backward("cba")
    assert generator.generate(documents=2, temperature=0) == "abc\nabc"
    assert generator.generate(length=20, stop="bc", temperature=0) == "a"
    assert generator.generate_many(length=20, stop="bc", temperature=0, count=2) == ["a", "a"]


def test_a_prompt_is_whole_lines():
    generator = backward("cba\n")
    text = generator.generate("abc", length=3, temperature=0)
    assert text.startswith("abc\n")
    assert generator.read_prompt("ab\nc").tolist() == [BOUNDARY, *generator.tokenizer.encode("ba\nc")]


def test_a_score_is_in_the_order_of_the_text():
    generator = backward("cba\n")
    forward = spelling("cba\n", "line")
    backward_score = generator.score("abc\n")
    assert backward_score.symbols == list("abc\n")
    # c is read first.
    assert np.allclose(backward_score.surprisal[[2, 1, 0, 3]], forward.score("cba\n").surprisal)


def test_writing_together_goes_line_by_line():
    """The model writes c, b, a, end of line; the text is in reading order, and so is what a person adds."""
    writer = CoWriter(backward("cba\n"), temperature=0, seed=1)
    assert (writer.by_line, writer.text) == (True, "")
    (proposal,) = writer.propose()
    assert (proposal.text, proposal.probability) == ("abc\n", pytest.approx(1, abs=1e-6))
    writer.take(proposal)
    assert writer.add("bca") == []
    assert writer.text == "abc\nbca\n"
    assert writer.add("cab\n") == []
    generator = writer._generator
    assert writer._steps[-1].start.ids.tolist() == [BOUNDARY, *ids_from_line_ends(generator, "abc\nbca\ncab\n")]
    assert writer.undo()
    assert writer.undo()
    assert writer.text == "abc\n"
    # Here this model ends the document, and then begins the next.
    assert [each.text for each in writer.propose()] == ["\n"]
    assert CoWriter(generator, "abc").text == "abc\n"


def ids_from_line_ends(generator, text):
    """The ids of lines as the model reads them: each from its end."""
    return generator.tokenizer.encode("".join(line[::-1] + "\n" for line in text.splitlines())).tolist()


def test_a_word_run_writes_together_line_by_line():
    """Proposals are lines of a model with random weights: as it writes them, in reading order."""
    generator = untaught(["the", " hen", " fox", "\n"], WordTokenizer, direction="backward", sharpness=2.0)
    writer = CoWriter(generator, seed=3, ways=9)
    proposals = writer.propose()
    assert len(proposals) > 2
    assert all(proposal.text.endswith("\n") for proposal in proposals)
    writer.take(proposals[0])
    before = len(writer.text)
    writer.add("the hen")
    assert writer.text[before:] == "the hen\n"
    assert writer.propose()


def test_no_proposed_line_begins_with_a_space_or_a_comma():
    generator = untaught(["the", " hen", " fox", "\n", ","], WordTokenizer, direction="backward", sharpness=0.5)
    writer = CoWriter(generator, seed=3, ways=9)
    for _ in range(5):
        proposals = writer.propose()
        assert all(proposal.text[0] not in " ," and "thethe" not in proposal.text for proposal in proposals), proposals


def test_what_cannot_be_done_backward_says_so():
    generator = backward("cba\n")
    for options in ({"beam": 2}, {"max_copy": 3, "corpus": "abc"}):
        with pytest.raises(UsageError, match="`beam` and `max_copy`"):
            generator.generate(**options)
    with pytest.raises(UsageError, match="forward, another backward"):
        Generator.mix([generator, spelling("cba\n", "line")])


def test_a_run_remembers_its_direction(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.txt").write_text("abcdefgh\n" * 300)
    options = TINY | {"epochs": 3, "learning_rate": 0.03, "direction": "backward", "documents": "poem"}
    (tmp_path / "poems.txt").write_text("".join(f"abcdefgh\nmnopqrs{mark}\n\n" for mark in "tuvwxyzijkl" * 30))
    history = train(tmp_path / "lines.txt", tmp_path / "run", quiet=True, **options | {"documents": "file"})
    assert history.best_nats < 0.5
    generator = Generator.load(tmp_path / "run")
    assert generator.direction == "backward"
    assert "abcdefgh\nabcdefgh" in generator.generate(length=60, temperature=0)
    evaluated = command("evaluate", tmp_path / "run", tmp_path / "lines.txt", "--json")
    assert evaluated.exit_code == 0
    lines = "1\n/words 2\nhgfe\n/save tale.txt\n/quit\n"
    written = command("write", tmp_path / "run", "--temperature", 0, "--prompt", "abc", input=lines)
    assert "a proposal is a whole line, and so is each text of your own" in written.stderr
    assert "this run proposes whole lines" in written.stderr
    assert written.stdout == (tmp_path / "tale.txt").read_text() == "abc\nabcdefgh\nhgfe\n"
    again = train(tmp_path / "lines.txt", tmp_path / "more", from_run=tmp_path / "run", epochs=1, quiet=True)
    assert Generator.load(again.path).direction == "backward"
    mixed = Generator.mix([generator, generator])
    assert mixed.direction == "backward"
    assert untaught("ab", direction="backward").direction == "backward"


POEM = """The lamp is lit, the lamp is low;
"And who," he said, "will mind the snow?"
Nobody (the wind) will say: the day
goes on, goes by - and then away!
"""


@given(st.permutations(POEM.splitlines()))
def test_what_a_backward_run_never_writes_is_in_no_text(lines):
    tokenizer = WordTokenizer.train([POEM])
    kinds, masks = tokenizer.following(backward=True)
    ids = lay_out(tokenizer, ["\n".join(lines), "\n".join(lines[::-1])], backward=True)
    assert np.isfinite(masks[kinds[ids[:-1]], ids[1:]]).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_backward_run_of_words_writes_whole_words_and_lines(seed):
    # Random weights try every pair of words that is not forbidden.
    generator = untaught(WordTokenizer.train([POEM]).symbols, WordTokenizer, seed, "backward", sharpness=1.0)
    texts = [generator.generate(length=1500, seed=seed), *generator.generate_many(count=2, length=1500, seed=seed)]
    for text in texts:
        lines = [line for line in text.split("\n") if line][:-1]  # the last may be cut off at its beginning
        assert len(lines) > 5
        assert generator.tokenizer.unknown("\n".join(lines)) == []  # words that touch are words that it does not know
        assert not [line for line in lines if line[0] in " ,;:.!?)"]
