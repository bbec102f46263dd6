"""Bytes to documents, piece by piece: plain text by file, block or line; tables; lines of JSON; poems.

A long document comes in several pieces, each of which ends where a line does, so that words stay whole. Knows nothing
of files or models.
"""

import dataclasses
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, cast

from textgen import arguments
from textgen.corpus import poems, tables
from textgen.corpus.charsets import decoded, refuse_surrogates
from textgen.corpus.notes import Note, NoteKind
from textgen.corpus.values import choices, parse, shown
from textgen.errors import CorpusError
from textgen.tokens.layout import SEPARATORS

# Characters after which a piece of a long document ends, at the next end of a line.
PIECE_CHARACTERS = 1 << 20
# A line that is longer is cut into several pieces.
MAX_LINE_CHARACTERS = 1 << 22
# Combining marks after one letter; no text has more than a few (Unicode Standard Annex 15 bounds streams to 30).
MAX_MARKS = 128

# What a file can hold: plain text, a table, one JSON value a line, or poems as one JSON list.
TEXT, TABLE, JSON_LINES, POEMS = "text", "csv", "lines of JSON", "poems"

# A piece of a document: whether a document begins with it, and its text.
Piece: TypeAlias = tuple[bool, str]


class Readable(Protocol):
    """What a Reading reads; `textgen.corpus.sources.Source` is one."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def kind(self) -> str:
        """What it holds: TEXT, TABLE, JSON_LINES or POEMS."""

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
    """

    documents: str = "file"
    encoding: str | None = None
    column: str | None = None
    lowercase: bool = False
    normalise: str | None = None
    selection: poems.Selection = field(default_factory=poems.Selection)
    delimiter: str | None = None

    def __post_init__(self) -> None:
        arguments.text("documents", self.documents, SEPARATORS)
        arguments.switch("lowercase", self.lowercase)
        arguments.instance("selection", self.selection, poems.Selection)
        for name in ("encoding", "column", "normalise"):
            if (value := getattr(self, name)) is not None:
                arguments.text(name, value, ("nfc", "nfkc") if name == "normalise" else ())
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", arguments.delimiter("delimiter", self.delimiter))

    def to_json(self) -> dict[str, object]:
        """The options as plain JSON values: equal options give equal values."""
        return dataclasses.asdict(self)

    def kind(self, sources: Sequence[Readable]) -> str:
        """What one document is, given what the sources hold: JSON holds poems, and a row of a table is a line."""
        kinds = {source.kind for source in sources}
        if POEMS in kinds or self.documents == "poem":
            return "poem"
        return "line" if self.documents == "file" and kinds & {TABLE, JSON_LINES} else self.documents

    def read(self, sources: Sequence[Readable], notes: list[Note]) -> tuple[str, ...]:
        """Read whole documents. Arguments and errors are those of `pieces`."""
        found: list[list[str]] = []
        for starts, piece in self.pieces(sources, notes):
            if starts:
                found.append([])
            found[-1].append(piece)
        return tuple("".join(pieces) for pieces in found)

    def pieces(self, sources: Sequence[Readable], notes: list[Note]) -> Iterator[Piece]:
        """Read documents in pieces.

        Args:
            sources: where the text comes from.
            notes: a list to which notes are added.

        Raises:
            CorpusError: text that cannot be read, or no text.
        """
        kind = self.kind(sources)
        if kind == "poem":
            yield from self._poems(sources, notes)
            return
        if self.selection != poems.Selection():
            raise CorpusError(
                f"{sources[0].name}: `form`, `author` and `script` are about poems: give JSON of poems, or text with a "
                'blank line between poems and `documents="poem"`'
            )
        for source in sources:
            yield from self._pieces(source, kind, notes)

    def _pieces(self, source: Readable, kind: str, notes: list[Note]) -> Iterator[Piece]:
        has_text = False
        for starts, piece in self._documents(source, kind, notes):
            has_text = has_text or not piece.isspace()
            yield starts, piece
        if not has_text:
            raise CorpusError(f"{source.name}: no text in it")

    def _documents(self, source: Readable, kind: str, notes: list[Note]) -> Iterator[Piece]:
        if source.kind in (TABLE, JSON_LINES):
            read = _table if source.kind == TABLE else _json_lines
            records = read(source, self, notes)
            return ((True, self.treated(record, source.name)) for record in records if record.strip())
        if self.column is not None:
            raise CorpusError(f"{source.name}: `field` is about CSV and lines of JSON; this is plain text")
        if self.delimiter is not None:
            raise CorpusError(f"{source.name}: `delimiter` is about CSV; this is plain text")
        pieces = _whole_lines(text_of(source, self.encoding, notes))
        text = (self.treated(piece, source.name) for piece in pieces)
        if kind == "file":
            return _one_document(text)
        if kind == "line":
            return ((True, line) for line in _lines(text) if line.strip())
        return _blocks(_lines(text))

    def _poems(self, sources: Sequence[Readable], notes: list[Note]) -> Iterator[Piece]:
        raw: list[poems.RawPoem] = []
        for source in sources:
            if source.kind == POEMS:
                text = "".join(text_of(source, self.encoding, notes))
                if not text.strip():
                    raise CorpusError(f"{source.name}: no text in it")
                raw += poems.from_json(text, source.name)
            else:
                raw += [poems.RawPoem(block) for _, block in self._pieces(source, "block", notes)]
        chosen, about = poems.choose(raw, self.selection)
        notes += about
        yield from ((True, self.treated(poem.text, sources[0].name)) for poem in chosen)

    def treated(self, text: str, name: str) -> str:
        """A text, or a piece of one, in the case and the Unicode normal form that are wanted.

        Args:
            text: the text.
            name: what messages call it.

        Raises:
            CorpusError: it cannot be normalised.
        """
        if self.normalise:
            _refuse_marks(text, name)
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
        lowercase, normalise: as of Reading.
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
    def lowercase(self) -> bool: ...
    @property
    def normalise(self) -> str | None: ...


def _one_document(pieces: Iterable[str]) -> Iterator[Piece]:
    starts = True
    for piece in pieces:
        if piece:
            yield starts, piece
            starts = False


def _blocks(lines: Iterable[str]) -> Iterator[Piece]:
    """Lines between blank lines, joined."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            yield True, "\n".join(block)
            block = []
    if block:
        yield True, "\n".join(block)


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


def _whole_lines(pieces: Iterable[str]) -> Iterator[str]:
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


def _lines(pieces: Iterable[str]) -> Iterator[str]:
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


def _refuse_marks(text: str, name: str) -> None:
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


def _table(source: Readable, reading: Reading, notes: list[Note]) -> Iterator[str]:
    """The wanted field of each row of a table."""
    lines = (line + "\n" for line in _lines(text_of(source, reading.encoding, notes)))
    delimiter = reading.delimiter or ("\t" if source.is_tabbed else None)
    return tables.fields(lines, source.name, reading.column, delimiter, notes)


def _json_lines(source: Readable, reading: Reading, notes: list[Note]) -> Iterator[str]:
    """The wanted field of each line of JSON."""
    for number, line in enumerate(_lines(text_of(source, reading.encoding, notes)), 1):
        if line.strip():
            yield _json_text(line, f"{source.name}: line {number}", reading.column)


def _json_text(line: str, where: str, field: str | None) -> str:
    """The text of one line of JSON: the line is a string, or an object with the field."""
    text = _chosen(parse(line, where), where, field)
    refuse_surrogates(text, where)
    return text


def _chosen(value: object, where: str, field: str | None) -> str:
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
