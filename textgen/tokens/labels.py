"""The labels that a model knows, by name, and their ids; a mixture of labels; the labels of a laid-out text.

A label's id counts from 1. The id 0, UNLABELLED, stands for not being told. Knows nothing of files or models.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.layout import BOUNDARY, Ids

UNLABELLED = 0
# The label of a document that has none, which is a label too.
MISSING = ""
# Labels that a line names.
MAX_SHOWN = 6
# Labels of one name: of more, most say nothing of other documents.
MAX_LABELS = 10_000

# For each name its labels and their shares, which sum to 1.
LabelShares: TypeAlias = Mapping[str, Mapping[str, float]]


class LabelSet(NamedTuple):
    """The labels of one name that a model knows, in the order of their ids from 1 on. The empty one is of no label."""

    name: str
    values: tuple[str, ...]

    def ids(self) -> dict[str, int]:
        """The id of each label."""
        return {value: place for place, value in enumerate(self.values, UNLABELLED + 1)}

    def shown(self, most: int = MAX_SHOWN) -> str:
        """The name and its first labels, for a person: "author: Dickens, Shelley and 3 more"."""
        some = ", ".join(value or "(none)" for value in self.values[:most])
        more = f" and {len(self.values) - most:,} more" if len(self.values) > most else ""
        return f"{self.name}: {some}{more}"

    def extended(self, values: Iterable[str]) -> "LabelSet":
        """The same with the labels that it lacks behind its own."""
        return LabelSet(self.name, tuple(dict.fromkeys([*self.values, *values])))


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


def places(sets: Sequence[LabelSet], shares: LabelShares) -> Iterator[tuple[int, int, float]]:
    """The labels of a mixture: the place of the name, the label's place among its values, and its share."""
    for place, labels in enumerate(sets):
        ids = labels.ids()
        for value, share in shares.get(labels.name, {}).items():
            yield place, ids[value] - 1, share
