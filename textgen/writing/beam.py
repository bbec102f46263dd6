"""Beam search: the likeliest texts, found without randomness (Lowerre 1976; Graves 2012, section 3.2)."""

from collections.abc import Iterator, Sequence

import numpy as np

from textgen.engine.network import AnyNetwork
from textgen.engine.probability import log_probabilities, log_softmax
from textgen.sampling.chain import transformed
from textgen.sampling.config import SamplingConfig
from textgen.sampling.context import Context, Transform
from textgen.sampling.draw import highest_of
from textgen.tokens.bytes import bytes_to_characters
from textgen.writing.rows import Start
from textgen.writing.samples import Ending, Sample


class Search:
    """Finds the `config.count` likeliest texts in a beam of `config.beam`; iterate it to search.

    At each step every text of the beam is extended by every symbol, and the likeliest are kept, by the sum of their
    log-probabilities after the transforms. A text that has ended leaves the beam. Ended texts are compared by their
    mean, since a sum favours short texts. The search ends when enough texts have ended and none in the beam has a
    better mean.

    Args:
        engine: the network.
        start: where every text begins.
        transforms: applied to the logits of each text.
        config: the options; `beam` is set.
        printed: each id's text.

    Attributes:
        found: after the search, the texts, the likeliest first; fewer than `config.count` where the beam found no more.
    """

    def __init__(
        self,
        engine: AnyNetwork,
        start: Start,
        transforms: Sequence[Transform],
        config: SamplingConfig,
        printed: Sequence[str],
    ) -> None:
        self._engine, self._start, self._transforms = engine, start, transforms
        self._config, self._printed = config, printed
        self.found: list[Sample] = []

    def __iter__(self) -> Iterator[int]:
        """Search; yields each position of the texts once it is settled."""
        engine, start, transforms = self._engine, self._start, self._transforms
        config, printed = self._config, self._printed
        width, limit = config.beam or 1, config.limit
        past = np.asarray(start.ids, np.intp)[None]
        logits, state = start.logits[None], start.state
        # The log-probability of each text in the beam: after the transforms, and under the model.
        scores, measured = np.zeros(1), np.zeros(1)
        finished: list[tuple[float, Sample]] = []  # with the mean log-probability after the transforms
        for position in range(limit):
            changed = transformed(
                logits, Context(past[:, -Context.max_history :], position, limit, printed), transforms
            )
            highest_of(changed)  # raises where nothing is left to choose from
            sums = (scores[:, None] + log_softmax(changed)).ravel()
            # Twice the width, since up to half of them may end here (a stop, a document's end).
            best = np.argsort(-sums, kind="stable")[: 2 * width]
            best = best[np.isfinite(sums[best])]
            rows, symbols = np.divmod(best, changed.shape[1])
            longer = np.concatenate([past[rows], symbols[:, None]], axis=1)
            under_model = measured[rows] + log_probabilities(logits[rows], symbols)
            keep = []
            for at in range(len(best)):
                text, over = _text(longer[at, len(start.ids) :].tolist(), config, printed)
                if not over:
                    keep.append(at)
                elif at < width:
                    sample = Sample("", 0, [text], position + 1, float(under_model[at]), over)
                    finished.append((sums[best[at]] / (position + 1), sample))
            keep = keep[:width]
            past, scores, measured = longer[keep], sums[best[keep]], under_model[keep]
            finished.sort(key=lambda found: -found[0])
            enough = finished[config.count - 1 : config.count]
            if not keep or (enough and scores.max() / (position + 1) <= enough[0][0]):
                break
            if position + 1 < limit:
                logits, state = engine.step(state.rows(rows[keep]), symbols[keep])
            yield position
        for ids, score, total in zip(past[:, len(start.ids) :].tolist(), scores, measured, strict=True):
            text = bytes_to_characters("".join([printed[index] for index in ids]))
            finished.append((score / max(len(ids), 1), Sample("", 0, [text], len(ids), float(total), "length")))
        finished.sort(key=lambda found: -found[0])
        self.found = [sample for _, sample in finished[: config.count]]


def _text(ids: Sequence[int], config: SamplingConfig, printed: Sequence[str]) -> tuple[str, str | None]:
    """The text of some ids and what ended it; an empty text and None where it has not ended."""
    ending, text = Ending(config), ""
    if ending.is_needed:
        for index in ids:
            text += ending.take(index, printed[index])
            if ending.over:
                return bytes_to_characters(text), ending.over
    return "", None
