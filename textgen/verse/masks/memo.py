"""What was computed once and may be wanted again: so much, and no more."""

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
