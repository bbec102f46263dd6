"""Rows of texts that are drawn side by side. This module knows nothing of prompts or of run folders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from textgen.engine.network import AnyNetwork
from textgen.sampling.chain import transformed
from textgen.sampling.context import Context, Logits, Transform
from textgen.sampling.draw import Uniforms, draw
from textgen.tokens.layout import Ids

# Texts in a block that is stepped as one. A block always has this many rows, though some may be padding, because a
# matrix product of another shape rounds differently. So the third of five texts equals the third of ten, to the byte.
# Twice as many rows gain little on one thread, and a second block takes a second core (docs/log.md).
ROWS = 16


@dataclass(frozen=True)
class Start:
    """Where a text begins: what the network returned for the prompt.

    Attributes:
        logits: float32, shape (vocabulary,).
        state: the network's, of batch 1.
        ids: int, shape (symbols,), the ids that were read.
    """

    logits: NDArray[np.float32]
    state: Any
    ids: Ids

    @classmethod
    def after(cls, engine: AnyNetwork, ids: Ids) -> Self:
        """Where a text begins once the network has read these ids, int, shape (symbols,), at least one."""
        return cls(*engine.read(ids), ids)


class SavePoint(NamedTuple):
    """A moment of a single row to which `Rows.backtrack` returns."""

    state: Any
    logits: NDArray[np.float32]
    position: int


class Rows:
    """Texts drawn side by side.

    Args:
        engine: the network.
        starts: where each text begins.
        transforms: from `textgen.sampling.chain.chain`.
        uniforms: random numbers, for as many rows.
        printed: each id's text.
        length: how many symbols each text will have; None where that is not known.

    Attributes:
        logits: float32, shape (rows, vocabulary), of the next symbol. The next `read` overwrites the array.
        context: what the transforms see.
    """

    def __init__(
        self,
        engine: AnyNetwork,
        starts: Sequence[Start],
        transforms: Sequence[Transform],
        uniforms: Uniforms,
        printed: Sequence[str],
        length: int | None,
    ) -> None:
        self._engine, self._work = engine, engine.workspace(len(starts))
        self._transforms, self._uniforms = transforms, uniforms
        self._state = starts[0].state.stack([start.state for start in starts])
        self.logits: NDArray[np.float32] = np.stack([start.logits for start in starts])
        # The ids of each text stand in an array of twice the width that transforms see; when it is full, its second
        # half moves to the front.
        self._width = width = Context.max_history
        self._history = np.full((len(starts), 2 * width), -1, np.intp)
        self._end = width
        for row, start in enumerate(starts):
            recent = start.ids[-width:]
            self._history[row, width - len(recent) : width] = recent
        self._begin = width - min(max(len(start.ids) for start in starts), width)
        self.context = Context(self._history[:, self._begin : width], 0, length, printed)

    def transformed(self) -> Logits:
        """The logits that are drawn from: float64, shape (rows, vocabulary)."""
        return transformed(self.logits, self.context, self._transforms)

    def draw_all(self) -> NDArray[np.intp]:
        """Draw one id for each row: int, shape (rows,)."""
        return draw(self.transformed(), self._uniforms())

    def draw_except(self, forbidden: Sequence[int] = ()) -> int | None:
        """Draw an id for the only row, none of the forbidden ones; None where no other is left."""
        logits = self.logits
        if forbidden:
            logits = logits.copy()
            logits[0, forbidden] = -np.inf
        left = transformed(logits, self.context, self._transforms)
        if forbidden and not left.max() > -np.inf:
            return None
        return int(draw(left, self._uniforms())[0])

    def read(self, ids: Ids) -> None:
        """Step the network by one symbol in each row: int, shape (rows,)."""
        self.logits, self._state = self._engine.step(self._state, ids, self._work)
        width = self._width
        if self._end == self._history.shape[1]:
            self._history[:, :width] = self._history[:, -width:]
            self._begin, self._end = 0, width
        self._history[:, self._end] = ids
        self._end += 1
        context = self.context
        context.history = self._history[:, max(self._begin, self._end - width) : self._end]
        context.position += 1

    def save_point(self) -> SavePoint:
        """The current moment of the only row."""
        return SavePoint(self._state, self.logits.copy(), self.context.position)

    def backtrack(self, point: SavePoint) -> None:
        """Return to an earlier moment, at most max_history / 2 symbols back."""
        self._state, self.logits, position = point
        context = self.context
        self._end -= context.position - position
        context.position = position
        context.history = self._history[:, max(self._begin, self._end - self._width) : self._end]
