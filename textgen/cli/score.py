"""textgen score"""

import json

import click

from textgen.cli.options import encoding_option, note, wants_colour
from textgen.corpus.documents import read_for
from textgen.engine import probability
from textgen.runs.run import load_run
from textgen.writing.generator import Generator

# Bits from which a symbol is shown on this colour of the 256 (light to dark red); the first is no colour.
COLOURS = ((0, None), (2, 230), (4, 222), (6, 215), (9, 203))
UNKNOWN_COLOUR = 177


@click.command(name="score")
@click.argument("run")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@encoding_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.option(
    "--color/--no-color",
    "colour",
    default=None,
    help="Colours. [default: where standard output is a terminal and NO_COLOR is not set]",
)
def command(run, files, encoding, as_json, colour):
    """Show how surprising each character (or word) of a text is to a run that reads it; - is standard input.

    In a terminal, the text itself, the more surprising the redder. Elsewhere, a line a symbol: bits, and the symbol.
    Totals go to standard error.

    \b
      textgen score story letter.txt
      textgen score story letter.txt --no-color | sort -rn | head
      textgen score story letter.txt --json > surprisal.json
    """
    found = load_run(run)
    generator = Generator.from_parts(found.model, found.training, found.tokenizer, found.weights)
    text = read_for(found.training, list(files), encoding, whole=True)
    score = generator.score(text.documents)
    bits = probability.bits(score.surprisal)
    if as_json:
        values = {
            "run": str(run),
            "symbol": generator.tokenizer.noun,
            "symbols": score.symbols,
            "nats": [round(nats, 6) for nats in score.surprisal.tolist()],
            "unknown": [index for index, unknown in enumerate(score.unknown) if unknown],
            "characters": score.characters,
            "total_nats": score.nats,
            "total_bits": score.bits,
            "bits_per_character": score.bits_per_character,
            "perplexity": score.perplexity,
        }
        click.echo(json.dumps(values, ensure_ascii=False))
        return
    if wants_colour() if colour is None else colour:
        shown = map(_coloured, score.symbols, bits, score.unknown)
        click.echo("".join(shown), color=True)
        legend = [click.style(f" {low}+ bits ", bg=shade, fg=16) for low, shade in COLOURS[1:]]
        click.echo("".join(legend) + click.style(" unknown ", bg=UNKNOWN_COLOUR, fg=16), err=True, color=True)
    else:
        for symbol, number in zip(score.symbols, bits, strict=True):
            click.echo(f"{number:.3f}\t{symbol!r}")
    noun = generator.tokenizer.noun
    unknown = f", {int(score.unknown.sum())} never seen" if score.unknown.any() else ""
    note(
        f"{len(bits):,} {noun}s{unknown}: {score.nats:.2f} nats, {score.bits:.2f} bits; "
        f"{score.bits / max(len(bits), 1):.3f} bits a {noun}, perplexity {score.perplexity:.2f}"
    )


def _coloured(symbol, bits, unknown):
    shade = UNKNOWN_COLOUR if unknown else next(shade for low, shade in reversed(COLOURS) if bits >= low)
    if shade is None:
        return symbol
    # A line's end has no body to be coloured: an arrow lends it one.
    shown = symbol.replace("\n", "\u21b5")
    return click.style(shown, bg=shade, fg=16) + "\n" * symbol.count("\n")
