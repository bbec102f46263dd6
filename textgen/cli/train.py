"""textgen train"""

import click

from textgen.cli.options import encoding_option, given, options_of
from textgen.cli.options import note as tell
from textgen.runs.config import ModelConfig, TrainingConfig


@click.command(name="train")
@click.argument("corpus", nargs=-1)
@click.option("--out", metavar="DIR", help="The run folder. [default: checkpoints/<corpus name>]")
@click.option("--resume", metavar="RUN", help="Go on with a run; with --epochs or --minutes, train it longer.")
@click.option("--from", "from_run", metavar="RUN", help="Begin with the weights of a run; its vocabulary grows.")
@encoding_option
@click.option("--note", default="", metavar="TEXT", help="A note kept in the run's metadata.")
@click.option(
    "--watch-gradients", is_flag=True, help="Note how long the gradients are after each epoch, for textgen plot."
)
@click.option("--tensorboard", metavar="DIR", help="Write a TensorBoard log below this folder, through Keras.")
@click.option("--overwrite", is_flag=True, help="Replace a run that stands in the folder.")
@click.option("--quiet", is_flag=True, help="Nothing on standard error.")
@options_of(ModelConfig, TrainingConfig)
def command(corpus, out, resume, from_run, encoding, note, watch_gradients, tensorboard, overwrite, quiet, **options):
    """Learn a text: files, folders, patterns, corpora:NAME, or standard input (-).

    Plain text or gzip; CSV and lines of JSON by --field; JSON of poems as the chinese-poetry collection has it.

    Keeps everything in a run folder: the best weights, the vocabulary, the history, a sample after each epoch.

    \b
      textgen train story.txt
      textgen train poems.txt --documents poem --unit word
      textgen train *.txt --out checkpoints/all --layers 2 --units 512
      cat *.md | textgen train - --out checkpoints/notes
      textgen train --resume checkpoints/story
      textgen train --resume checkpoints/story --minutes 5
      textgen train letters.txt --from checkpoints/story
      textgen train old.txt --encoding gb18030
      textgen train reviews.csv --field text
      textgen train corpora:shakespeare --minutes 5
    """
    from textgen.training.trainer import train

    given_options = given(options) | {"resume": resume, "from_run": from_run, "encoding": encoding, "note": note}
    given_options |= {"watch_gradients": watch_gradients, "tensorboard": tensorboard}
    history = train(list(corpus) or None, out, overwrite=overwrite, quiet=quiet, report=tell, **given_options)
    if not quiet:
        ended = "stopped early, " if history.stopped_early else ""
        best = f"best loss {history.best_nats:.4f} nats in epoch {history.best_epoch}, " if history.best_nats else ""
        tell(f"{ended}{best}{history.seconds:.1f} s; write with it: textgen sample {history.path}")
