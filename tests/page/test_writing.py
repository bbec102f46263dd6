"""Pages of real models in a real browser, from disk, offline: a seed writes in the page what it writes in Python."""

from urllib.parse import urlencode

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.helpers.browser import opened
from tests.helpers.models import random_weights
from textgen import CoWriter, Generator
from textgen.page.build import page
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.labels import LabelSet
from textgen.tokens.subwords import FIRST, SubwordTokenizer
from textgen.tokens.words import WordTokenizer

LETTERS = "abcdefghij ,.\n'\"<>&"
CHINESE = "江月舟夢秋山水花春風，。\n"
WORDS = ["The", " the", " river", " was", " still", ",", ".", "\n", " old", " <unk>", " boat", "A"]


def made(tokenizer, documents="line", direction="forward", **options):
    """A generator with random weights."""
    sizes = {
        "tokenizer": tokenizer.kind,
        "vocabulary_size": tokenizer.vocabulary_size,
        "embedding_size": 12,
        "units": 20,
    }
    config = ModelConfig(**sizes | {"layers": 1} | options)
    training = TrainingConfig(documents=documents, direction=direction)
    return Generator.from_parts(config, training, tokenizer, random_weights(config, 0.5))


def subwords():
    symbols = [*FIRST, "th", "the", " t", "he", "ri", "er", "\u6c5f"]
    places = {symbol: place for place, symbol in enumerate(symbols)}
    pairs = [("t", "h"), ("th", "e"), (" ", "t"), ("h", "e"), ("r", "i"), ("e", "r")]
    return SubwordTokenizer(symbols, merges=[(places[left], places[right]) for left, right in pairs])


RUNS = {
    "shipped": lambda: Generator.load(str(ROOT / "checkpoints" / "jabez")),
    "one-hot": lambda: made(CharTokenizer(sorted(LETTERS)), encoder="onehot"),
    "embedding": lambda: made(CharTokenizer(sorted(LETTERS)), "file"),
    "two layers": lambda: made(CharTokenizer(sorted(LETTERS)), layers=2, bias=False),
    "words": lambda: made(WordTokenizer(WORDS, ["<unk>"]), "block"),
    "tied and projected": lambda: made(WordTokenizer(WORDS), layers=2, projection=12, tie=True),
    "subwords": lambda: made(subwords()),
    "Chinese": lambda: made(CharTokenizer(sorted(CHINESE)), "poem"),
    "backward": lambda: made(CharTokenizer(sorted(LETTERS)), "block", "backward"),
    "labels": lambda: made(CharTokenizer(sorted(LETTERS)), labels=(LabelSet("voice", ("a", "b", "")),)),
}
PROMPTS = {
    "shipped": "The river ",
    "words": "The river",
    "subwords": "the river 江 é",
    "Chinese": "江月",
    "embedding": "abc",
}
SETTINGS = {
    "one-hot": {"temperature": 1.25, "top_k": 7, "repetition_penalty": 1.2},
    "embedding": {"temperature": 0, "no_repeat": 4},
    "two layers": {"temperature": 1, "top_p": 0.75, "forbid": "ab"},
    "words": {"temperature": 1.2, "min_p": 0.05, "stop": " still."},
    "Chinese": {"temperature": 1, "typical": 0.8},
}


@pytest.mark.parametrize("name", RUNS)
def test_a_seed_writes_in_the_page_what_it_writes_in_python(browser, tmp_path, name):
    generator, prompt, settings = RUNS[name](), PROMPTS.get(name, ""), {"temperature": 0.8} | SETTINGS.get(name, {})
    path = tmp_path / "page.html"
    path.write_text(page(generator, name), encoding="utf-8")
    fields = {"prompt": prompt, "seed": 7, "length": 300} | settings
    if "stop" in fields:
        fields["stop-text"] = fields.pop("stop")
    with opened(browser, path, f"#{urlencode(fields)}") as tab:
        tab.wait_for_selector("html[data-written]")
        written = tab.text_content("#texts .text")
    expected = generator.generate(prompt, seed=7, length=300, **settings)
    assert written == (prompt + "\n" if generator.direction == "backward" and prompt else "") + expected
    assert len(expected) > 40


def test_several_texts_are_those_of_the_seed(browser, tmp_path):
    generator = RUNS["embedding"]()
    path = tmp_path / "page.html"
    path.write_text(page(generator, "run"), encoding="utf-8")
    with opened(browser, path, "#seed=12345678901234567&count=3&length=100&prompt=abc") as tab:
        tab.wait_for_selector("html[data-written]")
        written = tab.locator("#texts .text").all_text_contents()
    assert written == generator.generate_many("abc", seed=12345678901234567, count=3, length=100)


def test_a_chosen_label_is_told(browser, tmp_path):
    generator = RUNS["labels"]()
    path = tmp_path / "page.html"
    path.write_text(page(generator, "run"), encoding="utf-8")
    with opened(browser, path, "#seed=5&length=100") as tab:
        tab.wait_for_selector("html[data-written]")
        tab.select_option("#label-voice", label="b")
        tab.evaluate("delete document.documentElement.dataset.written")
        tab.click("#go")
        tab.wait_for_selector("html[data-written]")
        written = tab.text_content("#texts .text")
        strongly = tab.evaluate(
            "(change) => window.textgen.write('', {seed: 5n, length: 100, temperature: 0.8}, change)",
            {"labels": {"voice": "b"}, "guidance": 2.5},
        )
    told = generator.with_labels({"voice": "b"})
    assert written == told.generate(seed=5, length=100)
    assert written != generator.generate(seed=5, length=100)
    assert strongly == generator.with_labels({"voice": "b"}, guidance=2.5).generate(seed=5, length=100)
    assert strongly != written


@pytest.mark.parametrize("name", ["shipped", "words", "subwords", "backward"])
def test_the_page_proposes_what_a_co_writer_proposes(browser, tmp_path, name):
    generator, prompt = RUNS[name](), PROMPTS.get(name, "")
    path = tmp_path / "page.html"
    path.write_text(page(generator, "run"), encoding="utf-8")
    with opened(browser, path, f"#{urlencode({'prompt': prompt, 'seed': 5, 'length': 20})}") as tab:
        tab.click("#tab-together")
        tab.wait_for_selector("#ways button")
        ways = tab.locator("#ways button > span").all_text_contents()
    found = CoWriter(generator, prompt, ways=6, seed=5, unknown="skip").propose()
    assert [way.replace("\u21b5", "\n").replace("\u2423", " ") for way in ways] == [each.text for each in found]
    assert len(ways) == 6


@pytest.mark.parametrize("name", ["embedding", "backward"])
def test_a_state_is_swapped_as_in_python(browser, tmp_path, name):
    generator = RUNS[name]()
    path = tmp_path / "page.html"
    path.write_text(page(generator, "run"), encoding="utf-8")
    with opened(browser, path, "#length=20") as tab:
        swapped = tab.evaluate(
            "(instead) => window.textgen.write('abc', {seed: 5n, length: 100, temperature: 0.8}, {instead})", "hij fed"
        )
    assert swapped == generator.generate("abc", seed=5, length=100, state_of="hij fed", include_prompt=False)
    assert swapped != generator.generate("abc", seed=5, length=100, include_prompt=False)


def test_a_gate_that_is_held_takes_no_labels(browser, tmp_path):
    generator = RUNS["labels"]()
    path = tmp_path / "page.html"
    path.write_text(page(generator, "run"), encoding="utf-8")
    with opened(browser, path, "#length=20") as tab:
        held = tab.evaluate(
            "(change) => window.textgen.write('', {seed: 5n, length: 100, temperature: 0.8}, change)",
            {"labels": {"voice": "a"}, "holds": [{"gate": "input", "value": 0.5, "layer": None, "unit": None}]},
        )
    told = generator.with_hold({"input": 0.5}).with_labels({"voice": "a"})
    assert held == told.generate(seed=5, length=100)
    assert held == generator.with_labels({"voice": "a"}).generate(seed=5, length=100, hold={"input": 0.5})


@pytest.mark.parametrize("hold", [{"forget": 0.5}, {"forget": 0}, {"output:1": 1}, {"candidate:0:3": -0.25}])
def test_gates_held_in_the_page_are_those_held_in_python(browser, tmp_path, hold):
    generator = made(CharTokenizer(sorted(LETTERS)), layers=2)
    path = tmp_path / "page.html"
    path.write_text(page(generator, "run"), encoding="utf-8")
    ((key, value),) = hold.items()
    gate, *places = key.split(":")
    layer, unit = [int(each) for each in places] + [None] * (2 - len(places))
    with opened(browser, path, "#seed=3&length=100&prompt=abc") as tab:
        tab.wait_for_selector("html[data-written]")
        held = tab.evaluate(
            "([gate, value, layer, unit]) => window.textgen.write('abc', {seed: 3n, length: 300, temperature: 1},"
            " {holds: [{gate, value, layer, unit}]})",
            [gate, value, layer, unit],
        )
    assert "abc" + held == generator.generate("abc", seed=3, length=300, temperature=1, hold=hold)
    assert "abc" + held != generator.generate("abc", seed=3, length=300, temperature=1)


def test_a_held_forget_gate_costs_the_same_in_both(browser, tmp_path):
    generator = RUNS["shipped"]()
    text = (ROOT / "corpora" / "ferryman.txt").read_text("utf-8")[-2000:]  # of the tenth that it did not learn
    path = tmp_path / "page.html"
    path.write_text(page(generator, "run"), encoding="utf-8")
    with opened(browser, path, "#length=20") as tab:
        free, held = (
            np.mean(tab.evaluate("([text, change]) => window.textgen.score(text, change)", [text, {"holds": holds}]))
            for holds in ([], [{"gate": "forget", "value": 0.5, "layer": None, "unit": None}])
        )
    assert free == pytest.approx(generator.score(text).surprisal.mean(), abs=1e-9)
    assert held == pytest.approx(generator.with_hold({"forget": 0.5}).score(text).surprisal.mean(), abs=1e-9)
    assert held > free + 0.2


@pytest.mark.parametrize(("bits", "most"), [(32, 1e-9), (16, 0.0005), (8, 0.01)])
def test_fewer_bits_cost_little(browser, tmp_path, bits, most):
    generator = RUNS["shipped"]()
    text = (ROOT / "corpora" / "ferryman.txt").read_text("utf-8")[-3000:]
    path = tmp_path / "page.html"
    path.write_text(page(generator, "run", bits=bits), encoding="utf-8")
    with opened(browser, path, "#length=20") as tab:
        nats = tab.evaluate("(text) => window.textgen.score(text)", text)
    score = generator.score(text)
    assert np.mean(nats) == pytest.approx(score.surprisal.mean(), abs=most)
