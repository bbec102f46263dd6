"""Writing without copying: no span of more than so many characters that stands in a given text.

When a symbol would complete such a span, the state steps back to where, within the span, the model gives most
probability to what has not been tried, and another symbol is drawn there: a way out that the model itself half wanted,
and not a wrong letter at the end of a copied line. This module knows nothing of models, only of rows that can be drawn
from and stepped back.
"""

from dataclasses import dataclass, field

import numpy as np

from textgen.errors import UsageError
from textgen.writing.sampling import log_probabilities
from textgen.writing.transforms import softmax

_WORD = 2**64
_BASE = 0x9E3779B97F4A7C15  # odd, its bits well mixed: 2^64 divided by the golden ratio


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
            value = (value * _BASE + ord(character) + 1) % _WORD
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
            result = result * np.uint64(pow(_BASE, size, _WORD)) + part[done : done + count]
            done += size
        part = part[:-size] * np.uint64(pow(_BASE, size, _WORD)) + part[size:] if size * 2 <= length else part
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


@dataclass
class _Step:
    """One symbol that was drawn, and the place to step back to for another."""

    place: object
    logits: np.ndarray
    forbidden: list = field(default_factory=list)
    index: int = -1

    def drawn(self):
        """The id and its log-probability under the model."""
        return self.index, float(log_probabilities(self.logits, [self.index])[0])

    def elsewhere(self):
        """The probability of all that has not been tried here."""
        return 1 - softmax(self.logits.astype(np.float64))[0, [*self.forbidden, self.index]].sum()


def without_copying(rows, spans: Spans, before: str, limit: int):
    """Draw symbols that complete none of the spans.

    Args:
        rows: a Rows of one text.
        spans: what may not be written.
        before: the text that the symbols follow, at least its end.
        limit: the most symbols.

    Yields:
        (id, log-probability), each when it is out of reach of stepping back: about two spans late.

    Raises:
        UsageError: nothing can be written without copying.
    """
    printed, steps, ends = rows.context.printed, [], []  # ends: the length of the text after each step
    text, begin, out = before[-spans.length :], len(before[-spans.length :]), 0
    step = _Step(rows.place(), rows.logits.copy())
    while out + len(steps) < limit:
        index = rows.draw(step.forbidden)
        if index is None:
            if not steps:
                raise UsageError(
                    f"--max-copy {spans.length - 1}: nothing is left that would not be a copy; allow a longer span, or "
                    "raise the temperature"
                )
            step = _back(rows, steps, ends, len(steps) - 1)
            text = text[: ends[-1] if ends else begin]
            continue
        step.index = index
        longer = text + printed[index]
        copied = next(
            (
                end
                for end in range(len(text) + 1, len(longer) + 1)
                if end >= spans.length and longer[end - spans.length : end] in spans
            ),
            None,
        )
        steps.append(step)
        ends.append(len(longer))
        if copied is not None:
            first = next(at for at, end in enumerate(ends) if end > copied - spans.length)
            step = _back(rows, steps, ends, max(range(first, len(steps)), key=lambda at: steps[at].elsewhere()))
            text = text[: ends[-1] if ends else begin]
            continue
        text = longer
        if out + len(steps) < limit:
            rows.read([index])
            step = _Step(rows.place(), rows.logits.copy())
        # What lies two spans back is settled; the text is cut there too, so that it never grows.
        while len(steps) > 1 and ends[0] <= len(text) - 2 * spans.length:
            yield steps[0].drawn()
            out += 1
            cut = max(ends[0] - spans.length, 0)
            text, begin, ends = text[cut:], ends[0] - cut, [end - cut for end in ends[1:]]
            steps.pop(0)
    for step in steps:
        yield step.drawn()


def _back(rows, steps, ends, at):
    """Step back to the place of a step, which may not draw again what it drew."""
    step = steps[at]
    del steps[at:], ends[at:]
    rows.go_back(step.place)
    step.forbidden.append(step.index)
    return step
