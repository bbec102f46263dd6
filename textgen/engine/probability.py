"""From logits to probabilities.

This is the one place for these formulas. Sampling (`textgen.sampling.draw`, `textgen.verse.decoder`) draws from
unnormalised weights with arithmetic of its own, since a different rounding would change the texts of a seed.
"""

from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.layout import Ids

F = TypeVar("F", bound=np.floating[Any])

# A divisor for rows whose sum is 0.
TINY = np.finfo(np.float64).tiny


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn logits into probabilities.

    Args:
        logits: float64, shape (rows, vocabulary); minus infinity for a forbidden symbol.

    Returns:
        float64, the same shape. Each row sums to 1; a row where every symbol is forbidden is all zeros.
    """
    highest = np.maximum.reduce(logits, axis=1, keepdims=True)
    weights = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
    probabilities: NDArray[np.float64] = weights / np.maximum(weights.sum(axis=1, keepdims=True), TINY)
    return probabilities


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn logits into log-probabilities.

    Args:
        logits: float64, shape (rows, vocabulary); minus infinity for a forbidden symbol. At least one symbol of each
            row is allowed.

    Returns:
        float64, the same shape: natural logarithms.
    """
    highest = np.maximum.reduce(logits, axis=1, keepdims=True)
    shifted = logits - highest
    logarithms: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logarithms


@overload
def log_probabilities(logits: NDArray[np.floating[Any]], ids: Ids | list[int]) -> NDArray[np.float64]: ...
@overload
def log_probabilities(logits: NDArray[np.floating[Any]], ids: Ids | list[int], dtype: type[F]) -> NDArray[F]: ...
def log_probabilities(
    logits: NDArray[np.floating[Any]], ids: Ids | list[int], dtype: type[np.floating[Any]] = np.float64
) -> NDArray[np.floating[Any]]:
    """Return the log-probability of one id in each row.

    Args:
        logits: shape (rows, vocabulary).
        ids: integers, shape (rows,).
        dtype: the floating-point type of the computation and of the result.

    Returns:
        natural logarithms, shape (rows,).
    """
    logits = np.asarray(logits, dtype=dtype)
    highest = logits.max(axis=1)
    log_sums = np.log(np.exp(logits - highest[:, None]).sum(axis=1)) + highest
    chosen: NDArray[np.floating[Any]] = logits[np.arange(len(ids)), ids] - log_sums
    return chosen
