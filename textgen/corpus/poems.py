"""Poems from text: the chinese-poetry collection's JSON, or blocks between blank lines; cleaned, told apart, chosen.

A poem is kept as its lines, each with the mark that closes it, and written in one way, so that a model learns what a
line and a poem are: in Chinese two lines to a row, as in print, elsewhere one. Knows nothing of files or models.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from textgen.corpus.hanzi import AS_IS, SIMPLIFIED, TRADITIONAL, convert, convert_all
from textgen.corpus.memory import LINE
from textgen.errors import CorpusError
from textgen.system import extras
from textgen.system.wording import count
from textgen.tokens.characters import CLOSING, ENDING, IDEOGRAPHS, MARKS, is_chinese

_STRAY = re.compile(f"[^{IDEOGRAPHS}{CLOSING}\n]")

# What an editor put in: readings of other copies, notes. The marks of a title, of speech and of a doubtful reading go,
# what stands between them stays, since the line needs it.
_NOTE = re.compile(r"（[^（）]*）|\([^()]*\)|【[^【】]*】")
# What a copyist could not read, or could not type: a gap, or how a character without a code point is composed.
_HOLE = re.compile("[□■●○囗\ue000-\uf8ff\ufffd]|\\{[^{}]*\\}")

_FOOTNOTE = re.compile(r"\[\d+\]|\{[^{}]*\}")
_NUMERAL = re.compile(r"[\d\s.]*|[IVXLC]+\.?")
_SPACED_MARK = re.compile(r" +(?=[,.;:!?])")
# Where a corpus keeps its words apart from what hangs on them: man 's, o ' er, th ' hour.
_SPACED_ENDING = re.compile(r"(?<=\w) +' *(?=(?:s|d|ll|re|ve|st|t|m|er)\b)")
_SPACED_ELISION = re.compile(r"\b(th|tho|thro|o|i) +'(?!\w)")


@dataclass(frozen=True)
class Poem:
    """One poem.

    Attributes:
        lines: each with the mark that closes it, if any.
        title, author: empty where they are not known.
    """

    lines: tuple[str, ...]
    title: str = ""
    author: str = ""

    @property
    def text(self):
        """The poem as a model reads it."""
        if not is_chinese("".join(self.lines)):
            return "\n".join(self.lines)
        return "".join(line + "\n" * (line[-1] in ENDING) for line in self.lines).rstrip("\n")


@dataclass(frozen=True)
class Selection:
    """Which poems are learned, and in which script.

    Attributes:
        author: poems by this author only; None for all.
        script: "as-is", "simplified" or "traditional".
        fits: takes a poem's lines without their marks; whether it has the form that is wanted. None for all.
    """

    author: str | None = None
    script: str = AS_IS
    fits: Callable | None = None


def from_json(text, path):
    """Poems as they stand in a file of the chinese-poetry collection: a list of objects with "paragraphs".

    Raises:
        CorpusError: no JSON, or not of that kind.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise CorpusError(f"{path}: not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise CorpusError(f"{path}: JSON nested too deeply to be poems") from None
    kinds = {"paragraphs": list, "title": str, "author": str}
    for number, entry in enumerate(values if isinstance(values, list) else [None], 1):
        good = isinstance(entry, dict) and all(isinstance(entry.get(key, kind()), kind) for key, kind in kinds.items())
        if not good or "paragraphs" not in entry or not all(isinstance(row, str) for row in entry["paragraphs"]):
            where = f"entry {number}" if isinstance(values, list) else "the whole"
            raise CorpusError(
                f'{path}: {where} is no poem: wanted a list of objects with "paragraphs", a list of text, as in the '
                "chinese-poetry collection"
            )
    return [("\n".join(entry["paragraphs"]), entry.get("title", ""), entry.get("author", "")) for entry in values]


def choose(raw, selection):
    """Poems cleaned and chosen.

    Args:
        raw: (text, title, author) for each.
        selection: a Selection.

    Returns:
        the Poems, none twice; and notes, one line for each thing that was left out or changed.

    Raises:
        CorpusError: nothing is left; says why.
    """
    counts, poems = Counter(), {}
    authors = Counter(author for _, _, author in raw if author)
    wanted = selection.author and set(_both_scripts(selection.author))
    for text, title, author in raw:
        if wanted and author not in wanted:
            continue
        counts["considered"] += 1
        if selection.script != AS_IS:
            text, title, author = convert_all((text, title, author), selection.script)
        lines = _chinese(text, counts) if is_chinese(text) else _western(text, counts)
        if lines is None:
            continue
        if selection.fits and not selection.fits([line.strip(CLOSING) for line in lines]):
            counts["of another form"] += 1
        elif tuple(lines) in poems:
            counts["twice"] += 1
        else:
            poems[tuple(lines)] = Poem(tuple(lines), title, author)
    if not poems:
        if wanted and not counts["considered"]:
            known = ", ".join(name for name, _ in authors.most_common(10)) or "none: only JSON of poems names them"
            raise CorpusError(f"no poem by {selection.author}; the authors with most poems here: {known}")
        raise CorpusError(f"no poem is left of {counts['considered']}: {_left_out(counts)}")
    notes = [f"{len(poems):,} poems of {counts['considered']:,}" + (f"; {out}" if (out := _left_out(counts)) else "")]
    if counts["notes"]:
        notes.append(f"editors' notes and stray marks taken out of {count(counts['notes'], 'poem')}")
    return list(poems.values()), notes


def _left_out(counts):
    kinds = ("of another form", "twice", "with a character missing", "empty")
    told = ", ".join(f"{counts[kind]:,} {kind}" for kind in kinds if counts[kind])
    return f"left out: {told}" if told else ""


def _both_scripts(text):
    yield text
    if is_chinese(text) and extras.is_there("opencc"):
        for script in (SIMPLIFIED, TRADITIONAL):
            yield convert(text, script)


def _chinese(text, counts):
    """The lines of a Chinese poem, each closed by its mark; None where it cannot be learned from."""
    text = text.translate(MARKS)
    plain = _NOTE.sub("", text)
    if _HOLE.search(plain):
        counts["with a character missing"] += 1
        return None
    plain = _STRAY.sub("", plain)
    if "".join(plain.split()) != "".join(text.split()):
        counts["notes"] += 1
    lines = LINE.findall(plain)
    if not lines:
        counts["empty"] += 1
        return None
    return [line if line[-1] in CLOSING else line + "，。"[index % 2] for index, line in enumerate(lines)]


def _western(text, counts):
    """The lines of a poem in another script."""
    plain = _FOOTNOTE.sub("", text).replace("\u2019", "'")
    lines = [" ".join(line.split()) for line in plain.split("\n")]
    lines = [line for line in lines if not _NUMERAL.fullmatch(line) or line == "I"]
    lines = [_SPACED_ELISION.sub(r"\1'", _SPACED_ENDING.sub("'", _SPACED_MARK.sub("", line))) for line in lines]
    if _FOOTNOTE.search(text) or len(lines) < sum(bool(line.strip()) for line in text.split("\n")):
        counts["notes"] += 1
    if not lines:
        counts["empty"] += 1
        return None
    return lines
