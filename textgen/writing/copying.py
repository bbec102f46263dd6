"""Writing without copying: no span of a given text longer than some number of characters.

When a symbol would complete such a span, the writing backtracks: within the span, to the step where the model gives
most probability to symbols not tried yet, and draws another symbol there. So the text turns off where the model itself
was in doubt, instead of getting a wrong letter at the end of a copied line. This module knows nothing of models, only
of rows that can be drawn and set back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.spans import Spans
from textgen.engine.probability import log_probabilities, softmax
from textgen.errors import UsageError
from textgen.writing.rows import Rows, SavePoint


@dataclass
class _Step:
    """A position of the text: where to backtrack to, and the ids drawn there.

    Attributes:
        point: the moment before the draw.
        logits: float32, shape (1, vocabulary), the model's.
        forbidden: ids that were tried and led to a copy.
        index: the id drawn last, -1 before the first draw.
    """

    point: SavePoint
    logits: NDArray[np.float32]
    forbidden: list[int] = field(default_factory=list)
    index: int = -1

    @classmethod
    def at(cls, rows: Rows) -> "_Step":
        """The next step of the only row."""
        return cls(rows.save_point(), rows.logits.copy())

    def drawn(self) -> tuple[int, float]:
        """The id and its log-probability under the model."""
        return self.index, float(log_probabilities(self.logits, [self.index])[0])

    def untried(self) -> float:
        """The probability of all symbols not tried here."""
        return 1 - float(softmax(self.logits.astype(np.float64))[0, [*self.forbidden, self.index]].sum())


def without_copying(rows: Rows, spans: Spans, before: str, limit: int) -> Iterator[tuple[int, float]]:
    """Draw symbols that complete none of the spans.

    Args:
        rows: Rows of one text.
        spans: the spans that must not be written.
        before: the text that the symbols follow, at least its end.
        limit: the most symbols.

    Yields:
        (id, log-probability), each when backtracking can no longer reach it: about two spans late.

    Raises:
        UsageError: nothing can be written without copying.
    """
    printed, size = rows.context.printed, spans.length
    steps: list[_Step] = []
    ends: list[int] = []  # the length of the text after each step
    text = before[-size:]
    begin, written = len(text), 0
    step = _Step.at(rows)
    while written + len(steps) < limit:
        index = rows.draw_except(step.forbidden)
        if index is None:
            if not steps:
                raise UsageError(
                    f"`max_copy={size - 1}`: every continuation would be a copy; allow longer spans, or raise the "
                    "`temperature`"
                )
            step = _backtrack(rows, steps, ends, len(steps) - 1)
            text = text[: ends[-1] if ends else begin]
            continue
        step.index = index
        longer = text + printed[index]
        copied = _end_of_copy(longer, len(text), spans)
        steps.append(step)
        ends.append(len(longer))
        if copied is not None:
            first = next(at for at, end in enumerate(ends) if end > copied - size)
            step = _backtrack(rows, steps, ends, max(range(first, len(steps)), key=lambda at: steps[at].untried()))
            text = text[: ends[-1] if ends else begin]
            continue
        text = longer
        if written + len(steps) < limit:
            rows.read(np.array([index]))
            step = _Step.at(rows)
        # What lies two spans back is final. The text is cut there too, so that it does not grow.
        while len(steps) > 1 and ends[0] <= len(text) - 2 * size:
            yield steps[0].drawn()
            written += 1
            cut = max(ends[0] - size, 0)
            text, begin, ends = text[cut:], ends[0] - cut, [end - cut for end in ends[1:]]
            steps.pop(0)
    for step in steps:
        yield step.drawn()


def _end_of_copy(text: str, begin: int, spans: Spans) -> int | None:
    """Where the first of the spans that ends after a position ends, or None."""
    for end in range(max(begin + 1, spans.length), len(text) + 1):
        if text[end - spans.length : end] in spans:
            return end
    return None


def _backtrack(rows: Rows, steps: list[_Step], ends: list[int], at: int) -> _Step:
    """Return to a step and forbid the id that it drew."""
    step = steps[at]
    del steps[at:], ends[at:]
    rows.backtrack(step.point)
    step.forbidden.append(step.index)
    return step
