"""The rhyme books, by name. A new book is a module with what RhymeBook asks for, and a new entry here."""

from typing import Protocol

from textgen.verse.sounds import cilin, mandarin, pingshui
from textgen.verse.sounds.readings import Readings


class RhymeBook(Protocol):
    """A module that knows the tones and rhymes of characters."""

    NAME: str

    def groups(self) -> frozenset[str]:
        """The names of its level rhyme groups."""

    def readings(self, character: str, /) -> Readings:
        """The Readings of a character."""


BOOKS: dict[str, RhymeBook] = {pingshui.NAME: pingshui, mandarin.NAME: mandarin}


def book_for_tones(name: str, wide: bool = False) -> RhymeBook:
    """The book of a name; for "off", which turns rhyme off, the one that tones are taken from.

    Args:
        name: of `Rules.rhyme_book`.
        wide: whether the rhymes are those of tunes, which unite groups of Pingshui.
    """
    book = BOOKS.get(name, BOOKS[pingshui.NAME])
    return cilin if wide and book is pingshui else book
