"""The transforms of a model's logits before a symbol is drawn: small pure classes, and their order.

Each is a `Transform` (textgen.sampling.context). `textgen.sampling.chain` applies them in the order of the fields of
TransformConfig:

    forbid, forbid_word, bias, repetition_penalty, no_repeat,   (a caller's own transforms),
    temperature, top_k, top_p, min_p, typical

So a forbidden symbol never counts towards a top-p, and a truncation sees the probabilities that the draw will see. No
transform makes NaN of logits up to 1e30. Each leaves at least one symbol where one was left, unless its purpose is to
forbid symbols.

A new transform is a class and a field of TransformConfig, both in this file, and the field's accepted type in
TransformOptions. This module knows nothing of models.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from textgen.engine.probability import softmax
from textgen.errors import UsageError
from textgen.options import Config, option, texts
from textgen.sampling import parsing
from textgen.sampling.context import MAX_HISTORY, Context, FromValue, Logits, Transform, Vocabulary
from textgen.sampling.schedules import Constant, Schedule, parse_schedule
from textgen.tokens.characters import in_word
from textgen.tokens.nearest import nearest

# Lower temperatures count as 0: a logit of 1e30 divided by them would leave the finite numbers.
MIN_TEMPERATURE = 1e-250


@dataclass(frozen=True)
class Bias:
    """Add a constant to each logit.

    Attributes:
        values: float64, shape (vocabulary,); minus infinity forbids a symbol.
    """

    values: NDArray[np.float64]

    @classmethod
    def build(cls, value: Sequence[tuple[str, float]], config: "TransformConfig", vocabulary: Vocabulary) -> Self:
        """From pairs of a symbol and a number. Raises UsageError for a symbol outside the vocabulary."""
        tokenizer = vocabulary.tokenizer
        values = np.zeros(tokenizer.vocabulary_size)
        for symbol, amount in value:
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
        for text in texts:
            self._whole[[index for index, symbol in enumerate(printed) if text in symbol]] = -np.inf
            for cut in range(1, len(text)):
                ids = [index for index, symbol in enumerate(printed) if symbol.startswith(text[cut:])]
                if ids:
                    self._ends.append((text[:cut], ids))
        self._longest = max(map(len, texts)) - 1

    @classmethod
    def build(cls, value: Sequence[str], config: "TransformConfig", vocabulary: Vocabulary) -> Self:
        """From the forbidden texts."""
        return cls(value, vocabulary.printed)

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
    def build(cls, value: Sequence[str], config: "TransformConfig", vocabulary: Vocabulary) -> Self:
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
        penalty: above 0.
        window: how many of the latest symbols count.
    """

    penalty: float
    window: int

    @classmethod
    def build(cls, value: float, config: "TransformConfig", vocabulary: Vocabulary) -> Self:
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


@dataclass(frozen=True)
class Temperature:
    """Divide by the temperature: below 1 sharpens the distribution, above 1 flattens it (Ackley et al. 1985).

    At 0, the limit, only the likeliest symbol is left (the first of equals).
    """

    schedule: Schedule

    @classmethod
    def build(cls, value: object, config: "TransformConfig", vocabulary: Vocabulary) -> Self | None:
        """From the configuration's schedule; None for a constant 1."""
        return None if config.schedule == Constant(1) else cls(config.schedule)

    def __call__(self, logits: Logits, context: Context) -> Logits:
        temperature = self.schedule.at(context.position, context.length)
        if temperature > MIN_TEMPERATURE:
            return logits / temperature
        best = logits.argmax(axis=1)
        only = np.full_like(logits, -np.inf)
        rows = np.arange(len(logits))
        only[rows, best] = logits[rows, best]
        return only


@dataclass(frozen=True)
class TopK(FromValue):
    """Keep the k likeliest symbols (Fan et al. 2018), and those as likely as the last of them."""

    k: int

    def __call__(self, logits: Logits, context: Context) -> Logits:
        cut = logits.shape[1] - self.k
        if cut <= 0:
            return logits
        return np.where(logits < np.partition(logits, cut, axis=1)[:, cut, None], -np.inf, logits)


@dataclass(frozen=True)
class TopP(FromValue):
    """Keep the fewest likeliest symbols whose probabilities together reach p (Holtzman et al. 2020, nucleus)."""

    p: float

    def __call__(self, logits: Logits, context: Context) -> Logits:
        chances = softmax(logits)
        return np.where(_reaching(chances, chances, self.p), logits, -np.inf)


@dataclass(frozen=True)
class MinP(FromValue):
    """Keep symbols with at least this share of the likeliest symbol's probability (Nguyen et al. 2024)."""

    share: float

    def __call__(self, logits: Logits, context: Context) -> Logits:
        highest = np.maximum.reduce(logits, axis=1, keepdims=True)
        # The minimum keeps rounding from putting the likeliest symbol itself below the bound.
        return np.where(logits < np.minimum(highest + math.log(self.share), highest), -np.inf, logits)


@dataclass(frozen=True)
class Typical(FromValue):
    """Keep the symbols whose surprisal is nearest to the distribution's entropy: the fewest whose probabilities
    together reach the mass (Meister et al. 2022, locally typical sampling)."""

    mass: float

    def __call__(self, logits: Logits, context: Context) -> Logits:
        chances = softmax(logits)
        with np.errstate(divide="ignore"):
            surprisal = -np.log(chances)
        possible = chances > 0
        entropy = np.where(possible, chances * np.where(possible, surprisal, 0), 0).sum(axis=1, keepdims=True)
        return np.where(_reaching(chances, -np.abs(surprisal - entropy), self.mass) & possible, logits, -np.inf)


def _reaching(chances: Logits, merit: Logits, mass: float) -> NDArray[np.bool_]:
    """Choose in each row the fewest symbols of highest merit whose probabilities together reach the mass.

    Symbols of the same merit as the last chosen one are chosen too, so that equals are treated alike. All arrays have
    the shape (rows, vocabulary).
    """
    order = np.argsort(-merit, axis=1)
    cumulative = np.cumsum(np.take_along_axis(chances, order, 1), axis=1)
    # The last one needed: where the mass is reached, or the very last where rounding keeps the sum below it.
    needed = np.minimum((cumulative < mass).sum(axis=1, keepdims=True), chances.shape[1] - 1)
    return merit >= np.take_along_axis(merit, np.take_along_axis(order, needed, 1), 1)


def transform(
    default: Any, build: Callable[[Any, "TransformConfig", Vocabulary], Transform | None], help: str, **rule: Any
) -> Any:
    """Declare a transform's option.

    Args:
        default: the value at which there is no such transform.
        build: makes the transform of (value, configuration, vocabulary), or None where it would change nothing.
        help: the option's help text.
        rule: other attributes of `textgen.options.Option`.
    """
    return option(default, help, group="Sampling", make=build, **rule)


@dataclass(frozen=True)
class TransformConfig(Config):
    """Which transforms there are, in the order in which they are applied."""

    forbid: tuple[str, ...] = transform(
        (), ForbidText.build, "Never write this text: a character, a word or more.", parse=texts, metavar="TEXT"
    )
    forbid_word: tuple[str, ...] = transform(
        (),
        ForbidWord.build,
        "Never write this whole word. It may be part of a longer one.",
        parse=parsing.words,
        metavar="WORD",
    )
    bias: tuple[tuple[str, float], ...] = transform(
        (),
        Bias.build,
        "Add X to the logit of a character or word: e=-1.5 makes e rarer.",
        parse=parsing.biases,
        metavar="SYMBOL=X",
    )
    repetition_penalty: float = transform(
        1.0,
        RepetitionPenalty.build,
        "Make recently written symbols less likely (above 1) or likelier (below 1).",
        above=0,
        high=100,
    )
    repetition_window: int = option(
        64, "Apply the repetition penalty to the last N symbols.", low=1, high=MAX_HISTORY, group="Sampling"
    )
    no_repeat: int | None = transform(
        None,
        NoRepeatNgram.build,
        f"Never write the same N symbols in a row twice within {MAX_HISTORY} symbols.",
        low=1,
        high=MAX_HISTORY,
    )
    temperature: float | tuple[float, ...] | str = transform(
        0.8,
        Temperature.build,
        "Divide the logits by X: below 1 favours likely symbols, above 1 unlikely ones; 0 always takes the likeliest. "
        "Give several to use them in turn (0.5,1,0.7), or start:end to change from one to the other over the length.",
        parse=parsing.temperature,
    )
    top_k: int | None = transform(None, TopK.build, "Draw from the N likeliest symbols only.", low=1)
    top_p: float | None = transform(
        None, TopP.build, "Draw from the fewest likeliest symbols whose probabilities reach X.", above=0, high=1
    )
    min_p: float | None = transform(
        None, MinP.build, "Draw from symbols at least X times as likely as the likeliest.", above=0, high=1
    )
    typical: float | None = transform(
        None,
        Typical.build,
        "Draw from the symbols whose surprisal is nearest to the expected one, up to probability X.",
        above=0,
        high=1,
    )

    @property
    def schedule(self) -> Schedule:
        """The temperature at each position."""
        return parse_schedule("temperature", self.temperature)


class TransformOptions(TypedDict, total=False):
    """The fields of TransformConfig as keyword arguments: what a caller may give for each."""

    forbid: str | Sequence[str]
    forbid_word: str | Sequence[str]
    bias: Mapping[str, float] | Sequence[str | tuple[str, float]] | str
    repetition_penalty: float
    repetition_window: int
    no_repeat: int | None
    temperature: float | Sequence[float] | str
    top_k: int | None
    top_p: float | None
    min_p: float | None
    typical: float | None
