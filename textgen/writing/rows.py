"""Rows of texts that are drawn side by side. Knows nothing of prompts or of run folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textgen.writing.sampling import Uniforms, draw, transformed
from textgen.writing.transforms import HISTORY, Context

# Texts in a block that is stepped as one. A block always has this many rows, though some may stand for nothing, since
# a product of another shape rounds otherwise: so the third of five texts is the third of ten, to the byte.
ROWS = 32


@dataclass(frozen=True)
class Start:
    """Where a text begins: what the engine returned for the prompt.

    Attributes:
        logits: float32, shape (vocabulary,).
        state: of batch 1.
        ids: int, shape (symbols,), what was read.
    """

    logits: np.ndarray
    state: object
    ids: np.ndarray

    @classmethod
    def after(cls, engine, ids) -> "Start":
        """Where a text begins once the engine has read these ids."""
        return cls(*engine.read(ids), ids)


class Rows:
    """Texts drawn side by side.

    Attributes:
        logits: float32, shape (rows, vocabulary), of the symbol to come.
        context: what the transforms see.
    """

    def __init__(
        self, engine, starts: Sequence[Start], transforms: Sequence[Callable], uniforms: Uniforms, printed, length
    ):
        self._engine, self._work = engine, engine.workspace(len(starts))
        self._transforms, self._uniforms = transforms, uniforms
        self._state = starts[0].state.stack([start.state for start in starts])
        self.logits = np.stack([start.logits for start in starts])
        self._history = np.full((len(starts), 2 * HISTORY), -1, np.intp)
        self._end = HISTORY
        for row, start in enumerate(starts):
            recent = start.ids[-HISTORY:]
            self._history[row, HISTORY - len(recent) : HISTORY] = recent
        self._begin = HISTORY - min(max(len(start.ids) for start in starts), HISTORY)
        self.context = Context(self._history[:, self._begin : HISTORY], 0, length, printed)

    def transformed(self):
        """The logits that are drawn from, float64 (rows, vocabulary)."""
        return transformed(self.logits, self.context, self._transforms)

    def draw_all(self):
        """One id for each row, int (rows,)."""
        return draw(self.transformed(), self._uniforms())

    def draw(self, forbidden: Sequence[int] = ()) -> int | None:
        """The id of the only row, none of these; None where nothing else is left."""
        logits = self.logits
        if forbidden:
            logits = logits.copy()
            logits[0, forbidden] = -np.inf
        logits = transformed(logits, self.context, self._transforms)
        if forbidden and not logits.max() > -np.inf:
            return None
        return int(draw(logits, self._uniforms())[0])

    def read(self, ids):
        """Go on by one symbol in each row."""
        self.logits, self._state = self._engine.step(self._state, ids, self._work)
        if self._end == self._history.shape[1]:
            self._history[:, :HISTORY] = self._history[:, -HISTORY:]
            self._begin, self._end = 0, HISTORY
        self._history[:, self._end] = ids
        self._end += 1
        context = self.context
        context.history = self._history[:, max(self._begin, self._end - HISTORY) : self._end]
        context.position += 1

    def place(self):
        """Where the only row stands, to step back to."""
        return self._state, self.logits.copy(), self.context.position

    def go_back(self, place):
        """Step back to a place, at most HISTORY / 2 symbols."""
        self._state, self.logits, position = place
        context = self.context
        self._end -= context.position - position
        context.position = position
        context.history = self._history[:, max(self._begin, self._end - HISTORY) : self._end]
