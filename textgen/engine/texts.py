"""Many texts read by one network: their vectors, their likelihood with each label, what its classifier predicts.

Texts are read side by side, those of nearly the same length together, in several threads. A text's figures do not
depend on the texts beside it. This module does not know files.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.engine.network import Engine, State
from textgen.engine.probability import log_probabilities, log_softmax
from textgen.engine.weights import Floats
from textgen.system import threads
from textgen.tokens.layout import Ids

# Texts that one thread reads side by side.
ROWS = 32


class _Read(NamedTuple):
    """One step of several texts: the first `rows` of them go on.

    Attributes:
        time: which symbol of each text was read.
        rows: how many texts have that symbol.
        logits: float32, shape (rows, vocabulary).
        state: after it.
    """

    time: int
    rows: int
    logits: Floats
    state: State


def _steps(engine: Engine, texts: Sequence[Ids], state: State) -> Iterator[_Read]:
    """Read texts, the longest first, from a state with one row for each."""
    rows, work = len(texts), engine.workspace(len(texts))
    lengths = np.array([len(text) for text in texts])
    columns = np.zeros((lengths[0], rows), np.intp)
    for row, text in enumerate(texts):
        columns[: len(text), row] = text
    for time, ids in enumerate(columns):
        left = int(np.count_nonzero(lengths > time))
        if left < rows:
            rows, state, work = left, state.rows(slice(left)), engine.workspace(left)
        logits, state = engine.step(state, ids[:rows], work)
        yield _Read(time, rows, logits, state)


def _groups(texts: Sequence[Ids], rows: int = ROWS) -> list[list[int]]:
    """The texts' numbers in groups of nearly the same length, the longest first in each."""
    order = sorted(range(len(texts)), key=lambda number: -len(texts[number]))
    return [order[start : start + rows] for start in range(0, len(order), rows)]


def vectors(engine: Engine, texts: Sequence[Ids]) -> Floats:
    """A vector for each text: the mean of its hidden states, and the last of them, each of length 1.

    Args:
        engine: the network.
        texts: integers, each of shape (symbols,), at least one; as the network reads them.

    Returns:
        float32, shape (texts, 2 x output): of the last layer. A vector of zeros stays one.
    """
    size = engine.config.sizes.output
    found = np.zeros((len(texts), 2, size), np.float32)

    def read(group: list[int]) -> None:
        chosen = [texts[number] for number in group]
        total, last = (np.zeros((len(group), size), np.float32) for _ in range(2))
        for step in _steps(engine, chosen, engine.initial_state(len(group))):
            hidden = step.state.h[-1]
            total[: step.rows] += hidden
            last[: step.rows] = hidden
        found[group, 0], found[group, 1] = total, last

    _in_threads(read, texts)
    norms = np.linalg.norm(found, axis=2, keepdims=True)
    np.divide(found, norms, out=found, where=norms > 0)
    return found.reshape(len(texts), 2 * size)


def class_log_probabilities(engine: Engine, texts: Sequence[Ids]) -> NDArray[np.float64]:
    """What the network's classifier predicts for each text: the log-probability of each label.

    The classifier gives logits after each symbol; those of a text are their mean.

    Args:
        engine: a network with a classifier.
        texts: as of `vectors`.

    Returns:
        float64, shape (texts, labels): natural logarithms; each row's probabilities sum to 1.
    """
    labels, classes = engine.labels, engine.config.classes
    if labels is None or not classes:
        raise ValueError("a network without a classifier")
    found = np.zeros((len(texts), classes))

    def read(group: list[int]) -> None:
        total = np.zeros((len(group), classes))
        for step in _steps(engine, [texts[number] for number in group], engine.initial_state(len(group))):
            total[: step.rows] += labels.class_logits(step.state.h[-1])
        found[group] = total / np.array([[len(texts[number])] for number in group])

    _in_threads(read, texts)
    return log_softmax(found)


def log_likelihoods(engines: Sequence[Engine], texts: Sequence[Ids]) -> NDArray[np.float64]:
    """The log-probability that each of several networks gives each text.

    Args:
        engines: one network told different labels (`Engine.told`).
        texts: as of `vectors`; the first symbol of each is not predicted.

    Returns:
        float64, shape (texts, engines), nats.
    """
    found = np.zeros((len(texts), len(engines)))
    tasks = [(number, place) for number in range(len(texts)) for place in range(len(engines))]
    read_by = [texts[number] for number, _ in tasks]
    one = engines[0]

    def read(group: list[int]) -> None:
        chosen = [read_by[task] for task in group]
        state = State.stack([engines[tasks[task][1]].initial_state(1) for task in group])
        for step in _steps(one, [text[:-1] for text in chosen], state) if len(chosen[0]) > 1 else ():
            wanted = np.array([text[step.time + 1] for text in chosen[: step.rows]])
            scores = log_probabilities(step.logits, wanted)
            for task, score in zip(group, scores, strict=False):
                found[tasks[task]] += score

    _in_threads(read, read_by)
    return found


def _in_threads(read: Callable[[list[int]], None], texts: Sequence[Ids]) -> None:
    """Call a function with each group of texts, in several threads."""
    groups = _groups(texts)
    with threads.limited(), threads.pool(min(threads.allowed(), max(len(groups), 1))) as run:
        run(read, groups)
