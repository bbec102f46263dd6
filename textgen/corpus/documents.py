"""A text to learn from: its documents, the held-out part, the fingerprint.

A small text is kept in memory; a large one stays in its files and is read in pieces, as often as needed. The module
`textgen.corpus.formats` turns files into documents. This module knows nothing of tokenizers or models.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, overload

from textgen import arguments
from textgen.corpus.charsets import refuse_surrogates
from textgen.corpus.fingerprints import Fingerprint
from textgen.corpus.formats import Piece, Reading, ReadingOptions, text_of
from textgen.corpus.notes import Note
from textgen.corpus.poems import Selection
from textgen.corpus.sources import Paths, Source, absolute, changed, folder_name, listed, name_of, resolve
from textgen.corpus.values import shown
from textgen.errors import CorpusError
from textgen.system.keywords import answers_keywords
from textgen.system.wording import count

# Bytes of text beyond which a text stays in its files.
MAX_BYTES_IN_MEMORY = 1 << 25

# A piece on one side of the split: whether it is held out, whether a document begins, and its text.
Part: TypeAlias = tuple[bool, bool, str]


@dataclass(frozen=True)
class _Survey:
    """What one reading of a whole text finds.

    Attributes:
        characters: of each document.
        sizes: bytes of each document in UTF-8.
        notes: the notes on the text.
    """

    characters: "array[int]"
    sizes: "array[int]"
    notes: tuple[Note, ...]


class Text(ABC):
    """The base of texts in memory and in files: everything that can be found from a text's pieces.

    Attributes:
        name: a short name taken from the files, fit for a folder.
        paths: where the text was read, absolute; "-" is standard input. Empty if it came from no file.
        notes: what was changed or left out while the text was read.
        kind: what one document is: "file", "block", "line" or "poem".
    """

    name: str
    paths: tuple[str, ...]

    @property
    @abstractmethod
    def notes(self) -> tuple[Note, ...]: ...

    @property
    @abstractmethod
    def kind(self) -> str: ...

    @abstractmethod
    def _read(self, notes: list[Note]) -> Iterator[Piece]: ...

    def pieces(self, notes: list[Note] | None = None) -> Iterator[Piece]:
        """Read the documents, each in pieces: pairs of whether a document begins, and text.

        Args:
            notes: a list to which the notes are added; complete when the last piece was read.

        Raises:
            CorpusError: the text cannot be read, or has changed since it was read before.
        """
        notes = [] if notes is None else notes
        return self._read(notes) if "_survey" in vars(self) else self._surveyed(notes)

    def _surveyed(self, notes: list[Note]) -> Iterator[Piece]:
        """The pieces. Once all were read, what was found is kept as `cached_property` does, which spares a reading."""
        characters, sizes, before = array("q"), array("q"), len(notes)
        for starts, piece in self._read(notes):
            if starts:
                characters.append(0)
                sizes.append(0)
            characters[-1] += len(piece)
            sizes[-1] += len(piece) if piece.isascii() else len(piece.encode("utf-8"))
            yield starts, piece
        vars(self).setdefault("_survey", _Survey(characters, sizes, tuple(notes[before:])))

    @cached_property
    def _survey(self) -> _Survey:
        for _ in self._surveyed([]):
            pass
        survey: _Survey = vars(self)["_survey"]
        return survey

    @property
    def characters(self) -> int:
        """Unicode code points in all documents together."""
        return sum(self._survey.characters)

    @property
    def size(self) -> int:
        """Bytes of all documents together, in UTF-8."""
        return sum(self._survey.sizes)

    @property
    def count(self) -> int:
        """Number of documents."""
        return len(self._survey.characters)

    def new_fingerprint(self) -> Fingerprint:
        """A Fingerprint to which this text's pieces can be added."""
        return Fingerprint(self.name, self._survey.sizes)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the documents and their ends: equal texts in equal documents give equal fingerprints."""
        fingerprint = self.new_fingerprint()
        for starts, piece in self.pieces():
            fingerprint.add(starts, piece)
        return fingerprint.hexdigest()

    def split_position(self, share: float) -> int:
        """Where the held-out part begins, which is the last `share` of the text: the number of characters before it.

        The text is split at a document boundary if one is near (within a tenth of the held-out part), so that poems
        and headlines stay whole; a long document is split at the exact character.
        """
        target, slack = round(self.characters * (1 - share)), self.characters * share / 10
        start = 0
        for index, length in enumerate(self._survey.characters):
            end = start + length
            if share and end >= target:
                edges = [start] * (index > 0) + [end] * (index + 1 < self.count)
                near = [edge for edge in edges if abs(edge - target) <= slack]
                return min(near, key=lambda edge: abs(edge - target), default=target)
            start = end
        return self.characters

    def parts(
        self, share: float, fingerprint: Fingerprint | None = None, notes: list[Note] | None = None
    ) -> Iterator[Part]:
        """Read the documents in pieces, each on its side of the split; the side to train on comes first.

        Args:
            share: of the text that is held out.
            fingerprint: a Fingerprint to which the pieces are added.
            notes: as of `pieces`.

        Yields:
            whether the piece is held out, whether a document begins with it, and its text.
        """
        split, position = self.split_position(share), 0
        for starts, piece in self.pieces(notes):
            if fingerprint:
                fingerprint.add(starts, piece)
            end = position + len(piece)
            if position < split < end:
                yield False, starts, piece[: split - position]
                yield True, True, piece[split - position :]
            elif piece:
                yield position >= split, starts or position == split, piece
            position = end
        if position != self.characters:
            raise changed(self.name)

    def split(self, share: float) -> tuple[list[str], list[str]]:
        """Two lists of documents: those to train on, and those held out."""
        sides: tuple[list[list[str]], list[list[str]]] = ([], [])
        for is_held_out, starts, piece in self.parts(share):
            if starts:
                sides[is_held_out].append([])
            sides[is_held_out][-1].append(piece)
        training, held_out = (["".join(document) for document in side] for side in sides)
        return training, held_out


@answers_keywords
@dataclass(frozen=True, repr=False)
class Corpus(Text):
    """A text in memory.

    Attributes:
        documents: each document's text, none empty.

    Raises:
        CorpusError: a name that no folder can have, or a document with a lone surrogate.
    """

    name: str
    documents: tuple[str, ...]
    paths: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    kind: str = "file"

    def __repr__(self) -> str:
        characters = count(sum(map(len, self.documents)), "character")
        return f"<Corpus {shown(self.name)}: {characters} in {count(len(self.documents), 'document')}>"

    def __post_init__(self) -> None:
        if arguments.instance("name", self.name, str) != (fit := folder_name(self.name)):
            raise CorpusError(f"`name={shown(self.name)}`: not a name for a folder; for instance {shown(fit)}")
        for number, document in enumerate(arguments.items("documents", self.documents, "texts"), 1):
            refuse_surrogates(arguments.instance("documents", document, str), f"{self.name}: document {number}")

    def _read(self, notes: list[Note]) -> Iterator[Piece]:
        notes += self.notes
        return ((True, document) for document in self.documents)


@dataclass(frozen=True)
class LargeCorpus(Text):
    """A text that is too large for memory and stays in its files.

    Attributes:
        sources: where the text comes from.
        reading: how the sources are read.
    """

    name: str
    sources: tuple[Source, ...]
    reading: Reading
    paths: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What one document is."""
        return self.reading.kind(self.sources)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was changed or left out. Reads the whole text once, as `characters`, `size` and `count` do."""
        return self._survey.notes

    def _read(self, notes: list[Note]) -> Iterator[Piece]:
        return self.reading.pieces(self.sources, notes)

    def digest(self) -> str:
        """SHA-256 (hex) of everything on which the text depends: the files' bytes and how they are read.

        Found without decoding the text.
        """
        options = json.dumps(self.reading.to_json(), sort_keys=True)
        lines = [options, *(f"{source.kind} {source.digest()}" for source in self.sources)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@overload
def read_corpus(
    paths: Paths,
    documents: str = ...,
    encoding: str | None = ...,
    selection: Selection | None = ...,
    *,
    may_stay: Literal[False] = ...,
    column: str | None = ...,
    lowercase: bool = ...,
    normalise: str | None = ...,
    delimiter: str | None = ...,
) -> Corpus: ...
@overload
def read_corpus(
    paths: Paths,
    documents: str = ...,
    encoding: str | None = ...,
    selection: Selection | None = ...,
    *,
    may_stay: bool,
    column: str | None = ...,
    lowercase: bool = ...,
    normalise: str | None = ...,
    delimiter: str | None = ...,
) -> Corpus | LargeCorpus: ...
@answers_keywords
def read_corpus(
    paths: Paths,
    documents: str = "file",
    encoding: str | None = None,
    selection: Selection | None = None,
    *,
    may_stay: bool = False,
    column: str | None = None,
    lowercase: bool = False,
    normalise: str | None = None,
    delimiter: str | None = None,
) -> Corpus | LargeCorpus:
    """Read one text from files, folders, patterns, names of the catalogue, or standard input (the path "-").

    Args:
        paths: one path or several.
        documents, encoding, selection, column, lowercase, normalise, delimiter: as of
            `textgen.corpus.formats.Reading`.
        may_stay: whether a large text may stay in its files: a LargeCorpus.

    Raises:
        UsageError: an encoding that does not exist.
        CorpusError: a path that is missing, not a plain file, not readable or not text in the encoding; a folder
            without text; a selection of poems from other text; a table without the field; or no text.
    """
    names, may_stay = listed(paths), arguments.switch("may_stay", may_stay)
    selection = Selection() if selection is None else selection
    reading = Reading(documents, encoding, column, lowercase, normalise, selection, delimiter)
    sources = tuple(resolve(names))
    name, absolutes, kind = name_of(names), tuple(map(absolute, names)), reading.kind(sources)
    if may_stay and kind != "poem" and _is_large(sources):
        return LargeCorpus(name, sources, reading, absolutes)
    notes: list[Note] = []  # complete once the text is read
    return Corpus(name, reading.read(sources, notes), absolutes, tuple(notes), kind)


def _is_large(sources: tuple[Source, ...]) -> bool:
    size = 0
    for source in sources:
        for chunk in source.chunks():
            size += len(chunk)
            if size > MAX_BYTES_IN_MEMORY:
                return True
    return False


def read_text(path: Paths, encoding: str | None = None) -> tuple[str, list[Note]]:
    """The text of a file, or of standard input if the path is "-", and the notes on it.

    Raises: as `read_corpus`.
    """
    notes: list[Note] = []
    return "".join(piece for source in resolve(path) for piece in text_of(source, encoding, notes)), notes


def selection_of(training: ReadingOptions, whole: bool = False) -> Selection:
    """Which poems a training learns, and in which script; of `whole` texts all poems."""
    return Selection(script=training.script) if whole else Selection(training.author, training.script, training.form)


@overload
def read_for(
    training: ReadingOptions,
    paths: Paths,
    encoding: str | None = ...,
    *,
    may_stay: Literal[False] = ...,
    whole: bool = ...,
) -> Corpus: ...
@overload
def read_for(
    training: ReadingOptions, paths: Paths, encoding: str | None = ..., *, may_stay: bool, whole: bool = ...
) -> Corpus | LargeCorpus: ...
def read_for(
    training: ReadingOptions, paths: Paths, encoding: str | None = None, *, may_stay: bool = False, whole: bool = False
) -> Corpus | LargeCorpus:
    """Read a text with the options of a training: documents, and for poems their selection and script.

    Args:
        training: the options; a TrainingConfig.
        paths: as of `read_corpus`.
        encoding: how the files are decoded.
        may_stay: whether a large text may stay in its files.
        whole: whether the text is read by a run that has learned another: all poems, not only those that the training
            selects, and plain text whatever the training read.

    Raises:
        UsageError: an encoding or a form that does not exist.
        CorpusError: as `read_corpus`.
    """
    # A run that learned a table reads plain text too.
    column, delimiter = training.field, training.delimiter
    if whole and not any(source.has_fields for source in resolve(paths)):
        column = delimiter = None
    return read_corpus(
        paths,
        training.documents,
        encoding,
        selection_of(training, whole),
        may_stay=may_stay,
        column=column,
        lowercase=training.lowercase,
        normalise=training.normalise,
        delimiter=delimiter,
    )


def text_for(training: ReadingOptions, text: str) -> str:
    """A text that was typed, as a run reads it whose training had these options. Raises UsageError or CorpusError."""
    reading = Reading(lowercase=training.lowercase, normalise=training.normalise)
    return reading.treated(arguments.text("text", text), "the text")
