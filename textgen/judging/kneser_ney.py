"""An n-gram model of poems: interpolated Kneser-Ney with three discounts, on NumPy arrays.

The probability of a symbol w after the context h (Kneser and Ney 1995; Chen and Goodman 1999):

    p(w | h) = max(c(h w) - D(c(h w)), 0) / c(h) + g(h) p(w | h'),    g(h) = sum of the discounts of h / c(h)

where h' is h without its first symbol. For the longest context, c counts occurrences. For shorter ones, c(h w) is the
number of different symbols that precede h w. The discounts of each order are D(1) = 1 - 2 Y n2 / n1,
D(2) = 2 - 3 Y n3 / n2 and D(3 and more) = 3 - 4 Y n4 / n3, with Y = n1 / (n1 + 2 n2) and n1, n2, ... the number of
n-grams of count 1, 2, .... Below the shortest context stands the uniform distribution over the vocabulary.

Knows nothing of poems' forms. The ends of lines and of the poem are context, and are not predicted: a form gives them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Line: TypeAlias = Sequence[str]
Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

# Ids that are no symbols of a text: the beginning of a poem, the end of a line, a symbol that was never seen.
BEGINNING, LINE_END, UNSEEN = 0, 1, 2
RESERVED = 3
# Keys of n-grams are products of the vocabulary's size, and fit 63 bits.
MAX_BITS = 63


class _Order(NamedTuple):
    """The n-grams of one length.

    Attributes:
        keys: int64, shape (n-grams,), sorted.
        discounted: float64, shape (n-grams,): their counts less the discounts, over the count of their context.
        contexts: int64, shape (contexts,), sorted.
        rest: float64, shape (contexts,): the share that each context leaves to shorter ones.
    """

    keys: Integers
    discounted: Floats
    contexts: Integers
    rest: Floats


@dataclass(frozen=True)
class KneserNey:
    """An n-gram model of poems.

    Attributes:
        ids: each symbol's id.
        orders: what is known of n-grams of 1, 2, ... symbols.
    """

    ids: dict[str, int]
    orders: tuple[_Order, ...]

    @classmethod
    def learn(cls, poems: Iterable[Sequence[Line]], order: int = 3) -> "KneserNey":
        """Learn from poems.

        Args:
            poems: each poem's lines, each line's symbols.
            order: symbols in the longest n-gram.

        Raises:
            ValueError: no symbols, or so many different ones that an n-gram has no key.
        """
        kept = [tuple(map(tuple, poem)) for poem in poems]
        counts = Counter(symbol for poem in kept for line in poem for symbol in line)
        if not counts:
            raise ValueError("no symbols to learn from")
        ids = {symbol: index for index, symbol in enumerate(sorted(counts), RESERVED)}
        base = len(ids) + RESERVED
        if order * base.bit_length() > MAX_BITS:
            raise ValueError(f"{len(ids):,} different symbols are too many for n-grams of {order}")
        sequence, targets, _ = _laid_out(kept, ids, order)
        keys, number = np.unique(_keys(sequence, targets, order, base), return_counts=True)
        found: list[_Order] = []
        for length in range(order, 0, -1):
            found.append(_estimated(keys, number, base))
            if length > 1:
                keys, number = _shorter(keys, number, base ** (length - 1), base)
        return cls(ids, tuple(reversed(found)))

    def surprisal(self, poems: Sequence[Sequence[Line]]) -> list[Floats]:
        """The surprisal of each symbol of each poem, nats: minus the logarithm of its probability.

        Args:
            poems: each poem's lines, each line's symbols. A symbol that was never seen has the probability that the
                model leaves to one more symbol of the vocabulary.

        Returns:
            float64, shape (symbols,), for each poem.
        """
        base, order = len(self.ids) + RESERVED, len(self.orders)
        sequence, targets, ends = _laid_out(poems, self.ids, order)
        probability = np.full(len(targets), 1 / (base - RESERVED + 1))
        for length, one in enumerate(self.orders, 1):
            keys = _keys(sequence, targets, length, base)
            share, is_known = _looked_up(one.keys, one.discounted, keys)
            rest, is_context = _looked_up(one.contexts, one.rest, keys // base)
            own = np.where(is_known, share, 0.0)
            probability = np.where(is_context, own + rest * probability, probability)
        return np.split(-np.log(probability), ends[:-1]) if len(ends) else []


def _laid_out(poems: Sequence[Sequence[Line]], ids: dict[str, int], order: int) -> tuple[Integers, Integers, list[int]]:
    """Poems one after another as ids, the places of the symbols in them, and how many symbols there are up to each
    poem's end."""
    sequence: list[int] = []
    places: list[int] = []
    ends: list[int] = []
    for poem in poems:
        sequence += [BEGINNING] * (order - 1)
        for line in poem:
            places += range(len(sequence), len(sequence) + len(line))
            sequence += [ids.get(symbol, UNSEEN) for symbol in line]
            sequence.append(LINE_END)
        ends.append(len(places))
    return np.array(sequence, np.int64), np.array(places, np.int64), ends


def _keys(sequence: Integers, places: Integers, length: int, base: int) -> Integers:
    """The keys of the n-grams that end at some places: their ids as digits, the last symbol lowest."""
    keys = np.zeros(len(places), np.int64)
    for back in range(length - 1, -1, -1):
        keys = keys * base + sequence[places - back]
    return keys


def _shorter(keys: Integers, number: Integers, high: int, base: int) -> tuple[Integers, Integers]:
    """The n-grams without their first symbol, and how many different symbols precede each.

    Nothing precedes the beginning of a poem, so n-grams that begin with it keep the number of their occurrences.
    """
    suffixes, inverse = np.unique(keys % high, return_inverse=True)
    preceding = np.bincount(inverse, minlength=len(suffixes))
    if high > base:
        at_beginning = suffixes // (high // base) == BEGINNING
        occurrences = np.bincount(inverse, number, minlength=len(suffixes)).astype(np.int64)
        preceding = np.where(at_beginning, occurrences, preceding)
    return suffixes, preceding


def _estimated(keys: Integers, number: Integers, base: int) -> _Order:
    discount = _discounts(number)[np.minimum(number, 3)]
    contexts, inverse = np.unique(keys // base, return_inverse=True)
    totals = np.bincount(inverse, number)
    rest = np.bincount(inverse, discount) / totals
    return _Order(keys, (number - discount) / totals[inverse], contexts, rest)


def _discounts(number: Integers) -> Floats:
    """The discounts of n-grams of count 0, 1, 2, and 3 or more: at least 0.1, so that every context leaves a rest."""
    counts = np.bincount(np.minimum(number, 5), minlength=6)[1:5].astype(float)
    share = counts[0] / max(counts[0] + 2 * counts[1], 1.0)
    found = [0.0]
    for count in (1, 2, 3):
        ratio = counts[count] / counts[count - 1] if counts[count - 1] else 0.0
        found.append(float(np.clip(count - (count + 1) * share * ratio, 0.1, count - 0.05)))
    return np.array(found)


def _looked_up(keys: Integers, values: Floats, wanted: Integers) -> tuple[Floats, NDArray[np.bool_]]:
    """The values of some keys, and which of the keys there are."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return values[at], keys[at] == wanted
