"""A neural cache (Grave, Joulin and Usunier 2017): a network that remembers what it has read.

It keeps the hidden state h of each of the last symbols, and the symbol that followed. The probability of a symbol w is

    p(w) = (1 - weight) p_network(w) + weight p_cache(w),      p_cache(w) ~ sum of exp(sharpness h h_i) over x_i = w

with h the present hidden state, h_i the kept ones and x_i the symbols that followed them. Words that occurred in a
text occur in it again, so the cache lowers the loss of a text that is read in order. It learns nothing.
This module does not know text, files or random numbers.
"""

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from textgen.engine.cache_config import CacheConfig
from textgen.engine.network import Engine, Network, RowIndex, State
from textgen.engine.probability import softmax
from textgen.engine.weights import Floats
from textgen.tokens.layout import Ids


class _Memory:
    """Hidden states and the symbols that followed them. It grows at its end; texts that begin alike share it."""

    def __init__(self, room: int, width: int) -> None:
        self.keys: Floats = np.empty((room, width), np.float32)
        self.ids: NDArray[np.intp] = np.empty(room, np.intp)
        self.used = 0
        self.lock = threading.Lock()


class Recollection(NamedTuple):
    """What one text remembers: the entries of a memory up to `end`. It is a value: nothing changes those entries."""

    memory: _Memory
    end: int

    def added(self, key: Floats, index: int, size: int) -> "Recollection":
        """The same with one more entry; of the older ones, at least the latest `size` - 1 are kept."""
        memory, end = self
        with memory.lock:
            is_last = memory.used == end < len(memory.ids)
            if is_last:
                memory.used += 1  # the place is this text's
        if not is_last:
            kept = min(end, size - 1)
            memory = _Memory(2 * size, len(key))
            memory.keys[:kept], memory.ids[:kept] = self.latest(kept)
            end, memory.used = kept, kept + 1
        memory.keys[end], memory.ids[end] = key, index
        return Recollection(memory, end + 1)

    def latest(self, size: int) -> tuple[Floats, NDArray[np.intp]]:
        """The keys and symbols of the latest `size` entries."""
        first = max(self.end - size, 0)
        return self.memory.keys[first : self.end], self.memory.ids[first : self.end]


class CachedState(NamedTuple):
    """The state of a CachedNetwork: that of the network, and what each row remembers; None before its first symbol."""

    state: State
    remembered: tuple[Recollection | None, ...]

    def rows(self, index: RowIndex) -> "CachedState":
        """Select rows of the batch."""
        places = np.arange(len(self.remembered))[index]
        return CachedState(self.state.rows(index), tuple(self.remembered[place] for place in places))

    @classmethod
    def stack(cls, states: Sequence["CachedState"]) -> "CachedState":
        """Concatenate the rows of several states, in their order."""
        return cls(State.stack([each.state for each in states]), sum((each.remembered for each in states), ()))


class CachedNetwork(Network[CachedState, object]):
    """A network with a neural cache. Its logits are logarithms of the mixed probabilities.

    Args:
        engine: the network.
        config: the CacheConfig.
    """

    def __init__(self, engine: Engine, config: CacheConfig) -> None:
        self.engine, self.config = engine, config

    def initial_state(self, batch: int = 1) -> CachedState:
        """Return the state before any text, with `batch` rows, which remember nothing."""
        return CachedState(self.engine.initial_state(batch), (None,) * batch)

    def workspace(self, batch: int) -> object:
        """Return the workspace of the network."""
        return self.engine.workspace(batch)

    def step(self, state: CachedState, ids: Ids, work: object | None = None) -> tuple[Floats, CachedState]:
        """Read one symbol in each row; see `Network.step`."""
        size, before = self.config.cache_size, state.state.h[-1]
        logits, after = self.engine.step(state.state, ids, work)  # type: ignore[arg-type]  # the engine's own
        remembered = tuple(
            Recollection(_Memory(2 * size, before.shape[1]), 0) if each is None else each.added(key, int(index), size)
            for each, key, index in zip(state.remembered, before, np.asarray(ids), strict=True)
        )
        probabilities = softmax(logits.astype(np.float64))
        for row, each in enumerate(remembered):
            self._mix(probabilities[row], *each.latest(size), after.h[-1, row])
        with np.errstate(divide="ignore"):
            return np.log(probabilities).astype(np.float32), CachedState(after, remembered)

    def _mix(self, probabilities: NDArray[np.float64], keys: Floats, ids: NDArray[np.intp], hidden: Floats) -> None:
        """Mix what is remembered into the probabilities of a row."""
        if not len(ids):
            return
        scores = self.config.cache_sharpness * (keys @ hidden).astype(np.float64)
        weights = np.exp(scores - scores.max())
        probabilities *= 1 - self.config.cache_weight
        np.add.at(probabilities, ids, self.config.cache_weight * weights / weights.sum())
