"""Continuous batching: the texts that one model is writing are rows of one block (Yu et al. 2022, Orca).

    block = Block(engine, printed)
    block.join([row, ...])                       # at any time; it takes part from the next step on
    for drawn in block.advance(16):              # draw up to 16 symbols in each row
        drawn.row.take(drawn)
        if drawn.row.over: block.leave(drawn.row)

A text may join while others are being written, and leaves when it ends. A row's symbols depend on its own seed, prompt
and options, never on its company: a network steps each row by itself (`textgen.engine.network.Network.step`), and each
row has a random stream of its own. This module knows nothing of threads, requests or run folders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.engine.network import AnyNetwork
from textgen.engine.probability import log_probabilities, log_softmax
from textgen.errors import TextgenError
from textgen.sampling.chain import reach, transformed
from textgen.sampling.context import Context, Transform
from textgen.sampling.draw import Uniforms, draw
from textgen.tokens.layout import BOUNDARY, Ids
from textgen.writing.rows import Histories, Start

# An id and its log-probability under the model, nats.
Likely = tuple[int, float]


@dataclass(eq=False)
class Row:
    """A text to draw in a Block.

    Attributes:
        start: where it begins.
        transforms: from `textgen.sampling.chain.chain`.
        seed, key: of its random stream.
        limit: the most symbols that are drawn.
        group: equal for rows whose transforms change all logits alike, whatever a row's position is: they are
            transformed together.
        length: how many symbols the text will have, for the transforms; None where that is not known.
        measured: whether the log-probability of each symbol is computed.
        top: of how many likeliest symbols it is computed too.
        drawn: how many symbols were drawn.
        error: why no more can be drawn; None where that is not so.
    """

    start: Start
    transforms: Sequence[Transform]
    seed: int
    key: tuple[int, ...]
    limit: int
    group: object = None
    length: int | None = None
    measured: bool = False
    top: int = 0
    drawn: int = 0
    error: TextgenError | None = None


@dataclass(eq=False)
class Reader:
    """A prompt that is read in a Block, a symbol at each step.

    Attributes:
        ids: int, shape (symbols,), at least one.
        then: takes this reader and where a text begins after the prompt, and returns the rows that join at once.
        measured, top: as of Row.
        log_probabilities, likeliest: as of Drawn, for each id but the first.
        done: how many ids were read, or are the next to be read.
    """

    ids: Ids
    then: Callable[["Reader", Start], Sequence[Row]]
    measured: bool = False
    top: int = 0
    log_probabilities: list[float] = field(default_factory=list)
    likeliest: list[list[Likely]] = field(default_factory=list)
    done: int = 0


@dataclass(frozen=True)
class Drawn:
    """What `Block.advance` drew in a row.

    Attributes:
        row: the row.
        ids: its symbols, at least one unless the row has an error.
        log_probabilities: of each symbol under the model, nats; empty where they are not measured.
        likeliest: for each symbol, the likeliest ones in its place, the likeliest first; empty where `Row.top` is 0.
    """

    row: Row
    ids: list[int]
    log_probabilities: list[float]
    likeliest: list[list[Likely]]


class Block:
    """Rows that are stepped together. It is used by one thread at a time.

    Args:
        engine: the network.
        printed: each id's text.
    """

    def __init__(self, engine: AnyNetwork, printed: Sequence[str]) -> None:
        self._engine, self._printed = engine, printed
        self._groups: dict[object, _Group] = {}
        self._readers: list[Reader] = []
        self._order: list[Row | Reader] = []  # whose state each row of the arrays is
        self._waiting: list[Row | Reader] = []
        self._state: Any = engine.initial_state(0)
        self._work = engine.workspace(0)
        self._logits: NDArray[np.float32] = np.zeros((0, len(printed)), np.float32)
        self._pending: Ids | None = None  # drawn, and not read yet

    def __len__(self) -> int:
        """Texts and prompts in the block."""
        return len(self._order) + len(self._waiting)

    def join(self, rows: Sequence[Row | Reader]) -> None:
        """Let texts and prompts take part from the next step on. Those of one call begin at the same step."""
        self._waiting += rows

    def leave(self, row: Row | Reader) -> None:
        """Let a text or prompt take no more part. One that is not in the block is ignored."""
        if row in self._waiting:
            self._waiting.remove(row)
        elif row in self._order:
            keep = [at for at, other in enumerate(self._order) if other is not row]
            if self._pending is None:
                self._logits = self._logits[keep]
            else:
                self._pending = self._pending[keep]
            self._arrange(self._state.rows(keep), [self._order[at] for at in keep])
            if isinstance(row, Reader):
                self._readers.remove(row)
            else:
                group = self._groups[row.group]
                group.remove(row)
                if not group.rows:
                    del self._groups[row.group]

    def advance(self, steps: int, hurry: Callable[[], bool] = lambda: False) -> list[Drawn]:
        """Draw symbols in every row, the same number in each, and read prompts.

        Args:
            steps: the most symbols. No row is drawn beyond its limit; one that has reached it must leave.
            hurry: called after each step; where it returns true, no more steps follow.
        """
        if self._pending is not None:
            self._read(self._pending)
        self._admit()
        if not self._order:
            return []
        rows = [row for group in self._groups.values() for row in group.rows]
        lefts = [row.limit - row.drawn for row in rows] + [len(each.ids) - each.done for each in self._readers]
        steps = min([steps, *lefts])
        ids = np.empty((steps, len(self._order)), np.intp)
        measured = [at for at, row in enumerate(rows) if row.measured]
        chances: list[NDArray[np.float64]] = []
        likeliest: dict[Row, list[list[Likely]]] = {row: [] for row in rows if row.top}
        done = 0
        while done < steps:
            if done:
                self._read(ids[done - 1])
            self._draw(ids[done])
            if measured:
                chances.append(log_probabilities(self._logits[measured], ids[done, measured]))
            for row, found in likeliest.items():
                found.append(_likeliest(self._logits[self._order.index(row)], row.top))
            done += 1
            if hurry() or any(row.error for row in rows):
                break
        self._pending = ids[done - 1].copy() if done else None
        by_row = dict(zip(measured, np.array(chances).T.tolist(), strict=True)) if chances else {}
        drawn = []
        for at, row in enumerate(rows):
            row.drawn += done
            number = done - 1 if row.error else done  # what was drawn last beside an error is none of its symbols
            drawn.append(
                Drawn(row, ids[:number, at].tolist(), by_row.get(at, [])[:number], likeliest.get(row, [])[:number])
            )
        return drawn

    def _draw(self, ids: Ids) -> None:
        """Put the next id of each row into an array, int, shape (rows,): drawn, or the prompt's."""
        at = 0
        for group in self._groups.values():
            end = at + len(group.rows)
            ids[at:end] = group.draw(self._logits[at:end])
            at = end
        for place, reader in enumerate(self._readers, at):
            ids[place] = reader.ids[reader.done]
            if reader.done and reader.measured:
                logits = self._logits[place : place + 1]
                reader.log_probabilities.append(float(log_probabilities(logits, ids[place : place + 1])[0]))
                if reader.top:
                    reader.likeliest.append(_likeliest(logits[0], reader.top))
            reader.done += 1

    def _read(self, ids: Ids) -> None:
        """Step the network by one symbol in each row."""
        self._logits, self._state = self._engine.step(self._state, ids, self._work)
        self._pending = None
        at = 0
        for group in self._groups.values():
            group.append(ids[at : at + len(group.rows)])
            at += len(group.rows)

    def _admit(self) -> None:
        """Let those that wait take part, and the texts of prompts that have been read."""
        for reader in [each for each in self._readers if each.done == len(each.ids)]:
            at = self._order.index(reader)
            start = Start(self._logits[at].copy(), self._state.rows([at]), reader.ids)
            self._waiting += reader.then(reader, start)
            self.leave(reader)
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        states, logits = [self._state], [self._logits]
        for each in waiting:
            if isinstance(each, Reader):
                self._readers.append(each)
                states.append(self._engine.initial_state(1))
                logits.append(np.zeros((1, self._logits.shape[1]), np.float32))
                continue
            if each.group not in self._groups:
                self._groups[each.group] = _Group(each, self._printed)
            self._groups[each.group].add(each)
            states.append(each.start.state)
            logits.append(each.start.logits[None])
        # The rows of a group stand together, those of the prompts come last.
        before = {id(each): at for at, each in enumerate([*self._order, *waiting])}
        order: list[Row | Reader] = [row for group in self._groups.values() for row in group.rows]
        order += self._readers
        places = [before[id(each)] for each in order]
        self._logits = np.concatenate(logits)[places]
        self._arrange(self._state.stack(states).rows(places), order)

    def _arrange(self, state: Any, order: list[Row | Reader]) -> None:
        self._state, self._order = state, order
        self._work = self._engine.workspace(len(order))


class _Group:
    """Rows whose logits are transformed together.

    Args:
        first: one of the rows; it is not added.
        printed: each id's text.
    """

    def __init__(self, first: Row, printed: Sequence[str]) -> None:
        self.rows: list[Row] = []
        self._transforms = first.transforms
        self._histories = Histories(max(reach(first.transforms), 1), [])
        self._uniforms = Uniforms(0, [])
        self._context = Context(self._histories.seen(), 0, first.length, printed)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self._histories.add(row.start.ids)
        self._uniforms.add(row.seed, row.key)
        self._context.history = self._histories.seen()

    def remove(self, row: Row) -> None:
        keep = [at for at, other in enumerate(self.rows) if other is not row]
        self.rows = [self.rows[at] for at in keep]
        self._histories.keep(keep)
        self._uniforms.keep(keep)
        self._context.history = self._histories.seen()

    def append(self, ids: Ids) -> None:
        """Append the symbol that was read to each text."""
        self._context.history = self._histories.append(ids)
        self._context.position += 1

    def draw(self, logits: NDArray[np.float32]) -> NDArray[np.intp]:
        """Draw one id for each row. A row for which that fails gets its error, and no other row notices."""
        uniforms = self._uniforms()
        changed = transformed(logits, self._context, self._transforms)
        try:
            return draw(changed, uniforms)
        except TextgenError:
            ids = np.full(len(self.rows), BOUNDARY, np.intp)
            for at, row in enumerate(self.rows):
                try:
                    ids[at] = draw(changed[at : at + 1], uniforms[at : at + 1])[0]
                except TextgenError as error:
                    row.error = error
            return ids


def _likeliest(logits: NDArray[np.float32], number: int) -> list[Likely]:
    """The likeliest symbols of a row of logits and their log-probabilities, the likeliest first."""
    logarithms = log_softmax(logits[None].astype(np.float64))[0]
    best = np.argsort(-logarithms, kind="stable")[:number]
    return [(int(index), float(logarithms[index])) for index in best]
