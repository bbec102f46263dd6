"""A text and a tokenizer to ids: one row to train on and one held out, in memory or, of a large text, in files.

The files lie in the cache folder, in the smallest integer type that holds the vocabulary, under a name that follows
from the text's bytes, how they are read, the tokenizer and the cut: another text or vocabulary has another name, so
what is found there is never stale. They are read as memory maps. Knows nothing of models.
"""

import hashlib
import json
import mmap
from dataclasses import dataclass

import numpy as np

from textgen.corpus.documents import Fingerprint, LargeCorpus
from textgen.errors import RunError
from textgen.system import cache, snapshots
from textgen.tokens import load_tokenizer, tokenizer_class
from textgen.tokens.base import Tokenizer
from textgen.tokens.layout import BOUNDARY, UNKNOWN, reverse_lines

TRAINING, HELD_OUT, ABOUT = "training.ids", "held-out.ids", "about.json"
# Texts that stay encoded in the cache.
KEPT = 3


@dataclass(frozen=True)
class Encoded:
    """A text as ids.

    Attributes:
        tokenizer: the Tokenizer.
        ids, held_out: integers, shape (symbols,), a BOUNDARY before each document.
        characters, held_out_characters: Unicode code points in the two.
        documents: how many in all.
        unknown: symbols to train on that are outside the vocabulary.
        fingerprint: the text's.
    """

    tokenizer: Tokenizer
    ids: np.ndarray
    held_out: np.ndarray
    characters: int
    held_out_characters: int
    documents: int
    unknown: int
    fingerprint: str


def smallest_type(vocabulary_size):
    """The smallest integer type that holds the ids of a vocabulary."""
    return next(kind for kind in (np.uint8, np.uint16, np.int32) if vocabulary_size - 1 <= np.iinfo(kind).max)


def encode(text, share, *, tokenizer=None, grown=None, unit="char", size=None, backward=False):
    """Encode a text.

    Args:
        text: a Corpus or a LargeCorpus.
        share: of it that is held out.
        tokenizer: a vocabulary that exists already.
        grown: a vocabulary that is to be extended by what is new in this text.
        unit, size: without either, what one is made from: a name of TOKENIZERS, and how many ids it has at most.
        backward: whether lines are read from their end.
    """
    make = _in_files if isinstance(text, LargeCorpus) else _in_memory
    # The vocabulary comes from the whole text: a letter that only the held-out part uses is still a letter.
    return make(text, share, (tokenizer, grown, unit, size), backward)


def _tokenizer(text, wanted):
    tokenizer, grown, unit, size = wanted
    texts = (piece for _, piece in text.pieces())
    if tokenizer:
        return tokenizer
    return grown.extended(texts, size) if grown else tokenizer_class(unit).train(texts, size)


class _Rows:
    """The rows of ids of a text, one after the other, and what is counted on the way."""

    def __init__(self, text, share, tokenizer, backward):
        self.tokenizer, self.backward = tokenizer, backward
        self.dtype = smallest_type(tokenizer.vocabulary_size)
        self.characters, self.unknown = [0, 0], 0
        self._fingerprint, self._next = Fingerprint(text), None
        self._parts = text.parts(share, self._fingerprint)

    def row(self, is_held_out):
        """The ids of one side, piece by piece; first the side to train on, then the other."""
        while part := self._next or next(self._parts, None):
            side, starts, piece = part
            if side != is_held_out:
                self._next = part
                return
            self._next = None
            self.characters[side] += len(piece)
            ids = self.tokenizer.encode(piece)
            if self.backward:
                ids = ids[reverse_lines(ids, self.tokenizer)]
            if not side:
                self.unknown += int(np.count_nonzero(ids == UNKNOWN))
            if starts:
                yield np.array([BOUNDARY], self.dtype)
            yield ids.astype(self.dtype)

    def facts(self, text):
        """What is counted, once both rows have been gone through: the numbers and the fingerprint of an Encoded."""
        return [*self.characters, text.count, self.unknown, self._fingerprint.hexdigest()]


def _in_memory(text, share, wanted, backward):
    rows = _Rows(text, share, _tokenizer(text, wanted), backward)
    arrays = [np.concatenate([np.zeros(0, rows.dtype), *rows.row(side)]) for side in (False, True)]
    return Encoded(rows.tokenizer, *arrays, *rows.facts(text))


def _in_files(text, share, wanted, backward):
    tokenizer, grown, *rest = wanted
    given = [one and one.to_json() for one in (tokenizer, grown)]
    told = json.dumps([1, text.digest(), share, given, rest, backward])
    parent = cache.folder("encoded", hashlib.sha256(told.encode()).hexdigest()[:32])
    names = TRAINING, HELD_OUT, ABOUT
    try:
        folder, _ = snapshots.latest_intact(parent, names)
    except RunError:
        cache.evict(parent.parent, parent, keep=KEPT)
        rows = _Rows(text, share, _tokenizer(text, wanted), backward)

        def about():
            yield json.dumps([rows.tokenizer.to_json(), rows.facts(text), text.notes]).encode()

        sides = {TRAINING: rows.row(False), HELD_OUT: rows.row(True)}
        folder = snapshots.save(parent, sides | {ABOUT: about()}, 1, cache.FREE_SPACE_ADVICE)
    saved, facts, notes = json.loads((folder / ABOUT).read_text("utf-8"))
    text.told[:] = notes
    own = load_tokenizer(saved)
    arrays = [_mapped(folder / name, smallest_type(own.vocabulary_size)) for name in names[:2]]
    return Encoded(own, *arrays, *facts)


def _mapped(path, dtype):
    """A file of ids as an array. Its pages are read when touched, and none before."""
    if path.stat().st_size == 0:
        return np.zeros(0, dtype)
    array = np.memmap(path, dtype, mode="r")
    if hasattr(array._mmap, "madvise"):
        # Streams touch it in many places: reading ahead in each would fill the memory with what is not wanted yet.
        array._mmap.madvise(mmap.MADV_RANDOM)
    return array
