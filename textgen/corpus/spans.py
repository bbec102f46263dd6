"""Spans of a text, compared by a rolling hash: spans that repeat, spans copied from another text.

The hash of a span is polynomial, modulo 2^64 (Karp and Rabin 1987). The hashes of all spans of a length are put
together from those of spans of 1, 2, 4, ... characters, so each length costs a few operations on whole arrays.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from textgen.corpus.memory import Hashes

_MODULUS = 2**64
_BASE = 0x9E3779B97F4A7C15  # odd, its bits well mixed: 2^64 divided by the golden ratio
# Pairs of spans with equal hashes that are compared before a repeat is ruled out.
_MAX_COMPARED = 1000


def duplicates(parts: Iterable[str]) -> tuple[int, str]:
    """Find parts of a text, such as its lines, that occur more than once.

    Args:
        parts: the parts; blank ones do not count.

    Returns:
        how many could be removed so that each occurs once, and the one that occurs most often ("" if none repeats).
    """
    counts = Counter(part for part in parts if part.strip())
    again = {part: count for part, count in counts.items() if count > 1}
    return sum(again.values()) - len(again), max(again, key=again.__getitem__, default="")


def longest_repeat(text: str) -> str:
    """The longest span that occurs at two places of a text; the two may overlap.

    The length is found by bisection. Spans with equal hashes are compared before they count as equal.
    """
    hashes, places = _Reused(_doublings(text)), {0: 0}

    def repeats(length: int) -> bool:
        place = _repeated(text, hashes, length)
        if place is not None:
            places[length] = place
        return place is not None

    length = _longest(len(text), repeats)
    return text[places[length] : places[length] + length]


def _longest(limit: int, occurs: Callable[[int], bool]) -> int:
    """The largest length below `limit` for which `occurs` holds, where it holds for all smaller ones; 0 if none.

    Lengths double first: most repeats are short, and long spans cost memory.
    """
    low, high = 0, 1
    while high < limit and occurs(high):
        low, high = high, high * 2
    high = min(high, limit)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if occurs(middle) else (low, middle)
    return low


def _repeated(text: str, doublings: Iterable[Hashes], length: int) -> int | None:
    """A place whose span of a length occurs elsewhere too, or None."""
    hashes = _span_hashes(doublings, length, len(text) - length + 1)
    order = np.argsort(hashes, kind="stable")
    alike = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    for at in alike[:_MAX_COMPARED]:
        one, other = int(order[at]), int(order[at + 1])
        if text[one : one + length] == text[other : other + length]:
            return one
    return None


class Spans:
    """Every span of one length in a text, by its hash: 8 bytes a span.

    Args:
        text: the text.
        length: characters in a span.
    """

    def __init__(self, text: str, length: int) -> None:
        self.length = length
        self._hashes = np.unique(self._hashes_of(text))

    def __contains__(self, span: str) -> bool:
        value = 0
        for character in span:
            value = (value * _BASE + ord(character) * _BASE + 1) % _MODULUS
        at = int(self._hashes.searchsorted(np.uint64(value)))
        return at < len(self._hashes) and int(self._hashes[at]) == value

    def any_in(self, text: str) -> bool:
        """Whether any span of the text is one of these."""
        return bool(np.isin(self._hashes_of(text), self._hashes).any())

    def _hashes_of(self, text: str) -> Hashes:
        return _span_hashes(_doublings(text), self.length, len(text) - self.length + 1)


def longest_copy(text: str, source: str) -> str:
    """The longest span of a text that also occurs in the source, the first of equals."""
    limit = min(len(text), len(source)) + 1
    length = _longest(limit, lambda length: Spans(source, length).any_in(text))
    if not length:
        return ""
    spans = Spans(source, length)
    return next(span for at in range(len(text) - length + 1) if (span := text[at : at + length]) in spans)


def _doublings(text: str) -> Iterator[Hashes]:
    """The hashes of all spans of 1, 2, 4, ... characters, in the order of the text, without end."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    hashes, size = points * np.uint64(_BASE) + np.uint64(1), 1
    while True:
        yield hashes
        hashes = hashes[:-size] * _shift(size) + hashes[size:]
        size *= 2


class _Reused(Iterable[Hashes]):
    """An endless iterator that can be read from its start again; what was read is kept."""

    def __init__(self, iterator: Iterator[Hashes]) -> None:
        self._iterator = iterator
        self._read: list[Hashes] = []

    def __iter__(self) -> Iterator[Hashes]:
        yield from self._read
        for one in self._iterator:
            self._read.append(one)
            yield one


def _span_hashes(doublings: Iterable[Hashes], length: int, count: int) -> Hashes:
    """The hash of each span of a length, uint64 (count,), in the order of the text.

    Args:
        doublings: as `_doublings` yields them.
        length: characters in a span, at least 1.
        count: spans of that length in the text; 0 or less if it is too short.
    """
    if count < 1:
        return np.zeros(0, np.uint64)
    result, done = np.zeros(count, np.uint64), 0
    # `range` comes first: once it ends, no longer spans are hashed.
    for power, hashes in zip(range(length.bit_length()), doublings, strict=False):
        size = 1 << power
        if length & size:
            result = result * _shift(size) + hashes[done : done + count]
            done += size
    return result


def _shift(size: int) -> np.uint64:
    """The factor by which a span's hash grows when `size` characters follow."""
    return np.uint64(pow(_BASE, size, _MODULUS))
