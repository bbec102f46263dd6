"""How long a text is in units that do not depend on a tokenizer: characters, bytes, words.

A loss for the whole text divided by one of them compares models whose symbols differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# Characters counted at a time: a list of all words of a long text would take ten times its memory.
PIECE = 1 << 20


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
        counter = ExtentCounter()
        for text in documents:
            counter.begin()
            counter.add(text)
        return counter.extent()


class ExtentCounter:
    """Counts an Extent of documents that come piece by piece."""

    def __init__(self) -> None:
        self._characters = self._bytes = self._words = 0
        self._last = ""  # the last character so far

    def begin(self) -> None:
        """A document begins: the last line of the one before has ended."""
        self._words += bool(self._last)
        self._last = "\n"

    def add(self, text: str) -> None:
        """Count a piece of a document, of any length."""
        self._characters += len(text)
        for start in range(0, len(text), PIECE):
            piece = text[start : start + PIECE]
            is_cut = self._last and not (self._last.isspace() or piece[0].isspace())  # in the middle of a word
            self._words += len(piece.split()) + piece.count("\n") - bool(is_cut)
            self._bytes += len(piece) if piece.isascii() else len(piece.encode("utf-8", "surrogatepass"))
            self._last = piece[-1]

    def extent(self) -> Extent:
        """What was counted."""
        return Extent(self._characters, self._bytes, self._words)
