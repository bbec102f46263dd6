"""Where a poem begins. Knows nothing of models or forms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Opening:
    """A poem that is about to be drawn.

    Attributes:
        verse: what may come next.
        place: where the poem stands.
        forced: ids that stand already.
        opened: those of them that begin the line at which drawing begins.
    """

    verse: object
    place: object
    forced: tuple = ()
    opened: tuple = ()

    @property
    def done(self):
        """The ids of the lines that stand whole."""
        return self.forced[: len(self.forced) - len(self.opened)]
