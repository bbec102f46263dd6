"""A text to learn from: its documents, the held-out part, the fingerprint.

A small text is kept in memory; a large one stays in its files and is read in pieces, as often as needed. The module
`textgen.corpus.formats` turns files into documents. This module knows nothing of tokenizers or models.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, overload

from textgen import arguments
from textgen.corpus.charsets import refuse_surrogates
from textgen.corpus.formats import Reading, ReadingOptions, text_of
from textgen.corpus.labels import Labels, checked_names
from textgen.corpus.notes import Note
from textgen.corpus.pieces import Piece
from textgen.corpus.poems import FIRST_LINE, Selection
from textgen.corpus.sources import Paths, Source, absolute, folder_name, listed, name_of, resolve
from textgen.corpus.text import Text
from textgen.corpus.values import shown
from textgen.errors import CorpusError, UsageError
from textgen.system.keywords import answers_keywords
from textgen.system.wording import count

# Bytes of text beyond which a text stays in its files.
MAX_BYTES_IN_MEMORY = 1 << 25


@answers_keywords
@dataclass(frozen=True, repr=False)
class Corpus(Text):
    """A text in memory.

    Attributes:
        documents: each document's text, none empty.
        label: the names of the documents' labels.
        labelled: each document's labels, one for each name; empty without names.

    Raises:
        CorpusError: a name that no folder can have, or a document with a lone surrogate.
        UsageError: documents and their labels are not equally many.
    """

    name: str
    documents: tuple[str, ...]
    paths: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    kind: str = "file"
    label: Labels = ()
    labelled: tuple[Labels, ...] = ()

    def __repr__(self) -> str:
        characters = count(sum(map(len, self.documents)), "character")
        return f"<Corpus {shown(self.name)}: {characters} in {count(len(self.documents), 'document')}>"

    def __post_init__(self) -> None:
        if arguments.instance("name", self.name, str) != (fit := folder_name(self.name)):
            raise CorpusError(f"`name={shown(self.name)}`: not a name for a folder; for instance {shown(fit)}")
        for number, document in enumerate(arguments.items("documents", self.documents, "texts"), 1):
            refuse_surrogates(arguments.instance("documents", document, str), f"{self.name}: document {number}")

        object.__setattr__(self, "label", checked_names(self.label))
        if (self.label or self.labelled) and len(self.labelled) != len(self.documents):
            raise UsageError(f"`labelled`: {len(self.labelled)} for {count(len(self.documents), 'document')}")

    def _read(self, notes: list[Note]) -> Iterator[Piece]:
        notes += self.notes
        labelled = self.labelled or [Labels()] * len(self.documents)
        return (Piece(True, text, labels) for text, labels in zip(self.documents, labelled, strict=True))


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
    def label(self) -> Labels:
        """The names of the documents' labels."""
        return self.reading.label

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
    label: Labels = ...,
    needs_labels: bool = ...,
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
    label: Labels = ...,
    needs_labels: bool = ...,
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
    label: Labels = (),
    needs_labels: bool = True,
) -> Corpus | LargeCorpus:
    """Read one text from files, folders, patterns, names of the catalogue, or standard input (the path "-").

    Args:
        paths: one path or several.
        documents, encoding, selection, column, lowercase, normalise, delimiter, label, needs_labels: as of
            `textgen.corpus.formats.Reading`.
        may_stay: whether a large text may stay in its files: a LargeCorpus.

    Raises:
        UsageError: an encoding that does not exist.
        CorpusError: a path that is missing, not a plain file, not readable or not text in the encoding; a folder
            without text; a selection of poems from other text; a table without the field; or no text.
    """
    names, may_stay = listed(paths), arguments.switch("may_stay", may_stay)
    selection = Selection() if selection is None else selection
    reading = Reading(documents, encoding, column, lowercase, normalise, selection, delimiter, label, needs_labels)
    sources = tuple(resolve(names))
    name, absolutes, kind = name_of(names), tuple(map(absolute, names)), reading.kind(sources)
    if may_stay and kind != "poem" and _is_large(sources):
        return LargeCorpus(name, sources, reading, absolutes)
    notes: list[Note] = []  # complete once the text is read
    texts, labelled = reading.read(sources, notes)
    return Corpus(name, texts, absolutes, tuple(notes), kind, reading.label, labelled)


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
    """Which poems a training learns, in which script and under which heading; of `whole` texts all poems."""
    every = Selection(script=training.script, heading=training.heading, title_field=training.title_field)
    return every if whole else dataclasses.replace(every, author=training.author, forms=training.form)


@overload
def read_for(
    training: ReadingOptions,
    paths: Paths,
    encoding: str | None = ...,
    *,
    may_stay: Literal[False] = ...,
    whole: bool = ...,
    label: Labels | None = ...,
    needs_labels: bool = ...,
) -> Corpus: ...
@overload
def read_for(
    training: ReadingOptions,
    paths: Paths,
    encoding: str | None = ...,
    *,
    may_stay: bool,
    whole: bool = ...,
    label: Labels | None = ...,
    needs_labels: bool = ...,
) -> Corpus | LargeCorpus: ...
def read_for(
    training: ReadingOptions,
    paths: Paths,
    encoding: str | None = None,
    *,
    may_stay: bool = False,
    whole: bool = False,
    label: Labels | None = None,
    needs_labels: bool = True,
) -> Corpus | LargeCorpus:
    """Read a text with the options of a training: documents, and for poems their selection and script.

    Args:
        training: the options; a TrainingConfig.
        paths: as of `read_corpus`.
        encoding: how the files are decoded.
        may_stay: whether a large text may stay in its files.
        whole: whether the text is read by a run that has learned another: all poems, not only those that the training
            selects, and plain text whatever the training read.
        label: the names of labels to read; None for those of the training, or of `whole` texts for none.
        needs_labels: as of `textgen.corpus.formats.Reading`.

    Raises:
        UsageError: an encoding or a form that does not exist.
        CorpusError: as `read_corpus`.
    """
    # A run that learned a table reads plain text too.
    column, delimiter, selection = training.field, training.delimiter, selection_of(training, whole)
    if whole and not any(source.has_fields for source in resolve(paths)):
        column = delimiter = None
        if selection.title_field != FIRST_LINE:
            selection = dataclasses.replace(selection, title_field=None)
    return read_corpus(
        paths,
        training.documents,
        encoding,
        selection,
        may_stay=may_stay,
        column=column,
        lowercase=training.lowercase,
        normalise=training.normalise,
        delimiter=delimiter,
        label=label if label is not None else () if whole else training.label,
        needs_labels=needs_labels,
    )


def text_for(training: ReadingOptions, text: str) -> str:
    """A text that was typed, as a run reads it whose training had these options. Raises UsageError or CorpusError."""
    reading = Reading(lowercase=training.lowercase, normalise=training.normalise)
    return reading.treated(arguments.text("text", text), "the text")
