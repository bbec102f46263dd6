"""Ids to parallel, contiguous streams for truncated back-propagation through time.

The text is laid out as one row of ids, a BOUNDARY before each document, and cut into as many equal streams as the
batch has rows. Each step gives the next `length` ids of every stream, so the state a step ends in is the state the
next one begins with (Werbos 1990; the layout of char-rnn, Karpathy 2015). This module knows nothing of models.
"""

from dataclasses import dataclass

import numpy as np

from textgen.tokens.layout import IGNORED


@dataclass(frozen=True)
class Streams:
    """A row of ids cut into `batch` streams, read `length` time steps at a time.

    Attributes:
        ids: integers, shape (symbols,).
        batch: rows of a step that hold text.
        length: time steps of a step.
        rows: rows of a step in all; those beyond `batch` are padding whose targets are IGNORED.
        wrap: whether the row's end runs on into its start. Training streams wrap, so that each pass can begin at
            another place; a held-out text does not, and its last step is padded.
    """

    ids: np.ndarray
    batch: int
    length: int
    rows: int
    wrap: bool

    @property
    def span(self):
        """Predictions in one stream."""
        return len(self.ids) // self.batch if self.wrap else -(-(len(self.ids) - 1) // self.batch)

    @property
    def steps(self):
        """Steps in one pass. A wrapping stream drops the part of a step at its end; the next pass begins elsewhere."""
        return self.span // self.length if self.wrap else -(-self.span // self.length)

    @property
    def symbols(self):
        """Predictions that count in one pass."""
        return self.steps * self.batch * self.length if self.wrap else len(self.ids) - 1

    def step(self, index, offset=0):
        """One step.

        Args:
            index: which, from 0 to `steps` - 1.
            offset: the place in the text where the pass begins (wrapping streams only).

        Returns:
            inputs (int32, shape (rows, length)) and targets (the same shape): each input's next id, or IGNORED.
        """
        within = index * self.length + np.arange(self.length)
        at = (np.arange(self.batch) * self.span)[:, None] + within
        inputs = np.zeros((self.rows, self.length), dtype=np.int32)
        targets = np.full((self.rows, self.length), IGNORED, dtype=np.int32)
        if self.wrap:
            at = (at + offset) % len(self.ids)
            inputs[: self.batch] = self.ids[at]
            targets[: self.batch] = self.ids[(at + 1) % len(self.ids)]
        else:
            # A text's ids may be of a type that has no IGNORED.
            counts = (within < self.span) & (at + 1 < len(self.ids))
            inputs[: self.batch][counts] = self.ids[at[counts]]
            targets[: self.batch][counts] = self.ids[at[counts] + 1]
        return inputs, targets


def training_streams(ids, batch, length):
    """Streams to train on, and shapes that fit: a short text gets fewer rows, never a shorter step.

    Returns None where not even one row of `length` + 1 ids fits.
    """
    batch = min(batch, len(ids) // (length + 1))
    return Streams(ids, batch, length, rows=batch, wrap=True) if batch else None


def held_out_streams(ids, rows, length):
    """Streams to measure on. Few enough that each is eight steps long: a stream's first predictions lack context."""
    batch = max(1, min(rows, (len(ids) - 1) // (8 * length)))
    return Streams(ids, batch, length, rows=rows, wrap=False)
