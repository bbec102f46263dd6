"""Gradients of a network's loss: of each weight, and with respect to h some steps back, so that vanishing and exploding
can be seen.

How much h at step t - d moved the loss at step t is what learning over d steps stands on (Hochreiter 1991; Bengio,
Simard and Frasconi 1994). Back-propagation through time, written out for the equations of `textgen.inspection`:

    dh(t) = what comes from the logits or the layer above, at t, and from step t + 1
    dc(t) = dc(t+1) * f(t+1)  +  dh(t) * o(t) * (1 - tanh(c(t))^2)
    di = dc * g * i (1 - i)      df = dc * c(t-1) * f (1 - f)      dg = dc * i * (1 - g^2)
    do = dh * tanh(c) * o (1 - o)
    to step t - 1:  R^T (di, df, dg, do)          to the layer below, at t:  K^T (di, df, dg, do)

In float64: after 100 steps of forgetting half, float32 has nothing left. This module knows nothing of files, pictures
or Keras.
"""

import copy
from dataclasses import dataclass

import numpy as np

from textgen.engine.network import Engine
from textgen.engine.probability import softmax
from textgen.errors import PromptError
from textgen.inspection.tracing import GATES
from textgen.system.wording import plural

# Distances are 1, 2, 4, ... up to this; losses at so many places of the text are followed back.
FARTHEST, PLACES = 128, 32
# Symbols of text below which there is nothing to follow.
FEWEST = 8
# Symbols that a gradient is followed through at most, where a text is longer.
MOST = 2000
# What the forget gates are held at in `with_forget_gates_held`.
HELD = 0.5


@dataclass(frozen=True)
class Gradients:
    """Gradients of a text's loss.

    Attributes:
        distances: 1, 2, 4, ..., int, shape (distances,).
        hidden: float64, shape (layers, distances, places): the Euclidean norm of the gradient of one symbol's surprisal
            (nats) with respect to the h of a layer so many steps before the step that predicted it.
        weights: name to the Euclidean norm of the gradient of the mean surprisal with respect to a weight, carried back
            to the first step.
        nats: the mean surprisal, nats a symbol.
    """

    distances: np.ndarray
    hidden: np.ndarray
    weights: dict
    nats: float

    @property
    def typical(self):
        """The median over places, float64, shape (layers, distances)."""
        return np.median(self.hidden, axis=2)


def gradients(generator, seen, farthest=FARTHEST, places=PLACES) -> Gradients:
    """The gradients of the loss of a text that was read.

    Args:
        generator: a Generator of one run.
        seen: its Trace of the text; all of it is gone back through, so some hundreds of symbols.
        farthest: the largest distance, where the text is at least twice as long.
        places: at how many steps, evenly apart, a loss is followed back.

    Raises:
        PromptError: fewer than FEWEST symbols.
    """
    if len(seen) < FEWEST:
        noun = plural(generator.tokenizer.noun, len(seen))
        raise PromptError(f"a text of {len(seen)} {noun}: too few to follow a gradient back; give {FEWEST} at least")
    network = _Backward(generator.engine, seen)
    # The last step's prediction is of nothing that the text holds.
    last = len(seen) - 2
    distances = 2 ** np.arange(int(np.log2(min(farthest, last // 2 + 1))) + 1)
    steps = np.unique(np.linspace(distances[-1], last, places).round().astype(int))
    hidden = np.empty((generator.engine.config.layers, len(distances), len(steps)))
    for back, d_hidden, _ in network.walk(
        steps, distances[-1], lambda back: network.error(steps) if not back else None
    ):
        for layer, each in enumerate(d_hidden if back in distances else ()):
            hidden[layer, distances == back] = np.linalg.norm(each, axis=1)
    return Gradients(distances, hidden, network.weights(), float(seen.surprisal.mean()))


def with_forget_gates_held(generator):
    """The same network with every forget gate held at a half: a Generator whose forget gates see only zeros."""
    engine, units = generator.engine, generator.engine.config.units
    weights = {name: array.copy() for name, array in engine.named_weights().items()}
    gate = slice(units, 2 * units)  # Keras's order: i, f, g, o
    for name in weights:
        if name.startswith("lstm."):
            weights[name][..., gate] = 0
    made = copy.copy(generator)
    made.engine = Engine(engine.config, weights)
    return made


class _Backward:
    """Back-propagation through the steps of a Trace."""

    def __init__(self, engine, seen):
        self.config, self.seen = engine.config, seen
        self.named = {name: array.astype(np.float64) for name, array in engine.named_weights().items()}
        self.before = seen.cell_before
        self.to_before = [self.named[f"lstm.{layer}.recurrent_kernel"].T for layer in range(self.config.layers)]
        self.to_below = [self.named[f"lstm.{layer}.kernel"].T for layer in range(self.config.layers)]

    def error(self, steps):
        """The gradient of the surprisal of what comes after each step with respect to the step's logits."""
        shares = softmax(self.seen.logits[steps].astype(np.float64))
        shares[np.arange(len(steps)), self.seen.ids[steps + 1]] -= 1
        return shares

    def walk(self, steps, farthest, error):
        """Go back from several steps at once, each a row.

        Args:
            steps: int, shape (rows,): where each begins.
            farthest: how many steps back.
            error: takes how far back, gives the gradient with respect to the logits there, (rows, vocabulary), or None.

        Yields:
            how far back; the gradient with respect to each layer's h, (layers, rows, units); with respect to each
            layer's gates before their sigmoids, Keras's columns, (layers, rows, 4 x units).
        """
        shape = self.config.layers, len(steps), self.config.units
        d_hidden, d_cell = np.zeros(shape), np.zeros(shape)
        d_gates = np.zeros((*shape[:2], 4 * shape[2]))
        for back in range(farthest + 1):
            at = steps - back
            wrong = error(back)
            if wrong is not None:
                d_hidden[-1] += wrong @ self.named["output.kernel"].T
            for layer in reversed(range(self.config.layers)):
                i, f, g, o = (getattr(self.seen, name)[at, layer].astype(np.float64) for name in GATES)
                squashed = np.tanh(self.seen.cell[at, layer].astype(np.float64))
                d_h = d_hidden[layer]
                d_c = d_cell[layer] + d_h * o * (1 - squashed**2)
                parts = (
                    d_c * g * i * (1 - i),
                    d_c * self.before[at, layer] * f * (1 - f),
                    d_c * i * (1 - g**2),
                    d_h * squashed * o * (1 - o),
                )
                np.concatenate(parts, axis=1, out=d_gates[layer])
                d_cell[layer] = d_c * f
                if layer:
                    d_hidden[layer - 1] += d_gates[layer] @ self.to_below[layer]
            yield back, d_hidden, d_gates
            d_hidden = np.stack([each @ kernel for each, kernel in zip(d_gates, self.to_before, strict=True)])

    def weights(self):
        """The norm of each weight's gradient of the mean surprisal over all steps but the last."""
        seen, config = self.seen, self.config
        count = len(seen) - 1
        error = self.error(np.arange(count)) / count
        d_gates = np.empty((count, config.layers, 4 * config.units))
        back = self.walk(np.array([count - 1]), count - 1, lambda back: error[count - 1 - back, None])
        for distance, _, each in back:
            d_gates[count - 1 - distance] = each[:, 0]
        hidden = seen.hidden.astype(np.float64)
        before = np.concatenate([seen.start.h.transpose(1, 0, 2), hidden])[:count]
        grown = {"output.kernel": hidden[:count, -1].T @ error, "output.bias": error.sum(axis=0)}
        for layer in range(config.layers):
            here = d_gates[:, layer]
            grown[f"lstm.{layer}.recurrent_kernel"] = before[:, layer].T @ here
            grown[f"lstm.{layer}.bias"] = here.sum(axis=0)
            if layer:
                grown[f"lstm.{layer}.kernel"] = hidden[:count, layer - 1].T @ here
        # What entered the first layer is a row of a table: its gradient is summed by symbol.
        ids, here = seen.ids[:count], d_gates[:, 0]
        if config.encoder == "embedding":
            grown["lstm.0.kernel"] = self.named["embedding"][ids].T @ here
            entered = here @ self.to_below[0]
            grown["embedding"] = _summed(ids, entered, config.vocabulary_size)
        else:
            grown["lstm.0.kernel"] = _summed(ids, here, config.vocabulary_size)
        return {name: float(np.linalg.norm(grown[name])) for name in config.weight_shapes()}


def _summed(ids, rows, size):
    """Rows added up by id, shape (size, columns)."""
    table = np.zeros((size, rows.shape[1]))
    np.add.at(table, ids, rows)
    return table
