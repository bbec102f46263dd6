"""What documents are labelled with: fields of a table or of JSON, a poem's author and form, names of files and folders.

A label is a short text on one line; the empty text is that of a document without one. Knows nothing of models.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from textgen import arguments
from textgen.corpus.charsets import refuse_surrogates
from textgen.corpus.notes import Note, NoteKind
from textgen.corpus.values import Numeral, choices, shown
from textgen.errors import CorpusError, UsageError
from textgen.system.wording import count
from textgen.tokens.labels import MAX_LABELS, MISSING

# The labels of one document, one for each name.
Labels: TypeAlias = tuple[str, ...]

# Names that need no field: those of a document's file, and those of a poem.
FOLDER, FILE = "folder", "file"
AUTHOR, FORM = "author", "form"
# More than this is a text, and no model learns what it means.
MAX_LABEL_CHARACTERS, MAX_NAMES = 200, 8


class Origin(NamedTuple):
    """Where a document was read: the name of its folder, and of its file without the ending."""

    folder: str
    file: str

    def labels(self) -> dict[str, object]:
        """The labels that every document of a file has, by name."""
        return {FOLDER: self.folder, FILE: self.file}


NOWHERE = Origin("", "")


def checked_names(names: object) -> Labels:
    """The names of labels as a tuple. Raises UsageError: a name that is empty or there twice, or too many names."""
    found = tuple(arguments.text("label", name) for name in arguments.items("label", names, "names of labels"))
    if "" in found:
        raise UsageError("`label` names a field, `folder` or `file`; got an empty name")
    if twice := next((name for name in found if found.count(name) > 1), None):
        raise UsageError(f"`label`: {shown(twice)} is there twice; give each name once")
    if len(found) > MAX_NAMES:
        raise UsageError(f"`label` takes at most {MAX_NAMES} names; got {len(found)}")
    return found


def chosen(names: Sequence[str], values: Mapping[str, object], where: str) -> Labels:
    """The labels of a document.

    Args:
        names: of the labels.
        values: what is known of the document, by name; a value that is not there, null or blank is MISSING.
        where: what messages call the document.

    Raises:
        CorpusError: a value that is no label.
    """
    return tuple(_label(name, values.get(name), where) for name in names)


def _label(name: str, value: object, where: str) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, Numeral):
        value = value.digits
    if not isinstance(value, str):
        raise CorpusError(f"{where}: the label {shown(name)} is a {type(value).__name__}; give a text or a number")
    label = " ".join(value.split())
    if len(label) > MAX_LABEL_CHARACTERS:
        raise CorpusError(
            f"{where}: the label {shown(name)} has {len(label):,} characters; a label has at most "
            f"{MAX_LABEL_CHARACTERS}: choose another field with `label`"
        )
    refuse_surrogates(label, where)
    return label


def check_known(names: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise CorpusError where one of the names is none of the labels that a text has."""
    known = list(dict.fromkeys(known))
    for name in names:
        if name not in known:
            raise CorpusError(f"{where}: no label {shown(name)}; {choices(known)}")


class Tally:
    """How often each label occurs in a text, and how many documents have none.

    Args:
        names: of the labels.
        where: what messages call the text.
    """

    def __init__(self, names: Labels, where: str) -> None:
        self._names, self._where, self._documents = names, where, 0
        self.counts: dict[str, dict[str, int]] = {name: {} for name in names}

    def add(self, labels: Labels) -> None:
        """Count a document's labels. Raises CorpusError: more different labels than a model can learn."""
        self._documents += 1
        for (name, counts), label in zip(self.counts.items(), labels, strict=True):
            counts[label] = counts.get(label, 0) + 1
            if len(counts) > MAX_LABELS:
                raise CorpusError(
                    f"{self._where}: the label {shown(name)} has more than {MAX_LABELS:,} different values, so most "
                    "say nothing of other documents; choose another field with `label`"
                )

    def notes(self) -> Iterator[Note]:
        """A note on each label that some documents lack. Raises CorpusError: one that all of them lack."""
        for name, counts in self.counts.items():
            missing = counts.get(MISSING, 0)
            if missing == self._documents:
                raise CorpusError(f"{self._where}: no document has the label {shown(name)}; leave `label` out")
            if missing:
                text = f"{missing:,} of {count(self._documents, 'document')} without the label {shown(name)}"
                yield Note(NoteKind.LABELS, text, str(missing))
