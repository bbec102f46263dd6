"""Where texts end, and texts written side by side."""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.conftest import examples
from tests.helpers.models import fixed, spelling
from textgen import Generator
from textgen.engine.network import Engine
from textgen.errors import UsageError
from textgen.sampling.config import SamplingConfig
from textgen.sampling.context import Context
from textgen.tokens.layout import BOUNDARY
from textgen.writing.samples import Ending
from textgen.writing.texts import ROWS


@pytest.fixture(scope="module")
def generator(tiny_run):
    return Generator.load(tiny_run)


@pytest.fixture(scope="module")
def poems(word_run):
    return Generator.load(word_run)


def shown(pieces, **options):
    """What an Ending shows of some pieces, and what ended them."""
    ending, text = Ending(SamplingConfig(**options)), ""
    for index, piece in pieces:
        text += ending.take(index, piece)
        if ending.over:
            return text, ending.over
    return text + ending.rest(), None


def cut(text, *sizes):
    at = 0
    for size in sizes:
        yield 5, text[at : at + size]
        at += size
    if text[at:]:
        yield 5, text[at:]


def test_a_stop_is_not_shown_when_several_symbols_form_it():
    assert shown(cut("one END two", 5, 1, 1), stop="END") == ("one ", "stop")
    assert shown(cut("one EN two", 5, 1, 1), stop="END") == ("one EN two", None)
    assert shown(cut("one EN", 4, 1), stop="END") == ("one EN", None)
    assert shown(cut("aaab", 1, 1, 1), stop="aab") == ("a", "stop")
    assert shown(cut("one, two. three", 15), stop=["three", ". ", ","]) == ("one", "stop")


@settings(max_examples=examples(300))
@given(
    text=some.text("ab", max_size=30),
    sizes=some.lists(some.integers(1, 4), max_size=30),
    stops=some.lists(some.text("ab", min_size=1, max_size=5), min_size=1, max_size=3),
)
def test_stops_found_piece_by_piece_equal_those_of_the_whole_text(text, sizes, stops):
    """The first stop to be complete ends the text where it begins."""
    ends = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    first = min(ends)[0] if ends else None
    result, over = shown(((5, piece) for _, piece in cut(text, *[1] * len(text))), stop=stops)
    if first is None:
        assert (result, over) == (text, None)
    else:
        assert over == "stop"
        assert result == text[: min(at for end, at in ends if end == first)]
    # In larger pieces the text is never longer, and never holds a stop.
    coarse, _ = shown(cut(text, *sizes), stop=stops)
    assert text.startswith(coarse)
    assert not any(stop in coarse for stop in stops)


def test_documents_are_counted_and_the_last_separator_is_not_shown():
    a, b = (5, "a"), (BOUNDARY, "\n\n")
    assert shown([a, b, a, a, b, a], documents=2) == ("a\n\naa", "documents")
    assert shown([a, b], documents=2) == ("a\n\n", None)


def test_whole_documents_are_written():
    generator = spelling("tale\n x")
    assert generator.generate(documents=1, temperature=0) == "tale\n x"
    assert generator.generate(documents=3, temperature=0) == "tale\n x\ntale\n x\ntale\n x"
    assert generator.generate("tal", documents=1, temperature=0) == "tale\n x"
    assert generator.generate(documents=3, length=9, temperature=0) == "tale\n x\nt"
    assert generator.generate_many(documents=1, temperature=0, count=3) == ["tale\n x"] * 3


def test_a_model_of_whole_files_writes_no_documents(generator):
    with pytest.raises(UsageError, match=r"`documents`.*`documents=.block.`"):
        generator.generate(documents=1)


def test_a_stop_ends_one_text_and_each_of_many():
    generator = spelling("abcdefg")
    assert generator.generate(length=50, stop="de", temperature=0) == "abc"
    assert generator.generate("abcde", length=50, stop="de", temperature=0) == "abcdefg\nabc"  # not in the prompt
    assert generator.generate_many(["", "ab"], length=50, stop="de", temperature=0, count=2) == ["abc"] * 4
    writing = generator.write(length=50, stop="de", temperature=0, count=2)
    assert "".join(piece for sample, piece in writing if sample is writing.samples[1]) == "abc"
    assert [(sample.ended, sample.symbols) for sample in writing.samples] == [("stop", 5)] * 2


def test_the_third_of_five_is_the_third_of_ten(generator):
    five = generator.generate_many("the ", count=5, length=300, seed=7)
    ten = generator.generate_many("the ", count=10, length=300, seed=7)
    assert ten[:5] == five
    assert len(set(ten)) == 10
    # In another block too.
    many = generator.generate_many("the ", count=ROWS + 3, length=60, seed=7)
    assert [text[:60] for text in ten] == [text[:60] for text in many[:10]]
    assert many[ROWS:] == generator.generate_many("the ", count=ROWS + 9, length=60, seed=7)[ROWS : ROWS + 3]


def test_one_alone_begins_as_the_first_of_many(generator):
    alone = generator.generate("the ", length=60, seed=7)
    assert alone == generator.generate_many("the ", count=3, length=60, seed=7)[0]


def test_a_prompts_texts_do_not_depend_on_how_many_others_there_are(generator):
    prompts = ["the hen", "the fox", "said the bee"]
    three = generator.generate_many(prompts, count=2, length=40, seed=1)
    two = generator.generate_many(prompts[:2], count=4, length=40, seed=1)
    assert [text.startswith(prompts[index // 2]) for index, text in enumerate(three)] == [True] * 6
    assert three[:2] == two[:2]
    assert three[2:4] == two[4:6]


def test_texts_side_by_side_follow_the_model():
    """Chi-square of 32 texts from a model with a known chance: a is followed by a with probability 0.8."""
    stay = float(np.log(4))
    generator = fixed({BOUNDARY: {2: 60}, 2: {2: stay, 3: 0, BOUNDARY: -60}, 3: {2: 60}}, "line")
    texts = generator.generate_many(count=32, length=400, temperature=1, seed=3)
    after_a = [text[at + 1] for text in texts for at in range(len(text) - 1) if text[at] == "a"]
    share = after_a.count("a") / len(after_a)
    deviation = (0.8 * 0.2 / len(after_a)) ** 0.5
    assert abs(share - 0.8) < 4 * deviation


def test_the_best_of_several_is_the_likeliest(generator):
    several = generator.write("the ", length=40, seed=5, count=2, best_of=6)
    assert [piece for _, piece in several][:2] == ["the ", "the "]
    single = generator.write("the ", length=40, seed=5, count=2, measured=True)
    single.finish()
    for best, first in zip(several.samples, single.samples, strict=True):
        assert best.mean_log_probability >= first.mean_log_probability - 1e-6
    assert several.samples[0].text != several.samples[1].text
    assert generator.generate("the ", length=40, seed=5, best_of=6) == several.samples[0].text


def test_a_log_probability_is_the_models(generator):
    """The sum over the written symbols equals what scoring the text gives for them."""
    writing = generator.write("the hen went", length=30, seed=2, temperature=1.5, top_k=5, measured=True)
    writing.finish()
    (sample,) = writing.samples
    logits, state = generator.engine.read(generator.read_prompt("the hen went"))
    total = 0.0
    for index in generator.tokenizer.encode(sample.text[len("the hen went") :]):
        row = logits.astype(np.float64)
        total += row[index] - np.log(np.exp(row - row.max()).sum()) - row.max()
        logits, state = generator.engine.read([index], state)
    assert sample.log_probability == pytest.approx(total, rel=1e-6)
    assert sample.mean_log_probability == pytest.approx(total / 30, rel=1e-6)


def test_history_is_right_after_its_buffer_wraps(poems, monkeypatch):
    """No n-gram is repeated in a text longer than the kept history."""
    monkeypatch.setattr(Context, "max_history", 16)
    ids = []

    def watch(logits, context):
        assert context.history.shape[1] <= 16
        ids.append(int(context.history[0, -1]))
        return logits

    poems.generate(length=200, seed=4, no_repeat=2, temperature=1.0, transforms=[watch])
    assert len(ids) == 200
    pairs = list(itertools.pairwise(ids))
    assert len(set(pairs)) > 50
    for at, pair in enumerate(pairs):
        assert pair not in pairs[max(at - 14, 0) : at]


def test_a_callers_own_transform(generator):
    seen = []

    def only_vowels(logits, context):
        seen.append((context.position, context.history[0, -1], context.tail(0, 3)))
        vowels = generator.tokenizer.encode("aeiou")
        masked = np.full_like(logits, -np.inf)
        masked[:, vowels] = logits[:, vowels]
        return masked

    text = generator.generate("the", length=5, seed=1, transforms=[only_vowels])
    assert set(text[3:]) <= set("aeiou")
    assert [position for position, _, _ in seen] == [0, 1, 2, 3, 4]
    assert seen[0][2] == "the"
    assert seen[2][2] == ("the" + text[3:5])[-3:]
    with pytest.raises(UsageError, match="a transform returned an array"):
        generator.generate(transforms=[lambda logits, context: logits[0]])
    with pytest.raises(UsageError, match=r"`transforms` takes a list of functions of \(logits, context\)"):
        generator.generate(transforms=only_vowels)


def test_forbidding_everything_is_an_error_when_nothing_is_left(generator):
    with pytest.raises(UsageError, match="no symbol is left to draw"):
        generator.generate(length=3, forbid=[*generator.tokenizer.symbols])
    with pytest.raises(UsageError, match="no symbol is left to draw"):
        generator.generate_many(length=60, no_repeat=1, count=2)


def test_a_text_may_have_a_million_million_symbols(generator):
    stream = generator.stream(length=10**12, seed=1)
    assert len("".join(next(stream) for _ in range(1000))) == 1000


def test_generate_writes_one_text(generator):
    with pytest.raises(UsageError, match=r"`count=2`.*generate_many"):
        generator.generate(count=2)


def test_a_writing_yields_what_its_samples_then_hold(generator):
    writing = generator.write(["the hen", "the fox"], count=2, length=100, seed=1)
    assert [sample.text for sample in writing.samples] == [""] * 4
    pieces = [(id(sample), piece) for sample, piece in writing]
    for sample in writing.samples:
        assert "".join(piece for number, piece in pieces if number == id(sample)) == sample.text
    assert writing.finish() == generator.generate_many(["the hen", "the fox"], count=2, length=100, seed=1)


@pytest.mark.parametrize("options", [{}, {"best_of": 2}, {"beam": 2}])
def test_without_prompts_there_are_no_texts(generator, options):
    assert generator.generate_many([], length=5, **options) == []


def test_a_writing_may_be_interrupted_and_continued(generator):
    writing = generator.write("the ", length=50, seed=1)
    for _, _ in zip(range(20), writing, strict=False):
        pass
    assert writing.finish() == [generator.generate("the ", length=50, seed=1)]


def test_a_text_that_is_not_kept_is_only_yielded(generator):
    writing = generator.write("the ", length=50, seed=1, keep=False)
    assert "".join(piece for _, piece in writing) == generator.generate("the ", length=50, seed=1)
    assert writing.finish() == [""]
    assert writing.samples[0].symbols == 50


@pytest.mark.parametrize("options", [{}, {"best_of": 2}, {"max_copy": 5, "corpus": "abc"}, {"beam": 2}])
def test_few_calls_lie_between_generate_and_the_network(generator, monkeypatch, options):
    """At most eight, the step of the network among them, so that a reader can follow a symbol."""
    step, paths = Engine.step, []

    def watched(*arguments):
        frame, path = sys._getframe(1), ["step"]
        while frame.f_code.co_name != "generate":
            path.append(frame.f_code.co_name)
            frame = frame.f_back
        paths.append(path)
        return step(*arguments)

    monkeypatch.setattr(Engine, "step", watched)
    generator.generate(length=5, seed=1, **options)
    # `Generator.write` has returned its Writing by then, and counts too.
    assert max(map(len, paths)) + 1 <= 8, paths[-1][::-1]
