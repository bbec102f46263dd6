"""Which labels a pass over the text is told, and which it is to say.

A model that is always told a label cannot write without one. So some documents' labels are not told, other ones in
each pass: a share of all labels of a document together, and the same share of each label by itself. A model that
learns to say a label learns it where it was not told.

Knows nothing of Keras.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.planning.text_labels import TextLabels
from textgen.tokens.labels import UNLABELLED
from textgen.tokens.layout import IGNORED

# "labels", int32 (documents, names): the ids that are told; "classes", int32 (documents,): the place of the label that
# is to be said, or IGNORED.
Told: TypeAlias = dict[str, NDArray[np.int32]]


class Labelling:
    """What is told of a document's labels.

    Args:
        dropout: the share of documents that are told nothing.
        classify: the place of the name whose label is to be said; None for none.
    """

    def __init__(self, dropout: float = 0.0, classify: int | None = None) -> None:
        self.dropout, self.classify = dropout, classify

    def told(self, labels: TextLabels, seed: Sequence[int]) -> Told:
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
        told: Told = {"labels": np.where(is_told, ids, UNLABELLED).astype(np.int32)}
        if self.classify is not None:
            known, hidden = ids[:, self.classify], told["labels"][:, self.classify] == UNLABELLED
            told["classes"] = np.where(hidden & (known != UNLABELLED), known - 1, IGNORED).astype(np.int32)
        return told
