"""What the gates of a layer's cells begin with at each step, before the recurrent product is added.

Knows nothing of layers and of loops.
"""

from dataclasses import dataclass

from textgen.training.backend import Tensor, tensorflow


@dataclass(frozen=True)
class Inputs:
    """Rows of numbers, in Keras's order of columns (input gate, forget gate, candidate, output gate).

    Attributes:
        numbers: float. Without ids, one row for each place, shape (time, batch, 4 x units), or a row for all places,
            shape (4 x units,). With ids, a table, shape (things, 4 x units).
        ids: the row of the table that each place reads, integers, shape (time, batch); None for no table.
    """

    numbers: Tensor
    ids: Tensor = None

    @property
    def has_places(self) -> bool:
        """Whether each place reads a row of its own, be it of a table."""
        return self.ids is not None or len(self.numbers.shape) > 1

    @property
    def is_shared(self) -> bool:
        """Whether several places may read the same row."""
        return self.ids is not None or not self.has_places

    @property
    def known_steps(self) -> int | None:
        """Time steps, where the graph knows them. Not of a row for all places."""
        first: int | None = (self.numbers if self.ids is None else self.ids).shape[0]
        return first


def as_rows(steps: Tensor) -> Tensor:
    """What has the shape (time, batch, size) as (time x batch, size)."""
    return tensorflow().reshape(steps, (-1, steps.shape[-1]))
