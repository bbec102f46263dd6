"""Poems to be judged: read from files with their titles, and split into those to learn from and those held out.

Knows nothing of measures.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple, TypeAlias

from textgen.corpus.charsets import refuse_surrogates
from textgen.corpus.formats import JSON_LINES, POEMS, Readable, text_of
from textgen.corpus.memory import without_marks, words
from textgen.corpus.notes import Note
from textgen.corpus.pieces import blocks, lines
from textgen.corpus.poems import Poem, RawPoem, Selection, choose, from_json
from textgen.corpus.sources import Paths, listed, resolve
from textgen.corpus.values import parse
from textgen.errors import CorpusError
from textgen.tokens.characters import CLOSING, is_chinese

Shape: TypeAlias = tuple[int, int]

CHINESE, ENGLISH = "chinese", "english"
# One poem in so many of the reference is held out.
HELD_OUT = 5


@dataclass(frozen=True)
class Verse:
    """A poem as symbols: Chinese characters, or English words in lower case.

    Attributes:
        texts: its lines without marks.
        text: the poem in the layout that a run reads.
        title: empty if it is unknown.
        source: the name of its file.
        is_chinese: whether its symbols are Chinese characters.
    """

    texts: tuple[str, ...]
    text: str
    title: str = ""
    source: str = ""
    is_chinese: bool = True

    @cached_property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """The symbols of each line."""
        return tuple(tuple(line) if self.is_chinese else tuple(line.split()) for line in self.texts)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """All symbols in turn."""
        return tuple(chain.from_iterable(self.lines))

    @property
    def shape(self) -> Shape:
        """The number of lines, and the length of a Chinese line; 0 where that differs or the poem is not Chinese."""
        lengths = {len(text) for text in self.texts} if self.is_chinese else set()
        return len(self.texts), lengths.pop() if len(lengths) == 1 else 0

    @property
    def key(self) -> int:
        """A hash of the poem, without its title: the first eight bytes of BLAKE2b (RFC 7693)."""
        return int.from_bytes(hashlib.blake2b("\n".join(self.texts).encode(), digest_size=8).digest(), "big")


class Split(NamedTuple):
    """Human poems: those that statistics are learned from, and those that are held out, in an order that is fixed."""

    learned: list[Verse]
    held_out: list[Verse]


def read_poems(paths: Paths, encoding: str | None = None) -> list[Verse]:
    """Read poems with their titles.

    Files are JSON of the chinese-poetry collection, what `textgen poem --json` prints, or text with a blank line
    between poems. In text, a title is a paragraph of one line before the poem, or a first line without a mark above
    Chinese lines that have theirs. A poem that occurs twice is kept twice.

    Args:
        paths: as of `textgen.corpus.documents.read_corpus`.
        encoding: how the files are decoded; None for UTF-8, or the encoding of a byte-order mark.

    Raises:
        CorpusError: a file that cannot be read, or without poems.
    """
    found: list[Verse] = []
    for source in resolve(listed(paths)):
        raw = _of_source(source, encoding)
        if not raw:
            raise CorpusError(f"{source.name}: no text in it")
        found += [_verse(poem, source.name) for each in raw for poem in _cleaned(each)]
    return [poem for poem in found if poem.texts]


def _cleaned(raw: RawPoem) -> Iterator[Poem]:
    """A poem without notes and stray marks; nothing where it cannot be learned."""
    try:
        yield from choose([raw], Selection())[0]
    except CorpusError:
        return


def _of_source(source: Readable, encoding: str | None) -> list[RawPoem]:
    notes: list[Note] = []
    text = "".join(text_of(source, encoding, notes))
    if not text.strip():
        return []
    if source.kind == POEMS:
        return from_json(text, source.name)
    if source.kind == JSON_LINES:
        return [
            _printed(line, f"{source.name}: line {number}")
            for number, line in enumerate(text.split("\n"), 1)
            if line.strip()
        ]
    return list(_titled([piece.text for piece in blocks(lines([text]))]))


def _printed(line: str, where: str) -> RawPoem:
    """A poem as `textgen poem --json` prints it."""
    value = parse(line, where)
    text, title = (value.get("text"), value.get("title", "")) if isinstance(value, dict) else (None, "")
    if not isinstance(text, str) or not isinstance(title, str):
        raise CorpusError(
            f'{where}: expected an object with "text" and, if it has one, "title", as textgen poem prints'
        )
    refuse_surrogates(text + title, where)
    return RawPoem(text, title)


def _titled(paragraphs: Sequence[str]) -> Iterator[RawPoem]:
    title = ""
    for number, text in enumerate(paragraphs):
        following = paragraphs[number + 1] if number + 1 < len(paragraphs) else ""
        if _is_title(text, following):
            title = text.strip()
            continue
        first, _, rest = text.partition("\n")
        if not title and _is_first_line_title(first, rest):
            title, text = first.strip(), rest
        yield RawPoem(text, title)
        title = ""


def _is_title(text: str, following: str) -> bool:
    """Whether a paragraph is the title of the next: one line, without the marks of Chinese verse."""
    if "\n" in text.strip() or not following or any(mark in text for mark in CLOSING):
        return False
    return "\n" in following.strip() or any(mark in following for mark in CLOSING)


def _is_first_line_title(first: str, rest: str) -> bool:
    rows = rest.split("\n") if rest else []
    return (
        bool(rows)
        and is_chinese(rest)
        and not any(mark in first for mark in CLOSING)
        and all(any(mark in row for mark in CLOSING) for row in rows)
    )


def _verse(poem: Poem, source: str) -> Verse:
    chinese = is_chinese("".join(poem.lines))
    bare = (without_marks(line) if chinese else " ".join(words(line)) for line in poem.lines)
    return Verse(tuple(filter(None, bare)), poem.text, poem.title.strip(), source, chinese)


def split(reference: Iterable[Verse], without: Iterable[Verse]) -> Split:
    """Split human poems in two by their hashes, so that every judgement splits the same poems alike.

    Args:
        reference: the human poems; duplicates are left out.
        without: poems that are left out of the reference.
    """
    left_out = {poem.texts for poem in without}
    found: dict[int, Verse] = {poem.key: poem for poem in reference if poem.texts not in left_out}
    ordered = [found[key] for key in sorted(found)]
    return Split([one for one in ordered if one.key % HELD_OUT], [one for one in ordered if not one.key % HELD_OUT])


def alike(held_out: Sequence[Verse], poems: Sequence[Verse]) -> list[Verse]:
    """Human poems of the same shapes as some poems, as many of each shape where there are so many."""
    wanted = Counter(poem.shape for poem in poems)
    chosen: list[Verse] = []
    for poem in held_out:
        if wanted[poem.shape] > 0:
            wanted[poem.shape] -= 1
            chosen.append(poem)
    return chosen


def languages(poems: Iterable[Verse]) -> list[str]:
    """The languages of poems, the commonest first."""
    counted = Counter(CHINESE if poem.is_chinese else ENGLISH for poem in poems)
    return [name for name, _ in counted.most_common()]


def shapes(poems: Iterable[Verse]) -> set[Shape]:
    """The shapes that occur."""
    return {poem.shape for poem in poems}
