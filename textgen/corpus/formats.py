"""Bytes to documents, piece by piece: plain text by file, block or line; tables; lines of JSON; poems.

Knows nothing of files or models.
"""

import dataclasses
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast

from textgen import arguments
from textgen.corpus import poems, tables
from textgen.corpus.charsets import decoded, refuse_surrogates
from textgen.corpus.labels import Labels, Origin, Tally, check_known, checked_names, chosen
from textgen.corpus.notes import Note, NoteKind
from textgen.corpus.pieces import Piece, blocks, lines, one_document, refuse_marks, whole_lines
from textgen.corpus.values import choices, parse, shown
from textgen.errors import CorpusError
from textgen.tokens.layout import SEPARATORS

# What a file can hold: plain text, a table, one JSON value a line, or poems as one JSON list.
TEXT, TABLE, JSON_LINES, POEMS = "text", "csv", "lines of JSON", "poems"


class Readable(Protocol):
    """What a Reading reads; `textgen.corpus.sources.Source` is one."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def kind(self) -> str:
        """What it holds: TEXT, TABLE, JSON_LINES or POEMS."""

    @property
    def origin(self) -> Origin:
        """Where it is."""

    @property
    def is_tabbed(self) -> bool:
        """Whether tabs separate a table's columns."""

    def chunks(self) -> Iterator[bytes]:
        """Its bytes."""


@dataclass(frozen=True)
class Reading:
    """How text is read. All fields are plain JSON values, or a Selection of such.

    Attributes:
        documents: what one document is: "file", "block" (between blank lines), "line" or "poem".
        encoding: how bytes are decoded; None for UTF-8, or the encoding of a byte-order mark.
        column: the field to read of a table or of lines of JSON; None if there is only one field of text.
        delimiter: the character between two columns of a table; None for a tab in .tsv, and elsewhere what its first
            lines tell.
        lowercase: whether text is converted to lower case.
        normalise: "nfc", "nfkc" or None: a Unicode normal form (Unicode Standard Annex 15).
        selection: which poems are learned, and in which script.
        label: names of labels: fields of a table or of JSON, "author" and "form" of poems, "folder" and "file" of any
            document.
        needs_labels: whether a text without such a label is an error. Otherwise its documents have the empty label.
    """

    documents: str = "file"
    encoding: str | None = None
    column: str | None = None
    lowercase: bool = False
    normalise: str | None = None
    selection: poems.Selection = field(default_factory=poems.Selection)
    delimiter: str | None = None
    label: Labels = ()
    needs_labels: bool = True

    def __post_init__(self) -> None:
        arguments.text("documents", self.documents, SEPARATORS)
        arguments.switch("lowercase", self.lowercase)
        arguments.instance("selection", self.selection, poems.Selection)
        for name in ("encoding", "column", "normalise"):
            if (value := getattr(self, name)) is not None:
                arguments.text(name, value, ("nfc", "nfkc") if name == "normalise" else ())
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", arguments.delimiter("delimiter", self.delimiter))
        object.__setattr__(self, "label", checked_names(self.label))

    def to_json(self) -> dict[str, object]:
        """The options as plain JSON values: equal options give equal values."""
        return dataclasses.asdict(self)

    def kind(self, sources: Sequence[Readable]) -> str:
        """What one document is, given what the sources hold: JSON holds poems, and a row of a table is a line."""
        kinds = {source.kind for source in sources}
        if POEMS in kinds or self.documents == "poem":
            return "poem"
        return "line" if self.documents == "file" and kinds & {TABLE, JSON_LINES} else self.documents

    def read(self, sources: Sequence[Readable], notes: list[Note]) -> tuple[tuple[str, ...], tuple[Labels, ...]]:
        """Read whole documents; return their texts, and their labels where some are asked for.

        Arguments and errors are those of `pieces`.
        """
        found: list[list[str]] = []
        labels: list[Labels] = []
        for piece in self.pieces(sources, notes):
            if piece.starts:
                found.append([])
                labels.append(piece.labels)
            found[-1].append(piece.text)
        return tuple("".join(pieces) for pieces in found), tuple(labels) if self.label else ()

    def pieces(self, sources: Sequence[Readable], notes: list[Note]) -> Iterator[Piece]:
        """Read documents in pieces.

        Args:
            sources: where the text comes from.
            notes: a list to which notes are added.

        Raises:
            CorpusError: text that cannot be read, or no text; a label that no document has, or of too many values.
        """
        if not (self.label and self.needs_labels):
            yield from self._unlabelled(sources, notes)
            return
        tally = Tally(self.label, sources[0].name)
        for piece in self._unlabelled(sources, notes):
            if piece.starts:
                tally.add(piece.labels)
            yield piece
        notes += tally.notes()

    def _unlabelled(self, sources: Sequence[Readable], notes: list[Note]) -> Iterator[Piece]:
        """The pieces, with labels that are not counted yet."""
        kind = self.kind(sources)
        if kind == "poem":
            yield from self._poems(sources, notes)
            return
        if self.selection.is_of_poems:
            raise CorpusError(
                f"{sources[0].name}: `form`, `author`, `script` and `title_field` are about poems: give JSON of poems, "
                'or text with a blank line between poems and `documents="poem"`'
            )
        for source in sources:
            yield from self._pieces(source, kind, notes)

    def _pieces(self, source: Readable, kind: str, notes: list[Note]) -> Iterator[Piece]:
        has_text = False
        for piece in self._documents(source, kind, notes):
            has_text = has_text or not piece.text.isspace()
            yield piece
        if not has_text:
            raise CorpusError(f"{source.name}: no text in it")

    def _documents(self, source: Readable, kind: str, notes: list[Note]) -> Iterator[Piece]:
        if source.kind in (TABLE, JSON_LINES):
            return self._records(self._rows(source, notes), source)
        if self.column is not None:
            raise CorpusError(f"{source.name}: `field` is about CSV and lines of JSON; this is plain text")
        if self.delimiter is not None:
            raise CorpusError(f"{source.name}: `delimiter` is about CSV; this is plain text")
        labels = source.origin.labels()
        self._check_known(labels, source.name)
        pieces = whole_lines(text_of(source, self.encoding, notes))
        text = (self.treated(piece, source.name) for piece in pieces)
        if kind == "file":
            documents = one_document(text)
        elif kind == "line":
            documents = (Piece(True, line) for line in lines(text) if line.strip())
        else:
            documents = blocks(lines(text))
        given = chosen(self.label, labels, source.name)
        return (piece._replace(labels=given) for piece in documents) if given else documents

    def _records(self, rows: Iterator[tables.Row], source: Readable) -> Iterator[Piece]:
        """The documents of a table or of lines of JSON."""
        of_source = source.origin.labels()
        for row in rows:
            if row.text.strip():
                labels = chosen(self.label, {**of_source, **row.labels}, row.where)
                yield Piece(True, self.treated(row.text, source.name), labels)

    def _poems(self, sources: Sequence[Readable], notes: list[Note]) -> Iterator[Piece]:
        raw: list[poems.RawPoem] = []
        for source in sources:
            if source.kind == POEMS:
                text = "".join(text_of(source, self.encoding, notes))
                if not text.strip():
                    raise CorpusError(f"{source.name}: no text in it")
                raw += poems.from_json(text, source.name, source.origin, self._title_field(source))
            else:
                raw += self._blocks(source, notes)
        kept, about = poems.choose(raw, self.selection)
        notes += about
        name = sources[0].name
        for poem in kept:
            labels = poem.labels() if self.label else {}  # to find its form takes time
            self._check_known(labels, name)
            text = poem.document(self.selection.heading)
            yield Piece(True, self.treated(text, name), chosen(self.label, labels, name))

    def _title_field(self, source: Readable) -> str | None:
        """The field that has the titles. Raises CorpusError where a source has no fields, or no lines."""
        field = self.selection.title_field
        if field is not None and (field == poems.FIRST_LINE) != (source.kind == TEXT):
            if source.kind == TEXT:
                raise CorpusError(
                    f"{source.name}: plain text has no field {shown(field)}; `title_field` is `first-line` for poems "
                    "whose first line is their title"
                )
            raise CorpusError(f"{source.name}: `title_field` names a field here; `first-line` is for plain text")
        return field

    def _blocks(self, source: Readable, notes: list[Note]) -> Iterator[poems.RawPoem]:
        """The poems of plain text, of a table or of lines of JSON."""
        field = self._title_field(source)
        if field is not None and source.kind != TEXT:
            yield from self._titled_rows(source, field, notes)
            return
        for block in dataclasses.replace(self, label=())._pieces(source, "block", notes):
            if field == poems.FIRST_LINE:
                yield poems.titled(block.text, source.origin)
            else:
                yield poems.RawPoem(block.text, origin=source.origin)

    def _titled_rows(self, source: Readable, field: str, notes: list[Note]) -> Iterator[poems.RawPoem]:
        """The poems of a table or of lines of JSON, with their titles. Raises CorpusError where no row has one."""
        has_titles = False
        for row in dataclasses.replace(self, label=(field,), needs_labels=True)._rows(source, notes):
            title = row.labels.get(field)
            has_titles = has_titles or isinstance(title, str)
            if row.text.strip():
                yield poems.RawPoem(row.text, title if isinstance(title, str) else "", origin=source.origin)
        if not has_titles:
            raise CorpusError(f"{source.name}: no row has a title in {shown(field)}; choose another `title_field`")

    def _rows(self, source: Readable, notes: list[Note]) -> Iterator[tables.Row]:
        """The rows of a table or of lines of JSON."""
        return (_table if source.kind == TABLE else _json_lines)(source, self, notes)

    def _check_known(self, known: Iterable[str], name: str) -> None:
        """Raise CorpusError where a label that is needed is none of those that a text has."""
        if self.needs_labels:
            check_known(self.label, known, name)

    def treated(self, text: str, name: str) -> str:
        """A text, or a piece of one, in the case and the Unicode normal form that are wanted.

        Args:
            text: the text.
            name: what messages call it.

        Raises:
            CorpusError: it cannot be normalised.
        """
        if self.normalise:
            refuse_marks(text, name)
            form = cast(Literal["NFC", "NFKC"], self.normalise.upper())
            text = unicodedata.normalize(form, text)
        return text.lower() if self.lowercase else text


class ReadingOptions(Protocol):
    """The options of a training that say how its text is read; `textgen.runs.config.TrainingConfig` has them.

    Attributes:
        documents: what one document is.
        form: names of forms; empty for all poems.
        author: only poems by this author; None for all.
        script: the script of Chinese poems.
        field: the field to read of a table or of lines of JSON.
        delimiter: the character between two columns of a table.
        heading, title_field: as of `textgen.corpus.poems.Selection`.
        lowercase, normalise, label: as of Reading.
    """

    @property
    def documents(self) -> str: ...
    @property
    def form(self) -> tuple[str, ...]: ...
    @property
    def author(self) -> str | None: ...
    @property
    def script(self) -> str: ...
    @property
    def field(self) -> str | None: ...
    @property
    def delimiter(self) -> str | None: ...
    @property
    def heading(self) -> str: ...
    @property
    def title_field(self) -> str | None: ...
    @property
    def lowercase(self) -> bool: ...
    @property
    def normalise(self) -> str | None: ...
    @property
    def label(self) -> Labels: ...


def text_of(source: Readable, encoding: str | None, notes: list[Note]) -> Iterator[str]:
    """A source's text in pieces, with every line end read as LF; a note at the end says how many were changed.

    Args:
        source: where the text comes from.
        encoding: a name that Python knows; None for UTF-8, or the encoding of a byte-order mark.
        notes: a list to which notes are added.

    Raises: as `textgen.corpus.charsets.decoded`.
    """
    ends, held = 0, ""
    for piece in decoded(source.chunks(), source.name, encoding, notes):
        piece = held + piece
        held = ""
        if "\r" in piece:
            if piece.endswith("\r"):  # an LF may follow in the next piece
                piece, held = piece[:-1], "\r"
            ends += piece.count("\r")
            piece = piece.replace("\r\n", "\n").replace("\r", "\n")
        yield piece
    if held:
        ends += 1
        yield "\n"
    if ends:
        text = f"{source.name}: {ends} CR or CR LF line ends read as LF"
        notes.append(Note(NoteKind.LINE_ENDS, text, str(ends)))


def _table(source: Readable, reading: Reading, notes: list[Note]) -> Iterator[tables.Row]:
    """The wanted fields of each row of a table."""
    with_ends = (line + "\n" for line in lines(text_of(source, reading.encoding, notes)))
    delimiter = reading.delimiter or ("\t" if source.is_tabbed else None)
    needed = [name for name in reading.label if name not in source.origin.labels()] if reading.needs_labels else []
    return tables.fields(with_ends, source.name, reading.column, delimiter, notes, reading.label, needed)


def _json_lines(source: Readable, reading: Reading, notes: list[Note]) -> Iterator[tables.Row]:
    """The wanted fields of each line of JSON."""
    for number, line in enumerate(lines(text_of(source, reading.encoding, notes)), 1):
        if line.strip():
            where = f"{source.name}: line {number}"
            value = parse(line, where)
            text = _text_in(value, where, reading.column)
            refuse_surrogates(text, where)
            labels = {name: value[name] for name in reading.label if name in value} if isinstance(value, dict) else {}
            yield tables.Row(text, labels, where)


def _text_in(value: object, where: str, field: str | None) -> str:
    """The text of one line of JSON: the line is a string, or an object with the field."""
    if isinstance(value, str) and field is None:
        return value
    if not isinstance(value, dict):
        raise CorpusError(f"{where}: expected an object with a field of text, not {type(value).__name__}")
    texts = {key: inside for key, inside in value.items() if isinstance(inside, str)}
    if field is None and len(texts) == 1:
        return next(iter(texts.values()))
    if field is None:
        raise CorpusError(f"{where}: choose a field with `field`; {choices(list(texts))}")
    if field not in texts:
        raise CorpusError(f"{where}: no text in a field {shown(field)}; {choices(list(texts))}")
    return texts[field]
