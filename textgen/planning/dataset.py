"""A text and a tokenizer to ids: a part to train on and a held-out part, in memory or, for a large text, in a file.

The files lie in the cache folder, in the smallest integer type that holds the vocabulary. A file's name follows from
the text's bytes, how they are read, the tokenizer and the split: another text or vocabulary has another name, so a file
is never out of date. Files are read as memory maps. Knows nothing of models.
"""

import contextlib
import dataclasses
import hashlib
import json
import mmap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from textgen.corpus.documents import LargeCorpus
from textgen.corpus.labels import Labels
from textgen.corpus.notes import Note, NoteKind
from textgen.corpus.text import Text
from textgen.errors import DamagedError, ModelError
from textgen.planning.labelling import TextLabels
from textgen.system import cache, extras, snapshots
from textgen.system.folders import Folder
from textgen.system.locks import alone
from textgen.system.snapshots import Snapshot
from textgen.tokens import load_tokenizer, tokenizer_class
from textgen.tokens.base import Rules, Tokenizer
from textgen.tokens.extent import Extent, ExtentCounter
from textgen.tokens.labels import UNLABELLED, LabelSet
from textgen.tokens.layout import BOUNDARY, UNKNOWN, Ids, reverse_lines

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

IDS, LABELS, ABOUT = "text.ids", "labels.ids", "about.json"
# Counts up when the files change, so that those of an older version are made anew.
CACHE_VERSION = 5
# Texts that stay encoded in the cache.
MAX_CACHED_TEXTS = 3

IdType: TypeAlias = type[np.uint8] | type[np.uint16] | type[np.int32]


@dataclass(frozen=True)
class VocabularySpec:
    """Which vocabulary a text is encoded with.

    Attributes:
        tokenizer: an existing vocabulary, used as it is.
        extend_from: without one, a vocabulary to extend by the symbols of the text that it lacks.
        unit: without either, what a new vocabulary is made of: a name of TOKENIZERS.
        size: ids that a new vocabulary has, or an extended one gains from the text, at most; None for the tokenizer's
            own bound.
        rules: how a new vocabulary is made besides.
    """

    tokenizer: Tokenizer | None = None
    extend_from: Tokenizer | None = None
    unit: str = "char"
    size: int | None = None
    rules: Rules = dataclasses.field(default_factory=Rules)

    def tokenizer_for(self, text: Text) -> Tokenizer:
        """The tokenizer for a text. It sees the whole text: a letter only in the held-out part is still a letter."""
        if self.tokenizer:
            return self.tokenizer
        texts = (piece.text for piece in text.pieces())
        if self.extend_from:
            return self.extend_from.extended(texts, self.size)
        kind = tokenizer_class(self.unit)
        if kind.learns_with:
            extras.check(kind.learns_with, f'`tokenizer="{self.unit}"`')
        return kind.train(texts, self.size, self.rules)

    def to_json(self) -> dict[str, object]:
        """The specification as plain JSON values."""
        return {
            "tokenizer": self.tokenizer and self.tokenizer.to_json(),
            "extend_from": self.extend_from and self.extend_from.to_json(),
            "unit": self.unit,
            "size": self.size,
            "rules": dataclasses.asdict(self.rules),
        }


@dataclass(frozen=True)
class Facts:
    """What is counted while a text is encoded.

    Attributes:
        characters: Unicode code points in the part to train on.
        held_out_extent: the length of the held-out part.
        documents: number of documents in all.
        unknown: symbols to train on that are outside the vocabulary.
        fingerprint: the text's.
        notes: what was changed or left out while the text was read.
    """

    characters: int
    held_out_extent: Extent
    documents: int
    unknown: int
    fingerprint: str
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Encoded(Facts):
    """A text as ids, and the facts about it.

    Attributes:
        tokenizer: the Tokenizer.
        ids, held_out: integers, shape (symbols,), a BOUNDARY before each document.
        label_sets: the labels that are known; empty for a text without labels.
        labels, held_out_labels: the labels of the documents; None for a text without labels.
    """

    tokenizer: Tokenizer
    ids: Ids
    held_out: Ids
    label_sets: tuple[LabelSet, ...] = ()
    labels: TextLabels | None = None
    held_out_labels: TextLabels | None = None

    @classmethod
    def from_parts(
        cls,
        facts: Facts,
        tokenizer: Tokenizer,
        sides: tuple[Ids, Ids],
        label_sets: tuple[LabelSet, ...],
        labels: tuple[Ids, Ids],
    ) -> "Encoded":
        """Put facts and ids together.

        Args:
            facts, tokenizer, label_sets: the attributes.
            sides: the ids to train on, and those held out.
            labels: the same of the ids of the documents' labels, shape (documents, names).
        """
        values = {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
        if label_sets:
            values["labels"], values["held_out_labels"] = map(TextLabels.of, sides, labels)
        return cls(**values, tokenizer=tokenizer, ids=sides[0], held_out=sides[1], label_sets=label_sets)


def smallest_type(vocabulary_size: int) -> IdType:
    """The smallest integer type that holds the ids of a vocabulary."""
    kinds: tuple[IdType, ...] = (np.uint8, np.uint16, np.int32)
    return next(kind for kind in kinds if vocabulary_size - 1 <= np.iinfo(kind).max)


def encode(
    text: Text,
    share: float,
    vocabulary: VocabularySpec | None = None,
    *,
    backward: bool = False,
    known: Sequence[LabelSet] = (),
) -> Encoded:
    """Encode a text.

    Args:
        text: a Corpus, encoded in memory, or a LargeCorpus, encoded in a file of the cache.
        share: of the text that is held out.
        vocabulary: which vocabulary to use; None makes one of characters.
        backward: whether lines are read from their end.
        known: labels that have ids already; those of the text get ids behind them.

    Raises:
        CorpusError: a LargeCorpus that cannot be read.
        StorageError: the cache cannot be written.
    """
    vocabulary = vocabulary or VocabularySpec()
    if isinstance(text, LargeCorpus):
        key = _cache_key(text, share, vocabulary, backward, tuple(known))
        with alone(cache.folder("locks") / key):  # several processes may want the same text
            return _in_file(key, text, share, vocabulary, backward, tuple(known))
    return _in_memory(text, share, vocabulary, backward, tuple(known))


def label_sets(text: Text, known: Sequence[LabelSet]) -> tuple[LabelSet, ...]:
    """The labels that are known, and behind them those of a text, the most frequent first."""
    sets = {each.name: each for each in known}
    for name in text.label:
        counts = text.labels[name]
        new = sorted(counts, key=lambda label: (-counts[label], label))
        sets[name] = sets.get(name, LabelSet(name, ())).extended(new)
    return tuple(sets.values())


class _Pass:
    """One reading of a text: its ids, and the facts, which are complete once the ids were read.

    Args:
        text: the text.
        share: of the text that is held out.
        tokenizer: the tokenizer.
        backward: whether lines are read from their end.
        sets: the labels that are known.
    """

    def __init__(
        self, text: Text, share: float, tokenizer: Tokenizer, backward: bool, sets: tuple[LabelSet, ...]
    ) -> None:
        self.text, self.share, self.tokenizer, self.backward, self.sets = text, share, tokenizer, backward, sets
        # Of each label of the text: the place of its name among those that are known, and the ids.
        names = [each.name for each in sets]
        self._label_ids = [(names.index(name), sets[names.index(name)].ids()) for name in text.label]
        self._labels: tuple[list[list[int]], list[list[int]]] = ([], [])
        self.dtype = smallest_type(tokenizer.vocabulary_size)
        self.symbols, self.characters, self.unknown = [0, 0], 0, 0
        self._held_out = ExtentCounter()
        self.notes: list[Note] = []
        self.fingerprint = text.new_fingerprint()

    def ids(self) -> Iterator[tuple[bool, Ids]]:
        """The ids piece by piece, each with whether it is held out."""
        boundary: Ids = np.array([BOUNDARY], self.dtype)
        for is_held_out, (starts, piece, labels) in self.text.parts(self.share, self.fingerprint, self.notes):
            if starts and self.sets:
                self._labels[is_held_out].append(self._of_document(labels))
            ids = self.tokenizer.encode(piece)
            if self.backward:
                ids = ids[reverse_lines(ids, self.tokenizer)]
            if is_held_out:
                if starts:
                    self._held_out.begin()
                self._held_out.add(piece)
            else:
                self.unknown += int(np.count_nonzero(ids == UNKNOWN))
                self.characters += len(piece)
            self.symbols[is_held_out] += len(ids) + starts
            if starts:
                yield is_held_out, boundary
            yield is_held_out, ids.astype(self.dtype)

    def _of_document(self, labels: Labels) -> list[int]:
        """The id of each label that is known; UNLABELLED for those that the text does not name."""
        found = [UNLABELLED] * len(self.sets)
        for (place, ids), label in zip(self._label_ids, labels, strict=True):
            found[place] = ids[label]
        return found

    def labels(self) -> tuple[Ids, Ids]:
        """The ids of the labels of the documents on both sides, int32, shape (documents, names)."""
        shape = (-1, max(len(self.sets), 1))
        training, held_out = (np.array(side, np.int32).reshape(shape) for side in self._labels)
        return training, held_out

    def facts(self) -> Facts:
        """What was counted."""
        return Facts(
            characters=self.characters,
            held_out_extent=self._held_out.extent(),
            documents=self.text.count,
            unknown=self.unknown,
            fingerprint=self.fingerprint.hexdigest(),
            notes=tuple(self.notes),
        )


def _in_memory(
    text: Text, share: float, vocabulary: VocabularySpec, backward: bool, known: tuple[LabelSet, ...]
) -> Encoded:
    reading = _Pass(text, share, vocabulary.tokenizer_for(text), backward, label_sets(text, known))
    sides: tuple[list[Ids], list[Ids]] = ([np.zeros(0, reading.dtype)], [np.zeros(0, reading.dtype)])
    for is_held_out, ids in reading.ids():
        sides[is_held_out].append(ids)
    training, held_out = map(np.concatenate, sides)
    return Encoded.from_parts(reading.facts(), reading.tokenizer, (training, held_out), reading.sets, reading.labels())


def _in_file(
    key: str, text: LargeCorpus, share: float, vocabulary: VocabularySpec, backward: bool, known: tuple[LabelSet, ...]
) -> Encoded:
    place = cache.folder("encoded")
    with cache.errors(place):
        folder = Folder.opened(place, make=True)
    with contextlib.suppress(ModelError):  # nothing there, or damaged
        return snapshots.latest_intact(folder, key, (IDS, LABELS, ABOUT), lambda found: _loaded(found.verify()))[0]
    cache.make(place)
    cache.evict(place, place / key, keep=MAX_CACHED_TEXTS)
    reading = _Pass(text, share, vocabulary.tokenizer_for(text), backward, label_sets(text, known))
    # The text is read while its ids are written; what was counted is written after them. A text that has another digest
    # by then ends the reading with an error, and nothing is kept.
    files: dict[str, Iterable[ReadableBuffer]] = {
        IDS: (ids.data for _, ids in reading.ids()),
        LABELS: (side.data for side in _both_labels(reading)),
        ABOUT: _about(reading),
    }
    snapshots.save(folder, key, files, 1, cache.FREE_SPACE_ADVICE)
    return snapshots.latest_intact(folder, key, (IDS, LABELS, ABOUT), _loaded)[0]


def _loaded(snapshot: Snapshot) -> Encoded:
    """The text that a snapshot of the cache holds. Raises ModelError: it does not hold one."""
    about = snapshot.json(ABOUT, _About)
    tokenizer = load_tokenizer(about.tokenizer)
    ids = _mapped(snapshot, IDS, smallest_type(tokenizer.vocabulary_size))
    if not 0 <= about.symbols <= len(ids):
        raise DamagedError(f"{snapshot.path / ABOUT}: damaged: {about.symbols} of {len(ids)} symbols to train on")
    sets = tuple(LabelSet(name, values) for name, values in about.label_sets.items())
    labels = _mapped(snapshot, LABELS, np.int32).reshape(-1, max(len(sets), 1))
    return Encoded.from_parts(
        about.facts.typed(),
        tokenizer,
        (ids[: about.symbols], ids[about.symbols :]),
        sets,
        (labels[: about.labelled], labels[about.labelled :]),
    )


def _both_labels(reading: _Pass) -> Iterator[Ids]:
    """The labels of both sides, found when the ids were read."""
    yield from reading.labels()


def _cache_key(
    text: LargeCorpus, share: float, vocabulary: VocabularySpec, backward: bool, known: tuple[LabelSet, ...]
) -> str:
    values = [CACHE_VERSION, text.digest(), share, vocabulary.to_json(), backward, known]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class _PlainNote:
    """A Note as a file of JSON has it."""

    kind: str
    text: str
    value: str

    def __post_init__(self) -> None:
        NoteKind(self.kind)


@dataclass(frozen=True)
class _PlainFacts:
    """Facts as a file of JSON has them."""

    characters: int
    held_out_extent: Extent
    documents: int
    unknown: int
    fingerprint: str
    notes: tuple[_PlainNote, ...]

    def typed(self) -> Facts:
        notes = tuple(Note(NoteKind(note.kind), note.text, note.value) for note in self.notes)
        return Facts(self.characters, self.held_out_extent, self.documents, self.unknown, self.fingerprint, notes)


@dataclass(frozen=True)
class _About:
    """The file beside the ids.

    Attributes:
        tokenizer: the vocabulary, as plain JSON values.
        symbols: the number of ids to train on; those held out follow.
        label_sets: the labels that are known.
        labelled: the number of documents to train on with labels; those held out follow.
        facts: the facts.
    """

    tokenizer: dict[str, Any]
    symbols: int
    label_sets: dict[str, tuple[str, ...]]
    labelled: int
    facts: _PlainFacts


def _about(reading: _Pass) -> Iterator[bytes]:
    """The bytes of an _About, found when the ids were read."""
    values = {
        "tokenizer": reading.tokenizer.to_json(),
        "symbols": reading.symbols[False],
        "label_sets": dict(reading.sets),
        "labelled": len(reading.labels()[0]),
        "facts": dataclasses.asdict(reading.facts()),
    }
    yield json.dumps(values).encode()


def _mapped(snapshot: Snapshot, name: str, dtype: IdType) -> Ids:
    """A file of ids as a read-only array, shape (symbols,). A page of the file is read when it is used, not before."""
    if not snapshot.size(name):
        return np.zeros(0, dtype)
    mapped = mmap.mmap(snapshot.descriptor(name), 0, access=mmap.ACCESS_READ)
    if hasattr(mapped, "madvise"):
        # Streams read in many places: reading ahead in each would fill the memory with pages that are not needed yet.
        mapped.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(mapped, dtype)
