"""textgen train: learn a text. Knows the options and the last line; training itself is `textgen.training`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from textgen.cli.console import note
from textgen.cli.machines import group_options, membership
from textgen.cli.options import (
    GroupedCommand,
    command_option,
    encoding_option,
    given,
    options_of,
    overwrite_option,
)
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.system.imports import UNUSED_BY_KERAS, without_packages

if TYPE_CHECKING:
    from textgen.training.history import History

# The options that most people need, which come first in their groups.
COMMON = ("documents", "field", "delimiter", "size", "tokenizer", "units", "layers", "minutes", "epochs")


@click.command("train", cls=GroupedCommand)
@click.argument("corpus", nargs=-1, metavar="[TEXT]...")
@command_option(
    "--out",
    group="Output",
    metavar="DIR",
    help="Write the run here. [default: a folder with the text's name in checkpoints/, or in TEXTGEN_RUNS]",
)
@overwrite_option("an existing run in that folder")
@command_option("--quiet", group="Output", is_flag=True, help="Print nothing on standard error.")
@command_option("--note", group="Output", default="", metavar="TEXT", help="Keep this note in the run's metadata.")
@options_of(ModelConfig, TrainingConfig, first=COMMON)
@encoding_option
@command_option(
    "--resume", group="Training", metavar="RUN", help="Continue a run; give --epochs or --minutes to train it longer."
)
@command_option(
    "--from",
    "from_run",
    group="Training",
    metavar="RUN",
    help="Start from the weights of a run. New symbols are added to its vocabulary.",
)
@command_option(
    "--watch-gradients",
    group="Output",
    is_flag=True,
    help="Record the size of the gradients after each epoch, for textgen plot.",
)
@command_option("--tensorboard", group="Output", metavar="DIR", help="Write a TensorBoard log below this folder.")
@group_options
def train_command(corpus: tuple[str, ...], out: str | None, overwrite: bool, quiet: bool, **options: Any) -> None:
    """Learn a text: files, folders, patterns, corpora:NAME, or standard input (-).

    Reads plain text and gzip, CSV and JSON lines (with --field), and JSON of poems as in the chinese-poetry collection.

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
      textgen train large.txt --processes 4
    """
    from textgen.training.trainer import train

    if not corpus and options["resume"] is None:
        raise UsageError("no text given: name at least one file, or - for standard input")
    member = membership(corpus, options)
    if member and member.resume:  # started again after a process was lost
        out, overwrite = None, False
        kept = ("average_every", "watch_gradients", "tensorboard", "encoding")
        options = {name: options[name] for name in kept} | {"resume": member.resume}
    with without_packages(*UNUSED_BY_KERAS):
        history = train(list(corpus) or None, out, overwrite=overwrite, quiet=quiet, member=member, **given(options))
    if not quiet and (member is None or member.index == 0):
        for line in _outcome(history):
            note(line)


def _outcome(history: "History") -> Iterator[str]:
    """What a training came to: its best loss and how to read it, how far the model is, what to do with it."""
    from textgen.runs.losses import uncertainty
    from textgen.runs.run import load_run  # here, since they import NumPy
    from textgen.runs.verdict import Evidence, verdict

    run, ended = load_run(history.path), "stopped early, " if history.stopped_early else ""
    noun, command = run.tokenizer.noun, "poem" if run.training.documents == "poem" else "sample"
    if history.best_nats is not None:
        meaning = uncertainty(history.best_nats, noun)
        yield f"{ended}best loss {history.best_nats:.4f} nats a {noun} in epoch {history.best_epoch}: {meaning}"
    if found := verdict(Evidence.of(run)):
        yield str(found)
    yield f"{history.seconds:.1f} s; write with it: textgen {command} {history.path}"
