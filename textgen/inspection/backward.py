"""Gradients of a network's loss, with respect to each weight and with respect to h some steps back.

They show gradients that vanish or explode. A network can learn over d steps only if h at step t - d still changes the
loss at step t (Hochreiter 1991; Bengio, Simard and Frasconi 1994). This is back-propagation through time, written out
for the equations of `textgen.inspection.tracing`:

    dh(t) = the gradient from the logits or the layer above, at t, plus the gradient from step t + 1
    dc(t) = dc(t+1) * f(t+1)  +  dh(t) * o(t) * (1 - tanh(c(t))^2)
    di = dc * g * i (1 - i)      df = dc * c(t-1) * f (1 - f)      dg = dc * i * (1 - g^2)
    do = dh * tanh(c) * o (1 - o)
    to step t - 1:  R^T (di, df, dg, do)          to the layer below, at t:  K^T (di, df, dg, do)

Where the layers are projected, the dh of these equations is P^T times that of the projected h.

The computation uses float64: after 100 steps that each halve a gradient, float32 underflows. This module knows nothing
of files, pictures or Keras.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.engine.network import Engine
from textgen.engine.probability import softmax
from textgen.errors import PromptError
from textgen.inspection.tracing import GATES, Trace, engine_of
from textgen.system.keywords import answers_keywords
from textgen.system.wording import count
from textgen.tokens.layout import Ids
from textgen.writing.generator import Generator

Floats: TypeAlias = NDArray[np.float64]

# Distances are 1, 2, 4, ... steps, at most MAX_DISTANCE. Gradients start from the losses of at most MAX_PLACES steps.
MAX_DISTANCE, MAX_PLACES = 128, 32
MIN_SYMBOLS = 8  # A shorter text has no distances to compare.
HELD = 0.5  # The value of every forget gate of the network that another is compared with.
MAX_SYMBOLS = 2000  # Of a longer text, `compare_gradients` uses the first symbols.


@dataclass(frozen=True)
class Gradients:
    """Gradients of a text's loss.

    Attributes:
        distances: 1, 2, 4, ..., int, shape (distances,).
        hidden: float64, shape (layers, distances, places): the Euclidean norm of the gradient of one symbol's surprisal
            (nats) with respect to the h of a layer, at a distance before the step that predicted the symbol.
        weights: name to the Euclidean norm of the gradient of the mean surprisal with respect to a weight, propagated
            back to the first step.
        nats: the mean surprisal, in nats per symbol.
    """

    distances: NDArray[np.int64]
    hidden: Floats
    weights: dict[str, float]
    nats: float

    @property
    def typical(self) -> Floats:
        """The median over places, float64, shape (layers, distances)."""
        median: Floats = np.median(self.hidden, axis=2)
        return median


@answers_keywords
def gradients(generator: Generator, seen: Trace, farthest: int = MAX_DISTANCE, places: int = MAX_PLACES) -> Gradients:
    """Compute the gradients of the loss of a text.

    Args:
        generator: a Generator of one run.
        seen: its Trace of the text. Gradients are propagated through all of it, so keep it to some hundreds of symbols.
        farthest: the largest distance in steps. A text shorter than twice that has shorter distances only.
        places: the number of evenly spaced steps whose losses are propagated back.

    Raises:
        PromptError: the text has fewer than MIN_SYMBOLS symbols.
        UsageError: an argument of another kind, a number below 1, or a generator that is a mixture of runs.
    """
    engine = engine_of(generator)
    arguments.instance("seen", seen, Trace)
    farthest = arguments.whole_number("farthest", farthest, 1)
    places = arguments.whole_number("places", places, 1, MAX_SYMBOLS)
    if len(seen) < MIN_SYMBOLS:
        length = count(len(seen), generator.tokenizer.noun)
        raise PromptError(f"the text has {length}: too short to compute gradients; give at least {MIN_SYMBOLS}")
    network = _Backward(engine, seen)
    # The text does not hold the symbol that the last step predicts, so the last step has no loss.
    last = len(seen) - 2
    distances = 2 ** np.arange(int(np.log2(min(farthest, last // 2 + 1))) + 1)
    steps = np.unique(np.linspace(distances[-1], last, places).round().astype(int))
    hidden = np.empty((network.layers, len(distances), len(steps)))
    for back, d_hidden, _ in network.walk(
        steps, distances[-1], lambda back: None if back else network.logits_gradient(steps)
    ):
        for layer, each in enumerate(d_hidden if back in distances else ()):
            hidden[layer, distances == back] = np.linalg.norm(each, axis=1)
    return Gradients(distances, hidden, network.weights(), float(seen.surprisal.mean()))


class _Backward:
    """Back-propagation through the steps of a Trace."""

    def __init__(self, engine: Engine, seen: Trace) -> None:
        self.config, self.seen = engine.config, seen
        _, self.layers, self.units = seen.cell.shape
        self.named = {name: array.astype(np.float64) for name, array in engine.named_weights().items()}
        self.cell_before = seen.cell_before
        self.to_before = [self.named[f"lstm.{layer}.recurrent_kernel"].T for layer in range(self.layers)]
        self.to_below = [self.named[f"lstm.{layer}.kernel"].T for layer in range(self.layers)]
        self.output_kernel = self.named["embedding"].T if self.config.tie else self.named["output.kernel"]

    def logits_gradient(self, steps: Ids) -> Floats:
        """The gradient of the next symbol's surprisal with respect to the logits of each step, (steps, vocabulary)."""
        gradient = softmax(self.seen.logits[steps].astype(np.float64))
        gradient[np.arange(len(steps)), self.seen.ids[steps + 1]] -= 1
        return gradient

    def walk(
        self, steps: Ids, farthest: int, logits_gradient: Callable[[int], Floats | None]
    ) -> Iterator[tuple[int, Floats, Floats]]:
        """Propagate back from several steps at once, one row for each.

        Args:
            steps: int, shape (rows,): where each row starts.
            farthest: the number of steps to go back.
            logits_gradient: takes the number of steps back; returns the gradient with respect to the logits there,
                (rows, vocabulary), or None for zeros.

        Yields:
            the number of steps back; the gradient with respect to each layer's h, (layers, rows, output); the gradient
            with respect to each layer's gates before their sigmoids, in Keras's columns, (layers, rows, 4 x units).
            The arrays are reused at the next step.
        """
        d_hidden, d_cell, d_gates = (
            np.zeros((self.layers, len(steps), size)) for size in (self.config.sizes.output, self.units, 4 * self.units)
        )
        for back in range(farthest + 1):
            at = steps - back
            d_logits = logits_gradient(back)
            if d_logits is not None:
                d_hidden[-1] += d_logits @ self.output_kernel.T
            for layer in reversed(range(self.layers)):
                i, f, g, o = (getattr(self.seen, name)[at, layer].astype(np.float64) for name in GATES)
                tanh_cell = np.tanh(self.seen.cell[at, layer].astype(np.float64))
                d_h = d_hidden[layer]
                if self.config.projection:
                    d_h = d_h @ self.named[f"lstm.{layer}.projection"].T
                d_c = d_cell[layer] + d_h * o * (1 - tanh_cell**2)
                parts = (
                    d_c * g * i * (1 - i),
                    d_c * self.cell_before[at, layer] * f * (1 - f),
                    d_c * i * (1 - g**2),
                    d_h * tanh_cell * o * (1 - o),
                )
                np.concatenate(parts, axis=1, out=d_gates[layer])
                d_cell[layer] = d_c * f
                if layer:
                    d_hidden[layer - 1] += d_gates[layer] @ self.to_below[layer]
            yield back, d_hidden, d_gates
            d_hidden = np.stack([each @ kernel for each, kernel in zip(d_gates, self.to_before, strict=True)])

    def weights(self) -> dict[str, float]:
        """The norm of the gradient of the mean surprisal with respect to each weight, over all steps but the last."""
        seen, config = self.seen, self.config
        count = len(seen) - 1
        d_logits = self.logits_gradient(np.arange(count)) / count
        d_gates = np.empty((count, self.layers, 4 * self.units))
        d_hidden = np.empty((count, self.layers, config.sizes.output))
        walk = self.walk(np.array([count - 1]), count - 1, lambda back: d_logits[count - 1 - back, None])
        for back, of_hidden, each in walk:
            d_gates[count - 1 - back], d_hidden[count - 1 - back] = each[:, 0], of_hidden[:, 0]
        hidden = seen.hidden.astype(np.float64)
        hidden_before = np.concatenate([seen.start.h.transpose(1, 0, 2), hidden])[:count]
        d_output = hidden[:count, -1].T @ d_logits
        by_name = {"output.kernel": d_output, "output.bias": d_logits.sum(axis=0)}
        for layer in range(self.layers):
            own = d_gates[:, layer]
            by_name[f"lstm.{layer}.recurrent_kernel"] = hidden_before[:, layer].T @ own
            by_name[f"lstm.{layer}.bias"] = own.sum(axis=0)
            if config.projection:
                given = seen.output_gate[:count, layer] * np.tanh(seen.cell[:count, layer].astype(np.float64))
                by_name[f"lstm.{layer}.projection"] = given.T @ d_hidden[:, layer]
            if layer:
                by_name[f"lstm.{layer}.kernel"] = hidden[:count, layer - 1].T @ own
        vocabulary = seen.logits.shape[1]
        # The input of the first layer is a row of a table, so the gradient of the table is a sum for each symbol.
        ids, own = seen.ids[:count], d_gates[:, 0]
        if config.encoder == "embedding":
            by_name["lstm.0.kernel"] = self.named["embedding"][ids].T @ own
            by_name["embedding"] = _sums_by_id(ids, own @ self.to_below[0], vocabulary)
            if config.tie:
                by_name["embedding"] += d_output.T
        else:
            by_name["lstm.0.kernel"] = _sums_by_id(ids, own, vocabulary)
        return {name: float(np.linalg.norm(by_name[name])) for name in config.weight_shapes()}


def _sums_by_id(ids: Ids, rows: Floats, size: int) -> Floats:
    """The sum of the rows of each id, shape (size, columns)."""
    table = np.zeros((size, rows.shape[1]))
    np.add.at(table, ids, rows)
    return table
