import dataclasses
import shutil
import typing

import pytest

from tests.helpers.models import fixed
from textgen import Corpus, CoWriter, Generator
from textgen.errors import PromptError, UsageError
from textgen.inspection import trace
from textgen.options import option_of
from textgen.runs.run import load_run
from textgen.sampling.config import SamplingConfig, SamplingOptions
from textgen.tokens.layout import BOUNDARY
from textgen.tokens.words import WordTokenizer


@pytest.fixture(scope="module")
def generator(tiny_run):
    return Generator.load(tiny_run)


def test_stream_yields_what_generate_joins(generator):
    pieces = list(generator.stream("the ", length=30, seed=1))
    assert pieces[0] == "the "
    assert len(pieces) == 31
    assert "".join(pieces) == generator.generate("the ", length=30, seed=1)


def test_same_seed_same_text_and_another_seed_another(generator):
    texts = [generator.generate(length=200, seed=seed) for seed in (7, 7, 8)]
    assert texts[0] == texts[1] != texts[2]
    # Symbols are counted; a boundary between documents is one, though it shows as an empty line.
    assert len(list(filter(None, generator.stream(length=200, seed=7)))) == 200
    # Without a seed, two calls differ.
    assert generator.generate(length=200) != generator.generate(length=200)


def test_temperature_zero_needs_no_seed(generator):
    assert generator.generate("the", length=50, temperature=0) == generator.generate("the", length=50, temperature=0)


def test_the_prompt_is_read_and_shown_unless_asked_otherwise(generator):
    shown = generator.generate("the cow", length=10, seed=3)
    hidden = generator.generate("the cow", length=10, seed=3, include_prompt=False)
    assert shown == "the cow" + hidden
    assert generator.generate("the cow", length=40, temperature=0, include_prompt=False) != generator.generate(
        "7: the", length=40, temperature=0, include_prompt=False
    )


def test_length_zero_is_the_prompt(generator):
    assert generator.generate("the", length=0) == "the"
    assert generator.generate(length=0) == ""


def test_a_bad_prompt_is_refused_before_the_first_symbol(generator):
    with pytest.raises(PromptError) as caught:
        generator.stream("the Ünknown\u200d")
    assert "2 characters the model never saw: 'Ü', U+200D" in str(caught.value)


def test_options_are_checked(generator):
    with pytest.raises(UsageError, match=r"`temperature`"):
        generator.stream(temperature=-1)
    with pytest.raises(UsageError, match=r"'temprature'.*did you mean 'temperature'"):
        generator.stream(temprature=3)
    with pytest.raises(UsageError, match=r"'heat'.*temperature"):
        generator.write(heat=3)


@pytest.mark.parametrize("method", [Generator.generate, Generator.stream, Generator.generate_many, Generator.write])
def test_editors_and_help_know_every_option(method):
    assert typing.get_type_hints(method)["options"] == typing.Unpack[SamplingOptions]
    for field in dataclasses.fields(SamplingConfig):
        assert f"{field.name}: {option_of(field).help}" in method.__doc__


def test_options_may_come_in_a_configuration(generator):
    config = SamplingConfig(length=40, seed=3, top_k=4)
    text = generator.generate("the ", config=config)
    assert text == generator.generate("the ", length=40, seed=3, top_k=4)
    assert generator.generate("the ", config=config, length=10) == text[:14]
    assert generator.generate_many("the ", config=config, count=2)[0] == text


def test_a_long_text_is_never_held_in_memory(generator):
    stream = generator.stream(length=10**9, seed=1)
    assert len("".join(next(stream) for _ in range(100))) == 100


def test_a_boundary_between_documents_is_printed_as_what_separates_them():
    a, b = 2, 3
    cycle = {BOUNDARY: a, a: b, b: BOUNDARY}
    assert fixed(cycle, "line").generate(length=5, temperature=0) == "ab\nab"
    assert fixed(cycle, "block").generate(length=5, temperature=0) == "ab\n\nab"


def test_no_document_is_empty():
    stuck = {BOUNDARY: BOUNDARY, 2: BOUNDARY}
    assert fixed(stuck, "line").generate(length=4, temperature=0) == "a\na\n"


def test_the_unknown_symbol_is_never_written():
    generator = fixed({BOUNDARY: 1, 2: 1, 3: 1}, "line")
    assert set(generator.generate(length=50, temperature=0)) <= {"a", "\n"}
    assert set(generator.generate(length=50, seed=1)) <= set("ab\n")


def test_two_words_are_never_written_as_one():
    symbols = [" b", "a", "c"]  # ids 2, 3, 4
    generator = fixed({BOUNDARY: 3, 3: 4, 4: 3, 2: 4}, "line", symbols, WordTokenizer)
    assert generator.generate(length=4, temperature=0) == "a\na\n"


def test_a_whole_file_begins_as_after_a_blank_line(tiny_run):
    generator = Generator.load(tiny_run)
    newline = generator.tokenizer.encode("\n")[0]
    assert generator.read_prompt("").tolist() == [newline, newline]
    assert generator.tokenizer.decode(generator.read_prompt("the hen")) == "the hen"
    assert BOUNDARY not in generator.read_prompt("the hen")
    assert fixed({}, "block").read_prompt("a").tolist() == [BOUNDARY, 2]
    assert fixed({}, "file").read_prompt("").tolist() == [BOUNDARY]  # a vocabulary without line ends


def test_a_run_folder_can_be_moved(tiny_run, tmp_path):
    moved = tmp_path / "elsewhere" / "other name"
    shutil.copytree(tiny_run, moved)
    assert Generator.load(moved).generate(length=50, seed=1) == Generator.load(tiny_run).generate(length=50, seed=1)


def test_word_models_write_words(word_run):
    generator = Generator.load(word_run)
    text = generator.generate(length=60, seed=2)
    assert generator.tokenizer.unknown(text) == []
    assert "\n\n" in text or len(text.split()) > 10


def test_what_a_program_handles_is_shown_in_one_short_line(generator):
    """A notebook shows the last value of a cell: no arrays, no symbols one by one."""
    text = "the hen and the fox\n" * 200
    writing = generator.write([text, ""], length=3, seed=1)
    before = repr(writing)
    writing.finish()
    writer, seen = CoWriter(generator, text, ways=1, words=2, seed=3), trace(generator, text)
    shown = {
        before: "<Writing of 2 texts, 0 ended; iterate it to write them>",
        repr(writing): "<Writing of 2 texts, 2 ended",
        repr(writing.samples[0]): "<Sample 0: 'the hen and the fox",
        repr(writing.samples[1]): "<Sample 0: ",
        repr(generator.score("the hen")): "<Score: 7 symbols, ",
        repr(seen): "<Trace of 'the hen",
        repr(writer): "<CoWriter: 'the hen",
        repr(writer.propose()[0]): "Proposal(text=",
        repr(Corpus("rhymes", (text, text))): "<Corpus 'rhymes': 8,000 characters in 2 documents>",
        repr(generator.tokenizer): f"<CharTokenizer of {generator.tokenizer.vocabulary_size} symbols>",
    }
    for line, beginning in shown.items():
        assert line.startswith(beginning), line
        assert len(line) < 200
        assert "\n" not in line
    assert repr(seen).endswith(": 4,000 steps, 1 layer of 24 units>")


def test_a_generator_says_in_one_line_what_it_is(tiny_run, word_run, tmp_path):
    generator, run = Generator.load(tiny_run), load_run(tiny_run)
    loss = min(line["validation_nats"] for line in run.history())
    parts = [str(tiny_run), "characters", f"{generator.tokenizer.vocabulary_size} symbols", "LSTM 1 x 24"]
    parts += [f"{run.model.parameters():,} parameters", f"validation loss {loss:.4g} nats a character"]
    assert all(part in repr(generator) for part in parts), repr(generator)
    assert not hasattr(generator, "_repr_html_")
    assert "words" in repr(Generator.load(word_run))
    mixed = repr(Generator.mix([generator, generator], [3, 1]))
    assert mixed.startswith(f"<Generator mixing 0.75 {tiny_run} and 0.25 {tiny_run}: characters, ")
    # Weights that are not the run's do not claim its loss.
    for other in (fixed({}), generator.with_hold({"forget": 0.5})):
        assert repr(other).startswith("<Generator of no run: characters, ")
        assert "loss" not in repr(other)
    shutil.copytree(tiny_run, tmp_path / "moved")
    moved = Generator.load(tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved")
    assert "loss" not in repr(moved)
