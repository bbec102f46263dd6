"""Several networks as one: each symbol is sampled from the weighted mean of their probabilities.

The vocabulary of a mixture is the union of the networks' vocabularies. A network reads a symbol that it does not have
as its unknown symbol, and gives it probability 0. A Generator steps a mixture as it steps an Engine. This module does
not know text or run folders.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from textgen.engine.network import AnyNetwork, Network, NetworkState, RowIndex
from textgen.engine.probability import softmax
from textgen.engine.weights import Floats
from textgen.errors import UsageError
from textgen.system.wording import count
from textgen.tokens.base import Tokenizer
from textgen.tokens.layout import BOUNDARY, UNKNOWN, Ids


class MixedState(NamedTuple):
    """The state of each network."""

    states: tuple[NetworkState, ...]

    def rows(self, index: RowIndex) -> "MixedState":
        """Select rows of the batch."""
        return MixedState(tuple(state.rows(index) for state in self.states))

    @classmethod
    def stack(cls, states: Sequence["MixedState"]) -> "MixedState":
        """Concatenate the rows of several states, in their order."""
        by_network = zip(*(state.states for state in states), strict=True)
        return cls(tuple(of_one[0].stack(of_one) for of_one in by_network))


class Mixture(Network[MixedState, list[Any]]):
    """Networks that are stepped together. The workspace is a list: each network's own.

    Args:
        engines: the networks, one or more.
        tokenizers: their tokenizers, all of one kind.
        weights: one finite number for each network, at least 0, not all 0; they are divided by their sum.

    Attributes:
        tokenizer: a tokenizer of the union of the vocabularies.

    Raises:
        UsageError: the weights do not match the networks, or the tokenizers are of different kinds.
    """

    def __init__(
        self, engines: Sequence[AnyNetwork], tokenizers: Sequence[Tokenizer], weights: Sequence[float]
    ) -> None:
        if len(weights) != len(engines):
            raise UsageError(
                f"`weights` takes one weight for each run: {len(engines)} runs, {count(len(weights), 'weight')}"
            )
        if not all(weight >= 0 for weight in weights) or not 0 < sum(weights) < np.inf:
            raise UsageError(f"`weights` takes weights of 0 or more, not all 0; got {','.join(map(str, weights))}")
        nouns = sorted({tokenizer.noun for tokenizer in tokenizers})
        if len(nouns) > 1:
            raise UsageError(f"one run writes {nouns[0]}s, another {nouns[1]}s; mix runs of one kind")
        self.engines = list(engines)
        self.weights = np.array(weights, dtype=np.float64) / sum(weights)
        self.tokenizer = tokenizers[0].united(tokenizers[1:])
        # For each network: its id of each symbol of the union, and the union's id of each symbol of its own.
        self._ids = [np.array([BOUNDARY, UNKNOWN, *t.encode_symbols(self.tokenizer.symbols)]) for t in tokenizers]
        self._columns = [np.array([BOUNDARY, UNKNOWN, *self.tokenizer.encode_symbols(t.symbols)]) for t in tokenizers]

    def initial_state(self, batch: int = 1) -> MixedState:
        """Return the state before any text, with `batch` rows."""
        return MixedState(tuple(engine.initial_state(batch) for engine in self.engines))

    def workspace(self, batch: int) -> list[Any]:
        """Return a workspace for each network."""
        return [engine.workspace(batch) for engine in self.engines]

    def step(self, state: MixedState, ids: Ids, work: list[Any] | None = None) -> tuple[Floats, MixedState]:
        """Read one symbol in each row; see `Network.step`. The logits are logarithms of the mixed probabilities."""
        ids = np.asarray(ids)
        probabilities, states = np.zeros((len(ids), self.tokenizer.vocabulary_size)), []
        for index, (engine, before) in enumerate(zip(self.engines, state.states, strict=True)):
            logits, after = engine.step(before, self._ids[index][ids], work and work[index])
            probabilities[:, self._columns[index]] += self.weights[index] * softmax(logits.astype(np.float64))
            states.append(after)
        with np.errstate(divide="ignore"):
            return np.log(probabilities).astype(np.float32), MixedState(tuple(states))
