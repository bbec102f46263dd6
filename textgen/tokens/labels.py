"""The labels that a model knows, by name, and their ids; a mixture of labels. Importing this does not import NumPy.

A label's id counts from 1. The id 0, UNLABELLED, stands for not being told. Knows nothing of files or models.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

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


def places(sets: Sequence[LabelSet], shares: LabelShares) -> Iterator[tuple[int, int, float]]:
    """The labels of a mixture: the place of the name, the label's place among its values, and its share."""
    for place, labels in enumerate(sets):
        ids = labels.ids()
        for value, share in shares.get(labels.name, {}).items():
            yield place, ids[value] - 1, share
