"""Poems from text: the chinese-poetry collection's JSON, or blocks between blank lines; cleaned and selected.

A poem is kept as its lines, each with its closing mark. All poems have one layout, so that a model learns what a line
and a poem are: Chinese poems have two lines to a row, as in print, others one. Knows nothing of files or models.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textgen import arguments
from textgen.corpus.charsets import refuse_surrogates
from textgen.corpus.forms import FORMS, form_of
from textgen.corpus.hanzi import AS_IS, SIMPLIFIED, TRADITIONAL, convert, convert_all
from textgen.corpus.headings import HEADINGS, NONE, heading
from textgen.corpus.labels import AUTHOR, FORM, NOWHERE, Origin
from textgen.corpus.memory import LINE
from textgen.corpus.notes import Note, NoteKind
from textgen.corpus.values import parse, shown
from textgen.errors import CorpusError, UsageError
from textgen.system import extras
from textgen.system.wording import count
from textgen.tokens.characters import CLOSING, ENDING, IDEOGRAPHS, MARKS, is_chinese

_STRAY = re.compile(f"[^{IDEOGRAPHS}{CLOSING}\n]")

# Readings of other copies and notes that an editor added. Marks around a title, speech or a doubtful reading are stray
# marks: they are removed and the text between them stays, since it belongs to the line.
_NOTE = re.compile(r"（[^（）]*）|\([^()]*\)|【[^【】]*】")
# A character that a copyist could not read or type: a gap, or a description of how the character is composed.
_HOLE = re.compile("[□■●○囗\ue000-\uf8ff\ufffd]|\\{[^{}]*\\}")

_FOOTNOTE = re.compile(r"\[\d+\]|\{[^{}]*\}")
_NUMERAL = re.compile(r"[\d\s.]*|[IVXLC]+\.?")
_SPACED_MARK = re.compile(r" +(?=[,.;:!?])")
# Spaces that a corpus has around apostrophes: man 's, o ' er, th ' hour.
_SPACED_ENDING = re.compile(r"(?<=\w) +' *(?=(?:s|d|ll|re|ve|st|t|m|er)\b)")
_SPACED_ELISION = re.compile(r"\b(th|tho|thro|o|i) +'(?!\w)")

# Reasons to leave a poem out, as notes word them.
OTHER_FORM, TWICE, GAP, EMPTY = "of another form", "twice", "with a character missing", "empty"
# Other things that are counted.
CONSIDERED, CLEANED = "considered", "cleaned"
# One poem in this many stands under a heading without its title.
UNTITLED = 5
# As a title's field: the first line of each poem is its title.
FIRST_LINE = "first-line"
# Authors that an error names.
MAX_AUTHORS = 10
# The entries of a poem in the collection's JSON and their types.
_ENTRIES = {"paragraphs": list, "title": str, "author": str}


class RawPoem(NamedTuple):
    """A poem as a file has it; title and author are empty if they are unknown."""

    text: str
    title: str = ""
    author: str = ""
    origin: Origin = NOWHERE


@dataclass(frozen=True)
class Poem:
    """One poem.

    Attributes:
        lines: each with its closing mark, if it has one.
        title, author: empty if they are unknown.
        origin: where it was read.
    """

    lines: tuple[str, ...]
    title: str = ""
    author: str = ""
    origin: Origin = NOWHERE

    def labels(self) -> dict[str, object]:
        """What it is labelled with, by name. Its form is that of Chinese poems, by the number and length of lines."""
        return {AUTHOR: self.author, FORM: _form(self.lines)} | self.origin.labels()

    @property
    def text(self) -> str:
        """The poem in the layout that a model reads, without a heading."""
        if not is_chinese("".join(self.lines)):
            return "\n".join(self.lines)
        return "".join(line + "\n" * (line[-1] in ENDING) for line in self.lines).rstrip("\n")

    def document(self, kind: str) -> str:
        """The poem in the layout that a model reads, under a heading (`textgen.corpus.headings`).

        One poem in UNTITLED stands under a heading without its title, so that a model can also write without one.
        """
        text = self.text
        if kind == NONE:
            return text
        is_untitled = zlib.crc32(text.encode()) % UNTITLED == 0
        return heading("" if is_untitled else self.title, self.lines, kind) + text


@dataclass(frozen=True)
class Selection:
    """Which poems are learned, and in which script.

    Attributes:
        author: only poems by this author; None for all.
        script: "as-is", "simplified" or "traditional".
        forms: only poems that fit one of these forms, names of `textgen.corpus.forms.FORMS`; empty for all.
        heading: what stands above each poem, one of `textgen.corpus.headings.HEADINGS`.
        title_field: the field of a table or of JSON that has the title, or FIRST_LINE for a poem's first line; None
            for "title" in JSON of poems, and for no titles in other text.

    Raises:
        UsageError: a form or a heading that does not exist.
    """

    author: str | None = None
    script: str = AS_IS
    forms: tuple[str, ...] = ()
    heading: str = NONE
    title_field: str | None = None

    def __post_init__(self) -> None:
        arguments.text("heading", self.heading, HEADINGS)
        if self.title_field is not None and not arguments.text("title_field", self.title_field):
            raise UsageError("`title_field` names a field, or `first-line`; got an empty name")
        for name in self.forms:
            form_of(name)

    @property
    def is_of_poems(self) -> bool:
        """Whether it asks for what only poems have. A heading is no such thing: other text has none."""
        return self != Selection(heading=self.heading)

    def fits(self, lines: Sequence[str]) -> bool:
        """Whether a poem's lines, without their marks, have one of the forms."""
        return not self.forms or any(form_of(name).fits(lines) for name in self.forms)


def from_json(text: str, path: str, origin: Origin = NOWHERE, title_field: str | None = None) -> list[RawPoem]:
    """The poems of a file of the chinese-poetry collection: a list of objects with "paragraphs".

    Args:
        text: the file's text.
        path: what messages call the file.
        origin: where the file is.
        title_field: the entry that has the title; None for "title".

    Raises:
        CorpusError: the text is not JSON, not a list of poems, or holds a lone surrogate; no poem has such a title.
    """
    values = parse(text, path)
    for number, entry in enumerate(values if isinstance(values, list) else [None], 1):
        if not _is_poem(entry):
            where = f"entry {number}" if isinstance(values, list) else "the whole file"
            raise CorpusError(
                f'{path}: {where} is not a poem: expected a list of objects with "paragraphs", a list of text, as in '
                "the chinese-poetry collection"
            )
    key = title_field or "title"
    if title_field and not any(isinstance(entry.get(key), str) for entry in values):
        raise CorpusError(f"{path}: no poem has a title in {shown(key)}; choose another `title_field`")
    titles = [title if isinstance(title := entry.get(key), str) else "" for entry in values]
    poems = [
        RawPoem("\n".join(entry["paragraphs"]), title, entry.get("author", ""), origin)
        for entry, title in zip(values, titles, strict=True)
    ]
    for number, poem in enumerate(poems, 1):
        refuse_surrogates("\n".join(poem[:3]), f"{path}: entry {number}")
    return poems


def _is_poem(entry: object) -> bool:
    if not isinstance(entry, dict) or "paragraphs" not in entry:
        return False
    typed = all(isinstance(entry.get(key, kind()), kind) for key, kind in _ENTRIES.items())
    return typed and all(isinstance(row, str) for row in entry["paragraphs"])


def titled(text: str, origin: Origin) -> RawPoem:
    """A poem whose first line is its title. A poem of one line has none."""
    first, _, rest = text.partition("\n")
    return RawPoem(rest, first.strip(), origin=origin) if rest.strip() else RawPoem(text, origin=origin)


def choose(raw: Iterable[RawPoem], selection: Selection) -> tuple[list[Poem], list[Note]]:
    """Clean poems and select among them.

    Args:
        raw: the poems as their files have them.
        selection: which poems are kept.

    Returns:
        the Poems without duplicates; and the notes on what was left out or removed.

    Raises:
        CorpusError: no poem is left; says why.
    """
    raw = list(raw)
    counts: Counter[str] = Counter()
    poems: dict[tuple[str, ...], Poem] = {}
    authors = set(_both_scripts(selection.author)) if selection.author else None
    for poem in raw:
        if authors is not None and poem.author not in authors:
            continue
        counts[CONSIDERED] += 1
        cleaned = _cleaned(poem, selection.script, counts)
        if cleaned is None:
            continue
        if not selection.fits([line.strip(CLOSING) for line in cleaned.lines]):
            counts[OTHER_FORM] += 1
        elif cleaned.lines in poems:
            counts[TWICE] += 1
        else:
            poems[cleaned.lines] = cleaned
    if not poems:
        raise CorpusError(_nothing_left(raw, selection, counts))
    return list(poems.values()), _notes(len(poems), counts)


def _cleaned(poem: RawPoem, script: str, counts: Counter[str]) -> Poem | None:
    """A poem in the wanted script, cleaned; None if it cannot be learned. Counts what was done."""
    text, title, author = poem[:3] if script == AS_IS else convert_all(poem[:3], script)
    lines = _chinese(text, counts) if is_chinese(text) else _western(text, counts)
    return None if lines is None else Poem(tuple(lines), title, author, poem.origin)


def _form(lines: Sequence[str]) -> str:
    """The name of the form whose number and length of lines a Chinese poem has; empty for any other poem."""
    bare = [line.strip(CLOSING) for line in lines]
    return next((form.name for form in FORMS.values() if form.lines and form.length and form.fits(bare)), "")


def _nothing_left(raw: list[RawPoem], selection: Selection, counts: Counter[str]) -> str:
    """The message for a selection that no poem meets."""
    if not selection.author or counts[CONSIDERED]:
        return f"no poem is left of {counts[CONSIDERED]}: {_left_out(counts)}"
    authors = Counter(poem.author for poem in raw if poem.author)
    known = ", ".join(name for name, _ in authors.most_common(MAX_AUTHORS)) or "none: only JSON of poems names them"
    return f"no poem by {selection.author}; the authors with most poems here: {known}"


def _notes(kept: int, counts: Counter[str]) -> list[Note]:
    left_out = _left_out(counts)
    of_all = f" of {counts[CONSIDERED]:,}" if left_out else ""
    text = f"{count(kept, 'poem')}{of_all}" + (f"; {left_out}" if left_out else "")
    notes = [Note(NoteKind.SELECTION, text)]
    if counts[CLEANED]:
        text = f"editors' notes and stray marks removed from {count(counts[CLEANED], 'poem')}"
        notes.append(Note(NoteKind.CLEANING, text))
    return notes


def _left_out(counts: Counter[str]) -> str:
    parts = ", ".join(f"{counts[reason]:,} {reason}" for reason in (OTHER_FORM, TWICE, GAP, EMPTY) if counts[reason])
    return f"left out: {parts}" if parts else ""


def _both_scripts(text: str) -> Iterator[str]:
    yield text
    if is_chinese(text) and extras.is_there("opencc"):
        for script in (SIMPLIFIED, TRADITIONAL):
            yield convert(text, script)


def _chinese(text: str, counts: Counter[str]) -> list[str] | None:
    """The lines of a Chinese poem, each with its closing mark; None if the poem cannot be learned."""
    text = text.translate(MARKS)
    plain = _NOTE.sub("", text)
    if _HOLE.search(plain):
        counts[GAP] += 1
        return None
    plain = _STRAY.sub("", plain)
    if "".join(plain.split()) != "".join(text.split()):
        counts[CLEANED] += 1
    lines = re.findall(LINE, plain)
    if not lines:
        counts[EMPTY] += 1
        return None
    return [line if line[-1] in CLOSING else line + "，。"[index % 2] for index, line in enumerate(lines)]


def _western(text: str, counts: Counter[str]) -> list[str] | None:
    """The lines of a poem in another script; None if there are none."""
    plain = _FOOTNOTE.sub("", text).replace("\u2019", "'")
    lines = [" ".join(line.split()) for line in plain.split("\n")]
    lines = [line for line in lines if not _NUMERAL.fullmatch(line) or line == "I"]
    lines = [_SPACED_ELISION.sub(r"\1'", _SPACED_ENDING.sub("'", _SPACED_MARK.sub("", line))) for line in lines]
    if _FOOTNOTE.search(text) or len(lines) < sum(bool(line.strip()) for line in text.split("\n")):
        counts[CLEANED] += 1
    if not lines:
        counts[EMPTY] += 1
        return None
    return lines
