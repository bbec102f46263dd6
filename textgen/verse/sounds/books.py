"""The rhyme books, by name. A new book is a module with what RhymeBook asks for, and a new entry here."""

from typing import Protocol

from textgen.verse.sounds import mandarin, pingshui
from textgen.verse.sounds.readings import Readings


class RhymeBook(Protocol):
    """A module that knows the tones and rhymes of characters."""

    NAME: str

    def groups(self) -> frozenset[str]:
        """The names of its level rhyme groups."""

    def readings(self, character: str, /) -> Readings:
        """The Readings of a character."""


BOOKS: dict[str, RhymeBook] = {pingshui.NAME: pingshui, mandarin.NAME: mandarin}


def book_for_tones(name: str) -> RhymeBook:
    """The book of a name; for "off", which turns rhyme off, the one that tones are taken from."""
    return BOOKS.get(name, BOOKS[pingshui.NAME])
