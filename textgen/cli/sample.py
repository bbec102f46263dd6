"""textgen sample: write texts, shown as they are written or as JSON."""

import contextlib
import dataclasses
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from textgen import arguments
from textgen.cli.chosen import chosen_run, corpus_text
from textgen.cli.console import note, show_text
from textgen.cli.options import (
    GroupedCommand,
    cache_options,
    command_option,
    given,
    hold_option,
    json_option,
    label_options,
    options_of,
    overwrite_option,
)
from textgen.engine.cache_config import CacheConfig
from textgen.engine.label_config import LabelConfig
from textgen.errors import StorageError, UsageError
from textgen.options import flag_of
from textgen.runs.folder import find_run
from textgen.sampling.config import SamplingConfig
from textgen.system.files import atomic_text_file, check_free
from textgen.system.wording import count
from textgen.writing.generator import Generator
from textgen.writing.prompts import read_prompts, readable
from textgen.writing.sampler import new_seed
from textgen.writing.samples import Sample

# The options that most people need, which come first in their groups.
COMMON = ("length", "seed", "count", "documents", "stop", "temperature", "top_k", "top_p", "min_p")

# Seconds between two flushes of a text that is shown while it is written.
FLUSH_SECONDS = 0.03


@click.command("sample", cls=GroupedCommand)
@click.argument("run", nargs=-1)
@command_option("--prompt", group="Text", metavar="TEXT", help="Read this text first and continue it.")
@command_option(
    "--prompts", group="Text", metavar="FILE", help="Read prompts from a file, one a line; - is standard input."
)
@options_of(SamplingConfig, first=COMMON)
@options_of(LabelConfig)
@command_option(
    "--mix",
    "weights",
    group="Sampling",
    metavar="X,X...",
    help="Weight the probabilities of several runs: one number a run.",
)
@command_option(
    "--cache",
    "has_cache",
    group="Sampling",
    is_flag=True,
    help="Remember what was written, and prefer words that occurred in it (neural cache).",
)
@options_of(CacheConfig)
@command_option(
    "--corpus",
    group="Advanced",
    metavar="FILE",
    multiple=True,
    help="Compare with this text for --max-copy. Repeatable.",
)
@hold_option
@command_option(
    "--state-of",
    group="Advanced",
    default="",
    metavar="TEXT",
    help="Begin from the state after this text in place of the prompt's.",
)
@command_option("--out", group="Output", metavar="FILE", help="Write to this file in place of standard output.")
@overwrite_option("an existing file")
@json_option("one JSON object a text")
def sample_command(
    run: tuple[str, ...],
    prompt: str | None,
    prompts: str | None,
    weights: str | None,
    has_cache: bool,
    corpus: tuple[str, ...],
    hold: tuple[str, ...],
    state_of: str,
    out: str | None,
    overwrite: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Write text with a run: a folder, a name that textgen runs lists, or by default the newest run.

    Several runs write together: each symbol is drawn from the weighted mean of their probabilities. Several texts are
    printed with an empty line between them. In --stop, --forbid and --bias, \\n is the end of a line.

    The probabilities are changed in this order: ORDER.

    \b
      textgen sample --temperature 0.8
      textgen sample story --prompt "Once upon a time" --length 1000
      textgen sample story --seed 7 --count 5 --min-p 0.05 --stop "\\n\\n"
      textgen sample story --prompts openings.txt --json > texts.jsonl
      textgen sample story --max-copy 30 --corpus story.txt --out new.txt
      textgen sample story letters --mix 0.7,0.3
      textgen sample novels --label author=Dickens --guidance 1.5
      textgen sample novels --label author=Dickens:0.6,Shelley:0.4
    """
    if prompt is not None and prompts is not None:
        raise UsageError("give either --prompt or --prompts, not both")
    if out is not None:
        check_free(out, overwrite)
    prompt = arguments.text("prompt", prompt or "")
    cache, labels = cache_options(options, has_cache), label_options(options)
    config = SamplingConfig(**{"seed": new_seed()} | given(options))
    generator, paths = _load(run, _weights(weights, run), labels, hold)
    if cache is not None:
        generator = generator.with_cache(**cache)
    beginnings = [prompt] if prompts is None else read_prompts(prompts)
    # A single text is shown as it is written, and may be longer than memory.
    keep = as_json or len(beginnings) * config.count > 1
    writing = generator.write(
        beginnings, config=config, corpus=corpus_text(corpus), state_of=state_of, measured=as_json, keep=keep
    )
    for beginning in beginnings:
        if (read := readable(beginning, generator.tokenizer, config.unknown)) != beginning:
            note(f"prompt read as {read!r}")
    note(f"run {' + '.join(paths)}, seed {config.seed}")
    about = {"run": paths[0] if len(paths) == 1 else paths, "seed": config.seed, "settings": config.to_json()}
    if labels:
        about |= labels.to_json()
    with _opened(out, overwrite) as file:
        show = Lines(file, writing.samples, about) if as_json else Texts(file, writing.samples)
        try:
            for sample, piece in writing:
                show.piece(sample, piece)
        finally:
            # Also after Ctrl-C: what was written until then is shown, or in the file.
            show.end()


# The order of the transforms is that of their options' declarations.
_ORDER = ", ".join(
    flag_of(field) for field in dataclasses.fields(SamplingConfig) if field.name in SamplingConfig.order()
)
sample_command.help = (sample_command.help or "").replace("ORDER", _ORDER)


@contextlib.contextmanager
def _opened(out: str | None, overwrite: bool) -> "Iterator[TextIO | Rescued]":
    """Standard output; or a file, for which standard output stands in when it can no longer be written."""
    if out is None:
        yield sys.stdout
        return
    with atomic_text_file(out, overwrite) as file:
        rescued = Rescued(file)
        yield rescued
        rescued.finish()


class Rescued:
    """A file whose text goes to standard output as soon as the file cannot be written: a text may have taken hours."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self._unsure: list[str] = []  # what may not have reached the file yet
        self._error: StorageError | None = None

    def write(self, text: str) -> int:
        """Write a text."""
        if self._error:
            show_text(text, end="")
            return len(text)
        self._unsure.append(text)
        with self._rescuing():
            self.file.write(text)
        return len(text)

    def flush(self) -> None:
        """Give what was written to the system."""
        if self._error:
            sys.stdout.flush()
            return
        with self._rescuing():
            self.file.flush()
            self._unsure.clear()

    def finish(self) -> None:
        """Flush for the last time. Raises StorageError if the file could not be written."""
        self.flush()
        if self._error:
            raise self._error

    @contextlib.contextmanager
    def _rescuing(self) -> Iterator[None]:
        try:
            yield
        except StorageError as error:
            self._error = error
            note(f"{error}; from here on the text goes to standard output")
            show_text(*self._unsure, end="")


class Texts:
    """Writes texts into a file: the first while it is written, the others when all are done."""

    def __init__(self, file: TextIO | Rescued, samples: Sequence[Sample]) -> None:
        self.file, self.samples = file, samples
        self.flushed_at = 0.0  # seconds of time.monotonic; 0 before the first piece

    def piece(self, sample: Sample, text: str) -> None:
        """Take a piece that was added to a text."""
        if sample is not self.samples[0]:
            return
        if not self.flushed_at:
            self._announce(0)
        self.file.write(text)
        now = time.monotonic()
        if now - self.flushed_at > FLUSH_SECONDS:
            self.file.flush()
            self.flushed_at = now

    def end(self) -> None:
        """End the first text and write the others."""
        self.file.write("\n")
        for index, sample in enumerate(self.samples[1:], 1):
            self.file.write("\n")
            self._announce(index)
            self.file.write(f"{sample.text}\n")

    def _announce(self, index: int) -> None:
        """Tell a person which text begins. A program that reads standard output does not see it."""
        if len(self.samples) > 1 and self.file is sys.stdout:
            note(f"text {index + 1} of {len(self.samples)}:")


class Lines:
    """Writes texts into a file when all are done, each as one line of JSON."""

    def __init__(self, file: TextIO | Rescued, samples: Sequence[Sample], about: dict[str, Any]) -> None:
        self.file, self.samples, self.about = file, samples, about

    def piece(self, sample: Sample, text: str) -> None:
        """Take a piece that was added to a text. The Sample keeps it."""

    def end(self) -> None:
        """Write all texts."""
        for sample in self.samples:
            self.file.write(json.dumps(self._values(sample), ensure_ascii=False) + "\n")

    def _values(self, sample: Sample) -> dict[str, Any]:
        return {
            "text": sample.text,
            "prompt": sample.prompt,
            "number": sample.number,
            "symbols": sample.symbols,
            "mean_log_probability": sample.mean_log_probability,
            "ended": sample.ended or "interrupted",
        } | self.about


def _load(
    names: Sequence[str], weights: list[float] | None, labels: LabelConfig | None, hold: Sequence[str]
) -> tuple[Generator, list[str]]:
    """A Generator of one run (the newest where none is named) or of a mixture, and the runs' folders."""
    paths: list[Path] = [find_run(name) for name in names] or [chosen_run(None)]
    generators = [Generator.load(path) for path in paths]
    if hold:
        generators = [each.with_hold(hold) for each in generators]
    if labels:
        generators = [each.with_labels(labels.label, labels.guidance) for each in generators]
    generator = generators[0] if len(generators) == 1 else Generator.mix(generators, weights)
    return generator, [str(path) for path in paths]


def _weights(mix: str | None, run: Sequence[str]) -> list[float] | None:
    if mix is None:
        return None
    try:
        weights = [float(weight) for weight in mix.split(",")]
    except ValueError:
        raise UsageError(f"--mix takes numbers separated by commas, one for each run; got {mix!r}") from None
    if len(weights) != max(len(run), 1) or len(run) < 2:
        raise UsageError(
            f"--mix takes one weight for each of two or more runs; got {len(weights)} for {count(len(run), 'run')}"
        )
    return weights
