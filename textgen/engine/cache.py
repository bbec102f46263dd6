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
from textgen.engine.network import Engine, Network, RowIndex, State, Told
from textgen.engine.probability import log_probabilities, softmax
from textgen.engine.weights import Floats
from textgen.errors import UsageError
from textgen.tokens.layout import IGNORED, Ids

# Symbols of a known text that are looked up in the cache at once.
BLOCK = 256


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

    def log_likelihood(self, inputs: Ids, targets: Ids, told: Told | None = None) -> float:
        """Read rows side by side; see `Network.log_likelihood`.

        Where the text is known, only the probability of what follows is needed. So the hidden states of a block of
        symbols meet the remembered ones in one product, and no other symbol's probability is mixed.
        """
        if told is not None:
            raise UsageError("a cache remembers a text whose labels stay the same")
        size, engine = self.config.cache_size, self.engine
        state, work, total = engine.initial_state(len(inputs)), engine.workspace(len(inputs)), 0.0
        # For each row, the hidden states after the last `size` symbols before a block and after those of the block.
        hidden = np.zeros((len(inputs), size + BLOCK, engine.config.sizes.output), np.float32)
        for start in range(0, inputs.shape[1], BLOCK):
            block = slice(start, start + BLOCK)
            by_network = np.zeros(targets[:, block].shape)
            for at, (now, next_ones) in enumerate(zip(inputs.T[block], targets.T[block], strict=True)):
                logits, state = engine.step(state, now, work)
                hidden[:, size + at] = state.h[-1]
                (rows,) = np.nonzero(next_ones != IGNORED)
                if len(rows):
                    by_network[rows, at] = np.exp(log_probabilities(logits[rows], next_ones[rows]))
            for row, probabilities in enumerate(by_network):
                total += self._of_block(hidden[row], inputs[row], targets[row, block], start, probabilities)
            hidden[:, :size] = hidden[:, BLOCK:]
        return total

    def _of_block(
        self, hidden: Floats, inputs: Ids, targets: Ids, start: int, by_network: NDArray[np.float64]
    ) -> float:
        """The log-probability of a block's targets, in all.

        Args:
            hidden: shape (size + BLOCK, output): the states after the symbols from `start` - size on.
            inputs: shape (time,): the row.
            targets: shape (block,).
            start: the block's place in the row.
            by_network: float64, shape (block,): the probability that the network gives each target.
        """
        size, share = self.config.cache_size, self.config.cache_weight
        (counted,) = np.nonzero(targets != IGNORED)
        if not len(counted):
            return 0.0
        # Entry `each` holds the state before symbol `each` and that symbol.
        now, entries = start + counted[:, None], np.arange(max(start - size, 0) + 1, start + len(targets))
        scores = (hidden[size + counted] @ hidden[entries - 1 - start + size].T).astype(np.float64)
        scores *= self.config.cache_sharpness
        scores[(entries > now) | (entries <= now - size)] = -np.inf
        weights = softmax(scores) if len(entries) else scores
        found = (weights * (inputs[entries] == targets[counted, None])).sum(axis=1)
        by_network = by_network[counted]
        return float(np.log(np.where(now[:, 0] > 0, (1 - share) * by_network + share * found, by_network)).sum())

    def _mix(self, probabilities: NDArray[np.float64], keys: Floats, ids: NDArray[np.intp], hidden: Floats) -> None:
        """Mix what is remembered into the probabilities of a row."""
        if not len(ids):
            return
        scores = self.config.cache_sharpness * (keys @ hidden).astype(np.float64)
        weights = np.exp(scores - scores.max())
        probabilities *= 1 - self.config.cache_weight
        np.add.at(probabilities, ids, self.config.cache_weight * weights / weights.sum())
