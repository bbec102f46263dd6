"""How well labels are predicted, where the true ones are known: accuracy, confusion matrix, calibration.

Knows nothing of networks or files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Into how many groups of equal width texts are sorted by the probability of their label (Naeini et al. 2015).
BINS = 10


@dataclass(frozen=True)
class Accuracy:
    """How well the labels of texts are predicted.

    Attributes:
        labels: the labels.
        confusion: integers, shape (labels, labels): how many texts with the label of the row were predicted to
            have that of the column.
        calibration_error: the expected calibration error (Naeini et al. 2015), from 0 to 1: by how much the probability
            of the predicted label differs from the share of texts where it is right, on average over groups of
            texts with similar probabilities.
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.intp]
    calibration_error: float

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return int(self.confusion.sum())

    @property
    def right(self) -> int:
        """How many of them have the predicted label."""
        return int(np.trace(self.confusion))

    @property
    def share(self) -> float:
        """The accuracy: the share of texts that have the predicted label."""
        return self.right / max(self.texts, 1)


def measured(labels: Sequence[str], probabilities: NDArray[np.float64], true: Sequence[str]) -> Accuracy:
    """Compare predicted labels with the true ones.

    Args:
        labels: the labels, in the order of the columns.
        probabilities: float64, shape (texts, labels).
        true: the label of each text, all among `labels`.
    """
    places = {label: place for place, label in enumerate(labels)}
    wanted = np.array([places[label] for label in true], np.intp)
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    confusion = np.zeros((len(labels), len(labels)), np.intp)
    np.add.at(confusion, (wanted, predicted), 1)
    bins = np.minimum((sure * BINS).astype(np.intp), BINS - 1)
    error = 0.0
    for each in np.unique(bins):
        chosen = bins == each
        error += chosen.mean() * abs(sure[chosen].mean() - (predicted == wanted)[chosen].mean())
    return Accuracy(tuple(labels), confusion, float(error))
