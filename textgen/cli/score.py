"""textgen score: show how surprising each symbol of a text is."""

import json
import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import click

from textgen.cli.console import note, show_text, styled, tell, wants_colour
from textgen.cli.options import (
    GroupedCommand,
    command_option,
    encoding_option,
    field_option,
    hold_option,
    json_option,
    label_options,
    options_of,
    reading_of,
)
from textgen.corpus.documents import read_for, text_for
from textgen.engine.label_config import LabelConfig
from textgen.engine.measure import Score
from textgen.errors import UsageError
from textgen.runs.run import load_run
from textgen.writing.generator import Generator

# A symbol of at least so many bits is shown on this colour of the 256 (light to dark red); below 2 bits on none.
COLOURS = ((0, None), (2, 230), (4, 222), (6, 215), (9, 203))
UNKNOWN_COLOUR = 177


@click.command("score", cls=GroupedCommand)
@click.argument("run")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@command_option("--text", metavar="TEXT", help="Score this text, not a file.")
@options_of(LabelConfig)
@hold_option
@command_option(
    "--color/--no-color",
    "colour",
    default=None,
    help="Colour the text. [default: if standard output is a terminal and NO_COLOR is not set]",
)
@field_option
@encoding_option
@json_option("one JSON object")
def score_command(
    run: str,
    files: tuple[str, ...],
    text: str | None,
    hold: tuple[str, ...],
    colour: bool | None,
    field: str | None,
    encoding: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Show how surprising each character (or word) of a text is to a run that reads it: of a file, - or --text.

    In a terminal, prints the text, the more surprising the redder. Elsewhere, prints one line a symbol: bits, and the
    symbol. Totals go to standard error.

    \b
      textgen score story letter.txt
      textgen score story --text "The river was still."
      textgen score story letter.txt --no-color | sort -rn | head
      textgen score story letter.txt --json > surprisal.json
    """
    if text is None and not files:
        raise UsageError("give a FILE (- is standard input) or --text")
    if text is not None and files:
        raise UsageError("give either FILE or --text, not both")
    labels = label_options(options)
    found = load_run(run)
    generator = Generator.of_run(found)
    if hold:
        generator = generator.with_hold(hold)
    if labels:
        generator = generator.with_labels(labels.label, labels.guidance)
    if text is None:
        training = reading_of(found.training, field)
        documents: Sequence[str] = read_for(training, list(files), encoding, whole=True).documents
    else:
        documents = [text_for(found.training, text)]
    score = generator.score(documents)
    noun = generator.tokenizer.noun
    if as_json:
        show_text(_json(str(found.path), noun, score))
        return
    if wants_colour() if colour is None else colour:
        _show_coloured(score)
    else:
        for line in _lines(score):
            show_text(line)
    note(_totals(noun, score))


def _json(run: str, noun: str, score: Score) -> str:
    values = {
        "run": run,
        "symbol": noun,
        "symbols": score.symbols,
        "nats": [round(nats, 6) for nats in score.surprisal.tolist()],
        "unknown": [index for index, unknown in enumerate(score.unknown) if unknown],
        "characters": score.characters,
        "total_nats": score.nats,
        "total_bits": score.bits,
        "bits_per_character": score.bits_per_character,
        "bits_per_byte": score.bits_per_byte,
        "bits_per_word": score.bits_per_word,
        "word_perplexity": score.word_perplexity,
        "perplexity": score.perplexity,
    }
    return json.dumps(values, ensure_ascii=False)


def _show_coloured(score: Score) -> None:
    """Print the text with a colour behind each symbol; the colours' meaning on standard error."""
    show_text(*chain.from_iterable(map(_coloured, score.symbols, score.surprisal / math.log(2), score.unknown)))
    legend = [styled(f" {low}+ bits ", bg=shade, fg=16) for low, shade in COLOURS[1:]]
    tell(*legend, styled(" unknown ", bg=UNKNOWN_COLOUR, fg=16))


def _coloured(symbol: str, bits: float, is_unknown: bool) -> tuple[str, ...]:
    shade = UNKNOWN_COLOUR if is_unknown else next(shade for low, shade in reversed(COLOURS) if bits >= low)
    if shade is None:
        return (symbol,)
    # A line's end has no body to be coloured: an arrow stands for it.
    shown = symbol.replace("\n", "\u21b5")
    return styled(shown, bg=shade, fg=16), "\n" * symbol.count("\n")


def _lines(score: Score) -> Iterator[str]:
    for symbol, bits in zip(score.symbols, score.surprisal / math.log(2), strict=True):
        yield f"{bits:.3f}\t{symbol!r}"


def _totals(noun: str, score: Score) -> str:
    number = len(score.symbols)
    unknown = f", {int(score.unknown.sum())} never seen" if score.unknown.any() else ""
    return (
        f"{number:,} {noun}s{unknown}: {score.nats:.2f} nats, {score.bits:.2f} bits; "
        f"{score.bits / max(number, 1):.3f} bits a {noun}, perplexity {score.perplexity:.2f}"
    )
