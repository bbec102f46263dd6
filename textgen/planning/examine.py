"""What a text is, before an hour is spent on it: its encoding, symbols and repeats, the model that would be chosen, the
time and memory that a training would take; and warnings, each with advice.

Knows nothing of the command line or of Keras.
"""

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from textgen.arguments import short
from textgen.corpus.notes import NoteKind
from textgen.corpus.spans import duplicates, longest_repeat
from textgen.corpus.text import Text
from textgen.planning.plan import Plan, plan
from textgen.planning.sizes import chosen, expected_bytes, expected_seconds
from textgen.planning.units import unit_advice
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.system.wording import count
from textgen.tokens.chars import CharTokenizer

# Characters at the beginning of a text in which repeats and patterns are looked for.
MAX_SAMPLE_CHARACTERS = 1 << 22
# Lines that are shorter (in characters) may occur twice: names, or a refrain's "Ay, my lord.", do so in any text.
MIN_REPEATED_LINE = 30
# A symbol that occurs fewer times is rare.
MIN_OCCURRENCES = 5
# Symbols shown of the commonest and of the rare ones.
MAX_COMMON_SHOWN, MAX_RARE_SHOWN, MAX_SHOWN = 40, 30, 60
# Characters of a quoted line or span.
MAX_QUOTED = 60
REPLACEMENT = "\ufffd"
# Seconds for which a machine's speed is measured.
MEASURED_SECONDS = 0.5
# Share of NumPy's speed in matrix products that training reaches (docs/log.md, "corpora").
REACHED_SPEED = 0.9

# Bounds of the warnings.
MIN_CHARACTERS = 50_000
MAX_RARE_SYMBOLS, MAX_RARE_SHARE = 20, 0.001
MAX_REPEATED_LINES_SHARE = 0.05
MAX_REPEATED_CHARACTERS = 400
MAX_HTML_TAGS = 20
# A text of so many documents, blocks or lines is no single document with a few paragraphs.
MAX_FILES, MIN_BLOCKS, MIN_LINES = 20, 50, 200
# Lines of poems that look like each other; characters of a median line, and share of lines that end a sentence, in a
# list of headlines or names.
POEM_LINES = range(2, 41)
MAX_MEDIAN_LINE, MAX_ENDED_SHARE = 90, 0.2
SENTENCE_ENDS = ".!?\"'”’。！？"

_BLANK_LINES = re.compile(r"\n\s*\n")
_GUTENBERG = re.compile(r"^\*\*\* ?(START|END) OF", re.MULTILINE)
_HTML = re.compile(r"</?(?:p|div|br|span|a|i|b)\b[^>]*>")


@dataclass(frozen=True)
class Report:
    """What an examination finds.

    Attributes:
        lines: pairs of a label and a description.
        warnings: the notes on the text, and warnings with advice.
        seconds: the time that a training with the given options would take on this machine.
    """

    lines: list[tuple[str, str]]
    warnings: list[str]
    seconds: float


@dataclass(frozen=True)
class _Findings:
    """What is found in a text.

    Attributes:
        text: the text.
        counts: how often each character occurs in it.
        lines: number of lines in it.
        sample: its beginning, at most MAX_SAMPLE_CHARACTERS, with a separator between two documents.
        documents: number of documents in the sample.
        is_whole: whether the sample is the whole text.
    """

    text: Text
    counts: Mapping[str, int]
    lines: int
    sample: str
    documents: int
    is_whole: bool

    @cached_property
    def total(self) -> int:
        """Characters in the text."""
        return sum(self.counts.values())

    @cached_property
    def rare(self) -> dict[str, int]:
        """How often each rare symbol occurs."""
        return {symbol: number for symbol, number in self.counts.items() if number < MIN_OCCURRENCES}

    @cached_property
    def blocks(self) -> list[str]:
        """The text between blank lines, in the sample."""
        return _BLANK_LINES.split(self.sample)

    @cached_property
    def repeated_lines(self) -> tuple[int, str]:
        """How many lines of the sample occurred before, and the commonest of them."""
        return duplicates(line for line in self.sample.split("\n") if len(line) >= MIN_REPEATED_LINE)

    @cached_property
    def repeated_blocks(self) -> int:
        """How many blocks of the sample occurred before."""
        return duplicates(self.blocks)[0]

    @cached_property
    def repeated_span(self) -> str:
        """The longest span that occurs twice in the sample."""
        return longest_repeat(self.sample)


def examine(text: Text, model: ModelConfig, training: TrainingConfig) -> Report:
    """Examine a text.

    Args:
        text: a Corpus or LargeCorpus.
        model, training: the configurations that it would be trained with.

    Raises:
        CorpusError: the text cannot be read, or is too short to be trained on.
    """
    ends: list[str] = []
    counts = CharTokenizer(()).counted(_noting_ends(text, ends))
    lines_open = sum(end != "\n" for end in ends)
    found = _Findings(text, counts, counts.get("\n", 0) + lines_open, *_sample(text))
    planned = plan(text, model, training)
    seconds, memory = _cost(planned)
    cost = f"about {_minutes(seconds)} and {memory / 1e9:.1f} GB of memory on this machine"
    unit = ("unit", unit_advice(found.sample, planned.model.tokenizer))
    lines = [*_description(found), unit, *_choices(planned), ("would take", cost)]
    warnings = [warning for check in _CHECKS if (warning := check(found))]
    return Report(lines, [*map(str, text.notes), *warnings], seconds)


def _noting_ends(text: Text, ends: list[str]) -> Iterator[str]:
    """The text's pieces; the last character of each document is added to `ends`."""
    for starts, piece, _ in text.pieces():
        if starts:
            ends.append("")
        ends[-1] = piece[-1:] or ends[-1]
        yield piece


def _sample(text: Text) -> tuple[str, int, bool]:
    """The text's beginning, the number of documents in it, and whether it is the whole text."""
    parts: list[str] = []
    documents = size = 0
    separator = "\n\n" if text.kind in ("block", "poem") else "\n"
    for starts, piece, _ in text.pieces():
        if starts:
            if parts:
                parts.append(separator)
            documents += 1
        parts.append(piece[: MAX_SAMPLE_CHARACTERS - size])
        size += len(parts[-1])
        if size >= MAX_SAMPLE_CHARACTERS:
            return "".join(parts), documents, False
    return "".join(parts), documents, True


def _description(found: _Findings) -> list[tuple[str, str]]:
    """The lines of a Report that describe the text."""
    text, counts, rare = found.text, found.counts, found.rare
    part = "" if found.is_whole else f" in the first {len(found.sample):,} characters"
    parts = f"{count(found.lines, 'line')}, {count(text.count, 'document')}"
    common = sorted(counts, key=counts.__getitem__, reverse=True)[:MAX_COMMON_SHOWN]
    repeated, line = found.repeated_lines
    span = found.repeated_span
    rare_shown = f": {_shown(rare, MAX_RARE_SHOWN)}" if rare else ""
    return [
        ("encoding", _encoding(text, counts)),
        ("size", f"{text.size:,} bytes, {found.total:,} characters in {parts}"),
        ("symbols", f"{len(counts)} distinct: {_shown(common)}"),
        ("rare", f"{count(len(rare), 'symbol')} fewer than {MIN_OCCURRENCES} times{rare_shown}"),
        ("lines twice", f"{repeated:,}{part}" + (f", most often {_quoted(line)}" if repeated else "")),
        ("blocks twice", f"{found.repeated_blocks:,} of {len(found.blocks):,}{part}"),
        *((f"label {name}", _labelled(counts)) for name, counts in text.labels.items()),
        ("longest repeat", f"{count(len(span), 'character')}{part}" + (f": {_quoted(span)}" if span else "")),
    ]


def _labelled(counts: Mapping[str, int]) -> str:
    """The labels of a text, those of most documents first, and how many documents have each."""
    order = sorted(counts, key=lambda label: (-counts[label], label))
    shown = ", ".join(f"{short(label) or '(none)'} {counts[label]:,}" for label in order[:MAX_COMMON_SHOWN])
    more = f" and {len(order) - MAX_COMMON_SHOWN:,} more" if len(order) > MAX_COMMON_SHOWN else ""
    return f"{count(len(order), 'label')}: {shown}{more}"


def _encoding(text: Text, counts: Mapping[str, int]) -> str:
    values = {note.kind: note.value for note in text.notes}
    # Cleaning makes ASCII of poems with curly apostrophes.
    plain = "ASCII" if max(map(ord, counts)) < 128 and text.kind != "poem" else "UTF-8"
    changed = values.get(NoteKind.LINE_ENDS)
    ends = f"{changed} CR or CR LF line ends read as LF" if changed else "line ends LF"
    return f"{values.get(NoteKind.ENCODING, plain)}, {ends}"


def _choices(planned: Plan) -> list[tuple[str, str]]:
    """The lines of a Report that say what would be trained."""
    labels = {"size": "chosen", "model": "model", "training": "training"}
    return [(labels[fact.name], fact.text) for fact in planned.facts() if fact.name in labels]


def _cost(planned: Plan) -> tuple[float, float]:
    """Seconds and bytes that a training takes on this machine."""
    model, training = planned.model, planned.training
    if training.minutes is not None:
        seconds = 60 * training.minutes
    else:
        speed = REACHED_SPEED * _speed()
        seconds = expected_seconds(model, training, chosen(planned.steps), speed, planned.measured)
    return seconds, expected_bytes(model, training, planned.streams.rows)


def _speed() -> float:
    """Floating-point operations a second that this machine reaches in matrix products, all cores."""
    one = np.random.default_rng(0).standard_normal((1024, 1024), np.float32)
    one @ one
    best, began = np.inf, time.perf_counter()
    while time.perf_counter() - began < MEASURED_SECONDS:
        start = time.perf_counter()
        one @ one
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best


def _too_short(found: _Findings) -> str | None:
    if found.total >= MIN_CHARACTERS:
        return None
    return (
        f"{found.total:,} characters are few: the model will soon know them by heart; add text, start from another "
        "run's weights (`from_run=RUN` in training), or forbid long copies when it writes (`max_copy=30` in sampling)"
    )


def _replacement(found: _Findings) -> str | None:
    if REPLACEMENT not in found.counts:
        return None
    return (
        f"{found.counts[REPLACEMENT]:,} replacement characters (U+FFFD): the text was decoded wrongly once; go back to "
        "the original and name its encoding with `encoding`"
    )


def _control(found: _Findings) -> str | None:
    controls = [symbol for symbol in found.counts if unicodedata.category(symbol) == "Cc" and symbol not in "\n\t"]
    if not controls:
        return None
    return f"control characters {_shown(controls)}: most likely left by a conversion; remove them"


def _decomposed(found: _Findings) -> str | None:
    if not any(map(unicodedata.combining, found.counts)) or unicodedata.is_normalized("NFC", found.sample):
        return None
    return 'letters are stored apart from their accents (not NFC): join them with `normalise="nfc"`'


def _rare(found: _Findings) -> str | None:
    rare = found.rare
    if len(rare) <= MAX_RARE_SYMBOLS or sum(rare.values()) >= MAX_RARE_SHARE * found.total:
        return None
    return (
        f"{len(rare)} symbols occur fewer than {MIN_OCCURRENCES} times and cannot be learned: leave them out with "
        f"`vocabulary_size={len(found.counts) - len(rare) + 2}`"
    )


def _repeated_lines(found: _Findings) -> str | None:
    share = found.repeated_lines[0] / (found.sample.count("\n") + 1)
    if share <= MAX_REPEATED_LINES_SHARE:
        return None
    return f"{share:.0%} of the lines occurred before, so the held-out text is not unseen; remove the duplicates"


def _repeated_span(found: _Findings) -> str | None:
    length = len(found.repeated_span)
    if length <= MAX_REPEATED_CHARACTERS:
        return None
    return f"a span of {length:,} characters occurs twice; remove one of the two, or the model learns it by heart"


def _gutenberg(found: _Findings) -> str | None:
    if not _GUTENBERG.search(found.sample):
        return None
    return "a header of Project Gutenberg is in the text; remove all before *** START and after *** END"


def _html(found: _Findings) -> str | None:
    if len(_HTML.findall(found.sample)) <= MAX_HTML_TAGS:
        return None
    return "HTML tags are in the text; save the text alone"


def _documents(found: _Findings) -> str | None:
    """Whether a text that is read as a few files looks like many poems or headlines."""
    if found.text.kind != "file" or found.documents > MAX_FILES:
        return None
    blocks = [block for block in found.blocks if block.strip()]
    lines = [line for line in found.sample.split("\n") if line.strip()]
    if len(blocks) > MIN_BLOCKS:
        if _look_like_poems(blocks):
            return (
                'most blocks have the same number of lines: if they are poems, `documents="poem"` learns where one ends'
            )
    elif len(lines) > MIN_LINES and len(blocks) < len(lines) / MIN_BLOCKS and _look_like_headlines(lines):
        return 'lines without stops: if each is whole (a headline, a name), `documents="line"` learns where one ends'
    return None


def _look_like_poems(blocks: list[str]) -> bool:
    # Poems of one form have equally many lines; paragraphs and speeches do not.
    (lines, number), *_ = Counter(block.count("\n") + 1 for block in blocks).most_common(1)
    return number > len(blocks) / 2 and lines in POEM_LINES


def _look_like_headlines(lines: list[str]) -> bool:
    ended = sum(line[-1] in SENTENCE_ENDS for line in lines) / len(lines)
    return bool(np.median(list(map(len, lines))) < MAX_MEDIAN_LINE) and ended < MAX_ENDED_SHARE


# Each check returns a warning with advice, or None.
_CHECKS: tuple[Callable[[_Findings], str | None], ...] = (
    _too_short,
    _replacement,
    _control,
    _decomposed,
    _rare,
    _repeated_lines,
    _repeated_span,
    _gutenberg,
    _html,
    _documents,
)


def _shown(symbols: Iterable[str], most: int = MAX_SHOWN) -> str:
    shown = ["space" if symbol == " " else symbol if symbol.isprintable() else repr(symbol)[1:-1] for symbol in symbols]
    return " ".join(shown[:most]) + (" ..." if len(shown) > most else "")


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f'"{text}"' if len(text) <= MAX_QUOTED else f'"{text[: MAX_QUOTED - 3]}..."'


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
