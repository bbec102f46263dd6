"""What happens inside the network while it reads a text: gates, states, logits and surprisal, step by step, as arrays.

For each time step t and each layer, x is the input of the layer (the symbol's vector, or the h of the layer below), and
h and c are the state before the step. The equations are those of Hochreiter and Schmidhuber (1997), with the forget
gate of Gers, Schmidhuber and Cummins (2000):

    input gate    i = sigmoid(x Wi + h Ri + bi)         how much of the candidate enters the cell
    forget gate   f = sigmoid(x Wf + h Rf + bf)         how much of the cell is kept: 1 keeps all, 0 forgets all
    candidate     g =    tanh(x Wg + h Rg + bg)         the new value offered to the cell
    output gate   o = sigmoid(x Wo + h Ro + bo)         how much of the cell is shown
    cell state    c' = f * c + i * g
    hidden state  h' = o * tanh(c')                     read by the next layer, by the logits and by the next step

Where the layers are projected (`projection`), h' is the product of o * tanh(c') and a matrix, and has fewer numbers.

`textgen.engine.network` computes exactly these equations. torch.nn.LSTM stores the rows of its weights in the order i,
f, g, o, and adds two biases. Keras stores columns in the same order, has one bias, and calls the candidate c. The run
folder uses the order of Keras.

This module knows nothing of files, pictures or Keras.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.engine.network import Engine, State
from textgen.engine.probability import log_probabilities, softmax
from textgen.errors import PromptError, UsageError
from textgen.system import threads
from textgen.system.keywords import answers_keywords
from textgen.system.wording import count as counted
from textgen.tokens.layout import UNKNOWN, Ids, Layout, lay_out_symbols
from textgen.writing.generator import Generator

# A text to read: one document, several documents, or a text that `layout_of` has already laid out.
Text: TypeAlias = str | Sequence[str] | Layout

# Names of a Trace's arrays of gates and of states, in the order in which a step computes them.
GATES = ("input_gate", "forget_gate", "candidate", "output_gate")
STATES = ("cell", "hidden")


@dataclass(frozen=True, repr=False)
class Trace:
    """A text as the network read it. A time step reads one symbol. The first axis of every array is time.

    Attributes:
        symbols: the text of each step, in reading order. A run trained backward reads each line from its end.
        places: int, shape (time,): the position of each symbol in the text.
        ids: int, shape (time,).
        start: the State before the first step. The network has then read the boundary and all symbols before the steps.
        input_gate, forget_gate, candidate, output_gate: float32, shape (time, layers, units): i, f, g and o.
        cell: float32, shape (time, layers, units): c after the step.
        hidden: float32, shape (time, layers, output): h after the step; as long as c unless the layers are projected.
        logits: float32, shape (time, vocabulary): the prediction of the next symbol, after each step.
        surprisal: float64, shape (time,), in nats: minus the natural logarithm of the probability that the network gave
            to each symbol before it read the symbol.
        printed: the text of each id of the vocabulary.
    """

    symbols: Sequence[str]
    places: Ids
    ids: Ids
    start: State
    input_gate: NDArray[np.float32]
    forget_gate: NDArray[np.float32]
    candidate: NDArray[np.float32]
    output_gate: NDArray[np.float32]
    cell: NDArray[np.float32]
    hidden: NDArray[np.float32]
    logits: NDArray[np.float32]
    surprisal: NDArray[np.float64]
    printed: Sequence[str]

    def __repr__(self) -> str:
        _, layers, units = self.cell.shape
        text, steps = arguments.shown("".join(self.symbols)), counted(len(self), "step")
        return f"<Trace of {text}: {steps}, {counted(layers, 'layer')} of {units} units>"

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """bool, shape (time,): True where a symbol is outside the vocabulary and was read as the unknown symbol."""
        unknown: NDArray[np.bool_] = self.ids == UNKNOWN
        return unknown

    @property
    def cell_before(self) -> NDArray[np.float32]:
        """The cell state before each step, float32, shape (time, layers, units)."""
        return np.concatenate([self.start.c.transpose(1, 0, 2), self.cell[:-1]])

    @answers_keywords
    def likeliest(self, step: int, count: int = 5) -> list[tuple[str, float]]:
        """The symbols that the network predicts after a step: pairs of text and probability, the most likely first.

        Args:
            step: counted from 0.
            count: the number of pairs.
        """
        step = arguments.whole_number("step", step, -len(self), len(self) - 1)
        count = arguments.whole_number("count", count, 0)
        probabilities = softmax(self.logits[None, step].astype(np.float64))[0]
        order = np.argsort(-probabilities, kind="stable")[:count]
        return [(self.printed[index], float(probabilities[index])) for index in order]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All values as plain arrays by name, the symbols as an array of text: the content of an .npz file."""
        values = {name: getattr(self, name) for name in ("places", "ids", *GATES, *STATES, "logits", "surprisal")}
        first = {"first_cell": self.start.c[:, 0], "first_hidden": self.start.h[:, 0]}
        return {"symbols": np.array(self.symbols)} | values | first


@answers_keywords
def trace(generator: Generator, text: Text, start: int = 0, stop: int | None = None) -> Trace:
    """Read a text and record every gate, state and prediction.

    The network reads the text as in training and in `Generator.score`: first a BOUNDARY, and one between two documents.
    It reads symbols outside the vocabulary as the unknown symbol.

    Args:
        generator: a Generator of one run.
        text: one document, or several documents read one after another, or the result of `layout_of`.
        start, stop: the recorded steps, counted from 0 in reading order, `stop` excluded. Earlier steps are read but
            not recorded. A step takes 4 x (6 x layers x units + vocabulary) bytes.

    Raises:
        PromptError: the text is empty, or has no step between start and stop.
        UsageError: the generator is a mixture of runs.
    """
    start = arguments.whole_number("start", start, 0, arguments.MAX_STEP)
    stop = None if stop is None else arguments.whole_number("stop", stop, -arguments.MAX_STEP, arguments.MAX_STEP)
    layout = layout_of(generator, text)
    length = len(layout.symbols)
    last = length if stop is None else min(stop, length)
    if not 0 <= start < last:
        wanted = last if stop is None else stop
        noun = generator.tokenizer.noun
        raise PromptError(f"the text has {counted(length, noun)}: no step from {start + 1:,} to {wanted:,}")
    return next(traces(generator, layout, last - start, start))


@answers_keywords
def trace_ids(generator: Generator, ids: Ids) -> Trace:
    """Read ids as they are, int (time + 1,), and record every step but the first."""
    engine_of(generator)
    last = generator.tokenizer.vocabulary_size - 1
    wanted = "ids, two or more whole numbers"
    row = [arguments.whole_number("ids", index, 0, last) for index in arguments.items("ids", ids, wanted)]
    if len(row) < 2:
        raise arguments.refused("ids", wanted, ids)
    symbols = [generator.labels[index] for index in row[1:]]
    return trace(generator, Layout(np.array(row), symbols, np.arange(len(symbols))))


def traces(generator: Generator, text: Text, size: int, start: int = 0) -> Iterator[Trace]:
    """Read a text from one step to its end and yield a Trace of every `size` steps.

    The other arguments and the errors are those of `trace`.
    """
    layout = layout_of(generator, text)
    engine, ids, symbols = engine_of(generator), layout.ids, layout.symbols
    with threads.limited():
        before, state = engine.read(ids[: start + 1])
    for first in range(start, len(symbols), size):
        part = slice(first, first + size)
        read = ids[1:][part]
        with threads.limited():
            recorded, logits, end = _record_steps(engine, state, read)
        # One more row than steps: the prediction before the first step, then the prediction after each step.
        logits = np.concatenate([before[None], logits])
        surprisal = -np.concatenate([log_probabilities(some, after) for some, after in _chunks(logits[:-1], read)])
        yield Trace(
            symbols=symbols[part],
            places=layout.places[part],
            ids=read,
            start=state,
            **recorded,
            logits=logits[1:],
            surprisal=surprisal,
            printed=generator.labels,
        )
        before, state = logits[-1], end


def engine_of(generator: Generator) -> Engine:
    """The Engine of a generator. Raises UsageError if the generator mixes several runs."""
    arguments.instance("generator", generator, Generator)
    if not isinstance(generator.engine, Engine):
        raise UsageError("a mixture of runs has no gates of its own; inspect each run separately")
    return generator.engine


def layout_of(generator: Generator, text: Text) -> Layout:
    """Lay a text out as the network reads it. A caller that reads a text several times does this once.

    Raises:
        PromptError: the text is empty.
        UsageError: not a text, or the generator is a mixture of runs.
    """
    engine_of(generator)
    if isinstance(text, Layout):
        return text
    documents = arguments.documents("text", text)
    if not any(documents):
        raise PromptError("the text is empty: nothing to inspect; give at least one character")
    backward = generator.direction == "backward"
    return lay_out_symbols(generator.tokenizer, documents, generator.separator, backward)


def _record_steps(
    engine: Engine, state: State, ids: Ids
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32], State]:
    """Read ids from a state.

    Returns:
        the gates and states, arrays by name; the logits, (time, vocabulary); the State after the last step.
    """
    work, (layers, _, units) = engine.workspace(1), state.c.shape
    recorded = {name: np.empty((len(ids), layers, units), np.float32) for name in (*GATES, "cell")}
    recorded["hidden"] = np.empty((len(ids), layers, state.h.shape[2]), np.float32)
    logits = np.empty((len(ids), work.logits.shape[1]), np.float32)
    # The engine stores the output gate before the candidate.
    columns = {name: slice(units * place, units * (place + 1)) for name, place in zip(GATES, (0, 1, 3, 2), strict=True)}
    for step, index in enumerate(ids[:, None]):
        logits[step], state = engine.step(state, index, work)
        for name, part in columns.items():
            recorded[name][step] = work.gates[:, 0, part]
        recorded["cell"][step], recorded["hidden"][step] = state.c[:, 0], state.h[:, 0]
    return recorded, logits, state


def _chunks(logits: NDArray[np.float32], ids: Ids, size: int = 1024) -> Iterator[tuple[NDArray[np.float32], Ids]]:
    """Logits and ids in chunks of `size` rows, so that float64 copies of all rows never exist at once."""
    for start in range(0, len(ids), size):
        yield logits[start : start + size], ids[start : start + size]
