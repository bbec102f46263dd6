"""What a text's loss would be without a network: the scale on which the loss of a trained model is read.

Pure counting: knows nothing of models or of Keras.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textgen.runs.run import Baselines
from textgen.tokens.layout import Ids

# Symbols that are counted, and that the counts are measured on, at most. More would change the third digit.
MAX_COUNTED, MAX_MEASURED = 1 << 20, 1 << 17
# Stretches of a longer text that are counted, evenly spaced.
STRETCHES = 32
# The share of the text that the counts are measured on where nothing is held out.
MEASURED_SHARE = 0.1


def baselines(ids: Ids, held_out: Ids, vocabulary: int) -> Baselines:
    """Measure how well counts alone predict a text.

    Args:
        ids: the text to train on.
        held_out: the held-out text. Where it is empty, the end of `ids` takes its place.
        vocabulary: how many symbols there are.

    Returns:
        the Baselines. They are smoothed as Witten and Bell (1991) do, which leaves no constant to choose: a count of
        symbols backs off to even odds, a count of pairs to the count of symbols.
    """
    if len(held_out) < 2:
        kept = len(ids) - max(int(MEASURED_SHARE * len(ids)), min(2, len(ids) // 2))
        counted, measured = ids[:kept], ids[kept:]
    else:
        counted, measured = ids, held_out
    stretches = [stretch.astype(np.int64) for stretch in _stretches(counted)]
    measured = np.asarray(measured[:MAX_MEASURED], np.int64)
    if not stretches or len(measured) < 2:
        even = float(np.log(vocabulary))
        return Baselines(unigram_nats=even, bigram_nats=even, symbols=len(ids))
    unigram = _unigram(stretches, vocabulary)
    bigram = _bigram(stretches, measured, unigram)
    return Baselines(
        unigram_nats=float(-np.log(unigram[measured]).mean()),
        bigram_nats=float(-np.log(bigram).mean()),
        symbols=len(ids),
    )


def _stretches(ids: Ids) -> list[Ids]:
    """The text, or evenly spaced stretches of a long one: reading all of a large file would take seconds."""
    if len(ids) <= MAX_COUNTED:
        return [ids] if len(ids) else []
    length = MAX_COUNTED // STRETCHES
    starts = np.linspace(0, len(ids) - length, STRETCHES).astype(int)
    return [ids[start : start + length] for start in starts]


def count_symbols(ids: Ids, vocabulary: int) -> NDArray[np.intp]:
    """How often each symbol occurs in a text, or in evenly spaced stretches of a long one, shape (vocabulary,)."""
    return _counts(_stretches(ids), vocabulary)


def _counts(stretches: Sequence[Ids], vocabulary: int) -> NDArray[np.intp]:
    counts: NDArray[np.intp] = np.zeros(vocabulary, np.intp)
    for stretch in stretches:
        counts += np.bincount(stretch, minlength=vocabulary)
    return counts


def _unigram(stretches: Sequence[Ids], vocabulary: int) -> NDArray[np.float64]:
    """The probability of each symbol by its count."""
    counts = _counts(stretches, vocabulary)
    kinds = np.count_nonzero(counts)
    smoothed: NDArray[np.float64] = (counts + kinds / vocabulary) / (counts.sum() + kinds)
    return smoothed


def _bigram(stretches: Sequence[Ids], measured: Ids, unigram: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each measured symbol but the first, by how often it followed the symbol before it."""
    vocabulary = len(unigram)
    pairs = np.concatenate([stretch[:-1] * vocabulary + stretch[1:] for stretch in stretches])
    known, counts = np.unique(pairs, return_counts=True)
    befores = known // vocabulary
    followed = np.bincount(befores, counts, vocabulary)  # how often each symbol was followed by any
    kinds = np.bincount(befores, minlength=vocabulary)  # by how many different ones
    before, after = measured[:-1], measured[1:]
    wanted = before * vocabulary + after
    places = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
    found = np.where(known[places] == wanted, counts[places], 0) if len(known) else np.zeros(len(wanted))
    # A symbol that was never followed leaves 0/0: there the symbol's own probability is all that is known.
    total = followed[before] + kinds[before]
    smoothed: NDArray[np.float64] = np.where(
        total > 0, (found + kinds[before] * unigram[after]) / np.maximum(total, 1), unigram[after]
    )
    return smoothed
