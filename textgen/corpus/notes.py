"""Notes on a text: what was changed or left out while it was read. Knows nothing of how notes are shown."""

from dataclasses import dataclass
from enum import StrEnum


class NoteKind(StrEnum):
    """What a note is about."""

    ENCODING = "encoding"  # the byte-order mark named another encoding than UTF-8
    LINE_ENDS = "line ends"  # line ends other than LF were read as LF
    DELIMITER = "delimiter"  # a table has another delimiter than a comma
    COLUMN = "column"  # a table has one column, which was not named
    SELECTION = "selection"  # poems were left out
    LABELS = "labels"  # some documents have no label
    CLEANING = "cleaning"  # something was removed from poems


@dataclass(frozen=True)
class Note:
    """One thing that differs between the files and the text that was read from them.

    Attributes:
        kind: what the note is about.
        text: the note in words, one line.
        value: the fact alone, for programs: an encoding ("UTF-16-LE"), a number of line ends ("12"). Empty where the
            kind says it all.
    """

    kind: NoteKind
    text: str
    value: str = ""

    def __str__(self) -> str:
        return self.text
