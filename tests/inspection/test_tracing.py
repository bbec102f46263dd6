"""Traces: compared with values worked out by hand and with Keras."""

import io
import math

import numpy as np
import pytest

from tests.helpers.models import fixed, tiny, untaught
from textgen import Generator
from textgen.errors import PromptError, UsageError
from textgen.inspection.output import write_arrays
from textgen.inspection.tracing import GATES, STATES, trace, trace_ids, traces
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.run import load_run
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.layout import BOUNDARY, lay_out


def made(symbols="abcdefg \n", seed=0, direction="forward", **options):
    """A generator with random weights, large enough to open and shut gates; and the weights."""
    tokenizer = CharTokenizer(sorted(symbols))
    sizes = {"vocabulary_size": tokenizer.vocabulary_size, "embedding_size": 6, "units": 8, "layers": 1}
    config = ModelConfig(**sizes | options)
    draw = np.random.default_rng(seed)
    weights = {name: draw.standard_normal(shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    training = TrainingConfig(documents="line", direction=direction)
    return Generator.from_parts(config, training, tokenizer, weights), weights


def text_of(length, symbols="abcdefg \n", seed=1):
    return "".join(np.random.default_rng(seed).choice(list(symbols), length))


def keras_steps(config, weights, ids):
    """Gates and states of keras.layers.LSTMCell layers, stepped one symbol at a time: arrays by name, and logits."""
    import keras
    from keras import ops

    cells = []
    for layer in range(config.layers):
        cell = keras.layers.LSTMCell(config.units)
        cell.build((1, weights[f"lstm.{layer}.kernel"].shape[0]))
        cell.set_weights([weights[f"lstm.{layer}.{name}"] for name in ("kernel", "recurrent_kernel", "bias")])
        cells.append(cell)
    state = [[ops.zeros((1, config.units)), ops.zeros((1, config.units))] for _ in cells]
    kept = {name: np.zeros((len(ids), config.layers, config.units)) for name in (*GATES, *STATES)}
    logits = np.zeros((len(ids), config.vocabulary_size))
    for step, index in enumerate(ids):
        vectors = weights.get("embedding", np.eye(config.vocabulary_size, dtype=np.float32))
        x = vectors[None, index]
        for layer, cell in enumerate(cells):
            h, c = state[layer]
            sums = ops.matmul(x, cell.kernel) + ops.matmul(h, cell.recurrent_kernel) + cell.bias
            i, f, g, o = ops.split(sums, 4, axis=1)  # Keras's order
            gates = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)
            x, state[layer] = cell(x, [h, c])
            for name, value in zip((*GATES, "cell", "hidden"), (*gates, state[layer][1], x), strict=True):
                kept[name][step, layer] = ops.convert_to_numpy(value)[0]
        logits[step] = (ops.convert_to_numpy(x) @ weights["output.kernel"] + weights["output.bias"])[0]
    return kept, logits


@pytest.mark.parametrize("encoder", ["embedding", "onehot"])
def test_every_gate_equals_keras_over_100_steps_of_two_layers(encoder, text_file, tmp_path):
    """The model is trained: with random weights a network can be chaotic, so that rounding errors grow."""
    options = {"layers": 2, "units": 48, "encoder": encoder, "epochs": 6, "sample_length": 0, "dropout": 0.0}
    tiny(text_file, tmp_path / "run", **options)
    run, generator = load_run(tmp_path / "run"), Generator.load(tmp_path / "run")
    text = text_file.read_text()[1000:1100]
    seen = trace(generator, text)
    expected, logits = keras_steps(run.model, run.weights, lay_out(generator.tokenizer, [text]))
    largest = {name: np.abs(getattr(seen, name) - expected[name][1:]).max() for name in (*GATES, *STATES)}
    print(f"\n{encoder}:", ", ".join(f"{name} {difference:.1e}" for name, difference in largest.items()))
    assert seen.cell.shape == (100, 2, 48)
    assert all(np.abs(expected[name]).max() > 0.5 for name in largest)  # there was something to compare
    # The cell state is not bounded. Here it comes near 200, where neighbouring float32 numbers differ by 1.5e-5.
    largest["cell"] /= np.abs(expected["cell"]).max()
    assert max(largest.values()) <= 1e-5
    np.testing.assert_allclose(seen.logits, logits[1:], atol=2e-5)


def test_the_equations_hold_between_the_arrays():
    seen = trace(made(layers=2)[0], text_of(60))
    carried = seen.forget_gate * seen.cell_before + seen.input_gate * seen.candidate
    np.testing.assert_allclose(seen.cell, carried, atol=1e-6)
    np.testing.assert_allclose(seen.hidden, seen.output_gate * np.tanh(seen.cell), atol=1e-6)


def test_the_hidden_state_of_a_projected_layer_is_the_projection_of_what_its_cell_gives():
    generator, weights = made(layers=2, projection=3)
    seen = trace(generator, text_of(60))
    assert seen.hidden.shape == (60, 2, 3)
    for layer in range(2):
        given = seen.output_gate[:, layer] * np.tanh(seen.cell[:, layer])
        wanted = given @ weights[f"lstm.{layer}.projection"]
        np.testing.assert_allclose(seen.hidden[:, layer], wanted, atol=1e-6)


def test_shapes_and_dtypes():
    seen = trace(made(layers=3, units=5)[0], "abc abc")
    for name in (*GATES, *STATES):
        assert getattr(seen, name).shape == (7, 3, 5)
        assert getattr(seen, name).dtype == np.float32
    assert seen.logits.shape == (7, 11)
    assert seen.surprisal.shape == (7,)
    assert seen.symbols == list("abc abc")
    assert seen.start.c.shape == (3, 1, 5)
    assert len(seen) == 7


def test_a_step_has_its_surprisal_and_the_next_prediction():
    """After a boundary all four symbols are equally likely. After a, b is e^2 times as likely as any other."""
    seen = trace(fixed({2: {3: 2.0}}), "ab")
    assert seen.surprisal == pytest.approx([math.log(4), math.log(math.exp(2) + 3) - 2], abs=1e-6)
    symbol, share = seen.likeliest(0)[0]
    assert symbol == "b"
    assert share == pytest.approx(math.exp(2) / (math.exp(2) + 3))
    assert len(seen.likeliest(0, 2)) == 2
    assert sum(share for _, share in seen.likeliest(0, 10)) == pytest.approx(1)


def test_the_surprisal_equals_that_of_a_score(tiny_run, word_run):
    for run in (tiny_run, word_run):
        generator = Generator.load(run)
        documents = ["the hen went down to the barn,", "and what did you see?"]
        seen, score = trace(generator, documents), generator.score(documents)
        assert seen.symbols == score.symbols
        np.testing.assert_allclose(seen.surprisal, score.surprisal, rtol=1e-6)
        assert seen.ids.tolist().count(BOUNDARY) == 1


def test_a_part_of_a_text_equals_the_same_part_of_the_whole():
    generator, text = made(layers=2)[0], text_of(90)
    whole, part = trace(generator, text), trace(generator, text, 30, 50)
    for name in (*GATES, *STATES, "logits", "surprisal"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[30:50])
    assert part.symbols == whole.symbols[30:50]
    assert part.places.tolist() == list(range(30, 50))
    np.testing.assert_array_equal(part.cell_before, whole.cell[29:49])
    pieces = list(traces(generator, text, 40))
    assert [len(piece) for piece in pieces] == [40, 40, 10]
    np.testing.assert_array_equal(np.concatenate([piece.cell for piece in pieces]), whole.cell)


def test_ids_are_read_as_they_are():
    generator, text = made()[0], text_of(20)
    ids = lay_out(generator.tokenizer, [text])
    np.testing.assert_array_equal(trace_ids(generator, ids).hidden, trace(generator, text).hidden)


def test_a_run_that_reads_backward_is_traced_in_its_order():
    seen = trace(made(direction="backward")[0], "abc\nde")
    assert "".join(seen.symbols) == "cba\ned"
    assert seen.places.tolist() == [2, 1, 0, 3, 5, 4]


def test_unknown_symbols_are_marked():
    seen = trace(made()[0], "aXb")
    assert seen.unknown.tolist() == [False, True, False]
    assert seen.symbols == ["a", "X", "b"]


@pytest.mark.parametrize(("text", "start", "stop"), [("", 0, None), ([], 0, None), ("abc", 3, None), ("abc", 2, 2)])
def test_a_text_without_the_steps_is_refused(text, start, stop):
    with pytest.raises(PromptError, match=r"text is empty|no step from"):
        trace(made()[0], text, start, stop)


def test_a_mixture_of_runs_is_refused():
    mixed = Generator.mix([untaught("ab"), untaught("ab", seed=1)])
    with pytest.raises(UsageError, match="mixture"):
        trace(mixed, "ab")


def test_arrays_are_saved_without_pickle(tmp_path):
    seen = trace(made(layers=2)[0], "abc\nd")
    write_arrays(seen, tmp_path / "gates.npz")
    with np.load(io.BytesIO((tmp_path / "gates.npz").read_bytes()), allow_pickle=False) as kept:
        assert kept["symbols"].tolist() == ["a", "b", "c", "\n", "d"]
        np.testing.assert_array_equal(kept["forget_gate"], seen.forget_gate)
        np.testing.assert_array_equal(kept["first_cell"], seen.start.c[:, 0])
        names = {"symbols", "places", "ids", *GATES, *STATES, "logits", "surprisal", "first_cell", "first_hidden"}
        assert set(kept) == names


def test_the_engine_returns_its_weights_exactly():
    for bias in (True, False):
        generator, weights = made(layers=2, bias=bias)
        named = generator.engine.named_weights()
        assert list(named) == list(generator.engine.config.weight_shapes())
        for name, array in weights.items():
            np.testing.assert_array_equal(named[name], array)
