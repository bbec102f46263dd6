"""How surprising each symbol of a text is to a model. Knows nothing of files or of Keras."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textgen.planning.streams import lay_out_symbols
from textgen.tokens.symbols import UNKNOWN
from textgen.writing.sampling import log_probabilities


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
