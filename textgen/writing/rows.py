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


class Histories:
    """The latest ids of texts that grow together, as transforms see them.

    The ids stand in an array of twice the width that is seen; when it is full, its second half moves to the front.

    Args:
        width: how many ids of each text are seen.
        texts: the ids of each text so far, int, shape (symbols,).
    """

    def __init__(self, width: int, texts: Sequence[Ids]) -> None:
        self._width = self._begin = self._end = width
        self._ids = np.empty((0, 2 * width), np.intp)
        for ids in texts:
            self.add(ids)

    def seen(self) -> NDArray[np.intp]:
        """A view: int, shape (texts, up to the width), the newest ids last; -1 where a text is shorter."""
        return self._ids[:, max(self._begin, self._end - self._width) : self._end]

    def append(self, ids: Ids) -> NDArray[np.intp]:
        """Append an id to each text, int, shape (texts,). Returns what is seen then."""
        width = self._width
        if self._end == self._ids.shape[1]:
            self._ids[:, :width] = self._ids[:, -width:]
            self._begin, self._end = 0, width
        self._ids[:, self._end] = ids
        self._end += 1
        return self.seen()

    def rewind(self, symbols: int) -> NDArray[np.intp]:
        """Take back the latest ids of each text, at most half the width. Returns what is seen then."""
        self._end -= symbols
        return self.seen()

    def add(self, ids: Ids) -> None:
        """Add a text at the end."""
        recent = ids[max(len(ids) - self._width, 0) :]
        row = np.full((1, self._ids.shape[1]), -1, np.intp)
        row[0, self._end - len(recent) : self._end] = recent
        self._begin = min(self._begin, self._end - len(recent))
        self._ids = np.concatenate([self._ids, row])

    def keep(self, texts: Sequence[int]) -> None:
        """Keep only these texts, in this order."""
        self._ids = self._ids[list(texts)]


class SavePoint(NamedTuple):
    """A moment of a single row to which `Rows.backtrack` returns."""

    state: Any
    logits: NDArray[np.float32]
    position: int


class Rows:
    """Texts drawn side by side, all from their first symbol on.

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
        self._histories = Histories(Context.max_history, [start.ids for start in starts])
        self.context = Context(self._histories.seen(), 0, length, printed)

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
        self.context.history = self._histories.append(ids)
        self.context.position += 1

    def save_point(self) -> SavePoint:
        """The current moment of the only row."""
        return SavePoint(self._state, self.logits.copy(), self.context.position)

    def backtrack(self, point: SavePoint) -> None:
        """Return to an earlier moment, at most max_history / 2 symbols back."""
        self._state, self.logits, position = point
        self.context.history = self._histories.rewind(self.context.position - position)
        self.context.position = position
