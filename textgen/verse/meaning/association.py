"""Which symbols go together: counts of pairs, positive pointwise mutual information, and its factors.

The factors of a matrix of positive pointwise mutual information (PPMI) are vectors of symbols (Levy and Goldberg 2014,
Neural Word Embedding as Implicit Matrix Factorization). They are found by the randomised singular value decomposition
of Halko, Martinsson and Tropp (2011). Knows nothing of verse.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]

# Pairs that are counted at once.
CHUNK = 1 << 24
# Counts of the second symbol are raised to this power, as Levy, Goldberg and Dagan (2015) do: rare symbols weigh less.
SMOOTHING = 0.75
# More columns than are kept, and multiplications by the matrix, of the randomised decomposition.
OVERSAMPLING, ITERATIONS = 16, 2


def pair_counts(first: Ids, second: Ids, size: int) -> Floats:
    """Count pairs of symbols: each of a row of `first` with each of the same row of `second`.

    Args:
        first, second: ids, shapes (rows, a) and (rows, b), each at most `size`; the id `size` fills a row and is not
            counted.
        size: number of symbols.

    Returns:
        float32, shape (size, size).
    """
    counts = np.zeros((size + 1) ** 2, np.float32)
    rows = max(1, CHUNK // max(first.shape[1] * second.shape[1], 1))
    for start in range(0, len(first), rows):
        part = slice(start, start + rows)
        keys = first[part, :, None] * (size + 1) + second[part, None, :]
        counts += np.bincount(keys.ravel(), minlength=len(counts))
    return counts.reshape(size + 1, size + 1)[:size, :size]


def aligned_counts(first: Ids, second: Ids, size: int) -> Floats:
    """Count the pairs of symbols in the same column of two arrays of one shape. Otherwise as `pair_counts`."""
    return pair_counts(first.reshape(-1, 1), second.reshape(-1, 1), size)


def ppmi(counts: Floats) -> Floats:
    """Positive pointwise mutual information: max(0, log of p(a, b) / (p(a) p(b))), p(b) smoothed.

    Args:
        counts: float32, shape (symbols, symbols).

    Returns:
        float32, of the same shape; 0 where a pair does not occur.
    """
    rows, columns = counts.sum(1), counts.sum(0) ** np.float32(SMOOTHING)
    total = columns.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(counts * total / (rows[:, None] * columns[None, :]))
    found[~np.isfinite(found)] = 0
    positive: Floats = np.maximum(found, 0, out=found)
    return positive


def factors(matrix: Floats, rank: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Two sets of vectors whose products come nearest to a matrix.

    Args:
        matrix: float32, shape (symbols, symbols).
        rank: numbers in a vector, at most the number of symbols.
        random: where the decomposition takes its random numbers from.

    Returns:
        float32, each of shape (symbols + 1, rank): u and v, with matrix[a, b] near u[a] @ v[b]. The last vector of
        each is 0: that of an unknown symbol.
    """
    size = len(matrix)
    found = matrix @ random.standard_normal((size, min(rank + OVERSAMPLING, size)), dtype=np.float32)
    for _ in range(ITERATIONS):
        base, _ = np.linalg.qr(found)
        base, _ = np.linalg.qr(matrix.T @ base)
        found = matrix @ base
    base, _ = np.linalg.qr(found)
    left, values, right = np.linalg.svd(base.T @ matrix, full_matrices=False)
    root = np.sqrt(values[:rank])
    return _with_zero((base @ left)[:, :rank] * root), _with_zero(right[:rank].T * root)


def _with_zero(vectors: Floats) -> Floats:
    """The vectors and one of zeros, as precise as half a float32, so that they can be kept in half the bytes."""
    padded = np.vstack([vectors, np.zeros((1, vectors.shape[1]), np.float32)])
    return padded.astype(np.float16).astype(np.float32)
