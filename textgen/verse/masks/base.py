"""What the masks of all forms share."""

from dataclasses import dataclass

# Entries that are kept; a mask takes a byte a symbol.
MOST = 4096


class Memo(dict):
    """A dict that makes what it lacks, and forgets all when it has grown too large: many poems take no more memory than
    a few."""

    def of(self, key, make):
        """The value of a key, made by `make()` where it is not there."""
        if key not in self:
            if len(self) >= MOST:
                self.clear()
            self[key] = make()
        return self[key]


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
