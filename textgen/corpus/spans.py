"""Spans of a text, compared by a rolling hash: what stands in it twice, what is copied from another."""

from collections import Counter

import numpy as np

# The base of the rolling hash, odd and large; sums are taken modulo 2 to the 64.
_BASE = np.uint64(0x9E3779B97F4A7C15)


def duplicates(parts):
    """Parts of a text, such as its lines, that stand more than once: how many too many there are, and the commonest.

    Args:
        parts: an iterable of str; blank ones do not count.
    """
    counts = Counter(part for part in parts if part.strip())
    again = {part: count for part, count in counts.items() if count > 1}
    return sum(again.values()) - len(again), max(again, key=again.get, default="")


def longest_repeat(text):
    """The longest span that stands at two places of a text, which may overlap.

    Spans of a length are compared by a rolling hash (Karp and Rabin 1987) over all places at once, the length found by
    halving; what hashes alike is looked at before it is believed.
    """
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    # Hashes of the spans of each power of two, so that those of any length are put together from few.
    powers, bases = [points * _BASE + np.uint64(1)], [_BASE]
    low, high, found = 0, 1, ""
    while high < len(text) and (place := _twice(text, powers, bases, high)) is not None:
        low, found = high, text[place : place + high]
        high *= 2
    high = min(high, len(text))
    while high - low > 1:
        middle = (low + high) // 2
        if (place := _twice(text, powers, bases, middle)) is None:
            high = middle
        else:
            low, found = middle, text[place : place + middle]
    return found


def _twice(text, powers, bases, length):
    """A place whose span of a length stands elsewhere too, or None."""
    hashes, done = None, 0
    with np.errstate(over="ignore"):
        for power in range(length.bit_length()):
            while power >= len(powers):
                half, size = powers[-1], 1 << (len(powers) - 1)
                powers.append(half[:-size] * bases[-1] + half[size:])
                bases.append(bases[-1] * bases[-1])
            if length >> power & 1:
                part = powers[power][done:]
                count = len(text) - done - (1 << power) + 1
                hashes = part[:count] if hashes is None else hashes[:count] * bases[power] + part[:count]
                done += 1 << power
    order = np.argsort(hashes, kind="stable")
    alike = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    for at in alike[:1000]:
        one, other = int(order[at]), int(order[at + 1])
        if text[one : one + length] == text[other : other + length]:
            return one
    return None


_MODULUS = 2**64


_COPY_BASE = 0x9E3779B97F4A7C15  # odd, its bits well mixed: 2^64 divided by the golden ratio


class Spans:
    """Every span of one length in a text, by its hash (8 bytes a span; polynomial, modulo 2^64: Karp and Rabin 1987).

    Args:
        text: the text.
        length: characters in a span.
    """

    def __init__(self, text: str, length: int):
        self.length = length
        self._hashes = np.unique(_hashes(text, length))

    def __contains__(self, span: str) -> bool:
        value = 0
        for character in span:
            value = (value * _COPY_BASE + ord(character) + 1) % _MODULUS
        at = int(self._hashes.searchsorted(np.uint64(value)))
        return at < len(self._hashes) and int(self._hashes[at]) == value

    def any_in(self, text: str) -> bool:
        """Whether any span of the text is one of these."""
        return bool(np.isin(_hashes(text, self.length), self._hashes).any())


def _hashes(text, length):
    """The hash of each span, uint64 (spans,), in the order of the text; put together from spans of powers of two."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64) + np.uint64(1)
    count = len(codes) - length + 1
    if count < 1:
        return np.zeros(0, np.uint64)
    result, done = np.zeros(count, np.uint64), 0
    part, size = codes, 1
    while size <= length:
        if length & size:
            result = result * np.uint64(pow(_COPY_BASE, size, _MODULUS)) + part[done : done + count]
            done += size
        part = part[:-size] * np.uint64(pow(_COPY_BASE, size, _MODULUS)) + part[size:] if size * 2 <= length else part
        size *= 2
    return result


def longest_copy(text: str, source: str) -> str:
    """The longest span of a text that stands in the source too, the first of equals."""
    low, high = 0, min(len(text), len(source))
    while low < high:
        middle = (low + high + 1) // 2
        if Spans(source, middle).any_in(text):
            low = middle
        else:
            high = middle - 1
    if not low:
        return ""
    spans = Spans(source, low)
    return next(text[at : at + low] for at in range(len(text) - low + 1) if text[at : at + low] in spans)
