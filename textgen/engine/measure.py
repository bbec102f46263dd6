"""How well a network predicts a text: nats, bits, perplexity, and the surprisal of each symbol.

This module does not know run folders or how text is sampled.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textgen.engine.network import AnyNetwork, Told
from textgen.engine.probability import log_probabilities
from textgen.runs.losses import Evaluation, Prediction, bits
from textgen.system import threads
from textgen.system.wording import count
from textgen.tokens.base import Tokenizer
from textgen.tokens.extent import Extent
from textgen.tokens.layout import IGNORED, UNKNOWN, Ids, lay_out_symbols

# Into how many rows a text is divided, how many of them one thread reads side by side, and how many symbols a row reads
# to build up its state before its predictions count.
ROWS, ROWS_OF_A_THREAD, RUN_UP = 64, 32, 256


def evaluate(
    engine: AnyNetwork,
    ids: Ids,
    extent: Extent,
    window: int | None = None,
    rows: int = ROWS,
    run_up: int = RUN_UP,
    told: Told | None = None,
) -> Evaluation:
    """Measure how well a network predicts a text.

    Args:
        engine: the network.
        ids: the text, integers, shape (symbols,), with a BOUNDARY before each document; at least two.
        extent: the length of the text.
        window: predict each window of this many symbols from the initial state (the last may be shorter); None
            carries the state through the whole text.
        rows: into how many parts the text is divided where the state is carried.
        run_up: symbols that a part reads before its predictions count.
        told: the labels at each place of the text, shape (symbols,); None where they do not change.
    """
    ids = np.asarray(ids)
    positions, targets = _windows(ids, window) if window else _parts(ids, rows, run_up)
    inputs = ids[positions]
    of_a_thread = min(-(-len(inputs) // threads.allowed()), ROWS_OF_A_THREAD)
    parts = [slice(start, start + of_a_thread) for start in range(0, len(inputs), of_a_thread)]

    def read(part: slice) -> float:
        labels = None if told is None else told._replace(places=told.places[positions[part]])
        return engine.log_likelihood(inputs[part], targets[part], labels)

    with threads.limited(), threads.pool(min(threads.allowed(), len(parts))) as run:
        total = -sum(run(read, parts))
    count = int(np.count_nonzero(targets != IGNORED))
    return Evaluation(total / count, count, extent, float(np.mean(ids == UNKNOWN)), window)


def _windows(ids: Ids, window: int) -> tuple[Ids, Ids]:
    """Positions and targets, shape (windows, window); short rows are padded with IGNORED."""
    starts = np.arange(0, len(ids) - 1, window)
    return _rows(ids, starts, starts, np.minimum(starts + window, len(ids) - 1))


def _parts(ids: Ids, rows: int, run_up: int) -> tuple[Ids, Ids]:
    """Positions and targets of equal parts of the text, each with its run-up."""
    count = max(1, min(rows, (len(ids) - 1) // run_up))
    edges = np.arange(count + 1) * (len(ids) - 1) // count
    return _rows(ids, np.maximum(edges[:-1] - run_up, 0), edges[:-1], edges[1:])


def _rows(ids: Ids, starts: Ids, counted: Ids, ends: Ids) -> tuple[Ids, Ids]:
    """One row for each stretch ids[start:end]; its targets count from `counted` on."""
    positions = starts[:, None] + np.arange(int((ends - starts).max()))
    targets = ids[np.minimum(positions + 1, len(ids) - 1)].astype(np.int64)
    targets[(positions < counted[:, None]) | (positions >= ends[:, None])] = IGNORED
    return np.minimum(positions, len(ids) - 1), targets


def distinct(texts: Sequence[Sequence[str]], n: int) -> float:
    """Distinct-n (Li et al. 2016): the share of distinct n-grams among all n-grams of some texts.

    Args:
        texts: sequences of symbols, such as str.
        n: symbols in an n-gram.
    """
    ngrams = [tuple(text[at : at + n]) for text in texts for at in range(len(text) - n + 1)]
    return len(set(ngrams)) / max(len(ngrams), 1)


@dataclass(frozen=True, repr=False)
class Score(Prediction):
    """How well a network predicts a text, symbol by symbol.

    Attributes:
        symbols: each symbol's text, in the order of the text; the separator between two documents.
        surprisal: float64, shape (symbols,), nats: minus the log-probability that the network gave each symbol after
            it had read all symbols before. A symbol outside the vocabulary has the surprisal of the unknown symbol.
        unknown: bool, shape (symbols,): whether the symbol is outside the vocabulary.
        extent: the length of the documents.
    """

    symbols: list[str]
    surprisal: NDArray[np.float64]
    unknown: NDArray[np.bool_]
    extent: Extent

    def __repr__(self) -> str:
        means = f"{self.mean_nats:.3f} nats each, perplexity {self.perplexity:.2f}"
        return f"<Score: {count(len(self.symbols), 'symbol')}, {self.nats:.2f} nats, {means}>"

    @property
    def nats(self) -> float:
        """Surprisal of the whole text, nats."""
        return float(self.surprisal.sum())

    @property
    def bits(self) -> float:
        """Surprisal of the whole text, bits."""
        return bits(self.nats)

    @property
    def mean_nats(self) -> float:
        """Mean surprisal of a symbol, nats."""
        return self.nats / max(len(self.surprisal), 1)

    @property
    def total_bits(self) -> float:
        """Surprisal of the whole text, bits."""
        return self.bits


def score(
    engine: AnyNetwork, tokenizer: Tokenizer, documents: Sequence[str], separator: str, backward: bool = False
) -> Score:
    """Score documents that are read one after another, with a BOUNDARY before each, as in training.

    Args:
        engine: the network.
        tokenizer: its tokenizer.
        documents: the texts.
        separator: the text that stands for a BOUNDARY between two documents.
        backward: whether the network reads each line from its end; the Score is in the order of the text either way.
    """
    layout = lay_out_symbols(tokenizer, documents, separator, backward)
    ids, order = layout.ids, layout.places
    surprisal = -np.fromiter(_log_probabilities(engine, ids), np.float64, len(order))
    symbols, unknown = [layout.symbols[index] for index in order], (ids[1:] == UNKNOWN)[order]
    return Score(symbols, surprisal[order], unknown, Extent.of(documents))


def _log_probabilities(engine: AnyNetwork, ids: Ids) -> Iterator[np.float64]:
    """The log-probability of each id but the first, after all ids before it."""
    state, work = engine.initial_state(1), engine.workspace(1)
    for before, after in zip(ids[:-1, None], ids[1:, None], strict=True):
        logits, state = engine.step(state, before, work)
        yield log_probabilities(logits, after)[0]
