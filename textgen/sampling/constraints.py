"""Transforms that look at what symbols say and at what was written: bias, forbidden texts and words, repetition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from textgen.errors import UsageError
from textgen.sampling.context import Context, FromValue, Logits, Vocabulary
from textgen.tokens.characters import in_word
from textgen.tokens.nearest import nearest


class WithWindow(Protocol):
    """A configuration that says how far back repetition is looked for."""

    @property
    def repetition_window(self) -> int:
        """Symbols."""


@dataclass(frozen=True)
class Bias:
    """Add a constant to each logit.

    Attributes:
        values: float64, shape (vocabulary,); minus infinity forbids a symbol.
    """

    values: NDArray[np.float64]
    reach: ClassVar[int] = 0

    @classmethod
    def build(cls, value: Sequence[tuple[str | int, float]], config: object, vocabulary: Vocabulary) -> Self:
        """From pairs of a symbol, or its id, and a number. Raises UsageError for what the vocabulary lacks."""
        tokenizer = vocabulary.tokenizer
        values = np.zeros(tokenizer.vocabulary_size)
        for symbol, amount in value:
            if isinstance(symbol, int):
                if not 0 <= symbol < len(values):
                    raise UsageError(f"`bias`: the model has no id {symbol}; its ids go from 0 to {len(values) - 1}")
                values[symbol] += amount
                continue
            ids = tokenizer.ids_of(symbol)
            if not ids:
                near = nearest(symbol, tokenizer.symbols)
                hint = f"; the nearest that it has is {near!r}" if near else ""
                raise UsageError(f"`bias`: the model has no {tokenizer.noun} {symbol!r}{hint}")
            values[ids] += amount
        return cls(values)

    def __call__(self, logits: Logits, context: Context) -> Logits:
        return logits + self.values


class ForbidText:
    """Never write these texts, however they divide into symbols.

    Args:
        texts: the forbidden texts.
        printed: each id's text.
    """

    def __init__(self, texts: Sequence[str], printed: Sequence[str]) -> None:
        self._whole = np.zeros(len(printed))
        # Pairs: how the text so far ends, and the ids that would then complete a forbidden text.
        self._ends: list[tuple[str, list[int]]] = []
        longest_symbol = max(map(len, printed))
        for text in texts:
            self._whole[[index for index, symbol in enumerate(printed) if text in symbol]] = -np.inf
            # What comes after the cut is the beginning of a symbol, so it is no longer than the longest.
            for cut in range(max(len(text) - longest_symbol, 1), len(text)):
                ids = [index for index, symbol in enumerate(printed) if symbol.startswith(text[cut:])]
                if ids:
                    self._ends.append((text[:cut], ids))
        self._longest = max(map(len, texts)) - 1

    @classmethod
    def build(cls, value: Sequence[str], config: object, vocabulary: Vocabulary) -> Self:
        """From the forbidden texts."""
        return cls(list(map(vocabulary.tokenizer.spelled, value)), vocabulary.printed)

    def __call__(self, logits: Logits, context: Context) -> Logits:
        logits = logits + self._whole
        for row in range(len(logits)) if self._longest else ():
            tail = context.tail(row, self._longest)
            for end, ids in self._ends:
                if tail.endswith(end):
                    logits[row, ids] = -np.inf
        return logits


class ForbidWord:
    """Never write these as whole words. They may be parts of longer words.

    Args:
        words: the forbidden words.
        vocabulary: the model's.
    """

    def __init__(self, words: Sequence[str], vocabulary: Vocabulary) -> None:
        printed, tokenizer = vocabulary.printed, vocabulary.tokenizer
        self._words = words
        self._whole = np.zeros(tokenizer.vocabulary_size)
        if tokenizer.whole_words:
            self._whole[[index for word in words for index in tokenizer.ids_of(word)]] = -np.inf
            self._longest = 0
            return
        # After a forbidden word that begins where a word begins, only symbols that make it longer are left.
        self._longest = max(map(len, words)) + 1
        self._ends = [index for index, symbol in enumerate(printed) if symbol and not in_word(symbol[0])]

    @classmethod
    def build(cls, value: Sequence[str], config: object, vocabulary: Vocabulary) -> Self:
        """From the forbidden words."""
        return cls(value, vocabulary)

    def __call__(self, logits: Logits, context: Context) -> Logits:
        logits = logits + self._whole
        for row in range(len(logits)) if self._longest else ():
            tail = context.tail(row, self._longest)
            for word in self._words:
                before = tail[: -len(word)]
                if tail.endswith(word) and not (before and in_word(before[-1])):
                    logits[row, self._ends] = -np.inf
        return logits


@dataclass(frozen=True)
class RepetitionPenalty:
    """Make recently written symbols less likely (Keskar et al. 2019, CTRL).

    Their positive logits are divided by the penalty, their negative ones multiplied. A penalty below 1 makes them
    likelier.

    Attributes:
        penalty: 0.01 to 100.
        window: how many of the latest symbols count.
    """

    penalty: float
    window: int

    @property
    def reach(self) -> int:
        """As far back as the window."""
        return self.window

    @classmethod
    def build(cls, value: float, config: WithWindow, vocabulary: Vocabulary) -> Self:
        """From the penalty; the window is an option of its own."""
        return cls(value, config.repetition_window)

    def __call__(self, logits: Logits, context: Context) -> Logits:
        recent = context.history[:, -self.window :]
        # The -1 of shorter texts marks the extra last column.
        seen = np.zeros((logits.shape[0], logits.shape[1] + 1), bool)
        np.put_along_axis(seen, recent, True, axis=1)
        changed = np.where(logits > 0, logits / self.penalty, logits * self.penalty)
        return np.where(seen[:, :-1], changed, logits)


@dataclass(frozen=True)
class PresencePenalty(FromValue):
    """Subtract the penalty from the logit of each symbol that the known text has (OpenAI's completions API)."""

    penalty: float

    def __call__(self, logits: Logits, context: Context) -> Logits:
        return logits - self.penalty * (_counts(logits, context) > 0)


@dataclass(frozen=True)
class FrequencyPenalty(FromValue):
    """Subtract the penalty from a symbol's logit as often as the known text has it (OpenAI's completions API)."""

    penalty: float

    def __call__(self, logits: Logits, context: Context) -> Logits:
        return logits - self.penalty * _counts(logits, context)


def _counts(logits: Logits, context: Context) -> NDArray[np.intp]:
    """How often each symbol occurs in the known history of each text: int, the shape of the logits."""
    rows, symbols = logits.shape
    # The -1 of shorter texts is counted in an extra first column.
    cells = context.history + 1 + np.arange(rows)[:, None] * (symbols + 1)
    return np.bincount(cells.ravel(), minlength=rows * (symbols + 1)).reshape(rows, symbols + 1)[:, 1:]


@dataclass(frozen=True)
class NoRepeatNgram(FromValue):
    """Never write the same n symbols in a row twice within the known history (Paulus et al. 2018)."""

    n: int

    def __call__(self, logits: Logits, context: Context) -> Logits:
        history, n = context.history, self.n
        windows = history.shape[1] - n + 1
        if windows < 1:
            return logits
        same = history[:, n - 1 :] >= 0
        for back in range(1, n):
            same &= history[:, n - 1 - back : n - 1 - back + windows] == history[:, -back, None]
        rows, columns = np.nonzero(same)
        logits = logits.copy()
        logits[rows, history[rows, columns + n - 1]] = -np.inf
        return logits
