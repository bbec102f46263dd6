"""Files to text: reading, documents, the held-out part, the fingerprint.

Line ends written CR LF or CR are read as LF; nothing else is changed, and `Corpus.notes` says what was. How bytes
become text is told in `textgen.decoding`. This module knows nothing of tokenizers or models.
"""

import hashlib
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from textgen import poems
from textgen.decoding import decode
from textgen.errors import CorpusError

STANDARD_INPUT = "-"

# What stands between two documents when they are written out again: the text that was taken away on reading.
SEPARATORS = {"file": "\n\n", "block": "\n\n", "line": "\n", "poem": "\n\n"}

# Of the files in a folder, those that are read.
KINDS = (".txt", ".text", ".md", ".json")


@dataclass(frozen=True)
class Corpus:
    """Text ready to be learned from.

    Attributes:
        name: a short name taken from the files, fit for a folder.
        documents: each document's text, none empty.
        paths: where the text was read, absolute; "-" is standard input. Empty where it came from no file.
        notes: one line for each thing in the files that was not taken as it stood.
        kind: what one document is: "file", "block", "line" or "poem".
    """

    name: str
    documents: tuple[str, ...]
    paths: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kind: str = "file"

    @property
    def characters(self):
        """Unicode code points in all documents together."""
        return sum(map(len, self.documents))

    def fingerprint(self):
        """SHA-256 (hex) of the documents and where each ends; equal texts cut alike give equal fingerprints."""
        digest = hashlib.sha256()
        for document in self.documents:
            data = document.encode("utf-8")
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
        return digest.hexdigest()

    def split(self, share):
        """Two lists of documents: those to train on, and the last `share` of the text, held out.

        The cut falls at a document boundary where one lies near enough (within a tenth of the held-out part), so
        that poems and headlines stay whole; a long document is cut in two at the exact character.
        """
        if share == 0:
            return list(self.documents), []
        target = round(self.characters * (1 - share))
        slack = self.characters * share / 10
        start = 0
        for index, document in enumerate(self.documents):
            end = start + len(document)
            if end >= target:
                edges = [start] * (index > 0) + [end] * (index + 1 < len(self.documents))
                near = [edge for edge in edges if abs(edge - target) <= slack]
                at = min(near, key=lambda edge: abs(edge - target), default=target) - start
                before, after = document[:at], document[at:]
                train = [*self.documents[:index], before]
                held_out = [after, *self.documents[index + 1 :]]
                return [text for text in train if text], [text for text in held_out if text]
            start = end
        return list(self.documents), []


def read_corpus(paths, documents="file", encoding=None, selection=None):
    """Read one text from files, from the files in folders, or from standard input where a path is "-".

    JSON is read as poems, and then so is all the rest.

    Args:
        paths: one path or several.
        documents: what one document is: "file", "block" (between blank lines), "line" or "poem".
        encoding: how the files are decoded; None for UTF-8, or what a byte-order mark says.
        selection: which poems, a `poems.Selection`; None for all, as they are.

    Raises:
        UsageError: an encoding that does not exist.
        CorpusError: a path that is missing, not a plain file, not readable or not text so encoded, a folder without
            text, a choice among poems where there are none, or no text.
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not paths:
        raise CorpusError("no text given: name at least one file, or - for standard input")
    texts, notes = [], []
    files = [file for path in paths for file in _files(path)]
    for path in files:
        text, about = read_text(path, encoding)
        notes += about
        if not text.strip():
            raise CorpusError(f"{_called(path)}: no text in it")
        texts.append(text)
    places = _name(paths), tuple(map(_absolute, paths))
    are_json = [str(path).lower().endswith(".json") for path in files]
    if documents == "poem" or any(are_json):
        raw = []
        for path, text, is_json in zip(files, texts, are_json, strict=True):
            raw += poems.from_json(text, path) if is_json else [(block, "", "") for block in _documents(text, "block")]
        chosen, about = poems.choose(raw, selection or poems.Selection())
        pieces = [poem.text for poem in chosen]
        return Corpus(places[0], tuple(pieces), places[1], (*notes, *about), "poem")
    if selection and selection != poems.Selection():
        raise CorpusError(
            f"{_called(paths[0])}: --form, --author and --script are about poems: give JSON of poems, or text with a "
            "blank line between poems and --documents poem"
        )
    pieces = [piece for text in texts for piece in _documents(text, documents)]
    return Corpus(places[0], tuple(pieces), places[1], tuple(notes), documents)


def _files(path):
    """The files that a path stands for: itself, or those of text below a folder, by name."""
    if str(path) == STANDARD_INPUT or not os.path.isdir(path):
        return [path]
    try:
        found = sorted(file for file in Path(path).rglob("*") if file.suffix.lower() in KINDS and file.is_file())
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not found:
        raise CorpusError(f"{path}: a folder without text: no file in it ends in {', '.join(KINDS)}")
    return found


def read_text(path, encoding=None):
    """The text of one file, or of standard input where the path is "-", and notes on what was not taken as it stood.

    Raises: as `read_corpus`.
    """
    text, notes = decode(_read(path), _called(path), encoding)
    if "\r" in text:
        ends = text.count("\r")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append(f"{_called(path)}: {ends} CR or CR LF line ends read as LF")
    return text, notes


def _absolute(path):
    return STANDARD_INPUT if str(path) == STANDARD_INPUT else os.path.abspath(path)


def _called(path):
    return "standard input" if str(path) == STANDARD_INPUT else str(path)


def _name(paths):
    stem = "stdin" if str(paths[0]) == STANDARD_INPUT else Path(paths[0]).stem
    return stem if len(paths) == 1 else f"{stem}-and-{len(paths) - 1}-more"


def _read(path):
    if str(path) == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        mode = os.stat(path).st_mode
        # Opening a pipe that nobody writes to would wait for ever.
        if not stat.S_ISREG(mode):
            raise CorpusError(f"{path}: not a plain file; pipe it in and read - instead")
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such file") from None
    except PermissionError:
        raise CorpusError(f"{path}: no permission to read it") from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _documents(text, kind):
    if kind == "line":
        return [line for line in text.split("\n") if line.strip()]
    if kind == "block":
        blocks, block = [], []
        for line in [*text.split("\n"), ""]:
            if line.strip():
                block.append(line)
            elif block:
                blocks.append("\n".join(block))
                block = []
        return blocks
    return [text]
