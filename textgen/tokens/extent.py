"""How long a text is in units that do not depend on a tokenizer: characters, bytes, words.

A loss for the whole text divided by one of them compares models whose symbols differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """The length of a text.

    Attributes:
        characters: Unicode code points.
        bytes: of the text in UTF-8.
        words: what white space separates, and the ends of lines, which the papers on Penn Treebank and WikiText count
            as words too (<eos>; Mikolov et al. 2010, Merity et al. 2017). The end of a document ends a line, but for
            the last document: nothing is predicted after it.
    """

    characters: int
    bytes: int
    words: int

    @staticmethod
    def of(documents: Iterable[str]) -> "Extent":
        """The length of some documents together."""
        counter = Counter()
        for text in documents:
            counter.add(text, begins=True)
        return counter.extent()


class Counter:
    """Counts an Extent of documents that come piece by piece."""

    def __init__(self) -> None:
        self.characters = self.bytes = self.words = 0
        self._last = ""  # the last character before the next piece

    def add(self, piece: str, begins: bool) -> None:
        """Count a piece of a document.

        Args:
            piece: its text.
            begins: whether a document begins with it.
        """
        if begins and self._last:
            self.words += 1  # the end of the last line of the document before
        self.words += len(piece.split()) + piece.count("\n")
        if piece and not begins and self._last and not (self._last.isspace() or piece[0].isspace()):
            self.words -= 1  # a word that was cut in two
        self.characters += len(piece)
        self.bytes += len(piece) if piece.isascii() else len(piece.encode("utf-8", "surrogatepass"))
        self._last = piece[-1:] or (self._last if not begins else "\n")

    def extent(self) -> Extent:
        """What was counted."""
        return Extent(self.characters, self.bytes, self.words)
