"""What may change the model's logits before a symbol is drawn: small pure classes, and their order.

A transform is a callable taking (logits, context) and returning new logits: float64, shape (rows, vocabulary), one
row a text that is being written; minus infinity forbids a symbol. They are applied in the order in which the fields of
TransformConfig stand:

    forbid, forbid_word, bias, repetition_penalty, no_repeat,   (a caller's own transforms),
    temperature, top_k, top_p, min_p, typical

so that what is forbidden is never counted in a top-p, and a truncation sees the probabilities that the draw will see.
No transform makes NaN of logits up to 1e30, and each leaves at least one symbol where one was left, but for the
forbidding ones. A new transform is a class and a field, both in this file. This module knows nothing of models.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textgen.engine.probability import softmax
from textgen.errors import UsageError
from textgen.options import Config, option, option_of, texts
from textgen.tokens.base import Tokenizer
from textgen.tokens.characters import in_word
from textgen.tokens.nearest import nearest
from textgen.writing import parsing

# The farthest back that any transform looks.
HISTORY = 4096
# Temperatures below are taken as 0: divided by them, a logit of 1e30 would leave the finite numbers.
COLDEST = 1e-250


@dataclass(slots=True)
class Context:
    """What a transform may know of the texts being written. It is good during the call and not after.

    Attributes:
        history: int, shape (rows, up to HISTORY), the latest ids of each text, its prompt's among them, the newest
            last; -1 where a text is shorter.
        position: how many symbols have been written after the prompt, the same in each row.
        length: how many will be; None where that is not known.
        printed: each id's text; BOUNDARY's is the separator between documents.
    """

    history: np.ndarray
    position: int = 0
    length: int | None = None
    printed: Sequence[str] = ()

    def tail(self, row: int, characters: int) -> str:
        """The last characters of a row's text, at least so many where it has them."""
        tail, printed = "", self.printed
        for index in self.history[row, ::-1].tolist():
            if index < 0 or len(tail) >= characters:
                break
            tail = printed[index] + tail
        return tail


@dataclass(frozen=True)
class Bias:
    """Add a constant to each logit: float64, shape (vocabulary,), minus infinity to forbid."""

    values: np.ndarray

    def __call__(self, logits, context):
        return logits + self.values

    @classmethod
    def of(cls, pairs, config, tokenizer, printed):
        """From symbols and what is added to each. Raises UsageError for a symbol outside the vocabulary."""
        values = np.zeros(tokenizer.vocabulary_size)
        for symbol, value in pairs:
            ids = tokenizer.ids_of(symbol)
            if not ids:
                near = nearest(symbol, tokenizer.symbols)
                hint = f"; the nearest it has is {near!r}" if near else ""
                raise UsageError(f"--bias: the model has no {tokenizer.noun} {symbol!r}{hint}")
            values[ids] += value
        return cls(values)


@dataclass(frozen=True)
class NeverFollows:
    """Forbid, after each symbol, what never follows it. The first transform: it turns the model's logits to float64.

    Attributes:
        kinds: int, shape (vocabulary,): the kind of each symbol.
        masks: float64, shape (kinds, vocabulary): 0, or minus infinity for what never follows a symbol of that kind.
    """

    kinds: np.ndarray
    masks: np.ndarray

    def __call__(self, logits, context):
        return logits + self.masks.take(self.kinds.take(context.history[:, -1]), 0)


class ForbidText:
    """Never write these texts, however the symbols cut them. Attributes: `texts`, tuple of str."""

    def __init__(self, texts, config, tokenizer, printed):
        self.texts = texts
        self._whole = np.zeros(tokenizer.vocabulary_size)
        self._ends = []  # (what the text so far ends with, ids that would complete the forbidden text)
        for text in texts:
            self._whole[[index for index, symbol in enumerate(printed) if text in symbol]] = -np.inf
            for cut in range(1, len(text)):
                ids = [index for index, symbol in enumerate(printed) if symbol.startswith(text[cut:])]
                if ids:
                    self._ends.append((text[:cut], ids))
        self._longest = max(map(len, texts)) - 1

    def __call__(self, logits, context):
        logits = logits + self._whole
        for row in range(len(logits)) if self._longest else ():
            tail = context.tail(row, self._longest)
            for end, ids in self._ends:
                if tail.endswith(end):
                    logits[row, ids] = -np.inf
        return logits


class ForbidWord:
    """Never write these as whole words; as parts of longer words they may stand. Attributes: `words`, tuple of str."""

    def __init__(self, words, config, tokenizer, printed):
        self.words = words
        self._whole = np.zeros(tokenizer.vocabulary_size)
        if tokenizer.whole_words:
            self._whole[[index for word in words for index in tokenizer.ids_of(word)]] = -np.inf
            self._longest = 0
            return
        # A word that stands there, begun at a word's beginning, must become a longer one.
        self._longest = max(map(len, words)) + 1
        self._ends = [index for index, symbol in enumerate(printed) if symbol and not in_word(symbol[0])]

    def __call__(self, logits, context):
        logits = logits + self._whole
        for row in range(len(logits)) if self._longest else ():
            tail = context.tail(row, self._longest)
            for word in self.words:
                before = tail[: -len(word)]
                if tail.endswith(word) and not (before and in_word(before[-1])):
                    logits[row, self._ends] = -np.inf
        return logits


@dataclass(frozen=True)
class RepetitionPenalty:
    """Make what was written lately less likely: its positive logits are divided by the penalty, its negative ones
    multiplied (Keskar et al. 2019, CTRL). A penalty below 1 makes it likelier."""

    penalty: float
    window: int

    @classmethod
    def of(cls, penalty, config, tokenizer, printed):
        return cls(penalty, config.repetition_window)

    def __call__(self, logits, context):
        recent = context.history[:, -self.window :]
        # One column more takes the -1 of rows that are shorter.
        seen = np.zeros((logits.shape[0], logits.shape[1] + 1), bool)
        np.put_along_axis(seen, recent, True, axis=1)
        changed = np.where(logits > 0, logits / self.penalty, logits * self.penalty)
        return np.where(seen[:, :-1], changed, logits)


@dataclass(frozen=True)
class NoRepeatNgram:
    """Never write the same n symbols in a row twice within the last HISTORY symbols (Paulus et al. 2018)."""

    n: int

    def __call__(self, logits, context):
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

    At 0, its limit: only the likeliest symbol is left (the first of equals).

    Attributes:
        value: a number; a tuple of numbers, taken in turn; or the text "start:end", a line over the length.
    """

    value: float | tuple[float, ...] | str

    @classmethod
    def of(cls, value, config, tokenizer, printed):
        return None if value == 1 else cls(value)

    def __call__(self, logits, context):
        value = self.value if type(self.value) is float else self.at(context.position, context.length)
        if value > COLDEST:
            return logits / value
        best = logits.argmax(axis=1)
        only = np.full_like(logits, -np.inf)
        rows = np.arange(len(logits))
        only[rows, best] = logits[rows, best]
        return only

    def at(self, position, length):
        """The temperature at a position (0 for the first symbol written) of a text of so many symbols."""
        if isinstance(self.value, tuple):
            return self.value[position % len(self.value)]
        if isinstance(self.value, str):
            start, end = map(float, self.value.split(":"))
            return start + (end - start) * min(position / max(length - 1, 1), 1)
        return float(self.value)


@dataclass(frozen=True)
class TopK:
    """Only the k likeliest symbols (Fan et al. 2018), and those as likely as the last of them."""

    k: int

    def __call__(self, logits, context):
        cut = logits.shape[1] - self.k
        if cut <= 0:
            return logits
        return np.where(logits < np.partition(logits, cut, axis=1)[:, cut, None], -np.inf, logits)


@dataclass(frozen=True)
class TopP:
    """Only the smallest set of likeliest symbols whose probabilities reach p (Holtzman et al. 2020, nucleus)."""

    p: float

    def __call__(self, logits, context):
        chances = softmax(logits)
        return np.where(_reaching(chances, chances, self.p), logits, -np.inf)


@dataclass(frozen=True)
class MinP:
    """Only symbols at least so likely as this share of the likeliest's probability (Nguyen et al. 2024)."""

    share: float

    def __call__(self, logits, context):
        highest = np.maximum.reduce(logits, axis=1, keepdims=True)
        # Rounding must not put the likeliest itself below the bound.
        return np.where(logits < np.minimum(highest + math.log(self.share), highest), -np.inf, logits)


@dataclass(frozen=True)
class Typical:
    """Only the smallest set of symbols reaching this probability whose surprisal is nearest to the distribution's
    entropy (Meister et al. 2022, locally typical sampling)."""

    mass: float

    def __call__(self, logits, context):
        chances = softmax(logits)
        with np.errstate(divide="ignore"):
            surprisal = -np.log(chances)
        possible = chances > 0
        entropy = np.where(possible, chances * np.where(possible, surprisal, 0), 0).sum(axis=1, keepdims=True)
        return np.where(_reaching(chances, -np.abs(surprisal - entropy), self.mass) & possible, logits, -np.inf)


def _reaching(chances, merit, mass):
    """Whether each symbol is of the best by merit, as many as it takes for their probabilities to reach the mass.

    Symbols as good as the last that is taken are taken too, so that no order among equals is made up.
    """
    order = np.argsort(-merit, axis=1)
    cumulative = np.cumsum(np.take_along_axis(chances, order, 1), axis=1)
    # The last one needed: the first at which the mass is reached, or the very last where rounding keeps it below.
    needed = np.minimum((cumulative < mass).sum(axis=1, keepdims=True), chances.shape[1] - 1)
    return merit >= np.take_along_axis(merit, np.take_along_axis(order, needed, 1), 1)


def by_value(kind):
    """How a transform is made that needs its option's value and nothing else."""
    return lambda value, config, tokenizer, printed: kind(value)


def transform(default, make, help, **rule):
    """Declare a transform's option.

    Args:
        default: the value at which there is no such transform.
        make: takes (value, config, tokenizer, printed), gives the transform, or None where it would change nothing.
    """
    return option(default, help, make=make, **rule)


@dataclass(frozen=True)
class TransformConfig(Config):
    """Which transforms there are, in the order in which they are applied."""

    forbid: tuple[str, ...] = transform(
        (), ForbidText, "Never write this: a character, a word or any other text.", parse=texts, metavar="TEXT"
    )
    forbid_word: tuple[str, ...] = transform(
        (),
        ForbidWord,
        "Never write this as a whole word; within longer words it may stand.",
        parse=parsing.words,
        metavar="WORD",
    )
    bias: tuple[tuple[str, float], ...] = transform(
        (),
        Bias.of,
        "Add X to the logit of a character or word: e=-1.5 makes e rarer.",
        parse=parsing.biases,
        metavar="SYMBOL=X",
    )
    repetition_penalty: float = transform(
        1.0, RepetitionPenalty.of, "Above 1: symbols written lately become less likely.", above=0, high=100
    )
    repetition_window: int = option(64, "How many symbols back --repetition-penalty looks.", low=1, high=HISTORY)
    no_repeat: int | None = transform(
        None, by_value(NoRepeatNgram), f"Never the same N symbols in a row twice within {HISTORY}.", low=1, high=HISTORY
    )
    temperature: float | tuple[float, ...] | str = transform(
        0.8,
        Temperature.of,
        "Below 1 bolder about the likeliest symbol, above 1 wilder; 0 always takes the likeliest. Several are taken "
        "in turn (0.5,1,0.7); start:end goes from one to the other over the length.",
        parse=parsing.temperature,
    )
    top_k: int | None = transform(None, by_value(TopK), "Draw from the N likeliest symbols only.", low=1)
    top_p: float | None = transform(
        None, by_value(TopP), "Draw from the fewest likeliest symbols whose probabilities reach X.", above=0, high=1
    )
    min_p: float | None = transform(
        None, by_value(MinP), "Draw from symbols at least X times as likely as the likeliest.", above=0, high=1
    )
    typical: float | None = transform(
        None,
        by_value(Typical),
        "Draw from the symbols whose surprisal is nearest to what is expected, up to probability X.",
        above=0,
        high=1,
    )


def chain(
    config: TransformConfig, tokenizer: Tokenizer, printed: Sequence[str], own: Sequence[Callable] = ()
) -> list[Callable]:
    """The transforms that a configuration asks for, in their order, a caller's own before the temperature.

    Args:
        printed: each id's text, as in Context.

    Raises:
        UsageError: a symbol that the model does not have.
    """
    transforms = [NeverFollows(*tokenizer.following())]
    for field in dataclasses.fields(TransformConfig):
        if field.name == "temperature":
            transforms += own
        value = getattr(config, field.name)
        make = option_of(field).make
        if make and (value != field.default or field.name == "temperature"):
            transforms.append(make(value, config, tokenizer, printed))
    return [transform for transform in transforms if transform is not None]
