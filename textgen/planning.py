"""Corpus and configurations to a plan: everything about a training that is known before its first step.

Reads no files and needs no Keras, so what a training would do can be told without doing it.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from textgen import poems
from textgen.config import ModelConfig, TrainingConfig
from textgen.corpus import Corpus
from textgen.errors import CorpusError
from textgen.sizes import settle
from textgen.streams import Streams, held_out_streams, lay_out, training_streams
from textgen.symbols import UNKNOWN
from textgen.tokenizers import TOKENIZERS, Tokenizer


@dataclass(frozen=True)
class Plan:
    """What will be trained on what, every "chosen by the tool" settled.

    Attributes:
        held_out: streams of the held-out text, or None where none is held out.
        characters, held_out_characters: Unicode code points in the training text and in the held-out text.
        size_reason: why the model is as large as it is.
        notes: one line for each thing the user might not expect.
        memory: hashes of the poems, `poems.memory`; empty where the text is none.
    """

    corpus: Corpus
    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer
    streams: Streams
    held_out: Streams | None
    characters: int
    held_out_characters: int
    size_reason: str
    notes: tuple[str, ...]
    memory: dict

    @property
    def steps(self):
        """Steps of the whole training; None where a budget of minutes will say."""
        return self.training.epochs and self.training.epochs * self.streams.steps

    @property
    def characters_per_step(self):
        """Characters of text that one step reads, on average."""
        return self.characters / len(self.streams.ids) * self.streams.batch * self.streams.length

    @property
    def symbols_per_character(self):
        """Factor from a loss a symbol to a loss a character, on the text that decides which weights are best.

        A document boundary counts as the character it stands for, so in a character model the two losses are one.
        """
        if self.model.tokenizer == "char":
            return 1.0
        streams, characters = (
            (self.held_out, self.held_out_characters) if self.held_out else (self.streams, self.characters)
        )
        return len(streams.ids) / max(characters, 1)

    def lines(self):
        """The plan in words, a line each."""
        model, training, noun = self.model, self.training, self.tokenizer.noun
        return [
            f"text: {self.corpus.name}, {_count(self.corpus.characters, 'character')} in "
            f"{_count(len(self.corpus.documents), 'document')}, {model.vocabulary_size:,} {noun}s in the vocabulary, "
            f"{_count(self.held_out_characters, 'character')} held out",
            f"size: {self.size_reason}",
            f"model: {model.encoder} encoder, {_count(model.layers, 'LSTM layer')} of {_count(model.units, 'unit')}, "
            f"{_count(model.parameters(), 'parameter')}; {self._dropout()}",
            f"training: {self._extent()}, each step {_count(self.streams.batch, 'stream')} of "
            f"{_count(training.sequence_length, noun)}, Adam at {training.learning_rate:g}",
        ]

    def _extent(self):
        if self.training.epochs is None:
            return f"{self.training.minutes:g} minutes, {_count(self.streams.steps, 'step')} a pass over the text"
        return f"{_count(self.training.epochs, 'epoch')} of {_count(self.streams.steps, 'step')}"

    def _dropout(self):
        model = self.model
        kinds = [
            (model.dropout * (model.layers > 1), "between layers"),
            (model.output_dropout, "before the logits"),
            (model.recurrent_dropconnect, "on the recurrent kernel"),
        ]
        return "dropout " + (", ".join(f"{rate:g} {place}" for rate, place in kinds if rate) or "none")


def _count(number, noun):
    return f"{number:,} {noun}{'s' * (number != 1)}"


def plan(corpus, model, training, tokenizer=None):
    """Settle a training.

    Args:
        corpus: the Corpus.
        model, training: the configurations; fields left None are chosen here.
        tokenizer: a vocabulary that exists already; None makes one from the corpus.

    Raises:
        CorpusError: the text is too short for one stretch of --sequence-length.
    """
    notes = list(corpus.notes)
    backward = training.direction == "backward"
    train_documents, held_out_documents = corpus.split(training.validation)
    # The vocabulary comes from the whole text: a letter that only the held-out part uses is still a letter.
    if tokenizer is None:
        tokenizer = TOKENIZERS[model.tokenizer].train(corpus.documents, model.vocabulary_size)
    model = dataclasses.replace(model, vocabulary_size=tokenizer.vocabulary_size)

    ids = lay_out(tokenizer, train_documents, backward)
    streams = training_streams(ids, training.batch_size, training.sequence_length)
    if streams is None:
        raise CorpusError(
            f"{corpus.name}: {len(ids)} {tokenizer.noun}s to train on; one stretch of --sequence-length "
            f"{training.sequence_length} needs {training.sequence_length + 1}: give more text, or a smaller "
            "--sequence-length"
        )
    if streams.batch < training.batch_size:
        notes.append(f"the text fills only {streams.batch} of --batch-size {training.batch_size} streams; using those")
        training = dataclasses.replace(training, batch_size=streams.batch)

    held_out_ids = lay_out(tokenizer, held_out_documents, backward)
    enough = len(held_out_ids) > 1
    if training.validation and not enough:
        notes.append("too little text to hold any out; the training loss decides which weights are best")
    model, training, size_reason = settle(model, training, len(ids))
    unknown = int(np.count_nonzero(ids == UNKNOWN))
    if unknown:
        notes.append(f"{unknown / len(ids):.1%} of the {tokenizer.noun}s are outside the vocabulary, read as unknown")
    if len(tokenizer.symbols) == 1:
        notes.append(f"the text holds a single {tokenizer.noun}; there is little to learn")
    return Plan(
        corpus=corpus,
        model=model,
        training=training,
        tokenizer=tokenizer,
        streams=streams,
        held_out=held_out_streams(held_out_ids, streams.rows, training.sequence_length) if enough else None,
        characters=sum(map(len, train_documents)),
        held_out_characters=sum(map(len, held_out_documents)),
        size_reason=size_reason,
        notes=tuple(notes),
        memory=poems.memory(corpus.documents) if corpus.kind == "poem" else {},
    )
