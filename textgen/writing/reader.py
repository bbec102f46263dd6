"""What a generator does with texts that exist: their ids, how surprising they are, their labels, their vectors.

This module knows nothing of training, and importing it never imports TensorFlow or Keras.
"""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.engine.cache_config import CacheOptions
from textgen.engine.label_config import LabelConfig
from textgen.engine.network import AnyNetwork
from textgen.errors import UsageError
from textgen.system import threads
from textgen.system.keywords import answers_keywords
from textgen.tokens.base import Tokenizer
from textgen.tokens.labels import LabelSet
from textgen.tokens.layout import BOUNDARY, Ids, reverse_lines

if TYPE_CHECKING:
    from textgen.engine.measure import Score
    from textgen.writing.classes import Classes

# What few texts need is imported where it is used: writing starts sooner.


class Reader:
    """The base of Generator: a network that reads texts.

    Attributes:
        tokenizer, engine: the run's tokenizer and network.
        direction: whether it reads lines "forward" or "backward", from their end.
        separator: the text between two documents.
        run: the run folder that it was loaded from, if it was.
    """

    tokenizer: Tokenizer
    engine: AnyNetwork
    direction: str
    separator: str
    run: Path | None = None

    @answers_keywords
    def with_cache(self, **options: Unpack[CacheOptions]) -> Self:
        """Return a generator that also remembers what it reads and writes in a text: a neural cache.

        Args:
            options: the fields of `textgen.engine.cache.CacheConfig`.

        Raises:
            UsageError: an option out of its range, or a generator that mixes several runs.
        """
        from textgen.writing.variants import cached_engine

        return self._with_engine(cached_engine(self.engine, options))

    @answers_keywords
    def with_labels(self, labels: Mapping[str, object] | Sequence[str], guidance: float = 1.0) -> Self:
        """Return a generator whose texts have these labels, or mixtures of them.

        Args:
            labels: for each name a label, or labels and their weights: {"author": "Dickens"} or
                {"author": {"Dickens": 0.6, "Shelley": 0.4}}. Or texts as on the command line, "author=Dickens". Of a
                name that is missing nothing is told.
            guidance: how strongly the labels are followed (classifier-free guidance): 1 as they were learned, more to
                prefer what they make likelier. With another guidance than 1, each step is computed twice.

        Raises:
            UsageError: a name or label that the run does not know, or a generator that mixes several runs.
        """
        from textgen.writing.variants import labelled_engine

        if isinstance(labels, (str, bytes)) or not isinstance(labels, (Mapping, Sequence)):
            raise arguments.refused("labels", "labels by name, or a list of texts such as author=Dickens", labels)
        guidance = LabelConfig(guidance=guidance).guidance
        return self._with_engine(labelled_engine(self.engine, labels, guidance))

    @answers_keywords
    def with_hold(self, hold: Mapping[str, float] | Sequence[str]) -> Self:
        """Return a generator whose network has gates that are held at a value, to see what they are for.

        Args:
            hold: values by what is held: {"forget": 0.5} holds the forget gates of all units, {"forget:0": 0.5} those
                of layer 0, {"forget:0:17": 0.5} that of its unit 17. The gates are "input", "forget" and "output", from
                0 to 1, and "candidate", from -1 to 1. An output gate at 0 silences a unit. Or texts as on the command
                line, "forget=0.5".

        Raises:
            UsageError: no such gate, layer or unit, or a generator that mixes several runs, has a cache or guidance.
        """
        from textgen.writing.variants import held_engine

        other = self._with_engine(held_engine(self.engine, hold))
        other.run = None  # it is not that of the run any more
        return other

    def _with_engine(self, engine: AnyNetwork) -> Self:
        other = copy.copy(self)
        other.engine = engine
        return other

    @property
    def label_sets(self) -> tuple[LabelSet, ...]:
        """The labels that the run knows; none for a mixture."""
        from textgen.engine.network import Engine

        return self.engine.config.labels if isinstance(self.engine, Engine) else ()

    @answers_keywords
    def score(self, text: str | Sequence[str]) -> "Score":
        """Measure how surprising each symbol of a text is to the model.

        Args:
            text: one document, or several that are read one after another.

        Returns:
            a Score: the text's symbols and their surprisals, float64, shape (symbols,), nats.
        """
        from textgen.engine.measure import score

        texts = arguments.documents("text", text)
        with threads.limited():
            return score(self.engine, self.tokenizer, texts, self.separator, self.direction == "backward")

    @answers_keywords
    def encode(self, text: str) -> Ids:
        """A text's ids, shape (symbols,), in the order in which the model reads them."""
        ids: Ids = self.tokenizer.encode(arguments.text("text", text))
        return ids[reverse_lines(ids, self.tokenizer)] if self.direction == "backward" else ids

    @answers_keywords
    def encode_texts(self, texts: str | Sequence[str]) -> NDArray[np.float32]:
        """A vector for each text, so that texts alike have vectors alike.

        It is the mean of the last layer's hidden states while the text is read, and the last of them, each scaled to
        length 1. The product of two vectors, divided by 2, is the mean of the two cosines.

        Args:
            texts: one document, or several; each is read alone.

        Returns:
            float32, shape (texts, 2 x output).

        Raises:
            UsageError: a generator that mixes several runs, or has a cache.
        """
        from textgen.engine.texts import vectors
        from textgen.writing.variants import single_engine

        return vectors(single_engine(self.engine, "a text's vector"), self._documents_ids(texts))

    @answers_keywords
    def classify(self, texts: str | Sequence[str], name: str | None = None) -> "Classes":
        """Classify texts by a label, in two ways.

        Args:
            texts: one document, or several; each is read alone.
            name: the name of the label; None for that of the run's classifier, or the only one.

        Returns:
            a Classes: the labels' probabilities for each text, by the run's classifier (where it learned one), and by
            which label makes the text least surprising.

        Raises:
            UsageError: the run knows no labels, or none of that name.
        """
        from textgen.writing.classes import classes
        from textgen.writing.variants import single_engine

        engine = single_engine(self.engine, "classification")
        return classes(engine, name, self._documents_ids(texts))

    def _documents_ids(self, texts: str | Sequence[str]) -> list[Ids]:
        """Each document as the network reads it: a BOUNDARY, then its ids."""
        found = [self.encode(text) for text in arguments.documents("texts", texts)]
        if not found:
            raise UsageError("`texts`: no text in it")
        return [np.concatenate([[BOUNDARY], ids]) for ids in found]
