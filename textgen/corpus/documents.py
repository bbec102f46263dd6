"""A text to learn from: its documents, the held-out part, the fingerprint.

A small text is kept in memory; a large one stays where it is and is read in pieces, as often as it takes. How files
become documents is told in `textgen.corpus.formats`. This module knows nothing of tokenizers or models.
"""

import hashlib
from array import array
from dataclasses import dataclass, field
from functools import cached_property

from textgen.corpus.formats import Reading, text_of
from textgen.corpus.forms import form_of
from textgen.corpus.poems import Selection
from textgen.corpus.sources import absolute, name_of, resolve

# Bytes of text beyond which it is not kept in memory.
LARGE = 1 << 25


class Text:
    """What a text in memory and one in files share: all that can be told from its pieces.

    Attributes:
        name: a short name taken from the files, fit for a folder.
        paths: where the text was read, absolute; "-" is standard input. Empty where it came from no file.
        notes: one line for each thing in the files that was not taken as it stood.
        kind: what one document is: "file", "block", "line" or "poem".
    """

    def pieces(self):
        """The documents, each in pieces: pairs of whether a document begins, and text."""
        raise NotImplementedError

    @cached_property
    def _lengths(self):
        """Characters of each document, and bytes of it in UTF-8."""
        characters, size = array("q"), array("q")
        for starts, piece in self.pieces():
            if starts:
                characters.append(0)
                size.append(0)
            characters[-1] += len(piece)
            size[-1] += len(piece) if piece.isascii() else len(piece.encode("utf-8"))
        return characters, size

    @property
    def characters(self):
        """Unicode code points in all documents together."""
        return sum(self._lengths[0])

    @property
    def size(self):
        """Bytes of all documents together, in UTF-8."""
        return sum(self._lengths[1])

    @property
    def count(self):
        """How many documents there are."""
        return len(self._lengths[0])

    def fingerprint(self):
        """SHA-256 (hex) of the documents and where each ends; equal texts cut alike give equal fingerprints."""
        digest = Fingerprint(self)
        for starts, piece in self.pieces():
            digest.add(starts, piece)
        return digest.hexdigest()

    def cut(self, share):
        """Where the held-out part begins, which is the last `share` of the text: characters before it.

        The cut falls at a document boundary where one lies near enough (within a tenth of the held-out part), so
        that poems and headlines stay whole; a long document is cut in two at the exact character.
        """
        target, slack = round(self.characters * (1 - share)), self.characters * share / 10
        start = 0
        for index, length in enumerate(self._lengths[0]):
            end = start + length
            if share and end >= target:
                edges = [start] * (index > 0) + [end] * (index + 1 < self.count)
                near = [edge for edge in edges if abs(edge - target) <= slack]
                return min(near, key=lambda edge: abs(edge - target), default=target)
            start = end
        return self.characters

    def parts(self, share, fingerprint=None):
        """The documents in pieces, each on its side of the cut: triples of whether it is held out, whether a document
        begins, and text. A Fingerprint that is given takes note of them."""
        at, position = self.cut(share), 0
        for starts, piece in self.pieces():
            if fingerprint:
                fingerprint.add(starts, piece)
            end = position + len(piece)
            if position < at < end:
                yield False, starts, piece[: at - position]
                yield True, True, piece[at - position :]
            elif piece:
                yield position >= at, starts or position == at, piece
            position = end

    def split(self, share):
        """Two lists of documents: those to train on, and those held out."""
        sides = [], []
        for is_held_out, starts, piece in self.parts(share):
            if starts:
                sides[is_held_out].append([])
            sides[is_held_out][-1].append(piece)
        return tuple([["".join(document) for document in side] for side in sides])


class Fingerprint:
    """The fingerprint of a text whose pieces are given one after another."""

    def __init__(self, text):
        self._sizes, self._digest = iter(text._lengths[1]), hashlib.sha256()

    def add(self, starts, piece):
        """Take note of a piece."""
        if starts:
            self._digest.update(next(self._sizes).to_bytes(8, "big"))
        self._digest.update(piece.encode("utf-8"))

    def hexdigest(self):
        """The fingerprint of the whole."""
        return self._digest.hexdigest()


@dataclass(frozen=True)
class Corpus(Text):
    """A text in memory.

    Attributes:
        documents: each document's text, none empty.
    """

    name: str
    documents: tuple[str, ...]
    paths: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kind: str = "file"

    def pieces(self):
        """The documents, each a piece of its own."""
        return ((True, document) for document in self.documents)


@dataclass(frozen=True)
class LargeCorpus(Text):
    """A text in files, too large to be kept.

    Attributes:
        sources: the Sources.
        reading: how they are read.
        told: the notes, once the text has been read, or once somebody knows them who has read it before.
    """

    name: str
    sources: tuple
    reading: Reading
    paths: tuple[str, ...] = ()
    told: list = field(default_factory=list)

    @property
    def kind(self):
        """What one document is."""
        return self.reading.kind(self.sources)

    @property
    def notes(self):
        """What was not taken as it stood; known once the text has been read."""
        return tuple(self.told)

    def pieces(self):
        """The documents in pieces, read anew."""
        notes = []
        yield from self.reading.pieces(self.sources, notes)
        self.told[:] = notes

    def digest(self):
        """SHA-256 (hex) of the files' bytes and of how they are read: what the text depends on, told without reading
        it."""
        told = [repr(self.reading), *(f"{source.kind} {source.digest()}" for source in self.sources)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def read_corpus(paths, documents="file", encoding=None, selection=None, *, may_stay=False, **options):
    """Read one text from files, from folders, patterns, names of the catalogue, or standard input where a path is "-".

    Args:
        paths: one path or several.
        documents, encoding, selection: as of `textgen.corpus.formats.Reading`.
        may_stay: whether a large text may stay where it is: a LargeCorpus.
        options: `column`, `lowercase`, `normalise`, as of Reading.

    Raises:
        UsageError: an encoding that does not exist.
        CorpusError: a path that is missing, not a plain file, not readable or not text so encoded, a folder without
            text, a choice among poems where there are none, a table without the field, or no text.
    """
    if selection is not None:
        options["selection"] = selection
    reading, sources = Reading(documents, encoding, **options), resolve(paths)
    name, absolutes = name_of(paths), tuple(map(absolute, [paths] if _is_one(paths) else paths))
    if may_stay and reading.kind(sources) != "poem" and _is_large(sources):
        return LargeCorpus(name, tuple(sources), reading, absolutes)
    notes, found = [], []
    for starts, piece in reading.pieces(sources, notes):
        if starts:
            found.append([])
        found[-1].append(piece)
    return Corpus(name, tuple("".join(pieces) for pieces in found), absolutes, tuple(notes), reading.kind(sources))


def _is_one(paths):
    return isinstance(paths, str) or hasattr(paths, "__fspath__")


def _is_large(sources):
    size = 0
    for source in sources:
        for chunk in source.chunks():
            size += len(chunk)
            if size > LARGE:
                return True
    return False


def read_text(path, encoding=None):
    """The text of a file, or of standard input where the path is "-", and notes on what was not taken as it stood.

    Raises: as `read_corpus`.
    """
    notes = []
    return "".join(piece for source in resolve(path) for piece in text_of(source, encoding, notes)), notes


def read_for(training, paths, encoding=None, *, may_stay=False, whole=False):
    """A text read as a TrainingConfig says: documents, and of poems which and in which script.

    Args:
        training: the TrainingConfig.
        paths: what `textgen.corpus.documents.read_corpus` takes.
        encoding: how the files are decoded.
        may_stay: whether a large text may stay in its files.
        whole: whether all poems are read, also those that were not learned.

    Raises:
        UsageError: an encoding or a form that does not exist.
        CorpusError: as `textgen.corpus.documents.read_corpus`.
    """
    selection = Selection(script=training.script)
    if not whole:
        forms = [form_of(name) for name in training.form]
        fits = (lambda lines: any(form.fits(lines) for form in forms)) if forms else None
        selection = Selection(training.author, training.script, fits)
    return read_corpus(
        paths,
        training.documents,
        encoding,
        selection,
        may_stay=may_stay,
        column=training.field,
        lowercase=training.lowercase,
        normalise=training.normalise,
    )
