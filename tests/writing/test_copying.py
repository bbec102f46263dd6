"""Writing that copies no long span of a given text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.conftest import examples, verse
from tests.helpers.models import fixed, spelling
from textgen import Generator
from textgen.corpus.spans import Spans, longest_copy
from textgen.errors import UsageError
from textgen.tokens.layout import BOUNDARY


@settings(max_examples=examples(300))
@given(
    text=some.text("abc\u00e9\U0001f600", max_size=40), length=some.integers(1, 45), probe=some.text("abc", max_size=45)
)
def test_spans_are_found_by_their_text(text, length, probe):
    spans = Spans(text, length)
    for at in range(len(text) - length + 1):
        assert text[at : at + length] in spans
    for at in range(len(probe) - length + 1):
        assert (probe[at : at + length] in spans) == (probe[at : at + length] in text)
    assert spans.any_in(probe) == any(probe[at : at + length] in text for at in range(len(probe) - length + 1))


@settings(max_examples=examples(200))
@given(text=some.text("ab", max_size=25), source=some.text("ab", max_size=25))
def test_the_longest_copy(text, source):
    copies = [text[at:end] for at in range(len(text)) for end in range(at + 1, len(text) + 1) if text[at:end] in source]
    wanted = max(map(len, copies), default=0)
    found = longest_copy(text, source)
    assert len(found) == wanted
    assert found in text
    assert found in source


SOURCE = verse()[:2500]


@pytest.fixture(scope="session")
def parrot(made_once):
    """An overfitted model, which has memorised its text."""
    return Generator.load(made_once("parrot", _learn_by_heart) / "parrot")


def _learn_by_heart(folder):
    from textgen import train

    options = {"units": 96, "layers": 1, "learning_rate": 0.01, "dropout": 0, "output_dropout": 0}
    options |= {"recurrent_dropconnect": 0, "validation": 0, "batch_size": 8, "sequence_length": 32}
    train(text=SOURCE, out=folder / "parrot", quiet=True, epochs=70, sample_length=0, **options)


def test_an_overfitted_model_copies_and_then_does_not(parrot):
    source = SOURCE
    plain = parrot.generate(length=1000, temperature=0.5, seed=1)
    writing = parrot.write(length=1000, temperature=0.5, seed=1, max_copy=20, corpus=source)
    (guarded,) = writing.finish()
    print(f"longest copied span: {len(longest_copy(plain, source))} without, {len(longest_copy(guarded, source))} with")
    assert len(longest_copy(plain, source)) > 60
    assert len(longest_copy(guarded, source)) <= 20
    assert writing.samples[0].symbols == 1000


def test_a_guarded_text_depends_on_its_seed_alone(parrot):
    options = {"length": 200, "temperature": 0.7, "max_copy": 12, "corpus": SOURCE}
    three = parrot.generate_many(count=3, seed=4, **options)
    assert three == parrot.generate_many(count=3, seed=4, **options)
    assert three[0] == parrot.generate(seed=4, **options)
    assert len(set(three)) == 3


def test_a_prompt_counts_as_the_beginning_of_a_copy(parrot):
    source = SOURCE
    prompt = source[: source.index("barn")]  # longer than what may be copied: the next word must not be the text's
    text = parrot.generate(prompt, length=40, temperature=0, max_copy=10, corpus=source)
    assert text[: len(prompt)] == prompt
    for at in range(len(prompt) - 10, len(text) - 10):
        assert text[at : at + 11] not in source


def test_the_stream_is_the_text(parrot):
    options = {"length": 150, "seed": 2, "temperature": 0.6, "max_copy": 15, "corpus": SOURCE}
    pieces = list(parrot.stream("0: the ", **options))
    assert "".join(pieces) == parrot.generate("0: the ", **options)
    assert len(pieces) == 151


def test_greedy_writing_avoids_copies_too(parrot):
    text = parrot.generate("0: the ", length=300, temperature=0, max_copy=20, corpus=verse())
    assert len(longest_copy(text[7:], verse())) <= 20


def test_only_copies_left_is_an_error():
    generator = fixed({BOUNDARY: {2: 5, 3: 4}, 2: {2: 5, 3: 4}, 3: {2: 5, 3: 4}}, "line")
    everything = "aabbaaabbbababba\n\nb\na\n"
    with pytest.raises(UsageError, match="`max_copy=1`"):
        generator.generate(length=30, max_copy=1, corpus=everything, seed=1)
    # With one more character allowed there is a way for longer.
    assert len(generator.generate(length=4, max_copy=3, corpus="abab", seed=1)) == 4


def test_separators_are_part_of_the_text():
    generator = spelling("xy", sureness=3.0)
    text = generator.generate(length=60, max_copy=3, corpus="xy\nxy\nxy", seed=1, temperature=1)
    assert len(longest_copy(text, "xy\nxy\nxy")) <= 3


def test_the_two_options_go_together(parrot):
    for options in ({"max_copy": 5}, {"corpus": "text"}):
        with pytest.raises(UsageError, match="`max_copy` and `corpus`"):
            parrot.generate(**options)


def test_words_count_in_characters(word_run):
    generator = Generator.load(word_run)
    source = SOURCE
    options = {"length": 120, "temperature": 0.3, "seed": 3, "include_prompt": False}
    assert len(longest_copy(generator.generate(**options), source)) > 8
    assert len(longest_copy(generator.generate(**options, max_copy=8, corpus=source), source)) <= 8
