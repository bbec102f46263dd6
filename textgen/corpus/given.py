"""Texts that a program holds, read as files of the same text would be. Knows nothing of files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textgen.corpus.documents import Corpus, selection_of
from textgen.corpus.formats import TEXT, Reading, ReadingOptions
from textgen.corpus.labels import NOWHERE, Origin
from textgen.corpus.notes import Note
from textgen.errors import CorpusError

# Characters that are encoded at once.
PIECE_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class GivenText:
    """A text in memory, as a `textgen.corpus.formats.Readable`.

    Attributes:
        name: what messages call it.
        text: the text.
    """

    name: str
    text: str
    kind: str = TEXT
    is_tabbed: bool = False
    origin: Origin = NOWHERE

    def chunks(self) -> Iterator[bytes]:
        """Its bytes in UTF-8."""
        for start in range(0, len(self.text), PIECE_CHARACTERS):
            yield self.text[start : start + PIECE_CHARACTERS].encode("utf-8")


def read_given(training: ReadingOptions, texts: Sequence[str]) -> Corpus:
    """Read texts with the options of a training.

    Args:
        training: the options; a TrainingConfig.
        texts: each read as a file of its own.

    Raises:
        CorpusError: no text, or options that need another kind of text.
    """
    if not texts:
        raise CorpusError("`text`: no text in it")
    names = [f"text {number}" for number in range(1, len(texts) + 1)] if len(texts) > 1 else ["text"]
    sources = [GivenText(name, text) for name, text in zip(names, texts, strict=True)]
    reading = Reading(
        training.documents,
        "utf-8",
        training.field,
        training.lowercase,
        training.normalise,
        selection_of(training),
        delimiter=training.delimiter,
        label=training.label,
    )
    notes: list[Note] = []
    documents, labelled = reading.read(sources, notes)
    return Corpus("text", documents, (), tuple(notes), reading.kind(sources), reading.label, labelled)
