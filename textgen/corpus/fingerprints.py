"""What tells one text from another: the hash of its documents and of where each ends."""

import hashlib
from array import array

from textgen.corpus.pieces import Piece
from textgen.corpus.sources import changed


class Fingerprint:
    """The fingerprint of a text whose pieces are added one after another.

    Args:
        name: what messages call the text.
        sizes: bytes of each document in UTF-8.
    """

    def __init__(self, name: str, sizes: "array[int]") -> None:
        self._name, self._sizes, self._digest = name, iter(sizes), hashlib.sha256()

    def add(self, piece: Piece) -> None:
        """Add a piece. Raises CorpusError: the text has changed."""
        if piece.starts:
            size = next(self._sizes, None)
            if size is None:
                raise changed(self._name)
            self._digest.update(size.to_bytes(8, "big"))
            for label in piece.labels:
                # No text of a document begins so: UTF-8 has no such byte.
                self._digest.update(b"\xff" + label.encode("utf-8") + b"\xff")
        self._digest.update(piece.text.encode("utf-8"))

    def hexdigest(self) -> str:
        """The fingerprint of the pieces that were added."""
        return self._digest.hexdigest()
