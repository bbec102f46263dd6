"""How well a model predicts a text as a whole."""

import itertools
import json
import math

import numpy as np
import pytest

from textgen.corpus.documents import read_corpus
from textgen.engine.measure import RUN_UP, evaluate
from textgen.engine.network import Network
from textgen.runs.losses import Evaluation
from textgen.runs.run import load_run
from textgen.tokens.extent import Extent
from textgen.tokens.layout import lay_out
from textgen.writing.generator import Generator


class Counting(Network):
    """A network that counts the symbols it has read: after n of them it is certain of symbol n mod 5."""

    def initial_state(self, batch):
        return np.zeros(batch, int)

    def workspace(self, batch):
        return None

    def step(self, state, ids, work):
        logits = np.zeros((len(ids), 5), np.float32)
        logits[np.arange(len(ids)), (state + 1) % 5] = 9.0
        return logits, state + 1


def by_hand(engine, ids, restart=None):
    """The mean loss and the number of losses, computed one symbol after another."""
    state, losses = engine.initial_state(1), []
    for place, (before, after) in enumerate(itertools.pairwise(ids)):
        if restart and place % restart == 0:
            state = engine.initial_state(1)
        logits, state = engine.step(state, np.array([before]))
        chances = np.exp(logits[0].astype(float))
        losses.append(-math.log(chances[after] / chances.sum()))
    return np.mean(losses), len(losses)


@pytest.fixture(scope="module")
def text(tiny_run, text_file):
    generator = Generator.load(tiny_run)
    return generator.engine, lay_out(generator.tokenizer, read_corpus(text_file).documents)


def test_carried_is_one_reading_from_beginning_to_end(text):
    engine, ids = text
    nats, count = by_hand(engine, ids)
    result = evaluate(engine, ids, Extent(len(ids) - 1, 1, 1))
    assert result.symbols == count == len(ids) - 1
    # A run-up of 256 symbols replaces all the text before it.
    assert result.nats == pytest.approx(nats, abs=1e-4)


@pytest.mark.parametrize("window", [1, 7, 256, 10**6])
def test_every_window_starts_from_the_initial_state_and_all_symbols_count(text, window):
    engine, ids = text
    nats, count = by_hand(engine, ids, restart=window)
    result = evaluate(engine, ids, Extent(len(ids) - 1, 1, 1), window)
    assert result.symbols == count
    assert result.nats == pytest.approx(nats, abs=1e-5)


def test_a_model_that_counts_predicts_windows_of_its_period_only():
    ids = np.arange(101) % 5
    sure = -math.log(math.exp(9) / (math.exp(9) + 4))
    assert evaluate(Counting(), ids, Extent(100, 1, 1), window=5).nats == pytest.approx(sure)
    assert evaluate(Counting(), ids, Extent(100, 1, 1), window=6).nats > 5
    # With a carried state the count is right from the beginning of the text on.
    short = np.arange(RUN_UP) % 5
    assert evaluate(Counting(), short, Extent(RUN_UP - 1, 1, 1)).nats == pytest.approx(sure)


def test_figures_follow_from_each_other():
    result = Evaluation(nats=math.log(8), symbols=50, extent=Extent(characters=200, bytes=300, words=25), unknown=0.0)
    assert (result.bits, result.perplexity) == (pytest.approx(3), pytest.approx(8))
    assert result.bits_per_character == pytest.approx(0.75)
    assert result.bits_per_byte == pytest.approx(0.5)
    assert (result.bits_per_word, result.word_perplexity) == (pytest.approx(6), pytest.approx(64))


def test_models_of_characters_and_of_words_are_compared_on_one_text():
    """Of 8 words, each as likely as the others: 3 bits a word, whatever the symbols are."""
    words = ["ab", "cd", "ef", "gh", "ij", "kl", "mn", "op"]
    text = "\n".join(words)  # 8 words and 7 ends of lines
    extent = Extent.of([text])
    by_words = Evaluation(nats=math.log(8) * 8 / 15, symbols=15, extent=extent, unknown=0.0)
    by_characters = Evaluation(nats=math.log(8) * 8 / 23, symbols=23, extent=extent, unknown=0.0)
    for name in ("bits_per_character", "bits_per_byte", "bits_per_word", "word_perplexity"):
        assert getattr(by_words, name) == pytest.approx(getattr(by_characters, name))
    assert by_words.bits_per_word == pytest.approx(24 / 15)
    assert by_words.perplexity != pytest.approx(by_characters.perplexity)


def test_the_command_prints_both_figures_and_the_unknown_share(command, tiny_run, tmp_path):
    file = tmp_path / "other.txt"
    file.write_text("the hen went down to the wood Ω " * 20)
    result = command("evaluate", tiny_run, file, "--window", "32")
    assert result.exit_code == 0, result.output
    assert "nats" in result.output
    assert "windows of 32" in result.output
    assert "unknown" in result.output
    values = json.loads(command("evaluate", tiny_run, file, "--json").stdout)
    # One character in 32 was never seen; the boundary at the start is known.
    assert values["unknown_share"] == pytest.approx(20 / 641)
    carried = values["carried"]
    assert carried["bits"] == pytest.approx(carried["nats"] / math.log(2))
    # The text is one line of 160 words, the last of them a letter of two bytes; 640 predictions.
    assert (values["characters"], values["bytes"], values["words"]) == (640, 660, 160)
    assert carried["bits_per_byte"] == pytest.approx(carried["bits"] * 640 / 660)
    assert carried["word_perplexity"] == pytest.approx(2 ** (carried["bits"] * 4))
    assert f"{carried['bits_per_byte']:.4f} bits a byte, word perplexity " in result.output
    assert "for each of 160 words and ends of lines" in result.output


def test_evaluate_reproduces_the_validation_loss_of_training(tiny_run, text_file):
    generator = Generator.load(tiny_run)
    held_out = read_corpus(text_file).split(0.1)[1]
    ids = lay_out(generator.tokenizer, held_out)
    best = min(line["validation_nats"] for line in load_run(tiny_run).history())
    # Training read it as several streams, each of which begins without context.
    assert evaluate(generator.engine, ids, Extent.of(held_out)).nats == pytest.approx(best, abs=0.03)


def test_a_text_with_nothing_to_predict_is_refused(refused, tiny_run, tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    assert "empty" in refused(3, "evaluate", tiny_run, empty)
    assert "no such" in refused(3, "evaluate", tiny_run, tmp_path / "none.txt")
    assert "--window" in refused(2, "evaluate", tiny_run, empty, "--window", "0")
