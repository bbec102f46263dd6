"""Beam search: the likeliest texts, found without chance (Lowerre 1976; Graves 2012, section 3.2)."""

import numpy as np

from textgen.engine.probability import log_probabilities, log_softmax
from textgen.writing.samples import Ending, Sample
from textgen.writing.sampling import highest_of, transformed
from textgen.writing.transforms import HISTORY, Context


def search(engine, start, transforms, config, printed) -> list[Sample]:
    """The `config.count` likeliest texts that a beam of `config.beam` comes upon, the likeliest first.

    At each step every text of the beam goes on by every symbol, and the likeliest, by the sum of their
    log-probabilities after the transforms, are kept. A text that has ended leaves the beam. Ended texts are compared by
    their mean, since a sum favours the short; the search ends when enough have ended and none in the beam has a better
    mean.

    Args:
        engine: the Engine.
        start: the Start after the prompt.
        transforms: applied to the logits of each text.
        config: the SamplingConfig.
        printed: each id's text.
    """
    width, limit = config.beam, config.limit
    past = np.asarray(start.ids, np.intp)[None]
    logits, state = start.logits[None], start.state
    scores, measured = np.zeros(1), np.zeros(1)  # of each text in the beam: as searched for, and under the model
    finished = []
    for position in range(limit):
        changed = transformed(logits, Context(past[:, -HISTORY:], position, limit, printed), transforms)
        highest_of(changed)  # raises where nothing is left to choose from
        sums = (scores[:, None] + log_softmax(changed)).ravel()
        # Twice as many as are needed, since up to half may end here (a stop, a document's end).
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
    for ids, score, total in zip(past[:, len(start.ids) :].tolist(), scores, measured, strict=True):
        text = "".join([printed[index] for index in ids])
        finished.append((score / max(len(ids), 1), Sample("", 0, [text], len(ids), float(total), "length")))
    finished.sort(key=lambda found: -found[0])
    return [sample for _, sample in finished[: config.count]]


def _text(ids, config, printed):
    """The text of some ids where it has ended, and what ended it; else nothing and None."""
    ending, text = Ending(config), ""
    if ending.is_needed:
        for index in ids:
            text += ending.take(index, printed[index])
            if ending.over:
                return text, ending.over
    return "", None
