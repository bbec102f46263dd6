"""Corpus and configurations to a plan: everything about a training that is known before its first step.

Reads no files and needs no Keras, so what a training would do can be told without doing it.
"""

import dataclasses
from dataclasses import dataclass

from textgen.corpus.documents import Corpus
from textgen.corpus.memory import hash_poems
from textgen.errors import CorpusError
from textgen.planning.dataset import Encoded, encode
from textgen.planning.sizes import settle
from textgen.planning.streams import Streams, held_out_streams, training_streams
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.system.wording import count
from textgen.tokens.base import Tokenizer

# Symbols of the held-out text that the loss is measured on, at most: a tenth of a gigabyte would take minutes an epoch.
MOST_MEASURED = 1 << 20


@dataclass(frozen=True)
class Plan:
    """What will be trained on what, every "chosen by the tool" settled.

    Attributes:
        text: the corpus as ids, Encoded.
        held_out: streams of the held-out text, or None where none is held out.
        size_reason: why the model is as large as it is.
        notes: one line for each thing the user might not expect.
        memory: hashes of the poems, `poems.memory`; empty where the text is none.
    """

    corpus: Corpus
    model: ModelConfig
    training: TrainingConfig
    tokenizer: Tokenizer
    streams: Streams
    text: Encoded
    held_out: Streams | None
    size_reason: str
    notes: tuple[str, ...]
    memory: dict

    @property
    def steps(self):
        """Steps of the whole training; None where a budget of minutes will say."""
        return self.training.epochs and self.training.epochs * self.streams.steps

    @property
    def measured(self):
        """Symbols that the loss is measured on after each epoch."""
        return self.held_out.symbols if self.held_out else 0

    @property
    def characters_per_step(self):
        """Characters of text that one step reads, on average."""
        return self.text.characters / len(self.streams.ids) * self.streams.batch * self.streams.length

    @property
    def symbols_per_character(self):
        """Factor from a loss a symbol to a loss a character, on the text that decides which weights are best.

        A document boundary counts as the character it stands for, so in a character model the two losses are one.
        """
        if self.model.tokenizer == "char":
            return 1.0
        text = self.text
        if self.held_out:
            return len(text.held_out) / max(text.held_out_characters, 1)
        return len(text.ids) / max(text.characters, 1)

    def lines(self):
        """The plan in words, a line each."""
        model, training, noun = self.model, self.training, self.tokenizer.noun
        characters = self.text.characters + self.text.held_out_characters
        return [
            f"text: {self.corpus.name}, {count(characters, 'character')} in "
            f"{count(self.text.documents, 'document')}, {model.vocabulary_size:,} {noun}s in the vocabulary, "
            f"{count(self.text.held_out_characters, 'character')} held out",
            f"size: {self.size_reason}",
            f"model: {model.encoder} encoder, {count(model.layers, 'LSTM layer')} of {count(model.units, 'unit')}, "
            f"{count(model.parameters(), 'parameter')}; {self._dropout()}",
            f"training: {self._extent()}, each step {count(self.streams.batch, 'stream')} of "
            f"{count(training.sequence_length, noun)}, Adam at {training.learning_rate:g}",
        ]

    def _extent(self):
        if self.training.epochs is None:
            return f"{self.training.minutes:g} minutes, {count(self.streams.steps, 'step')} a pass over the text"
        return f"{count(self.training.epochs, 'epoch')} of {count(self.streams.steps, 'step')}"

    def _dropout(self):
        model = self.model
        kinds = [
            (model.dropout * (model.layers > 1), "between layers"),
            (model.output_dropout, "before the logits"),
            (model.recurrent_dropconnect, "on the recurrent kernel"),
        ]
        return "dropout " + (", ".join(f"{rate:g} {place}" for rate, place in kinds if rate) or "none")


def plan(corpus, model, training, tokenizer=None, grown=None):
    """Settle a training.

    Args:
        corpus: the Corpus, or LargeCorpus.
        model, training: the configurations; fields left None are chosen here.
        tokenizer: a vocabulary that exists already; None makes one from the corpus.
        grown: in its place, a vocabulary that is to be extended by what is new in the corpus.

    Raises:
        CorpusError: the text is too short for one stretch of --sequence-length.
    """
    text = encode(
        corpus,
        training.validation,
        tokenizer=tokenizer,
        grown=grown,
        unit=model.tokenizer,
        size=model.vocabulary_size,
        backward=training.direction == "backward",
    )
    notes, ids, tokenizer = list(corpus.notes), text.ids, text.tokenizer
    model = dataclasses.replace(model, vocabulary_size=tokenizer.vocabulary_size)
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

    held_out = text.held_out
    enough = len(held_out) > 1
    if training.validation and not enough:
        notes.append("too little text to hold any out; the training loss decides which weights are best")
    if len(held_out) > MOST_MEASURED:
        notes.append(
            f"the loss is measured on the first {MOST_MEASURED:,} of {len(held_out):,} {tokenizer.noun}s held out"
        )
        held_out = held_out[:MOST_MEASURED]
    model, training, size_reason = settle(model, training, len(ids))
    if text.unknown:
        notes.append(
            f"{text.unknown / len(ids):.1%} of the {tokenizer.noun}s are outside the vocabulary, read as unknown"
        )
    if len(tokenizer.symbols) == 1:
        notes.append(f"the text holds a single {tokenizer.noun}; there is little to learn")
    return Plan(
        corpus=corpus,
        model=model,
        training=training,
        tokenizer=tokenizer,
        streams=streams,
        held_out=held_out_streams(held_out, streams.rows, training.sequence_length) if enough else None,
        text=text,
        size_reason=size_reason,
        notes=tuple(notes),
        memory=hash_poems(corpus.documents) if corpus.kind == "poem" else {},
    )
