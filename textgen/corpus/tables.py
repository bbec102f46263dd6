"""A table's lines to the texts of one of its columns, with labels from others; which character separates the columns.

Knows nothing of files.
"""

import contextlib
import csv
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from textgen.corpus.notes import Note, NoteKind
from textgen.corpus.values import choices, shown
from textgen.errors import CorpusError

# What may separate columns where nobody says; the first one where none of them is in the first row.
DELIMITERS = (",", ";", "\t")
# Lines that are looked at to find it.
SAMPLE = 32


class Row(NamedTuple):
    """What is wanted of a row: its text, the fields that are labels, by their columns' names, and where it is."""

    text: str
    labels: Mapping[str, object]
    where: str


def fields(
    lines: Iterator[str],
    name: str,
    column: str | None,
    delimiter: str | None,
    notes: list[Note],
    labels: Sequence[str] = (),
    needed: Sequence[str] = (),
) -> Iterator[Row]:
    """The wanted fields of each row of a table.

    Args:
        lines: its lines with their ends; a quoted field may run over several.
        name: what messages call the table.
        column: the name of the wanted column; None if there is only one.
        delimiter: the character between two columns; None to find it in the first lines.
        notes: a list to which notes are added.
        labels: names of labels, of which those that a column bears are read. A short row lacks those of its end.
        needed: those that a column must bear.

    Raises:
        CorpusError: no such column, a row that does not fit the first, or a delimiter that cannot be found.
    """
    csv.field_size_limit(sys.maxsize)
    if delimiter is None:
        sample = list(itertools.islice(lines, SAMPLE))
        delimiter = _found(sample, name, column)
        lines = itertools.chain(sample, lines)
        if delimiter != DELIMITERS[0]:
            text = f"{name}: columns separated by {_shown(delimiter)}"
            notes.append(Note(NoteKind.DELIMITER, text, delimiter))
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        at = _column(name, header, column)
        if column is None:
            notes.append(Note(NoteKind.COLUMN, f"{name}: a table of one column, {shown(header[0])}", header[0]))
        places = {label: _column(name, header, label) for label in labels if label in header or label in needed}
        for row in rows:
            where = f"{name}: line {rows.line_num}"
            if row and len(row) <= at:
                raise CorpusError(f"{where}: {len(row)} columns; {shown(header[at])} is number {at + 1}")
            if any(row[len(header) :]):
                raise CorpusError(
                    f"{where}: {len(row)} columns, and the first row has {len(header)}: put a text with "
                    f"{_shown(delimiter)} in it into quotes, or name what separates the columns with `delimiter`"
                )
            if row:
                found = {label: row[place] for label, place in places.items() if place < len(row)}
                yield Row(row[at], found, where)
    except csv.Error as error:
        raise CorpusError(f"{name}: line {rows.line_num}: not a row of a table: {error}") from None


def _column(name: str, header: Sequence[str], column: str | None) -> int:
    """The index of the wanted column."""
    if column is None and len(header) == 1:
        return 0
    if column is None:
        raise CorpusError(f"{name}: a table of {len(header)} columns: choose one with `field`; {choices(header)}")
    if column not in header:
        cure = "; name what separates the columns with `delimiter`" if len(header) == 1 else ""
        raise CorpusError(f"{name}: no column {shown(column)}; {choices(header)}{cure}")
    if header.count(column) > 1:
        raise CorpusError(f"{name}: {header.count(column)} columns {shown(column)}; give each a name of its own")
    return header.index(column)


def _found(sample: Sequence[str], name: str, column: str | None) -> str:
    """The delimiter of a table, from its first lines.

    It is one that divides the first row. Of several, it is the one that makes the wanted column, or else the one that
    gives every row as many columns as the first. Raises CorpusError where that is not one alone: a guess would cut
    texts at the wrong places.
    """
    tables = {delimiter: _rows(sample, delimiter) for delimiter in DELIMITERS}
    dividing = [delimiter for delimiter, rows in tables.items() if rows and len(rows[0]) > 1]
    making = [delimiter for delimiter in dividing if column in tables[delimiter][0]]
    even = [delimiter for delimiter in dividing if len({len(row) for row in tables[delimiter] if row}) == 1]
    for candidates in (dividing, making, even):
        if len(candidates) == 1:
            return candidates[0]
    if not dividing:
        return DELIMITERS[0]
    raise CorpusError(
        f"{name}: {' or '.join(map(_shown, dividing))} may separate the columns; name one of them with `delimiter`"
    )


def _rows(sample: Sequence[str], delimiter: str) -> list[list[str]]:
    """The rows in some lines, up to the first that is not complete, or not a row with this delimiter."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        rows.extend(csv.reader(sample, delimiter=delimiter, strict=True))
    return rows


def _shown(delimiter: str) -> str:
    return "a tab" if delimiter == "\t" else repr(delimiter)
