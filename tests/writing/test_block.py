"""Continuous batching: texts that join and leave a block, each the same as alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.conftest import examples
from tests.helpers.models import spelling, untaught
from textgen import Generator
from textgen.errors import NothingLeftError
from textgen.sampling.config import SamplingConfig
from textgen.tokens.layout import BOUNDARY
from textgen.writing.block import Block, Reader
from textgen.writing.rows import Start
from textgen.writing.texts import Text, write_texts

GENERATOR = untaught("abcdefgh \n", documents="line", sharpness=2.0)

OPTIONS = some.fixed_dictionaries(
    {"seed": some.integers(0, 5), "length": some.integers(1, 40)},
    optional={
        "temperature": some.sampled_from([0, 0.5, 1.0, (0.5, 1.5), "1.5:0.3"]),
        "top_k": some.integers(1, 5),
        "top_p": some.sampled_from([0.3, 0.9]),
        "typical": some.sampled_from([0.5, 0.9]),
        "repetition_penalty": some.sampled_from([0.8, 1.3]),
        "presence_penalty": some.sampled_from([-1.0, 0.5]),
        "frequency_penalty": some.sampled_from([-0.2, 0.4]),
        "no_repeat": some.integers(2, 4),
        "forbid": some.sampled_from(["ab", "c"]),
        "stop": some.sampled_from(["da", "\n"]),
        "bias": some.sampled_from([{"a": 1.5}, {3: -2.0}]),
    },
)


class Company:
    """Texts in one block, each joining after some strides."""

    def __init__(self, generator):
        self.generator, self.block, self.texts = generator, Block(generator.engine, generator.printed), {}

    def join(self, prompt, **options):
        plan = self.generator.plan([prompt], SamplingConfig(**options, include_prompt=False))
        text = Text(plan.sampler, plan.samples[0])

        def begin(reader, start):
            row = plan.sampler.row(start, (0, 0, 0))
            if not plan.sampler.shares:
                row.group = object()
            self.texts[row] = text
            return [row]

        self.block.join([Reader(plan.prompts[0], begin)])
        return text.sample

    def advance(self, steps):
        for drawn in self.block.advance(steps):
            text = self.texts[drawn.row]
            text.take(drawn)
            if text.sample.ended:
                self.block.leave(drawn.row)


def alone(generator, prompt, **options):
    plan = generator.plan([prompt], SamplingConfig(**options, include_prompt=False))
    for _ in write_texts(plan):
        pass
    return plan.samples[0]


@settings(max_examples=examples(60))
@given(
    wishes=some.lists(some.tuples(some.text("abc ", max_size=6), OPTIONS, some.integers(0, 3)), min_size=1, max_size=6),
    stride=some.integers(1, 9),
)
def test_each_text_is_the_same_as_alone(wishes, stride):
    company, samples = Company(GENERATOR), []
    for prompt, options, wait in wishes:
        samples.append(company.join(prompt, **options))
        for _ in range(wait):
            company.advance(stride)
    while company.block:
        company.advance(stride)
    for sample, (prompt, options, _) in zip(samples, wishes, strict=True):
        wanted = alone(GENERATOR, prompt, **options)
        assert (sample.text, sample.symbols, sample.ended) == (wanted.text, wanted.symbols, wanted.ended)


def test_a_text_that_can_go_no_further_disturbs_no_other():
    generator = spelling("abc")
    company = Company(generator)
    good = company.join("", length=7, temperature=0, seed=1)
    company.join("", length=7, temperature=0, seed=1, forbid=["a", "b", "c", "\n"])
    errors = []
    while company.block:
        drawn = company.block.advance(3)
        for each in drawn:
            if each.row.error:
                errors.append(each)
                company.block.leave(each.row)
            else:
                company.texts[each.row].take(each)
                if company.texts[each.row].sample.ended:
                    company.block.leave(each.row)
    assert [type(each.row.error) for each in errors] == [NothingLeftError]
    assert errors[0].ids == []
    assert good.text == "abc\nabc"


def test_a_prompts_log_probabilities_are_its_surprisal():
    starts = []
    ids = GENERATOR.read_prompt("abc ab\nc")
    reader = Reader(ids, lambda reader, start: starts.append(start) or [], measured=True, top=3)
    block = Block(GENERATOR.engine, GENERATOR.printed)
    block.join([reader])
    while block:
        block.advance(4)
    assert [-each for each in reader.log_probabilities] == pytest.approx(
        GENERATOR.score("abc ab\nc").surprisal, abs=1e-5
    )
    (start,) = starts
    wanted = Start.after(GENERATOR.engine, ids)
    assert np.allclose(start.logits, wanted.logits, atol=1e-5)
    for known, symbol in zip(reader.likeliest, reader.log_probabilities, strict=True):
        values = [value for _, value in known]
        assert values == sorted(values, reverse=True)
        assert len(known) == 3
        assert symbol <= values[0] + 1e-6


def test_log_probabilities_are_those_of_the_model_whatever_the_options():
    one_document = {BOUNDARY: -1e9}
    config = SamplingConfig(length=30, seed=3, temperature=0.5, top_k=3, bias=one_document)
    plan = GENERATOR.plan(["ab"], config, measured=True)
    row = plan.sampler.row(Start.after(GENERATOR.engine, plan.prompts[0]), (0, 0, 0))
    row.top = 4
    block = Block(GENERATOR.engine, GENERATOR.printed)
    block.join([row])
    ids, logarithms, likeliest = [], [], []
    while row.drawn < row.limit:
        (drawn,) = block.advance(7)
        ids += drawn.ids
        logarithms += drawn.log_probabilities
        likeliest += drawn.likeliest
    assert len(ids) == len(logarithms) == len(likeliest) == 30
    score = GENERATOR.score("ab" + "".join(GENERATOR.printed[index] for index in ids))
    assert [-each for each in logarithms] == pytest.approx(score.surprisal[-30:], abs=1e-5)
    for index, logarithm, known in zip(ids, logarithms, likeliest, strict=True):
        if index in dict(known):
            assert dict(known)[index] == pytest.approx(logarithm, abs=1e-9)


def test_a_step_that_is_in_a_hurry_ends_the_stride():
    block, starts = (
        Block(GENERATOR.engine, GENERATOR.printed),
        Start.after(GENERATOR.engine, GENERATOR.read_prompt("a")),
    )
    plan = GENERATOR.plan(["a"], SamplingConfig(length=30, seed=3))
    row = plan.sampler.row(starts, (0, 0, 0))
    block.join([row])
    (drawn,) = block.advance(20, hurry=lambda: True)
    assert len(drawn.ids) == row.drawn == 1


def test_an_empty_block_has_nothing_to_do():
    block = Block(GENERATOR.engine, GENERATOR.printed)
    assert len(block) == 0
    assert block.advance(5) == []


def test_a_generator_takes_prompts_as_ids():
    ids = GENERATOR.tokenizer.encode("abc").tolist()
    by_ids = GENERATOR.plan([ids], SamplingConfig(length=5, seed=1))
    by_text = GENERATOR.plan(["abc"], SamplingConfig(length=5, seed=1))
    assert by_ids.samples[0].prompt == "abc"
    assert by_ids.prompts[0].tolist() == by_text.prompts[0].tolist()
    assert isinstance(GENERATOR, Generator)
