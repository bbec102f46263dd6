"""textgen sample"""

import contextlib
import json
import sys
import time

import click

from textgen.cli.options import Sectioned, given, note, options_of
from textgen.errors import UsageError
from textgen.runs.folder import find_run
from textgen.system.files import atomic_text_file, check_free
from textgen.system.wording import count
from textgen.writing.prompts import read_prompts, readable
from textgen.writing.sampling import SamplingConfig
from textgen.writing.transforms import TransformConfig

# Seconds between two looks of the reader at what has been written.
GLIMPSE = 0.03


@click.command(name="sample", cls=Sectioned)
@click.argument("run", nargs=-1)
@click.option("--prompt", metavar="TEXT", help="Text that the model reads first and goes on from.")
@click.option("--prompts", metavar="FILE", help="Prompts from a file, one a line; - is standard input.")
@click.option("--mix", metavar="X,X...", help="Of several runs: the weight of each one's probabilities.")
@click.option("--corpus", metavar="FILE", multiple=True, help="The text that --max-copy is about.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a text, for programs.")
@click.option("--out", metavar="FILE", help="Write to a file, whole, in place of standard output.")
@click.option("--overwrite", is_flag=True, help="Replace a file that --out names.")
@options_of(SamplingConfig, section="What is written", without=TransformConfig)
@options_of(TransformConfig, section="What changes the probabilities, in the order in which it is applied")
def command(run, prompt, prompts, mix, corpus, as_json, out, overwrite, **options):
    """Write text with a run: a folder, a name below checkpoints/, or by default the newest run.

    Several runs write together, each symbol drawn from the weighted mean of their probabilities. Several texts are
    printed with an empty line between. In --stop, --forbid and --bias, \\n is the end of a line.

    \b
      textgen sample --temperature 0.8
      textgen sample story --prompt "Once upon a time" --length 1000
      textgen sample story --seed 7 --count 5 --min-p 0.05 --stop "\\n\\n"
      textgen sample story --prompts openings.txt --json > texts.jsonl
      textgen sample story --max-copy 30 --corpus story.txt --out new.txt
      textgen sample story letters --mix 0.7,0.3
    """
    from textgen.writing.generator import Generator, new_seed

    if prompt is not None and prompts is not None:
        raise UsageError("--prompt and --prompts both say what to begin from: give one")
    if out is not None:
        check_free(out, overwrite)
    settings = {"seed": new_seed()} | given(options)
    config = SamplingConfig(**settings)
    weights = _weights(mix, run)
    found = [find_run(name) for name in run or [None]]
    generators = [Generator.load(path) for path in found]
    generator = generators[0] if len(generators) == 1 else Generator.mix(generators, weights)
    beginnings = [prompt or ""] if prompts is None else read_prompts(prompts)
    # A single text is shown as it is written, and may be longer than memory.
    keep = as_json or len(beginnings) * config.count > 1
    writing = generator.write(beginnings, config=config, corpus=_corpus(corpus), measured=as_json, keep=keep)
    for beginning in beginnings:
        if (read := readable(beginning, generator.tokenizer, config.unknown)) != beginning:
            note(f"prompt read as {read!r}")
    names = [str(path) for path in found]
    note(f"run {' + '.join(names)}, seed {config.seed}")
    about = {"run": names[0] if len(names) == 1 else names, "seed": config.seed, "settings": config.to_json()}
    with atomic_text_file(out, overwrite) if out is not None else contextlib.nullcontext(sys.stdout) as file:
        show = Show(file, writing.samples, as_json, about)
        try:
            for sample, piece in writing:
                show.piece(sample, piece)
        finally:
            # Also after Ctrl-C: what was written until then is shown, or in the file.
            show.end()


class Show:
    """Puts texts into a file: the first as it is written, or each as a line of JSON when all are done."""

    def __init__(self, file, samples, as_json, about):
        self.file, self.samples, self.as_json, self.about = file, samples, as_json, about
        self.last = 0.0

    def piece(self, sample, text):
        if self.as_json or sample is not self.samples[0]:
            return
        if not self.last:
            self.title(0)
        self.file.write(text)
        now = time.monotonic()
        if now - self.last > GLIMPSE:
            self.file.flush()
            self.last = now

    def end(self):
        if self.as_json:
            for sample in self.samples:
                self.file.write(json.dumps(self._values(sample), ensure_ascii=False) + "\n")
            return
        self.file.write("\n")
        for index, sample in enumerate(self.samples[1:], 1):
            self.file.write("\n")
            self.title(index)
            self.file.write(f"{sample.text}\n")

    def title(self, index):
        """Tell a person which text begins; a program that reads the texts alone does not see it."""
        if len(self.samples) > 1 and self.file is sys.stdout:
            self.file.flush()
            note(f"text {index + 1} of {len(self.samples)}:")

    def _values(self, sample):
        return {
            "text": sample.text,
            "prompt": sample.prompt,
            "number": sample.number,
            "symbols": sample.symbols,
            "mean_log_probability": sample.mean_log_probability,
            "ended": sample.ended or "interrupted",
        } | self.about


def _weights(mix, run):
    if mix is None:
        return None
    try:
        weights = [float(weight) for weight in mix.split(",")]
    except ValueError:
        raise UsageError(f"--mix takes numbers with commas between, one for each run; got {mix!r}") from None
    if len(weights) != max(len(run), 1) or len(run) < 2:
        raise UsageError(
            f"--mix takes one weight for each of two or more runs; got {len(weights)} for {count(len(run), 'run')}"
        )
    return weights


def _corpus(paths):
    if not paths:
        return ""
    from textgen.corpus.documents import read_corpus

    return "\n\n".join(read_corpus(list(paths)).documents)
