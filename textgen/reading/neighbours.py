"""Which of many texts are most like one: the largest products of their vectors. Knows nothing of networks or files."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Vectors that are multiplied at once: the products of more would only take memory.
BLOCK = 16_384


class Neighbour(NamedTuple):
    """A text that is like another: its number, and how like it is, from -1 to 1."""

    number: int
    likeness: float


def nearest(vectors: NDArray[np.float32], query: NDArray[np.float32], number: int) -> list[Neighbour]:
    """The texts most like one, the most like first; of equal ones the first.

    Args:
        vectors: float32, shape (texts, size), as of `Generator.encode_texts`; may be a mapped file.
        query: float32, shape (size,), the vector of a text.
        number: how many to find, at least 1.
    """
    likeness = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), BLOCK):
        part = slice(start, start + BLOCK)
        np.matmul(vectors[part], query, out=likeness[part])
    number = min(number, len(vectors))
    least = np.partition(likeness, len(likeness) - number)[len(likeness) - number]
    (candidates,) = np.nonzero(likeness >= least)
    best = candidates[np.argsort(-likeness[candidates], kind="stable")][:number]
    # A vector holds two parts of length 1, so the product of two vectors is the sum of two cosines.
    return [Neighbour(int(place), float(likeness[place]) / 2) for place in best]


def plane(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where each text is on a map: its two first principal components (Pearson 1901), shape (texts, 2).

    Args:
        vectors: float32, shape (texts, size), at least one text.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    # Of many texts, the small matrix of the coordinates' products has the same directions.
    _, directions = np.linalg.eigh(centred.T @ centred)
    axes = directions[:, ::-1][:, :2]
    # A direction has no sign of its own: the coordinate that is largest in it is made positive, on any machine.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    found = centred @ axes
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))
