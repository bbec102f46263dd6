"""The command line: parse, call one function, print.

Options come from the declarations in `textgen.config`. Text goes to standard output, all else to standard error; a
TextgenError becomes one line and its exit code here and nowhere else. What a command needs is imported inside it, so
that `textgen --help` answers at once.
"""

import dataclasses
import os
import sys

import click

from textgen import __version__
from textgen.config import ModelConfig, TrainingConfig, flag_of, type_of
from textgen.sampling import SamplingConfig
from textgen.errors import TextgenError

INTERRUPTED = 130


class Commands(click.Group):
    """The group of commands; where errors become a line and an exit code."""

    def invoke(self, ctx):
        # Texts are Unicode whatever the locale says of the terminal.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except TextgenError as error:
            click.echo(f"textgen: {error}", err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            # Whoever read standard output (`| head -1`) has had enough: no error. What Python flushes at exit has
            # nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except KeyboardInterrupt:
            click.echo("textgen: interrupted", err=True)
            ctx.exit(INTERRUPTED)

    def list_commands(self, ctx):
        return list(self.commands)  # in the order a newcomer meets them, not the alphabet's


def options_of(*configs):
    """A decorator that adds one option for each field of these configurations, all None unless given."""

    def add(command):
        for field in reversed([field for config in configs for field in dataclasses.fields(config)]):
            kind, optional = type_of(field)
            rule, flag, shown = field.metadata, flag_of(field), field.default
            if kind is bool:
                flag, shown = f"{flag}/--no-{flag[2:]}", "on" if field.default else "off"
            # An optional field's help says itself what happens when it is not given.
            default = "" if optional else f"  [default: {shown}]"
            command = click.option(
                flag,
                field.name,
                type=click.Choice(rule["choices"]) if rule["choices"] else kind,
                default=None,
                help=rule["help"] + default,
                metavar=None if rule["choices"] or kind is bool else "N" if kind is int else "X",
            )(command)
        return command

    return add


def given(options):
    """The options that the user gave; the rest keep their declared defaults."""
    return {name: value for name, value in options.items() if value is not None}


def note(text):
    """A line for the person, not for the program that reads standard output."""
    click.echo(text, err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="textgen")
def main():
    """Train an LSTM on any text file, then write in that text's voice.

    \b
      textgen train story.txt                    learn; keeps everything in checkpoints/story
      textgen sample --temperature 0.8           write, with the newest run
      textgen sample story --prompt "Once "      write, with a run by name
    """


@main.command(short_help="Learn a text.")
@click.argument("corpus", nargs=-1)
@click.option("--out", metavar="DIR", help="The run folder. [default: checkpoints/<corpus name>]")
@click.option("--resume", metavar="RUN", help="Go on with a run whose training was cut short.")
@click.option("--overwrite", is_flag=True, help="Replace a run that stands in the folder.")
@click.option("--quiet", is_flag=True, help="Nothing on standard error.")
@options_of(ModelConfig, TrainingConfig)
def train(corpus, out, resume, overwrite, quiet, **options):
    """Learn a text: one file, several, or standard input (-).

    Keeps everything in a run folder: the best weights, the vocabulary, the history, a sample after each epoch.

    \b
      textgen train story.txt
      textgen train poems.txt --documents block --unit word
      textgen train *.txt --out checkpoints/all --layers 2 --units 512
      cat *.md | textgen train - --out checkpoints/notes
      textgen train --resume checkpoints/story
    """
    from textgen.training import train

    history = train(list(corpus) or None, out, resume=resume, overwrite=overwrite, quiet=quiet, **given(options))
    if not quiet:
        ended = "stopped early, " if history.stopped_early else ""
        note(
            f"{ended}best loss {history.best_nats:.4f} nats in epoch {history.best_epoch}, {history.seconds:.1f} s; "
            f"write with it: textgen sample {history.path}"
        )


@main.command(short_help="Write text.")
@click.argument("run", required=False)
@click.option("--prompt", metavar="TEXT", default="", help="Text that the model reads first and goes on from.")
@options_of(SamplingConfig)
def sample(run, prompt, **options):
    """Write text with a run: a folder, a name below checkpoints/, or by default the newest run.

    \b
      textgen sample --temperature 0.8
      textgen sample story --prompt "Once upon a time" --length 1000
      textgen sample checkpoints/story --seed 7 > text.txt
    """
    from textgen import runs
    from textgen.generator import Generator, new_seed

    found = runs.find(run)
    settings = {"seed": new_seed()} | given(options)
    pieces = Generator.load(found).stream(prompt, **settings)
    note(f"run {found}, seed {settings['seed']}")
    for piece in pieces:
        click.echo(piece, nl=False)
    click.echo()


@main.command(short_help="Measure how well a run predicts a text.")
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
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def evaluate(run, corpus, window, dynamic, as_json):
    """Measure how well a run predicts a text it has not seen: nats, bits, perplexity.

    Two protocols: carried, the text read from beginning to end; and independent windows, as others report. A third,
    --dynamic, is another thing: it tells how well the model would do if it learned from the text as it reads. The run
    stays as it is.

    \b
      textgen evaluate story other.txt
      textgen evaluate story other.txt --dynamic
      textgen evaluate checkpoints/story held-out.txt --window 64 --json
    """
    from textgen import evaluation, reports, runs
    from textgen.corpus import read_corpus
    from textgen.engine import Engine
    from textgen.streams import lay_out

    found = runs.load(run)
    text = read_corpus(list(corpus), found.training.documents)
    ids, engine = lay_out(found.tokenizer, text.documents), Engine(found.model, found.weights)
    results = {
        "carried": evaluation.evaluate(engine, ids, text.characters),
        "windows": evaluation.evaluate(engine, ids, text.characters, window),
    }
    if dynamic:
        from textgen.dynamic import evaluate_dynamically

        results["dynamic"] = evaluate_dynamically(found.model, found.weights, ids, text.characters)
    for line in reports.evaluations(found, results, as_json):
        click.echo(line)


@main.command(short_help="Describe a run.")
@click.argument("run", required=False)
def info(run):
    """Describe a run: what it learned from, what it is, how well it learned.

    \b
      textgen info
      textgen info checkpoints/story
    """
    from textgen import reports, runs

    for name, value in reports.describe(runs.load(run)):
        click.echo(f"{name:<12} {value}")


@main.command("runs", short_help="List the runs.")
def list_runs():
    """List the runs below checkpoints/, newest last.

    \b
      textgen runs
    """
    from textgen import reports, runs

    found = runs.list_runs()
    for line in reports.table([runs.load(path) for path in found]):
        click.echo(line)
    if not found:
        note(f"no run in {runs.CHECKPOINTS}/ yet; train one: textgen train FILE.txt")
