"""A prompt to text: read the prompt, then draw one symbol after another from the model.

`Generator.generate` returns one text; `Generator.stream` yields it as it is written; `Generator.write` writes many and
tells all that is known of each. The calls from `generate` to the network: `stream`, `write`, `write_texts`, its helper
(`_write_alone` or `_write_block`), `Rows.read`, `Engine.step`. This module knows nothing of training, and importing it
never imports TensorFlow or Keras.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.corpus.headings import HEADINGS, NONE
from textgen.corpus.memory import Memory
from textgen.engine.network import AnyNetwork, Engine, Network
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.poems import Arrays, read_knowledge
from textgen.runs.run import Run, load_run
from textgen.sampling.chain import chain
from textgen.sampling.config import SamplingConfig, SamplingOptions
from textgen.sampling.context import Transform, Vocabulary
from textgen.system import threads
from textgen.system.keywords import answers_keywords, lists_options, with_options
from textgen.tokens.base import Tokenizer
from textgen.tokens.layout import BOUNDARY, SEPARATORS, Ids
from textgen.writing.parts import check_weights, checked_config, hashes, known_ids, long_spans, own_transforms
from textgen.writing.prompts import readable, whole_lines
from textgen.writing.reader import Reader
from textgen.writing.sampler import Sampler, new_seed
from textgen.writing.samples import Sample, Writing
from textgen.writing.texts import Plan, write_texts

# What few texts need (mixtures, scores, copies) is imported where it is used: writing starts sooner.


@answers_keywords
class Generator(Reader):
    """Writes in the voice of one run: `Generator.load("story")` makes one from a run's name or folder.

    Args:
        tokenizer: the run's Tokenizer.
        engine: its network.
        documents: what one document of its corpus is: "file", "block", "line" or "poem".
        direction: whether it reads and writes lines "forward" or "backward", from their end.
        memory: hashes of the poems that it learned, if any.
        heading: what stood above each poem that it learned (`textgen.corpus.headings`).

    Attributes:
        tokenizer, engine, documents, direction, memory, heading: as given.
        separator: the text printed where the model ends one document and begins the next.
        printed: each id's text.
        labels: what each id is called where symbols are shown one by one.
        run: the run folder that it was loaded from, if it was.
        mixed: the generators that it mixes, if it does.
    """

    mixed: "tuple[Generator, ...]" = ()
    _read_knowledge: Callable[[], Arrays] = Arrays

    def __init__(
        self,
        tokenizer: Tokenizer,
        engine: AnyNetwork,
        documents: str,
        direction: str = "forward",
        memory: Memory | None = None,
        heading: str = NONE,
    ) -> None:
        self.tokenizer = arguments.instance("tokenizer", tokenizer, Tokenizer)
        self.engine = arguments.instance("engine", engine, Network)
        self.documents = arguments.text("documents", documents, SEPARATORS)
        self.direction = arguments.text("direction", direction, ("forward", "backward"))
        self.memory: Memory = hashes(memory)
        self.heading = arguments.text("heading", heading, HEADINGS)
        self.separator = SEPARATORS[documents]
        self.printed: Sequence[str] = tokenizer.printed(self.separator)
        self.labels: Sequence[str] = tokenizer.labels(self.separator)

    @cached_property
    def knowledge(self) -> Arrays:
        """What its run knows of the poems that it learned (`textgen.verse.meaning.knowledge`), read when it is needed.

        Empty for a run that learned other text, and for a mixture. Raises RunError.
        """
        return self._read_knowledge()

    @classmethod
    @answers_keywords
    def load(cls, run: str | Path | None = None) -> "Generator":
        """Load the generator of a run.

        Args:
            run: a folder's path or a name in `checkpoints/` (or in TEXTGEN_RUNS); None for the newest run.

        Raises:
            RunError: there is no such run, or it cannot be read.
        """
        return cls.of_run(load_run(run))

    @classmethod
    @answers_keywords
    def of_run(cls, run: Run) -> "Generator":
        """Build the generator of a run that was read (`textgen.runs.run.load_run`). Raises RunError."""
        arguments.instance("run", run, Run)
        generator = cls.from_parts(run.model, run.training, run.tokenizer, run.weights, run.memory)
        generator.run = run.path
        # Copies of the generator share what was read once.
        generator._read_knowledge = cache(partial(read_knowledge, run.path))
        return generator

    @classmethod
    @answers_keywords
    def from_parts(
        cls,
        model: ModelConfig,
        training: TrainingConfig,
        tokenizer: Tokenizer,
        weights: Mapping[str, NDArray[np.float32]],
        memory: Memory | None = None,
    ) -> "Generator":
        """Build the generator of a model.

        Args:
            model: what the network is.
            training: what it learned from.
            tokenizer: its Tokenizer.
            weights: float32 arrays by name, with the names and shapes of `ModelConfig.weight_shapes`.
            memory: hashes of the poems that it learned, if any.

        Raises:
            UsageError: parts of other kinds, or that do not fit each other.
        """
        arguments.instance("model", model, ModelConfig)
        arguments.instance("training", training, TrainingConfig)
        arguments.instance("tokenizer", tokenizer, Tokenizer)
        if tokenizer.vocabulary_size != model.sizes.vocabulary:
            raise UsageError(
                f"`tokenizer` has {tokenizer.vocabulary_size} symbols; `model` has {model.sizes.vocabulary}"
            )
        check_weights(weights, model)
        return cls(tokenizer, Engine(model, weights), training.documents, training.direction, memory, training.heading)

    @classmethod
    @answers_keywords
    def mix(cls, generators: Sequence["Generator"], weights: Sequence[float] | None = None) -> "Generator":
        """Build a generator that draws each symbol from the weighted mean of several generators' probabilities.

        Args:
            generators: all of characters or all of words. Their vocabularies may differ.
            weights: one for each generator; None for equal weights.

        Raises:
            UsageError: the weights do not fit, or the generators are of different kinds.
        """
        from textgen.writing.variants import mixed_parts

        wanted = "Generators, at least one"
        generators = [
            arguments.instance("generators", one, Generator, wanted)
            for one in arguments.items("generators", generators, wanted)
        ]
        if not generators:
            raise arguments.refused("generators", wanted, generators)
        mixing = cls(*mixed_parts(generators, weights))
        mixing.mixed = tuple(generators)
        return mixing

    def __repr__(self) -> str:
        from textgen.writing.about import about

        mixed = [one.run for one in self.mixed]
        return about(self.engine, self.tokenizer, self.direction, self.run, mixed)

    @answers_keywords
    @lists_options(SamplingConfig)
    def generate(
        self,
        prompt: str = "",
        *,
        config: SamplingConfig | None = None,
        transforms: Sequence[Transform] = (),
        corpus: str = "",
        hold: Mapping[str, float] | Sequence[str] = (),
        state_of: str = "",
        **options: Unpack[SamplingOptions],
    ) -> str:
        """Write one text.

        Args:
            prompt: text that the model reads first; empty to begin a document.
            config: a configuration to start from. Options given by name override it.
            transforms: your own functions from (logits, context) to logits, float64 of shape (rows, vocabulary),
                applied before the temperature (`textgen.sampling.context.Transform`).
            corpus: the text that `max_copy` protects: the text itself, not a file's name.
            hold: gates that are held at a value (`with_hold`).
            state_of: a text whose state takes the place of the prompt's: the network reads it, then the last symbol of
                the prompt.
            options: fields of SamplingConfig, listed below.

        Returns:
            the text, beginning with the prompt unless `include_prompt` is false.

        Raises:
            UsageError: an unknown option, or one out of its range.
            PromptError: the prompt holds symbols outside the vocabulary.
        """
        config = with_options(SamplingConfig, config, options)
        pieces = self.stream(prompt, config=config, transforms=transforms, corpus=corpus, hold=hold, state_of=state_of)
        return "".join(pieces)

    @answers_keywords
    @lists_options(SamplingConfig)
    def stream(
        self,
        prompt: str = "",
        *,
        config: SamplingConfig | None = None,
        transforms: Sequence[Transform] = (),
        corpus: str = "",
        hold: Mapping[str, float] | Sequence[str] = (),
        state_of: str = "",
        **options: Unpack[SamplingOptions],
    ) -> Iterator[str]:
        """Write one text and yield it as it is drawn, symbol by symbol.

        Everything is checked before the first symbol is drawn. The text is not kept, so it may be longer than memory.
        Arguments and errors are those of `generate`.
        """
        config = with_options(SamplingConfig, config, options)
        if config.count > 1:
            raise UsageError(
                f"`count={config.count}` is more than one text: use Generator.generate_many or Generator.write"
            )
        writing = self.write(
            arguments.text("prompt", prompt),
            config=config,
            transforms=transforms,
            corpus=corpus,
            hold=hold,
            state_of=state_of,
            keep=False,
        )
        return (piece for _, piece in writing)

    @answers_keywords
    @lists_options(SamplingConfig)
    def generate_many(
        self,
        prompts: str | Sequence[str] = "",
        *,
        config: SamplingConfig | None = None,
        transforms: Sequence[Transform] = (),
        corpus: str = "",
        hold: Mapping[str, float] | Sequence[str] = (),
        state_of: str = "",
        **options: Unpack[SamplingOptions],
    ) -> list[str]:
        """Write `count` texts for each prompt, side by side, and return them, those of the first prompt first.

        The k-th text of a prompt depends on the seed, on which prompt it is and on k, not on how many texts there are.
        Arguments and errors are those of `generate`.
        """
        config = with_options(SamplingConfig, config, options)
        return self.write(
            prompts, config=config, transforms=transforms, corpus=corpus, hold=hold, state_of=state_of
        ).finish()

    @answers_keywords
    @lists_options(SamplingConfig)
    def write(
        self,
        prompts: str | Sequence[str] = "",
        *,
        config: SamplingConfig | None = None,
        transforms: Sequence[Transform] = (),
        corpus: str = "",
        hold: Mapping[str, float] | Sequence[str] = (),
        state_of: str = "",
        measured: bool = False,
        keep: bool = True,
        **options: Unpack[SamplingOptions],
    ) -> Writing:
        """Write `count` texts for each prompt.

        Args:
            prompts: a text or several that the model reads first.
            config, transforms, corpus, hold, state_of, options: as for `generate`.
            measured: whether each Sample gets its log-probability.
            keep: whether each Sample keeps its text. Without, a text may be longer than memory.

        Returns:
            a Writing: iterate it to write the texts; it yields (Sample, piece of text).

        Raises:
            UsageError: an unknown option, or one out of its range.
            PromptError: a prompt holds symbols outside the vocabulary.
        """
        generator = self.with_hold(hold) if hold else self
        plan = generator.plan(
            arguments.documents("prompts", prompts),
            with_options(SamplingConfig, config, options),
            transforms=transforms,
            corpus=corpus,
            state_of=state_of,
            measured=measured,
            keep=keep,
        )
        return Writing(plan.samples, write_texts(plan))

    @answers_keywords
    def plan(
        self,
        prompts: Sequence[str | Sequence[int]],
        config: SamplingConfig,
        *,
        transforms: Sequence[Transform] = (),
        corpus: str = "",
        state_of: str = "",
        measured: bool = False,
        keep: bool = True,
    ) -> Plan:
        """Check what `write` is to write, without writing it.

        Args:
            prompts: texts, or symbols by their ids, which the reserved ones are not among.
            config, transforms, corpus, state_of, measured, keep: as for `write`.

        Raises:
            UsageError, PromptError: as `write`.
        """
        corpus = arguments.text("corpus", corpus)
        config = checked_config(config, corpus, self.documents, self.direction)
        seed = new_seed() if config.seed is None else config.seed
        is_backward = self.direction == "backward"
        own, texts, ids = own_transforms(transforms), [], []
        for prompt in prompts:
            text = prompt if isinstance(prompt, str) else self.tokenizer.decode(known_ids(prompt, self.tokenizer))
            texts.append(text := whole_lines(text) if is_backward else text)
            is_plain = isinstance(prompt, str) or is_backward
            ids.append(self.read_prompt(text, config.unknown) if is_plain else self._begun(np.asarray(prompt, np.intp)))
        sampler = Sampler(
            engine=self.engine,
            printed=self.printed,
            config=config,
            transforms=chain(config, Vocabulary(self.printed, self.tokenizer, is_backward), own),
            seed=seed,
            measured=arguments.switch("measured", measured) or config.best_of > 1,
            backward=is_backward,
            spans=long_spans(corpus, config.max_copy),
            # A caller's function may not be meant for several threads.
            threads=1 if own else threads.allowed(),
            own=bool(own),
            has_bytes=self.tokenizer.has_bytes,
        )
        keep = arguments.switch("keep", keep)
        samples = [Sample(each, place, parts=[] if keep else None) for each in texts for place in range(config.count)]
        state_of = arguments.text("state_of", state_of)
        state_of = whole_lines(state_of) if is_backward else state_of
        before = None
        if state_of:
            before = self._begun(self.encode(readable(state_of, self.tokenizer, config.unknown, "`state_of`")))
        return Plan(sampler, samples, ids, before)

    @answers_keywords
    def read_prompt(self, prompt: str, unknown: str = "error") -> Ids:
        """The ids to start from, shape (symbols,), at least one.

        Where documents are blocks, lines or poems: a document boundary, then the prompt. Where a document is a whole
        file, the model saw too few boundaries to learn what follows one. It then reads the prompt alone, or without a
        prompt the white space that separates two parts of a text.

        Args:
            prompt: text.
            unknown: how to handle symbols outside the vocabulary: "error", "skip" or "nearest".

        Raises:
            PromptError: lists the symbols outside the vocabulary.
        """
        unknown = arguments.text("unknown", unknown, ("error", "skip", "nearest"))
        return self._begun(self.encode(readable(arguments.text("prompt", prompt), self.tokenizer, unknown)))

    def _begun(self, ids: Ids) -> Ids:
        """A prompt's ids and what the model reads before them, as `read_prompt` says."""
        if self.documents == "file":
            if not len(ids) and not self.tokenizer.unknown(self.separator):
                ids = self.encode(self.separator)
            if len(ids):
                return ids
        return np.concatenate([[BOUNDARY], ids])
