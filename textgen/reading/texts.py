"""Texts for a run to classify or compare: documents, and their labels where the files have them."""

from collections.abc import Sequence
from typing import NamedTuple

from textgen.corpus.documents import Corpus, read_for
from textgen.corpus.formats import ReadingOptions
from textgen.errors import CorpusError


class Texts(NamedTuple):
    """Documents to read.

    Attributes:
        corpus: the documents.
        labels: the label of each; empty where the files have no such label.
    """

    corpus: Corpus
    labels: Sequence[str] = ()

    @property
    def documents(self) -> Sequence[str]:
        """The documents' texts."""
        return self.corpus.documents


def read(training: ReadingOptions, paths: Sequence[str], encoding: str | None, name: str | None) -> Texts:
    """Read documents with the options of a training, and the label of each where the files have it.

    Args:
        training: the options of the run that reads them.
        paths, encoding: as of `textgen.corpus.documents.read_corpus`.
        name: of the label; None for none.

    Raises:
        CorpusError: a text that cannot be read.
    """
    plain = read_for(training, list(paths), encoding, whole=True)
    labelled = _labelled(training, paths, encoding, name) if name is not None else None
    if labelled is None:
        return Texts(plain)
    return Texts(plain, [label for (label,) in labelled.labelled])


def _labelled(training: ReadingOptions, paths: Sequence[str], encoding: str | None, name: str) -> Corpus | None:
    """The same with labels; None where the files have none of that name. They were read before without an error."""
    try:
        return read_for(training, list(paths), encoding, whole=True, label=(name,))
    except CorpusError:
        return None
