"""Text to pieces of documents, and to lines and blocks, however long it is.

A long document comes in several pieces, each of which ends where a line does, so that words stay whole. Knows nothing
of files, tables or models.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from textgen.corpus.labels import Labels
from textgen.errors import CorpusError

# Characters after which a piece of a long document ends, at the next end of a line.
PIECE_CHARACTERS = 1 << 20
# A line that is longer is cut into several pieces.
MAX_LINE_CHARACTERS = 1 << 22
# Combining marks after one letter; no text has more than a few (Unicode Standard Annex 15 bounds streams to 30).
MAX_MARKS = 128


class Piece(NamedTuple):
    """A piece of a document.

    Attributes:
        starts: whether the document begins with it.
        text: its text.
        labels: the document's labels, one for each name that is asked for.
    """

    starts: bool
    text: str
    labels: Labels = ()


def one_document(pieces: Iterable[str]) -> Iterator[Piece]:
    starts = True
    for piece in pieces:
        if piece:
            yield Piece(starts, piece)
            starts = False


def blocks(lines: Iterable[str]) -> Iterator[Piece]:
    """Lines between blank lines, joined."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            yield Piece(True, "\n".join(block))
            block = []
    if block:
        yield Piece(True, "\n".join(block))


def whole_lines(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces that end where a line does; a line that is too long ends before a space or a plain letter."""
    held, end = "", 0
    for piece in pieces:
        end = piece.rfind("\n") + 1 + len(held) if "\n" in piece else end
        held += piece
        if len(held) < PIECE_CHARACTERS:
            continue
        if not end and len(held) > MAX_LINE_CHARACTERS:
            end = _end_within_line(held)
        if end:
            yield held[:end]
            held, end = held[end:], 0
    if held:
        yield held


def _end_within_line(text: str) -> int:
    """Where a line may be cut: before the spaces before a word, or at least not before a combining mark.

    Among more combining marks than any letter has, the cut may be anywhere.
    """
    end = len(text[: text.rfind(" ") + 1].rstrip(" "))
    last = range(len(text) - 1, max(len(text) - MAX_MARKS, 0), -1)
    return end or next((at for at in last if not unicodedata.combining(text[at])), len(text))


def lines(pieces: Iterable[str]) -> Iterator[str]:
    """Lines without their ends."""
    held: list[str] = []  # the parts of a line that may go on: joined once, however long it becomes
    for piece in pieces:
        first, *others = piece.split("\n")
        held.append(first)
        if others:
            yield "".join(held)
            *whole, last = others
            yield from whole
            held = [last]
    if last := "".join(held):
        yield last


def refuse_marks(text: str, name: str) -> None:
    """Raise CorpusError if so many combining marks follow each other that sorting them would take hours.

    So many in a row lie on some of the places that are looked at.
    """
    for at in range(0, len(text), MAX_MARKS):
        if not unicodedata.combining(text[at]):
            continue
        start = end = at
        while start and at - start <= MAX_MARKS and unicodedata.combining(text[start - 1]):
            start -= 1
        while end < len(text) and end - at <= MAX_MARKS and unicodedata.combining(text[end]):
            end += 1
        if end - start > MAX_MARKS:
            raise CorpusError(
                f"{name}: more than {MAX_MARKS} combining marks in a row, which is no text and cannot be normalised; "
                "remove them, or leave out `normalise`"
            )
