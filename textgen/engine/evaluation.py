"""How well a model predicts a text: nats and bits a symbol, perplexity, the share of symbols it never saw.

Two protocols, both on the NumPy engine. Carried: the text is read from its beginning to its end, the state going on
from symbol to symbol; for speed it is cut into parts that are read side by side, each after a stretch of the text
before it whose predictions do not count. Windows: the text is cut into windows that each begin without any state, the
way nanoGPT reports (Karpathy 2022). This module knows nothing of files or of Keras.
"""

import math
from dataclasses import dataclass

import numpy as np

from textgen.tokens.symbols import IGNORED, UNKNOWN
from textgen.writing.sampling import log_probabilities

# Rows read side by side, and the symbols a row reads for its state before its predictions count.
ROWS, RUN_UP = 64, 256


@dataclass(frozen=True)
class Evaluation:
    """What a model thinks of a text.

    Attributes:
        nats: mean loss, nats a symbol.
        symbols: predictions that were counted.
        characters: Unicode code points of the text.
        unknown: share of the text's symbols that are outside the vocabulary.
        window: symbols of an independent window; None where the state was carried.
    """

    nats: float
    symbols: int
    characters: int
    unknown: float
    window: int | None = None

    @property
    def bits(self):
        """Mean loss, bits a symbol."""
        return self.nats / math.log(2)

    @property
    def perplexity(self):
        """exp(nats): how many equally likely symbols would be as hard to predict."""
        return math.exp(min(self.nats, 700.0))

    @property
    def bits_per_character(self):
        """Bits for the whole text, by its characters: what compares character and word models."""
        return self.bits * self.symbols / max(self.characters, 1)


def evaluate(engine, ids, characters, window=None):
    """Measure a model on a text.

    Args:
        engine: the Engine.
        ids: the text, integers, shape (symbols,), a BOUNDARY before each document; at least two.
        characters: Unicode code points in the text.
        window: symbols that a window predicts, None to carry the state through the whole text. The last window is
            as long as the text leaves it.
    """
    ids = np.asarray(ids)
    inputs, targets = _windows(ids, window) if window else _parts(ids)
    total, count = 0.0, 0
    for start in range(0, len(inputs), ROWS):
        rows = slice(start, start + ROWS)
        total += _read(engine, inputs[rows], targets[rows])
        count += int(np.count_nonzero(targets[rows] != IGNORED))
    return Evaluation(total / count, count, characters, float(np.mean(ids == UNKNOWN)), window)


def _windows(ids, window):
    """Inputs and targets (windows, window), short rows filled with IGNORED."""
    starts = np.arange(0, len(ids) - 1, window)
    return _rows(ids, starts, starts, np.minimum(starts + window, len(ids) - 1))


def _parts(ids):
    """Inputs and targets of equal parts, each with its run-up."""
    count = max(1, min(ROWS, (len(ids) - 1) // RUN_UP))
    edges = np.arange(count + 1) * (len(ids) - 1) // count
    return _rows(ids, np.maximum(edges[:-1] - RUN_UP, 0), edges[:-1], edges[1:])


def _rows(ids, starts, counted, ends):
    """One row for each stretch ids[start:end], its targets counting from `counted` on."""
    at = starts[:, None] + np.arange(int((ends - starts).max()))
    inputs = ids[np.minimum(at, len(ids) - 1)]
    targets = ids[np.minimum(at + 1, len(ids) - 1)].astype(np.int64)
    targets[(at < counted[:, None]) | (at >= ends[:, None])] = IGNORED
    return inputs, targets


def _read(engine, inputs, targets):
    """Sum of the losses, nats, of rows read side by side from the state before any text."""
    state, total = engine.initial_state(len(inputs)), 0.0
    for time in range(inputs.shape[1]):
        logits, state = engine.step(state, inputs[:, time])
        (rows,) = np.nonzero(targets[:, time] != IGNORED)
        if len(rows):
            total -= float(log_probabilities(logits[rows], targets[rows, time]).sum())
    return total


def distinct(texts, n):
    """Distinct-n (Li et al. 2016): the share of different ones among all runs of n symbols in some texts.

    Args:
        texts: sequences of symbols, such as str.
        n: symbols in a run.
    """
    runs = [tuple(text[at : at + n]) for text in texts for at in range(len(text) - n + 1)]
    return len(set(runs)) / max(len(runs), 1)
