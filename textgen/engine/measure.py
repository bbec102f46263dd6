"""How well a model predicts a text: nats, bits, perplexity, the surprisal of each symbol."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textgen.engine.probability import log_probabilities
from textgen.tokens.layout import IGNORED, UNKNOWN, lay_out_symbols

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


@dataclass(frozen=True)
class Score:
    """What a model makes of a text, symbol by symbol.

    Attributes:
        symbols: each symbol's text, as it stands in the text that was read; between two documents, their separator.
        surprisal: float64, shape (symbols,): minus the natural logarithm of the probability that the model gave each
            symbol, having read all before it; nats. Of a symbol outside the vocabulary, that of any such.
        unknown: bool, shape (symbols,): outside the vocabulary.
        characters: Unicode code points of the documents.
    """

    symbols: list[str]
    surprisal: np.ndarray
    unknown: np.ndarray
    characters: int

    @property
    def nats(self) -> float:
        """The whole text's surprisal, nats."""
        return float(self.surprisal.sum())

    @property
    def bits(self) -> float:
        """The whole text's surprisal, bits."""
        return self.nats / math.log(2)

    @property
    def perplexity(self) -> float:
        """exp of the mean surprisal: how many equally likely symbols would be as surprising."""
        return math.exp(min(self.nats / max(len(self.surprisal), 1), 700.0))

    @property
    def bits_per_character(self) -> float:
        """Bits for the whole text, by its characters."""
        return self.bits / max(self.characters, 1)


def score(engine, tokenizer, documents: Sequence[str], separator: str, backward: bool = False) -> Score:
    """Score documents, read one after another with a BOUNDARY before each, as in training.

    Args:
        engine: the Engine.
        tokenizer: the model's Tokenizer.
        documents: texts.
        separator: what a BOUNDARY between two of them is shown as.
        backward: whether the model reads each line from its end; the Score is in the order of the text all the same.
    """
    laid = lay_out_symbols(tokenizer, documents, separator, backward)
    ids, order = laid.ids, laid.places
    surprisal = -np.fromiter(_log_probabilities(engine, ids), np.float64, len(order))
    symbols, unknown = [laid.symbols[index] for index in order], (ids[1:] == UNKNOWN)[order]
    return Score(symbols, surprisal[order], unknown, sum(map(len, documents)))


def _log_probabilities(engine, ids) -> Iterator[float]:
    state, work = engine.initial_state(1), engine.workspace(1)
    for before, after in zip(ids[:-1, None], ids[1:, None], strict=True):
        logits, state = engine.step(state, before, work)
        yield log_probabilities(logits, after)[0]
