"""What a text is, before an hour is spent on it: its encoding, symbols, repeats, the model that would be chosen, the
minutes and the memory that it would take; and warnings, each with its cure.

Knows nothing of the command line or of Keras.
"""

import re
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass

import numpy as np

from textgen.corpus.spans import duplicates, longest_repeat
from textgen.planning.plan import plan
from textgen.planning.sizes import expected_seconds
from textgen.system.wording import count
from textgen.tokens.chars import CharTokenizer

# Characters in which repeats are looked for.
LOOKED_AT = 1 << 22
# Characters of a line below which it may stand twice.
SHORT = 30
# A symbol that stands fewer times than this is rare.
RARE = 5
REPLACEMENT = "\ufffd"
# Bytes that a training takes before it has a model: TensorFlow, Keras and the rest.
BASE_MEMORY = 700e6
# Seconds that a machine's speed is measured for, and the share of NumPy's speed in products of matrices that training
# reaches (docs/log.md, "corpora").
MEASURED, REACHED = 0.5, 0.9


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        lines: pairs of a name and what is to be said of it.
        warnings: each with its cure.
        seconds: that a training with the options given would take on this machine.
    """

    lines: list[tuple[str, str]]
    warnings: list[str]
    seconds: float


def examine(text, model, training):
    """Examine a text.

    Args:
        text: a Corpus or LargeCorpus.
        model, training: the configurations that it would be trained with.

    Raises:
        CorpusError: the text cannot be read, or is too short to be trained on.
    """
    counts = CharTokenizer.counted(piece for _, piece in text.pieces())
    sample, documents = _sample(text)
    # Lines as short as a name, or a refrain's "Ay, my lord.", stand twice in any text.
    again, line = duplicates(line for line in sample.split("\n") if len(line) >= SHORT)
    blocks = re.split(r"\n\s*\n", sample)
    twice, _ = duplicates(blocks)
    span = longest_repeat(sample)
    total = sum(counts.values())
    rare = {symbol: count for symbol, count in counts.items() if count < RARE}
    settled = plan(text, model, training)
    seconds, memory = _cost(settled)
    part = "" if len(sample) == total else f" in the first {len(sample):,} characters"
    parts = f"{count(counts.get(chr(10), 0) + 1, 'line')}, {count(text.count, 'document')}"
    lines = [
        ("encoding", _encoding(text, counts)),
        ("size", f"{text.size:,} bytes, {total:,} characters in {parts}"),
        ("symbols", f"{len(counts)} distinct: {_shown(sorted(counts, key=counts.__getitem__, reverse=True)[:40])}"),
        ("rare", f"{count(len(rare), 'symbol')} fewer than {RARE} times" + (f": {_shown(rare, 30)}" if rare else "")),
        ("lines twice", f"{again:,}{part}" + (f", most often {_quoted(line)}" if again else "")),
        ("blocks twice", f"{twice:,} of {len(blocks):,}{part}"),
        ("longest repeat", f"{count(len(span), 'character')}{part}" + (f": {_quoted(span)}" if span else "")),
        *zip(("chosen", "model", "training"), (told.split(": ", 1)[1] for told in settled.lines()[1:]), strict=True),
        ("would take", f"about {_minutes(seconds)} and {memory / 1e9:.1f} GB of memory on this machine"),
    ]
    warnings = list(_warnings(text, counts, sample, documents, again, span, rare))
    return Report(lines, [*text.notes, *warnings], seconds)


def _sample(text):
    """The text's beginning, and the lengths of the documents in it."""
    parts, documents, size = [], [], 0
    for starts, piece in text.pieces():
        if starts:
            if parts:
                parts.append("\n\n" if text.kind in ("block", "poem") else "\n")
            documents.append(0)
        parts.append(piece[: LOOKED_AT - size])
        documents[-1] += len(parts[-1])
        size += len(parts[-1])
        if size >= LOOKED_AT:
            break
    return "".join(parts), documents


def _encoding(text, counts):
    if any("byte-order mark" in note for note in text.notes):
        name = next(note for note in text.notes if "byte-order mark" in note).split("read as ")[1].split(",")[0]
    else:
        name = "ASCII" if max(map(ord, counts)) < 128 else "UTF-8"
    ends = next((note.split(": ", 1)[1] for note in text.notes if "line ends" in note), "line ends LF")
    return f"{name}, {ends}"


def _cost(settled):
    """Seconds and bytes that a training takes on this machine."""
    model, training = settled.model, settled.training
    if training.minutes is not None:
        seconds = 60 * training.minutes
    else:
        seconds = expected_seconds(model, training, settled.steps, REACHED * _speed(), settled.measured)
    symbols = settled.streams.rows * training.sequence_length
    activations = 4 * symbols * (10 * model.units * model.layers + 3 * model.vocabulary_size)
    return seconds, BASE_MEMORY + 20 * model.parameters() + activations


def _speed():
    """Floating-point operations a second of this machine's products of matrices, all cores."""
    one = np.random.default_rng(0).standard_normal((1024, 1024), np.float32)
    one @ one
    best, began = np.inf, time.perf_counter()
    while time.perf_counter() - began < MEASURED:
        start = time.perf_counter()
        one @ one
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best


def _warnings(text, counts, sample, documents, again, span, rare):
    total = sum(counts.values())
    if total < 50_000:
        yield (
            f"{total:,} characters are few: the model will soon know them by heart; add text, begin with another run's "
            "weights (--from), or keep it from copying when it writes (--max-copy)"
        )
    if REPLACEMENT in counts:
        yield (
            f"{counts[REPLACEMENT]:,} replacement characters (U+FFFD): the text was decoded wrongly "
            "once; go back to the original and name its --encoding"
        )
    controls = [symbol for symbol in counts if unicodedata.category(symbol) == "Cc" and symbol not in "\n\t"]
    if controls:
        yield f"control characters {_shown(controls)}: most likely left by a conversion; take them out"
    if any(map(unicodedata.combining, counts)) and not unicodedata.is_normalized("NFC", sample):
        yield "letters and their accents are apart (not NFC): bring them together with --normalise nfc"
    if len(rare) > 20 and sum(rare.values()) < 0.001 * total:
        kept = len(counts) - len(rare) + 2
        yield (
            f"{len(rare)} symbols stand fewer than {RARE} times and cannot be learned: leave them out with "
            f"--vocabulary-size {kept}"
        )
    number = sample.count("\n") + 1
    if again > 0.05 * number:
        yield f"{again / number:.0%} of the lines stood before: what is held out is not unseen; remove the duplicates"
    if len(span) > 400:
        yield f"a span of {len(span):,} characters stands twice; remove one of the two, or it is learned by heart"
    if re.search(r"^\*\*\* ?(START|END) OF", sample, re.MULTILINE):
        yield "a header of Project Gutenberg's is in it; cut off all before *** START and after *** END"
    if len(re.findall(r"</?(?:p|div|br|span|a|i|b)\b[^>]*>", sample)) > 20:
        yield "there are HTML tags in it; save the text alone"
    yield from _kind(text, sample, documents)


def _kind(text, sample, documents):
    if text.kind != "file" or len(documents) > 20:
        return
    blocks = [block for block in re.split(r"\n\s*\n", sample) if block.strip()]
    lines = [line for line in sample.split("\n") if line.strip()]
    sizes = Counter(block.count("\n") + 1 for block in blocks)
    if len(blocks) > 50:
        # Poems of a kind have as many lines; paragraphs and speeches do not.
        if max(sizes.values()) > len(blocks) / 2 and max(sizes, key=sizes.get) in range(2, 41):
            yield "blocks of as many lines each: if they are poems, --documents poem learns where one ends"
    elif len(lines) > 200 and len(blocks) < len(lines) / 50 and np.median(list(map(len, lines))) < 90:
        ends = sum(line[-1] in ".!?\"'”’。！？" for line in lines) / len(lines)
        if ends < 0.2:
            yield "lines without stops: if each is a whole (a headline, a name), --documents line learns where it ends"


def _shown(symbols, most=60):
    shown = ["space" if symbol == " " else symbol if symbol.isprintable() else repr(symbol)[1:-1] for symbol in symbols]
    return " ".join(shown[:most]) + (" ..." if len(shown) > most else "")


def _quoted(text):
    text = " ".join(text.split())
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


def _minutes(seconds):
    return f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
