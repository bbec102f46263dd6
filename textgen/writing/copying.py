"""Writing without copying: no span of more than so many characters that stands in a given text.

When a symbol would complete such a span, the state steps back to where, within the span, the model gives most
probability to what has not been tried, and another symbol is drawn there: a way out that the model itself half wanted,
and not a wrong letter at the end of a copied line. This module knows nothing of models, only of rows that can be drawn
from and stepped back.
"""

from dataclasses import dataclass, field

import numpy as np

from textgen.corpus.spans import Spans
from textgen.engine.probability import log_probabilities, softmax
from textgen.errors import UsageError


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
