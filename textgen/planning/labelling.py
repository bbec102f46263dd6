"""The labels of a text that is laid out, which of them a pass over the text is told, and which it predicts.

A model that always sees a label cannot write without one. So some labels are hidden, other ones in each pass: all
labels of a share of the documents, and besides the same share of each label by itself. A classifier learns to predict
the labels that are hidden.

Knows nothing of Keras.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.labels import UNLABELLED
from textgen.tokens.layout import BOUNDARY, IGNORED, Ids

# "labels", int32 (documents, names): the ids that are told; "classes", int32 (documents,): the place of the label to
# predict, or IGNORED.
LabelArrays: TypeAlias = dict[str, NDArray[np.int32]]


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


class Labelling:
    """What is told of a document's labels.

    Args:
        dropout: the share of documents that are told nothing.
        classify: the place of the name whose label is predicted; None for none.
    """

    def __init__(self, dropout: float = 0.0, classify: int | None = None) -> None:
        self.dropout, self.classify = dropout, classify

    def told(self, labels: TextLabels, seed: Sequence[int]) -> LabelArrays:
        """What one pass over a text is told.

        Args:
            labels: the labels of the text.
            seed: decides which documents are told.
        """
        ids = np.asarray(labels.ids, np.int32)
        random = np.random.default_rng(list(seed))
        documents, names = ids.shape
        is_told = random.random((documents, 1)) >= self.dropout
        if names > 1:
            is_told = is_told & (random.random((documents, names)) >= self.dropout)
        told: LabelArrays = {"labels": np.where(is_told, ids, UNLABELLED).astype(np.int32)}
        if self.classify is not None:
            known, hidden = ids[:, self.classify], told["labels"][:, self.classify] == UNLABELLED
            told["classes"] = np.where(hidden & (known != UNLABELLED), known - 1, IGNORED).astype(np.int32)
        return told
