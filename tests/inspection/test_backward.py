"""Gradients through time, compared with those of automatic differentiation over Keras's equations."""

import numpy as np
import pytest

from tests.inspection.test_tracing import made, text_of
from textgen.engine.network import Engine
from textgen.errors import PromptError
from textgen.inspection.backward import gradients
from textgen.inspection.tracing import trace
from textgen.tokens.layout import lay_out


def by_keras(weights, config, ids):
    """The loss of each step but the last and every h, computed in float64 under TensorFlow's tape.

    Returns:
        the tape, the losses, h as [step][layer], and the weights as variables.
    """
    import tensorflow as tf

    named = {name: tf.Variable(array.astype(np.float64)) for name, array in weights.items()}
    tape = tf.GradientTape(persistent=True)
    losses, hidden = [], []
    with tape:
        h, c = (
            [tf.zeros((1, size), tf.float64) for _ in range(config.layers)]
            for size in (config.sizes.output, config.units)
        )
        for step, index in enumerate(ids[:-1]):
            hidden.append([])
            if config.encoder == "embedding":
                x = named["embedding"][index][None]
            else:
                x = tf.one_hot([index], config.vocabulary_size, dtype=tf.float64)
            for layer in range(config.layers):
                sums = x @ named[f"lstm.{layer}.kernel"] + h[layer] @ named[f"lstm.{layer}.recurrent_kernel"]
                sums += named.get(f"lstm.{layer}.bias", 0)
                i, f, g, o = tf.split(sums, 4, axis=1)
                c[layer] = tf.sigmoid(f) * c[layer] + tf.sigmoid(i) * tf.tanh(g)
                given = tf.sigmoid(o) * tf.tanh(c[layer])
                x = h[layer] = given @ named[f"lstm.{layer}.projection"] if config.projection else tf.identity(given)
                hidden[-1].append(x)
            if not step:  # gradients stop after the boundary
                h, c = [[tf.stop_gradient(each) for each in both] for both in (h, c)]
            kernel = tf.transpose(named["embedding"]) if config.tie else named["output.kernel"]
            logits = x @ kernel + named["output.bias"]
            losses.append(tf.nn.sparse_softmax_cross_entropy_with_logits([ids[step + 1]], logits)[0])
        mean = tf.add_n(losses[1:]) / len(losses[1:])  # the prediction after the boundary belongs to no step
    return tape, losses, hidden, named, mean


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"layers": 2},
        {"layers": 2, "encoder": "onehot", "bias": False},
        {"layers": 2, "projection": 5},
        {"layers": 2, "projection": 5, "tie": True, "embedding_size": 5},
    ],
)
def test_gradients_equal_those_of_automatic_differentiation(options):
    generator, weights = made(**options)
    text = text_of(40)
    found = gradients(generator, trace(generator, text), places=3)
    ids = lay_out(generator.tokenizer, [text])
    tape, losses, hidden, named, mean = by_keras(weights, generator.engine.config, ids)
    assert found.distances.tolist() == [1, 2, 4, 8, 16]
    steps = [16, 27, 38]  # evenly spaced, from the largest distance to the last step whose next symbol is known
    for place, step in enumerate(steps):
        for column, distance in enumerate(found.distances):
            at = hidden[step + 1 - distance]  # the boundary was read before step 0
            for layer, each in enumerate(tape.gradient(losses[step + 1], at)):
                expected = np.linalg.norm(each.numpy())
                assert found.hidden[layer, column, place] == pytest.approx(expected, rel=1e-4)
    grown = tape.gradient(mean, named)
    for name, each in grown.items():
        import tensorflow as tf

        assert found.weights[name] == pytest.approx(np.linalg.norm(tf.convert_to_tensor(each).numpy()), rel=1e-4), name


@pytest.mark.parametrize("projection", [0, 5])
def test_only_forget_gates_are_held_at_a_half(projection):
    generator, weights = made(layers=2, projection=projection)
    held = generator.with_hold({"forget": 0.5})
    seen = trace(held, text_of(30))
    assert (seen.forget_gate == 0.5).all()
    named = held.engine.named_weights()
    for name, array in weights.items():
        same = named[name] == array
        has_gates = name.startswith("lstm") and not name.endswith("projection")
        assert same[..., :8].all() and same[..., 16:].all() if has_gates else same.all()
    assert (trace(generator, text_of(30)).forget_gate != 0.5).any()  # the generator itself is unchanged


def test_a_cell_that_keeps_everything_keeps_the_gradient():
    """One unit whose h enters only its candidate. With an open forget gate the gradient passes through the cell
    unchanged; with the gate held at a half it is halved at each step."""
    generator, weights = made(units=1)
    weights["lstm.0.kernel"][:] = 0
    # h enters only the candidate. The gates depend on their biases alone: input, forget and output open.
    weights["lstm.0.recurrent_kernel"][:] = [[0, 0, 0.01, 0]]
    weights["lstm.0.bias"][:] = [30, 30, 0, 30]
    generator.engine = Engine(generator.engine.config, weights)
    text = text_of(80)
    kept = gradients(generator, trace(generator, text)).typical[0]
    halved = gradients(generator.with_hold({"forget": 0.5}), trace(generator.with_hold({"forget": 0.5}), text)).typical[
        0
    ]
    assert kept[-1] / kept[1] > 0.9
    assert halved[3] / halved[2] == pytest.approx(0.5**4, rel=0.2)  # from 4 steps back to 8


@pytest.mark.parametrize("length", [1, 7])
def test_a_text_too_short_is_refused(length):
    generator = made()[0]
    with pytest.raises(PromptError, match="at least 8"):
        gradients(generator, trace(generator, "a" * length))


def test_the_shortest_accepted_text():
    generator = made()[0]
    found = gradients(generator, trace(generator, "abcdefga"))
    assert found.distances.tolist() == [1, 2, 4]
    assert np.isfinite(found.hidden).all()
