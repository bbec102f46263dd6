"""What tells one text from another: the hash of its documents and of where each ends."""

import hashlib
from array import array

from textgen.corpus.sources import changed


class Fingerprint:
    """The fingerprint of a text whose pieces are added one after another.

    Args:
        name: what messages call the text.
        sizes: bytes of each document in UTF-8.
    """

    def __init__(self, name: str, sizes: "array[int]") -> None:
        self._name, self._sizes, self._digest = name, iter(sizes), hashlib.sha256()

    def add(self, starts: bool, piece: str) -> None:
        """Add a piece; `starts` says whether a document begins with it. Raises CorpusError: the text has changed."""
        if starts:
            size = next(self._sizes, None)
            if size is None:
                raise changed(self._name)
            self._digest.update(size.to_bytes(8, "big"))
        self._digest.update(piece.encode("utf-8"))

    def hexdigest(self) -> str:
        """The fingerprint of the pieces that were added."""
        return self._digest.hexdigest()
