"""Several models as one: each symbol is drawn from the weighted mean of their probabilities.

The mixture has the union of the vocabularies. A model reads a symbol that it lacks as its unknown symbol, and gives it
no probability. To a Generator a mixture looks like an Engine. This module knows nothing of text or of run folders.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from textgen.engine.network import Network, Workspace
from textgen.engine.probability import softmax
from textgen.errors import UsageError
from textgen.system.wording import count
from textgen.tokens.base import Tokenizer
from textgen.tokens.layout import BOUNDARY, UNKNOWN


class MixedState(NamedTuple):
    """The State of each model."""

    states: tuple

    def rows(self, index):
        """The states of some rows of the batch."""
        return MixedState(tuple(state.rows(index) for state in self.states))

    @staticmethod
    def stack(states):
        """One MixedState whose rows are those of several, in their order."""
        return MixedState(tuple(of_one[0].stack(of_one) for of_one in zip(*(s.states for s in states), strict=True)))


class Mixture(Network[MixedState, list[Workspace]]):
    """Engines that are stepped together.

    Args:
        engines: one or more.
        tokenizers: theirs, all of one kind.
        weights: of each, not negative, not all 0; divided by their sum.

    Attributes:
        tokenizer: of the union of the vocabularies.

    Raises:
        UsageError: weights that do not match the models, or models of different kinds.
    """

    def __init__(self, engines: Sequence, tokenizers: Sequence[Tokenizer], weights: Sequence[float]):
        if len(weights) != len(engines):
            raise UsageError(
                f"--mix takes one weight for each run: {len(engines)} runs, {count(len(weights), 'weight')}"
            )
        if not all(0 <= weight < np.inf for weight in weights) or not sum(weights) > 0:
            raise UsageError(f"--mix takes weights of 0 or more, not all 0; got {','.join(map(str, weights))}")
        kinds = sorted({tokenizer.noun for tokenizer in tokenizers})
        if len(kinds) > 1:
            raise UsageError(f"--mix: one run writes {kinds[0]}s, another {kinds[1]}s; mix runs of one kind")
        self.engines = list(engines)
        self.weights = np.array(weights, dtype=np.float64) / sum(weights)
        self.tokenizer = type(tokenizers[0])(sorted(set().union(*(tokenizer.symbols for tokenizer in tokenizers))))
        # Each model's id of a symbol of the union; and where its own symbols stand there.
        self._ids = [np.array([BOUNDARY, UNKNOWN, *t.encode_symbols(self.tokenizer.symbols)]) for t in tokenizers]
        self._columns = [np.array([BOUNDARY, UNKNOWN, *self.tokenizer.encode_symbols(t.symbols)]) for t in tokenizers]

    @property
    def largest_product(self):
        """Numbers in the largest array of weights that a step multiplies with."""
        return max(engine.largest_product for engine in self.engines)

    def initial_state(self, batch=1):
        """The state before any text."""
        return MixedState(tuple(engine.initial_state(batch) for engine in self.engines))

    def workspace(self, batch) -> list[Workspace]:
        """A Workspace for each engine."""
        return [engine.workspace(batch) for engine in self.engines]

    def step(self, state, ids, work=None):
        """Read one symbol in each row: logits (float32, shape (batch, vocabulary)), the logarithms of the mixed
        probabilities, and the MixedState after. Arguments as of `Engine.step`."""
        ids = np.asarray(ids)
        chances, states = np.zeros((len(ids), self.tokenizer.vocabulary_size)), []
        for index, (engine, before) in enumerate(zip(self.engines, state.states, strict=True)):
            logits, after = engine.step(before, self._ids[index][ids], work and work[index])
            chances[:, self._columns[index]] += self.weights[index] * softmax(logits.astype(np.float64))
            states.append(after)
        with np.errstate(divide="ignore"):
            return np.log(chances).astype(np.float32), MixedState(tuple(states))
