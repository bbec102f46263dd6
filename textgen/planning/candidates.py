"""Which symbols of a large vocabulary a training step's loss is over: a sampled softmax.

The softmax over V symbols needs the sum of exp(logit) over all of them. A step estimates it from N symbols, the
candidates (Jean et al. 2015, Bengio and Senecal 2008): the symbols that are targets in the batch, the most frequent
ones, and a sample of the others. Each of the m sampled of M others stands for M / m symbols, so log(M / m) is added to
its logit. Given the targets, the estimated sum has no bias. This module knows nothing of Keras.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.layout import IGNORED, Ids

# Of the candidates, how many are sampled: a quarter; at least an eighth, where the batch has many symbols of its own.
SAMPLED, MIN_SAMPLED = 4, 8


@dataclass(frozen=True)
class Candidates:
    """What the loss of a step is over.

    Attributes:
        ids: int32, shape (candidates,), each symbol once.
        corrections: float32, shape (candidates,), what is added to the logit of each.
        targets: int32, the shape of the targets: the place of each target in `ids`, or IGNORED.
    """

    ids: NDArray[np.int32]
    corrections: NDArray[np.float32]
    targets: NDArray[np.int32]


class CandidateSampler:
    """Chooses the candidates of each step.

    Args:
        counts: how often each symbol occurs in the text, shape (vocabulary,).
        number: how many candidates a step has. A step whose own symbols are more than fit has more: half as many more,
            or as many more, and so on.
    """

    def __init__(self, counts: NDArray[np.integer], number: int) -> None:
        self._by_frequency = np.argsort(-counts, kind="stable").astype(np.int32)
        self._rank = np.empty_like(self._by_frequency)
        self._rank[self._by_frequency] = np.arange(len(counts), dtype=np.int32)
        self._number = number

    def draw(self, targets: Ids, rng: np.random.Generator) -> Candidates:
        """The candidates of a step.

        Args:
            targets: integers of any shape; those equal to IGNORED need no candidate.
            rng: decides the sample.
        """
        vocabulary = len(self._rank)
        # By rank everything is an interval: the most frequent symbols are the ranks below a border.
        own = np.unique(self._rank[targets[targets != IGNORED]])
        number = self._number
        while len(own) > number - max(number // MIN_SAMPLED, 1):
            number += max(self._number // 2, 1)
        number = min(number, vocabulary)
        sampled = min(max(number // SAMPLED, 1), number - len(own), vocabulary - number)
        border = self._border(own, number - sampled)
        beyond = own[np.searchsorted(own, border) :]
        # Ranks from the border on that are no target, numbered from 0; the k-th lies after as many targets as have
        # a number of their own, so counted, of at most k.
        others = rng.choice(vocabulary - border - len(beyond), sampled, replace=False, shuffle=False)
        others += border + np.searchsorted(beyond - border - np.arange(len(beyond)), others, side="right")
        ranks = np.concatenate([np.arange(border), beyond, others]).astype(np.int32)
        corrections = np.zeros(number, np.float32)
        if sampled:
            corrections[number - sampled :] = np.log((vocabulary - border - len(beyond)) / sampled)
        place = np.full(vocabulary, IGNORED, np.int32)
        place[ranks] = np.arange(number)
        placed = np.where(targets == IGNORED, IGNORED, place[self._rank[np.maximum(targets, 0)]])
        return Candidates(self._by_frequency[ranks], corrections, placed)

    @staticmethod
    def _border(own: NDArray[np.int32], room: int) -> int:
        """The rank below which all symbols are candidates, so that they and the targets from it on fill the room."""
        # With the targets of the first k ranks below it, a border leaves len(own) - k beyond.
        borders = room - len(own) + np.arange(len(own) + 1)
        fits = np.searchsorted(own, borders) == np.arange(len(own) + 1)
        return int(borders[np.flatnonzero(fits)[-1]])
