"""Ids to parallel, contiguous streams for truncated back-propagation through time.

The text is one row of ids with a BOUNDARY before each document. It is cut into as many equal streams as a batch has
rows. Each step reads the next `length` ids of every stream, so the state at the end of a step is the state at the start
of the next (Werbos 1990; the layout of char-rnn, Karpathy 2015). This module knows nothing of models.
"""

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textgen.planning.labelling import TextLabels
from textgen.tokens.layout import IGNORED, Ids

# Steps in a held-out stream, at least: the first predictions of a stream lack context.
MIN_HELD_OUT_STEPS = 8

_Int32s = NDArray[np.int32]


@dataclass(frozen=True)
class Streams(ABC):
    """A row of ids cut into `batch` streams, read `length` time steps at a time.

    Attributes:
        ids: integers, shape (symbols,).
        batch: rows of a step that hold text.
        length: time steps of a step.
        rows: rows that `step` gives; those beyond `batch` are padding whose targets are IGNORED.
        labels: the labels of the documents; None for a text without labels.
        first: the first row that `step` gives. Of several processes, each reads its own rows.
    """

    ids: Ids
    batch: int
    length: int
    rows: int
    labels: TextLabels | None = None
    first: int = 0

    def dealt(self, first: int, rows: int) -> Self:
        """The same streams, of which a step gives so many rows from the first one on."""
        return dataclasses.replace(self, first=first, rows=rows)

    @property
    def filled(self) -> int:
        """Rows of `step` that hold text."""
        return max(0, min(self.batch - self.first, self.rows))

    @property
    @abstractmethod
    def span(self) -> int:
        """Predictions in one stream."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """Steps in one pass."""

    @property
    @abstractmethod
    def symbols(self) -> int:
        """Predictions that count in one pass."""

    @abstractmethod
    def step(self, index: int, offset: int = 0) -> tuple[_Int32s, _Int32s]:
        """One step.

        Args:
            index: which step, from 0 to `steps` - 1.
            offset: the position in the text where the pass begins (training streams only).

        Returns:
            inputs (int32, shape (rows, length)) and targets (the same shape): each input's next id, or IGNORED.
        """

    def documents(self, index: int, offset: int = 0) -> NDArray[np.intp]:
        """The number of the document that each input of a step is in, shape (rows, length).

        Padding belongs to the first. Raises ValueError: a text without labels.
        """
        if self.labels is None:
            raise ValueError("a text without labels")
        found = np.zeros((self.rows, self.length), np.intp)
        found[: self.filled] = self.labels.documents(self._places(index, offset))
        return found

    @abstractmethod
    def _places(self, index: int, offset: int) -> NDArray[np.integer[Any]]:
        """The places in the row of ids of the inputs of a step, shape (filled, length)."""

    def _positions(self, index: int) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:
        """Where a step reads: positions in each stream, shape (length,), and in the ids, shape (filled, length)."""
        within = index * self.length + np.arange(self.length)
        streams = np.arange(self.first, self.first + self.filled)
        return within, (streams * self.span)[:, None] + within

    def _padding(self) -> tuple[_Int32s, _Int32s]:
        """Inputs and targets of a step that holds no text yet."""
        shape = (self.rows, self.length)
        return np.zeros(shape, dtype=np.int32), np.full(shape, IGNORED, dtype=np.int32)


@dataclass(frozen=True)
class TrainingStreams(Streams):
    """Streams to train on. The end of the row continues at its start, so each pass can begin at another position.

    A pass drops the incomplete step at the end of a stream; the next pass begins elsewhere.
    """

    @property
    def span(self) -> int:
        """Predictions in one stream."""
        return len(self.ids) // self.batch

    @property
    def steps(self) -> int:
        """Steps in one pass."""
        return self.span // self.length

    @property
    def symbols(self) -> int:
        """Predictions that count in one pass."""
        return self.steps * self.batch * self.length

    def step(self, index: int, offset: int = 0) -> tuple[_Int32s, _Int32s]:
        """One step: see `Streams.step`."""
        inputs, targets = self._padding()
        at = self._places(index, offset)
        inputs[: self.filled] = self.ids[at]
        targets[: self.filled] = self.ids[(at + 1) % len(self.ids)]
        return inputs, targets

    def _places(self, index: int, offset: int) -> NDArray[np.integer[Any]]:
        places: NDArray[np.integer[Any]] = (self._positions(index)[1] + offset) % len(self.ids)
        return places


@dataclass(frozen=True)
class HeldOutStreams(Streams):
    """Streams to measure on. Each symbol is predicted exactly once, and the last step is padded."""

    @property
    def span(self) -> int:
        """Predictions in one stream."""
        return -(-(len(self.ids) - 1) // self.batch)

    @property
    def steps(self) -> int:
        """Steps in one pass."""
        return -(-self.span // self.length)

    @property
    def symbols(self) -> int:
        """Predictions that count in one pass."""
        return len(self.ids) - 1

    def step(self, index: int, offset: int = 0) -> tuple[_Int32s, _Int32s]:
        """One step: see `Streams.step`. A pass always begins at the start of the row."""
        inputs, targets = self._padding()
        within, at = self._positions(index)
        # IGNORED cannot go through `ids`, whose type may be unsigned.
        counts = (within < self.span) & (at + 1 < len(self.ids))
        inputs[: self.filled][counts] = self.ids[at[counts]]
        targets[: self.filled][counts] = self.ids[at[counts] + 1]
        return inputs, targets

    def _places(self, index: int, offset: int) -> NDArray[np.integer[Any]]:
        places: NDArray[np.integer[Any]] = np.minimum(self._positions(index)[1], len(self.ids) - 1)
        return places


def training_streams(ids: Ids, batch: int, length: int, labels: TextLabels | None = None) -> TrainingStreams | None:
    """Streams to train on. A short text gets fewer rows, never a shorter step.

    Args:
        ids: integers, shape (symbols,).
        batch: rows of a step, at most.
        length: time steps of a step.
        labels: the labels of the documents.

    Returns:
        the streams; None if not even one row of `length` + 1 ids fits.
    """
    batch = min(batch, len(ids) // (length + 1))
    return TrainingStreams(ids, batch, length, rows=batch, labels=labels) if batch else None


def held_out_streams(ids: Ids, rows: int, length: int, labels: TextLabels | None = None) -> HeldOutStreams:
    """Streams to measure on: few enough that each has MIN_HELD_OUT_STEPS steps.

    Args:
        ids: integers, shape (symbols,), at least two.
        rows: rows of a step.
        length: time steps of a step.
        labels: the labels of the documents.
    """
    batch = max(1, min(rows, (len(ids) - 1) // (MIN_HELD_OUT_STEPS * length)))
    return HeldOutStreams(ids, batch, length, rows=rows, labels=labels)
