"""textgen evaluate: measure how well a run predicts a text."""

from typing import Any

import click

from textgen.cli.console import show_row, show_text
from textgen.cli.options import (
    GroupedCommand,
    cache_options,
    command_option,
    encoding_option,
    field_option,
    hold_option,
    json_option,
    options_of,
    reading_of,
)
from textgen.corpus.documents import read_for
from textgen.engine.cache import CachedNetwork
from textgen.engine.cache_config import CacheConfig
from textgen.engine.holding import read_holds
from textgen.engine.labelled import read_shares, told_of
from textgen.engine.measure import RUN_UP, evaluate
from textgen.engine.network import Engine, Told
from textgen.errors import UsageError
from textgen.runs.describe import evaluations
from textgen.runs.run import load_run
from textgen.system import extras
from textgen.system.imports import UNUSED_BY_KERAS, without_packages
from textgen.tokens.extent import Extent
from textgen.tokens.labels import LabelShares
from textgen.tokens.layout import lay_out

# Parts of a text that are read side by side with a cache: more of them read more again to fill their caches.
CACHE_ROWS = 8


@click.command("evaluate", cls=GroupedCommand)
@click.argument("run")
@click.argument("corpus", nargs=-1, required=True, metavar="FILE...")
@command_option(
    "--dynamic", is_flag=True, help="Also let the model learn from the text as it reads (dynamic evaluation)."
)
@command_option(
    "--cache", "has_cache", is_flag=True, help="Also let the model remember what it has read (neural cache)."
)
@options_of(CacheConfig)
@command_option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Tell the model a label of the texts: NAME=LABEL for all, or NAME to read each text's own. Repeatable.",
)
@hold_option
@command_option(
    "--window",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    metavar="N",
    help="Cut the text into windows of N symbols for the second protocol. Each begins without any state.",
)
@field_option
@encoding_option
@json_option("one JSON object")
def evaluate_command(
    run: str,
    corpus: tuple[str, ...],
    dynamic: bool,
    has_cache: bool,
    labels: tuple[str, ...],
    hold: tuple[str, ...],
    window: int,
    field: str | None,
    encoding: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure how well a run predicts a text that it has not seen: nats, bits, perplexity.

    Two protocols: "carried" reads the text from beginning to end and carries the state along; "windows" reads
    independent windows, as other projects report. --dynamic and --cache add others, which answer another question: how
    well the model would do if it learned from the text as it reads, or remembered it. The run stays as it is.

    Nats and perplexity are of a symbol, which is a character, a word or a subword by the run. Bits a character, bits a
    byte (of UTF-8) and word perplexity divide the loss of the whole text by its own characters, bytes and words. So
    they compare models whose symbols differ. A model that reads many unknown symbols has it easier than one that knows
    them all.

    \b
      textgen evaluate story other.txt
      textgen evaluate story other.txt --dynamic
      textgen evaluate novels held-out.csv --label author
      textgen evaluate checkpoints/story held-out.txt --window 64 --json
    """
    cache = cache_options(options, has_cache)
    if dynamic:
        extras.check_training("`dynamic`")
    found = load_run(run)
    own = tuple(label for label in labels if "=" not in label)
    text = read_for(reading_of(found.training, field), list(corpus), encoding, whole=True, label=own)
    backward = found.training.direction == "backward"
    ids, engine = lay_out(found.tokenizer, text.documents, backward), Engine(found.model, found.weights)
    extent = Extent.of(text.documents)
    engine = engine.held(read_holds(hold, found.model))
    told: Told | None = None
    shares: LabelShares = {}
    if fixed := [label for label in labels if "=" in label]:
        shares = read_shares(found.model.labels, fixed)
        engine = engine.told(shares)
    if own:
        told = told_of(engine, ids, own, text.labelled, shares)
    if told and (cache is not None or dynamic):
        raise UsageError("--cache and --dynamic read a text whose labels stay the same; give --label NAME=LABEL")
    results = {
        "carried": evaluate(engine, ids, extent, told=told),
        "windows": evaluate(engine, ids, extent, window, told=told),
    }
    if cache is not None:
        config = CacheConfig(**cache)
        # Each part of the text first fills its cache.
        results["cache"] = evaluate(
            CachedNetwork(engine, config), ids, extent, rows=CACHE_ROWS, run_up=max(config.cache_size, RUN_UP)
        )
    if dynamic:
        with without_packages(*UNUSED_BY_KERAS):  # as textgen train does
            from textgen.training.dynamic import evaluate_dynamically

        results["dynamic"] = evaluate_dynamically(*engine.plain(shares), ids, extent)
    for line in evaluations(found, results, as_json):
        (show_text if as_json else show_row)(line)
