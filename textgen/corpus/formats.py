"""Bytes to documents, piece by piece: plain text by file, block or line; tables; lines of JSON; poems.

A piece of a long document ends where a line does, so that words stay whole. Knows nothing of files or models.
"""

import csv
import json
import sys
import unicodedata
from dataclasses import dataclass, field

from textgen.corpus import poems
from textgen.corpus.charsets import decoded
from textgen.errors import CorpusError

# Characters of a piece, about, and of the longest line that is kept whole.
PIECE, LONGEST = 1 << 20, 1 << 22


@dataclass(frozen=True)
class Reading:
    """How text is read.

    Attributes:
        documents: what one document is: "file", "block" (between blank lines), "line" or "poem".
        encoding: how bytes are decoded; None for UTF-8, or what a byte-order mark says.
        column: of a table or lines of JSON, the field to read; None where there is but one field of text.
        lowercase: whether capitals are made small.
        normalise: "nfc", "nfkc" or None: a Unicode normal form (Unicode Standard Annex 15).
        selection: which poems, and in which script.
    """

    documents: str = "file"
    encoding: str | None = None
    column: str | None = None
    lowercase: bool = False
    normalise: str | None = None
    selection: poems.Selection = field(default_factory=poems.Selection)

    def kind(self, sources):
        """What one document is in the end: JSON is poems, a row of a table is what a line is."""
        kinds = {source.kind for source in sources}
        if "poems" in kinds or self.documents == "poem":
            return "poem"
        return "line" if self.documents == "file" and kinds & {"csv", "lines of JSON"} else self.documents

    def pieces(self, sources, notes):
        """Documents in pieces: pairs of whether a document begins, and text.

        Args:
            sources: Sources.
            notes: a list; what was not taken as it stood is added, a line each.

        Raises:
            CorpusError: text that cannot be read, or none.
        """
        kind = self.kind(sources)
        if kind == "poem":
            yield from self._poems(sources, notes)
            return
        if self.selection != poems.Selection():
            raise CorpusError(
                f"{sources[0].name}: --form, --author and --script are about poems: give JSON of poems, or text with a "
                "blank line between poems and --documents poem"
            )
        for source in sources:
            yield from self._pieces(source, kind, notes)

    def _pieces(self, source, kind, notes):
        is_any = False
        if source.kind in ("csv", "lines of JSON"):
            records = _table(source, self, notes) if source.kind == "csv" else _json_lines(source, self, notes)
            found = ((True, self._treated(record)) for record in records if record.strip())
        elif self.column is not None:
            raise CorpusError(f"{source.name}: --field is about CSV and lines of JSON; this is plain text")
        else:
            found = self._plain(source, kind, notes)
        for starts, piece in found:
            is_any = is_any or not piece.isspace()
            yield starts, piece
        if not is_any:
            raise CorpusError(f"{source.name}: no text in it")

    def _plain(self, source, kind, notes):
        text = map(self._treated, _whole_lines(text_of(source, self.encoding, notes)))
        if kind == "file":
            starts = True
            for piece in text:
                if piece:
                    yield starts, piece
                    starts = False
            return
        lines = _lines(text)
        if kind == "line":
            yield from ((True, line) for line in lines if line.strip())
            return
        block = []
        for line in lines:
            if line.strip():
                block.append(line)
            elif block:
                yield True, "\n".join(block)
                block = []
        if block:
            yield True, "\n".join(block)

    def _poems(self, sources, notes):
        raw = []
        for source in sources:
            if source.kind == "poems":
                text = "".join(text_of(source, self.encoding, notes))
                if not text.strip():
                    raise CorpusError(f"{source.name}: no text in it")
                raw += poems.from_json(text, source.name)
            else:
                raw += [(block, "", "") for _, block in self._pieces(source, "block", notes)]
        chosen, about = poems.choose(raw, self.selection)
        notes += about
        yield from ((True, self._treated(poem.text)) for poem in chosen)

    def _treated(self, text):
        if self.normalise:
            text = unicodedata.normalize(self.normalise.upper(), text)
        return text.lower() if self.lowercase else text


def text_of(source, encoding, notes):
    """A source's text in pieces, its line ends read as LF; what was changed is noted at its end."""
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
        notes.append(f"{source.name}: {ends} CR or CR LF line ends read as LF")


def _whole_lines(pieces):
    """Pieces that end where a line does; of a line too long to be kept, before a space or a plain letter."""
    held = ""
    for piece in pieces:
        held += piece
        if len(held) < PIECE:
            continue
        cut = held.rfind("\n") + 1
        if not cut and len(held) > LONGEST:
            cut = _within_a_line(held)
        if cut:
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def _within_a_line(text):
    """Where a line may be cut: before the spaces before a word, or at least not before a combining mark."""
    cut = len(text[: text.rfind(" ") + 1].rstrip(" "))
    return cut or next(at for at in range(len(text) - 1, 0, -1) if not unicodedata.combining(text[at]))


def _lines(pieces):
    """Lines without their ends."""
    held = ""
    for piece in pieces:
        *whole, held = (held + piece).split("\n")
        yield from whole
    if held:
        yield held


def _table(source, reading, notes):
    """The wanted field of each row."""
    csv.field_size_limit(sys.maxsize)
    # A field in quotes may run over several lines.
    lines = (line + "\n" for line in _lines(text_of(source, reading.encoding, notes)))
    rows = csv.reader(lines, delimiter="\t" if source.is_tabbed else ",", strict=True)
    try:
        header = next(rows, [])
        at = _column(source.name, header, reading.column)
        for row in rows:
            if row and len(row) <= at:
                raise CorpusError(
                    f"{source.name}: line {rows.line_num}: {len(row)} columns; {header[at]!r} is number {at + 1}"
                )
            if row:
                yield row[at]
    except csv.Error as error:
        raise CorpusError(f"{source.name}: line {rows.line_num}: not a row of a table: {error}") from None


def _column(name, header, field):
    if field is None and len(header) == 1:
        return 0
    if field is None:
        raise CorpusError(f"{name}: a table of {len(header)} columns: say which with --field; {_choices(header)}")
    if field not in header:
        raise CorpusError(f"{name}: no column {field!r}; {_choices(header)}")
    return header.index(field)


def _json_lines(source, reading, notes):
    """The wanted field of each line."""
    for number, line in enumerate(_lines(text_of(source, reading.encoding, notes)), 1):
        if not line.strip():
            continue
        where = f"{source.name}: line {number}"
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise CorpusError(f"{where}: not JSON: {error.msg} in column {error.colno}") from None
        except RecursionError:
            raise CorpusError(f"{where}: JSON nested too deeply") from None
        if isinstance(value, str) and reading.column is None:
            yield value
            continue
        if not isinstance(value, dict):
            raise CorpusError(f"{where}: an object with a field of text is wanted, not {type(value).__name__}")
        texts = [key for key, inside in value.items() if isinstance(inside, str)]
        if reading.column is None and len(texts) == 1:
            yield value[texts[0]]
        elif reading.column is None:
            raise CorpusError(f"{where}: say which field with --field; {_choices(texts)}")
        elif not isinstance(value.get(reading.column), str):
            raise CorpusError(f"{where}: no text in a field {reading.column!r}; {_choices(texts)}")
        else:
            yield value[reading.column]


def _choices(names):
    return f"there are: {', '.join(names)}" if names else "there are none"
