"""textgen evaluate"""

import click

from textgen.cli.options import encoding_option
from textgen.corpus.documents import read_for
from textgen.engine.measure import evaluate
from textgen.engine.network import Engine
from textgen.runs.describe import evaluations
from textgen.runs.run import load_run
from textgen.tokens.layout import lay_out


@click.command(name="evaluate")
@click.argument("run")
@click.argument("corpus", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--window",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="Symbols in a window of the second protocol, whose windows each begin without any state.",
)
@click.option(
    "--dynamic",
    is_flag=True,
    help="Dynamic evaluation as well: the model goes on learning from what it has read of the text.",
)
@encoding_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def command(run, corpus, window, dynamic, encoding, as_json):
    """Measure how well a run predicts a text it has not seen: nats, bits, perplexity.

    Two protocols: carried, the text read from beginning to end; and independent windows, as others report. A third,
    --dynamic, is another thing: it tells how well the model would do if it learned from the text as it reads. The run
    stays as it is.

    \b
      textgen evaluate story other.txt
      textgen evaluate story other.txt --dynamic
      textgen evaluate checkpoints/story held-out.txt --window 64 --json
    """
    found = load_run(run)
    text = read_for(found.training, list(corpus), encoding, whole=True)
    backward = found.training.direction == "backward"
    ids, engine = lay_out(found.tokenizer, text.documents, backward), Engine(found.model, found.weights)
    results = {
        "carried": evaluate(engine, ids, text.characters),
        "windows": evaluate(engine, ids, text.characters, window),
    }
    if dynamic:
        from textgen.training.dynamic import evaluate_dynamically

        results["dynamic"] = evaluate_dynamically(found.model, found.weights, ids, text.characters)
    for line in evaluations(found, results, as_json):
        click.echo(line)
