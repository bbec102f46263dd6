"""A run in words: what `textgen info`, `textgen runs` and `textgen evaluate` print.

This module does not know the command line.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.diary import Line, best_epoch, measured
from textgen.runs.losses import Evaluation, choices, perplexity, uncertainty, word_perplexity
from textgen.runs.run import Run
from textgen.runs.verdict import Evidence, verdict
from textgen.system.wording import count, plural

# The name of the pair whose value names parameters of a training, in backquotes.
ADVICE = "advice"
# Of the table of runs. "unsure among": among how many equally likely symbols the model is as unsure, exp(nats).
HEADINGS = ("run", "model", "nats", "unsure among", "epochs", "made")


def describe(run: Run) -> Iterator[tuple[str, str]]:
    """Yield pairs of a name and a value: what the run is, what it learned from and how well."""
    model, training, metadata, noun = run.model, run.training, run.metadata, run.tokenizer.noun
    history = run.history()
    yield "run", str(run.path)
    if metadata:
        fingerprint = metadata["corpus_sha256"][:12]
        yield "corpus", f"{metadata['corpus']}, {metadata['characters']:,} characters, SHA-256 {fingerprint}"
        versions = f"textgen {metadata['textgen']} (keras {metadata['keras']}, {metadata['backend']})"
        yield "made", f"{metadata['created']} by {versions}"
    if metadata.get("note"):
        yield "note", str(metadata["note"])
    order = ", each line from its end" if training.direction == "backward" else ""
    yield "reads", f"{noun}s{order}, a vocabulary of {model.vocabulary_size:,}, one document a {training.documents}"
    yield "model", f"{shape(model)}, {model.parameters():,} parameters"
    for labels in model.labels:
        says = ", which it also classifies" if labels.name == model.classify else ""
        yield "labels", labels.shown() + says
    progress = f", {count(int(history[-1]['step']), 'step')}, {history[-1]['seconds']:.0f} s" if history else ""
    yield "trained", _extent(training, len(history)) + progress
    if history:
        best = best_epoch(history)
        name = measured(best)
        nats = best[f"{name}_nats"]
        yield (
            "best",
            f"epoch {best['epoch']}: {name} {nats:.4f} nats a {noun} (perplexity {perplexity(nats):.2f}), "
            f"{best[f'{name}_bits_per_character']:.4f} bits a character" + _words_of(best),
        )
        yield "meaning", uncertainty(nats, noun)
    if baselines := run.baselines:
        yield (
            "counting",
            f"alone gives {baselines.unigram_nats:.4f} nats (of {noun}s), {baselines.bigram_nats:.4f} nats (of "
            f"pairs of {noun}s)",
        )
    if found := verdict(Evidence.of(run)):
        yield "how far", f"{found.level.value}: {found.reason}"
        yield ADVICE, found.advice


def as_json(run: Run) -> str:
    """A run as one line of JSON, for programs: what `describe` says in words, and both configurations."""
    history = run.history()
    best = best_epoch(history) if history else {}
    found = verdict(Evidence.of(run))
    values = {
        "run": str(run.path),
        "symbol": run.tokenizer.noun,
        "parameters": run.model.parameters(),
        "epochs": len(history),
        "steps": history[-1]["step"] if history else 0,
        "seconds": history[-1]["seconds"] if history else 0.0,
        "best": best or None,
        "verdict": found and {"level": found.level.value, "reason": found.reason, "advice": found.advice},
        "model": run.model.to_json(),
        "training": run.training.to_json(),
        "metadata": run.metadata,
    }
    return json.dumps(values, ensure_ascii=False)


def _extent(training: TrainingConfig, epochs: int) -> str:
    """How many epochs were trained, of how many."""
    if training.minutes is not None:
        return f"{count(epochs, 'epoch')} in a budget of {training.minutes:g} minutes"
    if training.epochs is not None and epochs > training.epochs:
        return f"{epochs} epochs, {training.epochs} at first"
    return f"{epochs} of {training.epochs} {plural('epoch', training.epochs or 0)}"


@dataclass(frozen=True)
class Row:
    """A run as a line of a table. It holds no file of the run open, so that there can be thousands.

    Attributes:
        created: when its training began, ISO 8601; empty if unknown.
        cells: the line's cells.
    """

    created: str
    cells: tuple[str, ...]

    @classmethod
    def of(cls, run: Run) -> "Row":
        """The row of a run."""
        history, created = run.history(), str(run.metadata.get("created", ""))
        best = best_epoch(history) if history else {}
        nats = best.get("validation_nats", best.get("training_nats"))
        loss = "-" if nats is None else f"{nats:.3f}"
        among = "-" if nats is None else f"{choices(nats)} {run.tokenizer.noun}s"
        return cls(created, (str(run.path), shape(run.model), loss, among, str(len(history)), created[:16] or "-"))


def table(rows: Iterable[Row]) -> list[str]:
    """Return one line for each row, oldest first, below a heading; nothing if there are no rows."""
    cells = [row.cells for row in sorted(rows, key=lambda row: row.created)]
    if not cells:
        return []
    cells.insert(0, HEADINGS)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def evaluations(run: Run, results: Mapping[str, Evaluation], as_json: bool = False) -> Iterator[str]:
    """Yield lines that report evaluations of a run.

    Args:
        run: the run.
        results: the name of a protocol to its Evaluation; at least one.
        as_json: yield one line of JSON instead.
    """
    noun, first = run.tokenizer.noun, next(iter(results.values()))
    if as_json:
        values: dict[str, object] = {
            "run": str(run.path),
            "symbol": noun,
            "symbols": first.symbols,
            "characters": first.extent.characters,
            "bytes": first.extent.bytes,
            "words": first.extent.words,
            "unknown_share": first.unknown,
        }
        for name, result in results.items():
            values[name] = {
                "nats": result.nats,
                "bits": result.bits,
                "perplexity": result.perplexity,
                "bits_per_character": result.bits_per_character,
                "bits_per_byte": result.bits_per_byte,
                "bits_per_word": result.bits_per_word,
                "word_perplexity": result.word_perplexity,
            } | ({"window": result.window} if result.window else {})
        yield json.dumps(values, ensure_ascii=False)
        return
    for name, result in results.items():
        title = f"{name} of {result.window}" if result.window else name
        line = f"{title + ':':<16} {result.nats:.4f} nats, {result.bits:.4f} bits a {noun}"
        if run.tokenizer.of_characters:
            figures = []
        else:
            line += f", perplexity {result.perplexity:.2f}"
            figures = [f"{result.bits_per_character:.4f} bits a character"]
        figures += [f"{result.bits_per_byte:.4f} bits a byte", _word_perplexity(result.bits_per_word)]
        yield f"{line}; {', '.join(figures)}"
    yield f"{'word perplexity:':<16} for each of {first.extent.words:,} words and ends of lines, as papers count it"
    yield f"{'unknown:':<16} {first.unknown:.2%} of {first.symbols:,} {noun}s are outside the vocabulary"


def _words_of(line: Line) -> str:
    """What a line of history says of the held-out text in bytes and words; older runs lack it."""
    if "validation_bits_per_word" not in line:
        return ""
    return f", {line['validation_bits_per_byte']:.4f} bits a byte, {_word_perplexity(line['validation_bits_per_word'])}"


def _word_perplexity(bits_per_word: float) -> str:
    number = word_perplexity(bits_per_word)
    return f"word perplexity {number:,.2f}" if number < 1e6 else f"word perplexity {number:.3g}"


def shape(model: ModelConfig) -> str:
    """Describe a model in a few words: "embedding 64, LSTM 2 x 256"."""
    encoder = f"embedding {model.input_size}" if model.encoder == "embedding" else "one-hot"
    tied = ", tied" if model.tie else ""
    projected = f" projected to {model.projection}" if model.projection else ""
    return f"{encoder}{tied}, LSTM {model.layers} x {model.units}{projected}"
