"""Corpus and configurations to a plan: everything about a training that is known before its first step.

It needs no Keras and starts no training, so a plan can be shown without being carried out.
"""

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textgen.corpus.documents import Corpus
from textgen.corpus.memory import Memory, hash_poems
from textgen.corpus.text import Text
from textgen.corpus.values import shown
from textgen.errors import CorpusError, UsageError
from textgen.planning.baselines import baselines, count_symbols
from textgen.planning.candidates import CandidateSampler
from textgen.planning.dataset import Encoded, VocabularySpec, encode
from textgen.planning.labelling import Labelling
from textgen.planning.sizes import USUAL_BATCH, batch_factor, choose, chosen, expected_bytes
from textgen.planning.streams import HeldOutStreams, TrainingStreams, held_out_streams, training_streams
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.run import Baselines
from textgen.system.wording import count
from textgen.tokens.base import Rules, Tokenizer

# Symbols of the held-out text that the loss is measured on, at most: a tenth of a gigabyte would take minutes an epoch.
MAX_MEASURED_SYMBOLS = 1 << 20


@dataclass(frozen=True)
class Fact:
    """One thing that a plan says.

    Attributes:
        name: what it is about: "text", "size", "model" or "training".
        text: the fact in words, one line.
    """

    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


@dataclass(frozen=True)
class Plan:
    """A training before its first step: what is trained on what, with nothing left to choose.

    Attributes:
        corpus: the text.
        model, training: the configurations, complete.
        tokenizer: the vocabulary.
        streams: streams of the text to train on.
        text: the corpus as ids.
        held_out: streams of the held-out text; None if none is held out.
        size_reason: why the model is as large as it is.
        notes: one line for each thing that the user might not expect.
        memory: hashes of the poems (`textgen.corpus.memory.hash_poems`); empty for other texts.
    """

    corpus: Text
    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer
    streams: TrainingStreams
    text: Encoded
    held_out: HeldOutStreams | None
    size_reason: str
    notes: tuple[str, ...]
    memory: Memory

    @property
    def steps(self) -> int | None:
        """Steps of the whole training; None if a budget of minutes will decide."""
        return self.training.epochs and self.training.epochs * self.streams.steps

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """How often each symbol occurs in the text to train on, or in stretches of a long one, shape (vocabulary,)."""
        return count_symbols(self.text.ids, chosen(self.model.vocabulary_size))

    @cached_property
    def sampler(self) -> CandidateSampler | None:
        """What chooses the symbols that a step's loss is over; None where it is over all."""
        samples = self.training.softmax_samples
        return CandidateSampler(self.counts, samples) if samples else None

    @property
    def labelling(self) -> Labelling:
        """Which labels a training step is told, and which it predicts."""
        names = [labels.name for labels in self.model.labels]
        classify = self.model.classify
        return Labelling(self.training.label_dropout, names.index(classify) if classify else None)

    @property
    def measured(self) -> int:
        """Symbols that the loss is measured on after each epoch."""
        return self.held_out.symbols if self.held_out else 0

    @property
    def characters_per_step(self) -> float:
        """Characters of text that one step reads, on average."""
        return self.text.characters / len(self.streams.ids) * self.streams.batch * self.streams.length

    @property
    def symbols_per_character(self) -> float:
        """The factor from a loss a symbol to a loss a character, on the text that decides which weights are best.

        A document boundary counts as the character that it stands for, so for a character model the factor is 1.
        """
        if self.tokenizer.of_characters:
            return 1.0
        text = self.text
        if self.held_out:
            return len(text.held_out) / max(text.held_out_extent.characters, 1)
        return len(text.ids) / max(text.characters, 1)

    def baselines(self) -> Baselines:
        """What the loss would be without a network; counts the text anew at each call."""
        return baselines(self.text.ids, self.text.held_out, self.tokenizer.vocabulary_size)

    def facts(self) -> tuple[Fact, ...]:
        """The plan in words."""
        return (
            Fact("text", self._text()),
            Fact("size", self.size_reason),
            Fact("model", self._model()),
            Fact("training", self._training()),
        )

    def _text(self) -> str:
        text = self.text
        return (
            f"{self.corpus.name}, {count(text.characters + text.held_out_extent.characters, 'character')} in "
            f"{count(text.documents, 'document')}, {self.model.vocabulary_size:,} {self.tokenizer.noun}s in the "
            f"vocabulary, {count(text.held_out_extent.characters, 'character')} held out"
        )

    def _model(self) -> str:
        model = self.model
        encoder = f"{model.encoder} encoder" + (", tied to the output" if model.tie else "")
        layers = f"{count(chosen(model.layers), 'LSTM layer')} of {count(chosen(model.units), 'unit')}"
        projected = f" projected to {model.projection}" if model.projection else ""
        samples = self.training.softmax_samples
        loss = f"; the loss of a step is over {samples:,} symbols" if samples else ""
        labels = "".join(f", told {each.shown()}" for each in model.labels)
        classifier = f", a classifier of {model.classify}" if model.classify else ""
        size = f"{encoder}{labels}, {layers}{projected}{classifier}, {count(model.parameters(), 'parameter')}"
        return f"{size}; {self._dropout()}{loss}"

    def _dropout(self) -> str:
        model = self.model
        kinds = [
            (model.embedding_dropout, "of whole symbols"),
            (model.input_dropout, "before the first layer"),
            (chosen(model.dropout) * (chosen(model.layers) > 1), "between layers"),
            (model.output_dropout, "before the logits"),
            (model.recurrent_dropconnect, "on the recurrent kernel"),
        ]
        kind = "variational dropout " if model.variational else "dropout "
        return kind + (", ".join(f"{rate:g} {place}" for rate, place in kinds if rate) or "none")

    def _training(self) -> str:
        training = self.training
        return (
            f"{self._extent()}, each step {count(self.streams.batch, 'stream')} of "
            f"{count(training.sequence_length, self.tokenizer.noun)}, Adam at {training.learning_rate:g}; about "
            f"{expected_bytes(self.model, training, self.streams.rows) / 1e9:.1f} GB of memory"
        )

    def _extent(self) -> str:
        if self.training.epochs is None:
            return f"{self.training.minutes:g} minutes, {count(self.streams.steps, 'step')} a pass over the text"
        return f"{count(self.training.epochs, 'epoch')} of {count(self.streams.steps, 'step')}"


def plan(
    corpus: Text,
    model: ModelConfig,
    training: TrainingConfig,
    tokenizer: Tokenizer | None = None,
    extend_from: Tokenizer | None = None,
) -> Plan:
    """Plan a training.

    Args:
        corpus: the Corpus or LargeCorpus.
        model, training: the configurations; fields that are None are chosen here.
        tokenizer: an existing vocabulary; None makes one from the corpus.
        extend_from: instead of it, a vocabulary to extend by the symbols of the corpus that it lacks.

    Raises:
        CorpusError: the text is too short for one step of `sequence_length`.
    """
    rules = Rules(special=model.special, subwords=model.subwords)
    vocabulary = VocabularySpec(tokenizer, extend_from, model.tokenizer, model.vocabulary_size, rules)
    backward = training.direction == "backward"
    text = encode(corpus, training.validation, vocabulary, backward=backward, known=model.labels)
    model = dataclasses.replace(model, vocabulary_size=text.tokenizer.vocabulary_size, labels=text.label_sets)
    if model.classify and model.classify not in [labels.name for labels in text.label_sets]:
        raise UsageError(f"`classify={shown(model.classify)}`: the text has no such label; add it to `label`")
    streams = _streams(corpus.name, text, training)
    notes = [*map(str, text.notes), *_notes(text, streams, training)]
    notes += _batch_notes(streams.batch, training)
    training = dataclasses.replace(training, batch_size=streams.batch)
    model, training, reason = choose(model, training, len(text.ids))
    return Plan(
        corpus=corpus,
        model=model,
        training=training,
        tokenizer=text.tokenizer,
        streams=streams,
        held_out=_held_out(text, streams),
        text=text,
        size_reason=reason,
        notes=tuple(notes),
        memory=hash_poems(corpus.documents) if isinstance(corpus, Corpus) and corpus.kind == "poem" else {},
    )


def _streams(name: str, text: Encoded, training: TrainingConfig) -> TrainingStreams:
    """The streams to train on. Raises CorpusError if the text is too short for one step."""
    streams = training_streams(text.ids, training.batch_size, training.sequence_length, text.labels)
    if streams is None:
        raise CorpusError(
            f"{name}: {len(text.ids)} {text.tokenizer.noun}s to train on; one stretch of "
            f"`sequence_length={training.sequence_length}` needs {training.sequence_length + 1}: give more text, or a "
            "smaller `sequence_length`"
        )
    return streams


def _held_out(text: Encoded, streams: TrainingStreams) -> HeldOutStreams | None:
    """The streams to measure on; None if nothing can be predicted."""
    ids = text.held_out[:MAX_MEASURED_SYMBOLS]
    return held_out_streams(ids, streams.rows, streams.length, text.held_out_labels) if len(ids) > 1 else None


def _batch_notes(rows: int, training: TrainingConfig) -> list[str]:
    """What a batch above the usual changes."""
    factor = batch_factor(rows)
    if factor == 1 or training.learning_rate is not None:
        return []
    return [
        f"a batch of {rows:,} is {rows / USUAL_BATCH:.3g} times the usual {USUAL_BATCH}, so the learning rate is "
        f"{factor:.3g} times as high, the square root of that; `learning_rate` sets another"
    ]


def _notes(text: Encoded, streams: TrainingStreams, training: TrainingConfig) -> list[str]:
    """What the user might not expect of a training on this text."""
    noun, held_out, notes = text.tokenizer.noun, len(text.held_out), []
    if streams.batch < training.batch_size:
        notes.append(f"the text fills only {streams.batch} of {training.batch_size} streams; using those")
    if training.validation and held_out <= 1:
        notes.append("too little text to hold any out; the training loss decides which weights are best")
    if held_out > MAX_MEASURED_SYMBOLS:
        notes.append(f"the loss is measured on the first {MAX_MEASURED_SYMBOLS:,} of {held_out:,} {noun}s held out")
    if text.unknown:
        share = text.unknown / len(text.ids)
        notes.append(f"{share:.1%} of the {noun}s are outside the vocabulary and read as unknown")
    if len(text.tokenizer.symbols) == 1:
        notes.append(f"the text holds a single {noun}; there is little to learn")
    return notes
