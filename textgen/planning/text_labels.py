"""The labels of a text that is laid out as one row of ids."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.layout import BOUNDARY, Ids


@dataclass(frozen=True)
class TextLabels:
    """The labels of a row of ids.

    Attributes:
        starts: int64, shape (documents,): where each document begins, at its BOUNDARY; the first is 0.
        ids: int32, shape (documents, names): the ids of its labels.
    """

    starts: NDArray[np.int64]
    ids: Ids

    @classmethod
    def of(cls, text: Ids, ids: Ids) -> "TextLabels":
        """The labels of documents that are laid out as one row of ids, each after a BOUNDARY."""
        return cls(np.flatnonzero(text == BOUNDARY), ids)

    def documents(self, places: NDArray[np.integer]) -> NDArray[np.intp]:
        """The number of the document that each place of the row is in, in the shape of the places."""
        return np.searchsorted(self.starts, places, side="right") - 1
