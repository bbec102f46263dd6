"""A text to learn from, whether it is in memory or in files: what can be found from the pieces of its documents.

It knows its length, its fingerprint and how it is split into the part to train on and the held-out part. This module
knows nothing of files, tokenizers or models.
"""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from textgen.corpus.fingerprints import Fingerprint
from textgen.corpus.labels import Labels, Tally
from textgen.corpus.notes import Note
from textgen.corpus.pieces import Piece
from textgen.corpus.sources import changed


class Part(NamedTuple):
    """A piece on one side of the split: whether it is held out, and the piece."""

    is_held_out: bool
    piece: Piece


@dataclass(frozen=True)
class _Survey:
    """What one reading of a whole text finds.

    Attributes:
        groups: the characters of each document, by the documents' labels; documents without labels are one group.
        sizes: bytes of each document in UTF-8.
        labels: how often each label occurs, by the labels' names.
        notes: the notes on the text.
    """

    groups: "dict[Labels, array[int]]"
    sizes: "array[int]"
    labels: dict[str, dict[str, int]]
    notes: tuple[Note, ...]


class Text(ABC):
    """The base of texts in memory and in files: everything that can be found from a text's pieces.

    Attributes:
        name: a short name taken from the files, fit for a folder.
        paths: where the text was read, absolute; "-" is standard input. Empty if it came from no file.
        notes: what was changed or left out while the text was read.
        kind: what one document is: "file", "block", "line" or "poem".
        label: the names of the documents' labels.
    """

    name: str
    paths: tuple[str, ...]

    @property
    @abstractmethod
    def label(self) -> Labels: ...

    @property
    @abstractmethod
    def notes(self) -> tuple[Note, ...]: ...

    @property
    @abstractmethod
    def kind(self) -> str: ...

    @abstractmethod
    def _read(self, notes: list[Note]) -> Iterator[Piece]: ...

    def pieces(self, notes: list[Note] | None = None) -> Iterator[Piece]:
        """Read the documents, each in pieces.

        Args:
            notes: a list to which the notes are added; complete when the last piece was read.

        Raises:
            CorpusError: the text cannot be read, or has changed since it was read before.
        """
        notes = [] if notes is None else notes
        return self._read(notes) if "_survey" in vars(self) else self._surveyed(notes)

    def _surveyed(self, notes: list[Note]) -> Iterator[Piece]:
        """The pieces. Once all were read, what was found is kept as `cached_property` does, which spares a reading."""
        groups: dict[Labels, array[int]] = {}
        characters, sizes, before = array("q"), array("q"), len(notes)
        tally = Tally(self.label, self.name)
        for piece in self._read(notes):
            if piece.starts:
                tally.add(piece.labels)
                characters = groups.setdefault(piece.labels, array("q"))
                characters.append(0)
                sizes.append(0)
            characters[-1] += len(piece.text)
            sizes[-1] += len(piece.text) if piece.text.isascii() else len(piece.text.encode("utf-8"))
            yield piece
        vars(self).setdefault("_survey", _Survey(groups, sizes, tally.counts, tuple(notes[before:])))

    @cached_property
    def _survey(self) -> _Survey:
        for _ in self._surveyed([]):
            pass
        survey: _Survey = vars(self)["_survey"]
        return survey

    @property
    def characters(self) -> int:
        """Unicode code points in all documents together."""
        return sum(map(sum, self._survey.groups.values()))

    @property
    def size(self) -> int:
        """Bytes of all documents together, in UTF-8."""
        return sum(self._survey.sizes)

    @property
    def count(self) -> int:
        """Number of documents."""
        return len(self._survey.sizes)

    @property
    def labels(self) -> dict[str, dict[str, int]]:
        """How many documents have each label, by the labels' names."""
        return self._survey.labels

    def new_fingerprint(self) -> Fingerprint:
        """A Fingerprint to which this text's pieces can be added."""
        return Fingerprint(self.name, self._survey.sizes)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the documents and their ends: equal texts in equal documents give equal fingerprints."""
        fingerprint = self.new_fingerprint()
        for piece in self.pieces():
            fingerprint.add(piece)
        return fingerprint.hexdigest()

    def parts(
        self, share: float, fingerprint: Fingerprint | None = None, notes: list[Note] | None = None
    ) -> Iterator[Part]:
        """Read the documents in pieces, each on its side of the split; the side to train on comes first.

        The held-out part is the end of the text, or where the documents have labels, the end of what each label has: a
        text with several voices is measured on all of them. It is then read twice.

        Args:
            share: of the text that is held out.
            fingerprint: a Fingerprint to which the pieces are added.
            notes: as of `pieces`.

        Yields:
            whether the piece is held out, and the piece. A document that goes on behind the split begins anew there.
        """
        if not self.label:
            yield from self._parts(share, fingerprint, notes)
            return
        for part in self._parts(share, fingerprint, notes):
            if not part.is_held_out:
                yield part
        if share:
            for part in self._parts(share, None, None):
                if part.is_held_out:
                    yield part

    def _parts(self, share: float, fingerprint: Fingerprint | None, notes: list[Note] | None) -> Iterator[Part]:
        """The pieces in the order of the text, each on its side of the split."""
        splits = {labels: _split(characters, share) for labels, characters in self._survey.groups.items()}
        positions = dict.fromkeys(splits, 0)
        labels = Labels()
        for piece in self.pieces(notes):
            if fingerprint:
                fingerprint.add(piece)
            starts, text, _ = piece
            labels = piece.labels if starts else labels
            if labels not in splits:
                raise changed(self.name)
            split, position = splits[labels], positions[labels]
            end = positions[labels] = position + len(text)
            if position < split < end:
                yield Part(False, Piece(starts, text[: split - position], labels))
                yield Part(True, Piece(True, text[split - position :], labels))
            elif text:
                yield Part(position >= split, Piece(starts or position == split, text, labels))
        if sum(positions.values()) != self.characters:
            raise changed(self.name)

    def split(self, share: float) -> tuple[list[str], list[str]]:
        """Two lists of documents: those to train on, and those held out."""
        sides: tuple[list[list[str]], list[list[str]]] = ([], [])
        for is_held_out, piece in self.parts(share):
            if piece.starts:
                sides[is_held_out].append([])
            sides[is_held_out][-1].append(piece.text)
        training, held_out = (["".join(document) for document in side] for side in sides)
        return training, held_out


def _split(characters: "array[int]", share: float) -> int:
    """Where the held-out part begins, which is the last `share` of a text: the number of characters before it.

    A text is split at a document boundary if one is near (within a tenth of the held-out part), so that poems and
    headlines stay whole; a long document is split at the exact character.

    Args:
        characters: of each document.
        share: of the text that is held out.
    """
    whole, start = sum(characters), 0
    target, slack = round(whole * (1 - share)), whole * share / 10
    for index, length in enumerate(characters):
        end = start + length
        if share and end >= target:
            edges = [start] * (index > 0) + [end] * (index + 1 < len(characters))
            near = [edge for edge in edges if abs(edge - target) <= slack]
            return min(near, key=lambda edge: abs(edge - target), default=target)
        start = end
    return whole
