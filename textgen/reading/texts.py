"""Texts for a run to classify or compare: documents, and their labels where the files have them."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

from textgen.corpus.documents import Corpus, read_for
from textgen.corpus.formats import ReadingOptions


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
    names = () if name is None else (name,)
    corpus = read_for(training, list(paths), encoding, whole=True, label=names, needs_labels=False)
    # Without its labels it is the text that it would be if they had not been asked for.
    labels = [label for document in corpus.labelled for label in document]
    return Texts(dataclasses.replace(corpus, label=(), labelled=()), labels if any(labels) else [])
