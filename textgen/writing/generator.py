"""A prompt to text: read the prompt, then draw one symbol after another from the model.

`Generator.stream` yields text as it is written; `Generator.generate` is its join; `Generator.write` is what both stand
on, many texts and all that is known of each. This module knows nothing of training, and importing it never imports
TensorFlow or Keras.
"""

import dataclasses
import inspect
import secrets
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from textgen.corpus.memory import merge
from textgen.corpus.spans import Spans
from textgen.engine.measure import Score, score
from textgen.engine.mixture import Mixture
from textgen.engine.network import Engine
from textgen.errors import UsageError
from textgen.options import option_of
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.run import load_run
from textgen.system import threads
from textgen.tokens.base import Tokenizer
from textgen.tokens.layout import BOUNDARY, SEPARATORS, reverse_lines
from textgen.writing.jobs import Job
from textgen.writing.prompts import readable
from textgen.writing.samples import Sample
from textgen.writing.sampling import SamplingConfig
from textgen.writing.transforms import chain


def new_seed() -> int:
    """A seed nobody chose, short enough to type again."""
    return secrets.randbelow(2**32)


def takes_options(method):
    """Give a method that takes **options the signature that it has in truth: a keyword for each field of
    SamplingConfig, so that help() and editors can tell."""
    signature = inspect.signature(method)
    plain = [part for part in signature.parameters.values() if part.kind is not inspect.Parameter.VAR_KEYWORD]
    named = [
        inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type)
        for field in dataclasses.fields(SamplingConfig)
    ]
    method.__signature__ = signature.replace(parameters=plain + named)
    method.__doc__ += "\n\n        Options, each a keyword:\n" + "\n".join(
        f"            {field.name}: {option_of(field).help}" for field in dataclasses.fields(SamplingConfig)
    )
    return method


class Generator:
    """Writes in the voice of one run.

    Attributes:
        tokenizer: the run's Tokenizer.
        engine: its Engine.
        documents: what one document of its corpus was: "file", "block", "line" or "poem".
        direction: whether it reads and writes lines "forward" or "backward", from their end.
        memory: hashes of the poems that it learned (`textgen.corpus.memory.hash_poems`); empty where it learned none.
        separator: the text printed where the model ends one document and begins the next.
        printed: each id's text.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        engine: Engine,
        documents: str,
        direction: str = "forward",
        memory: dict | None = None,
    ):
        self.tokenizer = tokenizer
        self.engine = engine
        self.documents = documents
        self.direction = direction
        self.memory = memory or {}
        self.separator = SEPARATORS[documents]
        self.printed = tokenizer.printed(self.separator)

    @classmethod
    def load(cls, run=None) -> "Generator":
        """The generator of a run: a folder's path, a name below `checkpoints/`, or None for the newest run.

        Raises:
            RunError: no such run, or one that cannot be read.
        """
        run = load_run(run)
        return cls.of(run.model, run.training, run.tokenizer, run.weights, run.memory)

    @classmethod
    def of(
        cls,
        model: ModelConfig,
        training: TrainingConfig,
        tokenizer: Tokenizer,
        weights: dict,
        memory: dict | None = None,
    ) -> "Generator":
        """The generator of a model's parts; weights are float32 arrays by name (`ModelConfig.weight_shapes`)."""
        return cls(tokenizer, Engine(model, weights), training.documents, training.direction, memory)

    @classmethod
    def mix(cls, generators: Sequence["Generator"], weights: Sequence[float] | None = None) -> "Generator":
        """A generator that draws each symbol from the weighted mean of several generators' probabilities.

        Args:
            generators: of one kind, characters or words; their vocabularies may differ.
            weights: one for each; None for equal ones.

        Raises:
            UsageError: weights that do not match, or generators of different kinds.
        """
        weights = [1.0] * len(generators) if weights is None else weights
        engines, tokenizers = [one.engine for one in generators], [one.tokenizer for one in generators]
        mixture = Mixture(engines, tokenizers, weights)
        if len({one.direction for one in generators}) > 1:
            raise UsageError(
                "--mix: one of these runs writes lines forward, another backward; they cannot write together"
            )
        kinds = [one.documents for one in generators]
        # Where one of them knows no documents, none is spoken to in terms of documents.
        kind, memory = "file" if "file" in kinds else kinds[0], {}
        for one in generators:
            memory = merge(memory, one.memory)
        return cls(mixture.tokenizer, mixture, kind, generators[0].direction, memory)

    @takes_options
    def generate(
        self,
        prompt: str = "",
        *,
        config: SamplingConfig | None = None,
        transforms: Sequence[Callable] = (),
        corpus: str = "",
        **options,
    ) -> str:
        """Write one text.

        Args:
            prompt: text that the model reads first; empty to begin a document.
            config: options to begin from; those given by name win.
            transforms: callables (logits, context) -> logits of your own, float64 (rows, vocabulary), applied before
                the temperature (`textgen.writing.transforms`).
            corpus: the text that `max_copy` is about.

        Raises:
            UsageError: an option out of its range.
            PromptError: the prompt holds symbols outside the vocabulary.
        """
        return "".join(self.stream(prompt, config=config, transforms=transforms, corpus=corpus, **options))

    @takes_options
    def stream(
        self,
        prompt: str = "",
        *,
        config: SamplingConfig | None = None,
        transforms: Sequence[Callable] = (),
        corpus: str = "",
        **options,
    ) -> Iterator[str]:
        """Write one text, yielded as it is drawn, a symbol at a time. Arguments and errors as of `generate`."""
        # Checked before the first symbol is asked for: the caller hears of a bad prompt here, not in its loop.
        samples, pieces = self.write(prompt, config=config, transforms=transforms, corpus=corpus, **options)
        if len(samples) > 1:
            raise UsageError(f"count {len(samples)}: more than one text; use generate_many or write")
        samples[0].parts = None
        return (piece for _, piece in pieces)

    @takes_options
    def generate_many(
        self,
        prompts: str | Sequence[str] = "",
        *,
        config: SamplingConfig | None = None,
        transforms: Sequence[Callable] = (),
        corpus: str = "",
        **options,
    ) -> list[str]:
        """Write `count` texts for each prompt, side by side; the first prompt's first.

        The k-th text of a prompt depends on the seed, the prompt's place and k, not on how many others there are.
        Arguments and errors as of `generate`.
        """
        samples, pieces = self.write(prompts, config=config, transforms=transforms, corpus=corpus, **options)
        for _ in pieces:
            pass
        return [sample.text for sample in samples]

    @takes_options
    def write(
        self,
        prompts: str | Sequence[str] = "",
        *,
        config: SamplingConfig | None = None,
        transforms: Sequence[Callable] = (),
        corpus: str = "",
        measured: bool = False,
        **options,
    ) -> tuple[list[Sample], Iterator[tuple[Sample, str]]]:
        """Write `count` texts for each prompt.

        Args:
            prompts: a text or several that the model reads first.
            config, transforms, corpus: as of `generate`.
            measured: whether each Sample is to know its log-probability.

        Returns:
            the Samples, in the order of prompts, empty at first; and an iterator that does the writing and yields
            (Sample, the piece of text that was added to it). One text goes on symbol by symbol, several side by side.
        """
        config = dataclasses.replace(config or SamplingConfig(), **options)
        if config.documents and self.documents == "file":
            raise UsageError(
                "--documents: this run learned whole files and saw too few ends to write one; give a --length, or "
                "train with --documents block or line"
            )
        if (config.max_copy is None) != (not corpus):
            raise UsageError("--max-copy N and --corpus FILE go together: how much, and of which text")
        if config.seed is None:
            config = dataclasses.replace(config, seed=new_seed())
        if config.beam:
            config = dataclasses.replace(config, temperature=1.0)
        prompts = [prompts] if isinstance(prompts, str) else list(prompts)
        if self.direction == "backward":
            if config.beam or config.max_copy:
                raise UsageError(
                    "--beam and --max-copy want a run that writes lines from their beginning; this one was trained "
                    "with --direction backward"
                )
            # It goes on from whole lines only.
            prompts = [prompt if not prompt or prompt.endswith("\n") else prompt + "\n" for prompt in prompts]
        ids = [self.read_prompt(prompt, config.unknown) for prompt in prompts]
        spans = Spans(corpus, config.max_copy + 1) if corpus else None
        samples = [Sample(prompt, number) for prompt in prompts for number in range(config.count)]
        transforms = chain(config, self.tokenizer, self.printed, transforms)
        job = Job(self.engine, self.printed, config, transforms, spans, measured, self.direction == "backward")
        return samples, job.write(samples, ids)

    def score(self, text: str | Sequence[str]) -> Score:
        """How surprising each symbol of a text is to the model, which stays as it is.

        Args:
            text: one document, or several that are read one after another.

        Returns:
            a Score: the text's symbols and their surprisals, float64 (symbols,), nats.
        """
        with threads.limited(threads.for_rows(1, self.engine.largest_product)):
            documents, backward = [text] if isinstance(text, str) else text, self.direction == "backward"
            return score(self.engine, self.tokenizer, documents, self.separator, backward)

    def read_prompt(self, prompt: str, unknown: str = "error") -> np.ndarray:
        """Ids to begin from, at least one. Raises PromptError listing what the model never saw.

        Where documents are blocks or lines, a document boundary and the prompt. Where a document is a whole file the
        model saw too few boundaries to have learned what follows one, so it reads the prompt alone, or without a
        prompt the white space between two parts of a text.
        """
        prompt = readable(prompt, self.tokenizer, unknown)
        if self.documents == "file":
            prompt = prompt or ("" if self.tokenizer.unknown(self.separator) else self.separator)
            if prompt:
                return self.encode(prompt)
        return np.concatenate([[BOUNDARY], self.encode(prompt)])

    def encode(self, text: str) -> np.ndarray:
        """A text's ids in the order in which the model reads them."""
        ids = self.tokenizer.encode(text)
        return ids[reverse_lines(ids, self.tokenizer)] if self.direction == "backward" else ids
