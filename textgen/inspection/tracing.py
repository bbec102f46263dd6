"""What happens inside the network while it reads a text: gates, states, logits and surprisal, step by step, as arrays.

For each time step t and each layer, with x its input (the symbol's vector, or the h of the layer below), h and c the
state before (Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000):

    input gate    i = sigmoid(x Wi + h Ri + bi)         what may enter the cell
    forget gate   f = sigmoid(x Wf + h Rf + bf)         what of the cell is kept: 1 keeps all, 0 forgets all
    candidate     g =    tanh(x Wg + h Rg + bg)         what would enter
    output gate   o = sigmoid(x Wo + h Ro + bo)         what of the cell is shown
    cell state    c' = f * c + i * g
    hidden state  h' = o * tanh(c')                     what the next layer, the logits and the next step see

These are the equations that are computed (`textgen.engine.network`). torch.nn.LSTM keeps the rows of its weights in the
order i, f, g, o, with two biases that are added; Keras keeps columns in the same order, with one bias, and calls the
candidate c. The run folder has Keras's order.

This module knows nothing of files, pictures or Keras.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from textgen.engine.network import Engine, State
from textgen.engine.probability import log_probabilities, softmax
from textgen.errors import PromptError, UsageError
from textgen.system import threads
from textgen.tokens.layout import UNKNOWN, Layout, lay_out_symbols

# The arrays of a Trace that stand for a part of the cell, in the order in which a step computes them.
GATES = ("input_gate", "forget_gate", "candidate", "output_gate")
STATES = ("cell", "hidden")


@dataclass(frozen=True)
class Trace:
    """A text as the network read it. A time step is one symbol read; all arrays have time first.

    Attributes:
        symbols: each step's text, in the order of reading: of a run trained backward, each line from its end.
        places: int, shape (time,): where each symbol stands in the text.
        ids: int, shape (time,).
        start: the State before the first step; it has read the boundary and whatever came before the steps.
        input_gate, forget_gate, candidate, output_gate: float32, shape (time, layers, units): i, f, g and o.
        cell, hidden: float32, shape (time, layers, units): c and h after the step.
        logits: float32, shape (time, vocabulary): of what comes after each step.
        surprisal: float64, shape (time,): minus the natural logarithm of the probability that each symbol was given
            before it was read; nats.
        printed: each id's text.
    """

    symbols: list[str]
    places: np.ndarray
    ids: np.ndarray
    start: State
    input_gate: np.ndarray
    forget_gate: np.ndarray
    candidate: np.ndarray
    output_gate: np.ndarray
    cell: np.ndarray
    hidden: np.ndarray
    logits: np.ndarray
    surprisal: np.ndarray
    printed: list[str]

    def __len__(self):
        return len(self.symbols)

    @property
    def unknown(self):
        """bool, shape (time,): outside the vocabulary, read as the unknown symbol."""
        return self.ids == UNKNOWN

    @property
    def cell_before(self):
        """The cell state that each step began with, float32, shape (time, layers, units)."""
        return np.concatenate([self.start.c.transpose(1, 0, 2), self.cell[:-1]])

    def likeliest(self, step, count=5):
        """What the network thinks likeliest after a step: pairs of text and probability, likeliest first."""
        shares = softmax(self.logits[None, step].astype(np.float64))[0]
        return [(self.printed[index], float(shares[index])) for index in np.argsort(-shares, kind="stable")[:count]]

    def arrays(self):
        """All of it as plain arrays by name, the symbols as text; what `--npz` writes."""
        values = {name: getattr(self, name) for name in ("places", "ids", *GATES, *STATES, "logits", "surprisal")}
        first = {"first_cell": self.start.c[:, 0], "first_hidden": self.start.h[:, 0]}
        return {"symbols": np.array(self.symbols)} | values | first


def trace(generator, text, start=0, stop=None) -> Trace:
    """Read a text and keep everything.

    The text is read as in training and in `Generator.score`: a BOUNDARY first, and one between two documents. Symbols
    outside the vocabulary are read as the unknown symbol.

    Args:
        generator: a Generator of one run.
        text: one document, or several that are read one after another; or what `laid_out` made of them.
        start, stop: the steps that are kept, in the order of reading; those before are read and forgotten. A step
            takes 4 x (6 x layers x units + vocabulary) bytes.

    Raises:
        PromptError: an empty text, or no step between start and stop.
        UsageError: a mixture of runs, which has no gates of its own.
    """
    text = laid_out(generator, text)
    symbols = text.symbols
    stop = len(symbols) if stop is None else min(stop, len(symbols))
    if not 0 <= start < stop:
        noun = generator.tokenizer.noun
        raise PromptError(f"no {noun} from {start + 1} to {stop}: the text has {len(symbols):,} {noun}s")
    return next(traces(generator, text, stop - start, start))


def trace_ids(generator, ids) -> Trace:
    """Read ids as they are, int (time + 1,), and keep everything of all but the first."""
    symbols = [generator.printed[index] for index in ids[1:]]
    return trace(generator, Layout(np.asarray(ids), symbols, np.arange(len(symbols))))


def traces(generator, text, size, start=0) -> Iterator[Trace]:
    """The whole of a text from a step on, so many steps at a time. Arguments and errors as of `trace`."""
    laid = laid_out(generator, text)
    engine, ids, symbols = network(generator), laid.ids, laid.symbols
    with threads.limited(threads.for_rows(1, engine.largest_product)):
        before, state = engine.read(ids[: start + 1])
    for first in range(start, len(symbols), size):
        part = slice(first, first + size)
        read = ids[1:][part]
        with threads.limited(threads.for_rows(1, engine.largest_product)):
            kept, logits, end = _steps(engine, state, read)
        logits = np.concatenate([before[None], logits])
        surprisal = -np.concatenate([log_probabilities(one, after) for one, after in _rows(logits[:-1], read)])
        yield Trace(
            symbols=symbols[part],
            places=laid.places[part],
            ids=read,
            start=state,
            **kept,
            logits=logits[1:],
            surprisal=surprisal,
            printed=generator.printed,
        )
        before, state = logits[-1], end


def _steps(engine, state, ids):
    """Everything that ids make of a state: arrays by name, logits (time, vocabulary), and the State after."""
    config, work, units = engine.config, engine.workspace(1), engine.config.units
    kept = {name: np.empty((len(ids), config.layers, units), np.float32) for name in (*GATES, *STATES)}
    logits = np.empty((len(ids), config.vocabulary_size), np.float32)
    # The engine keeps the output gate before the candidate.
    columns = {name: slice(units * place, units * (place + 1)) for name, place in zip(GATES, (0, 1, 3, 2), strict=True)}
    for step, index in enumerate(ids[:, None]):
        logits[step], state = engine.step(state, index, work)
        for name, part in columns.items():
            kept[name][step] = work.gates[:, 0, part]
        kept["cell"][step], kept["hidden"][step] = state.c[:, 0], state.h[:, 0]
    return kept, logits, state


def network(generator):
    """The Engine of a generator. Raises UsageError where it mixes several."""
    if not isinstance(generator.engine, Engine):
        raise UsageError("several runs as one have no gates of their own; inspect each by itself")
    return generator.engine


def laid_out(generator, text):
    """A text as the network reads it, Layout, once: what reads it several times is given that. Raises PromptError where
    the text is empty."""
    if isinstance(text, Layout):
        return text
    documents = [text] if isinstance(text, str) else list(text)
    if not any(documents):
        raise PromptError("the text is empty: there is nothing to inspect; give a character at least")
    backward = generator.direction == "backward"
    return lay_out_symbols(generator.tokenizer, documents, generator.separator, backward)


def _rows(logits, ids, size=1024):
    """Both, so many rows at a time: their probabilities in float64 need not all be there at once."""
    for start in range(0, len(ids), size):
        yield logits[start : start + size], ids[start : start + size]
