"""The transforms of a model's logits before a symbol is drawn: small pure classes, and their order.

Each is a `Transform` (textgen.sampling.context). `textgen.sampling.chain` applies them in the order of the fields of
TransformConfig, with a caller's own transforms before the temperature. So a forbidden symbol never counts towards a
top-p, and a truncation sees the probabilities that the draw will see.

What every transform keeps, for any logits up to 1e30 in size, and larger ones after a tiny temperature:

- The logits that it is given stay as they are; it returns new ones.
- What is minus infinity stays so: a forbidden symbol stays forbidden. A row may be minus infinity throughout.
- It makes no NaN, and leaves at least one symbol where one was left, unless its purpose is to forbid symbols.

A new transform is a class and a field of TransformConfig, both in this file, and the field's accepted type in
TransformOptions. Those that look at texts and history are in `textgen.sampling.constraints`. This module knows nothing
of models.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from textgen.arguments import texts
from textgen.engine.probability import softmax
from textgen.options import Config, option, option_of
from textgen.sampling import parsing
from textgen.sampling.constraints import (
    Bias,
    ForbidText,
    ForbidWord,
    FrequencyPenalty,
    NoRepeatNgram,
    PresencePenalty,
    RepetitionPenalty,
)
from textgen.sampling.context import MAX_HISTORY, Context, FromValue, Logits, Transform, Vocabulary
from textgen.sampling.schedules import Constant, Schedule, parse_schedule

# Lower temperatures count as 0: a logit of 1e30 divided by them would leave the finite numbers.
MIN_TEMPERATURE = 1e-250

MAX_REPETITION_PENALTY = 100
# Of either sign, as the completions API has it.
MAX_PENALTY = 2


@dataclass(frozen=True)
class Temperature:
    """Divide by the temperature: below 1 sharpens the distribution, above 1 flattens it (Ackley et al. 1985).

    At 0, the limit, only the likeliest symbol is left (the first of equals).
    """

    schedule: Schedule
    reach: ClassVar[int] = 0

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
    reach: ClassVar[int] = 0

    def __call__(self, logits: Logits, context: Context) -> Logits:
        cut = logits.shape[1] - self.k
        if cut <= 0:
            return logits
        return np.where(logits < np.partition(logits, cut, axis=1)[:, cut, None], -np.inf, logits)


@dataclass(frozen=True)
class TopP(FromValue):
    """Keep the fewest likeliest symbols whose probabilities together reach p (Holtzman et al. 2020, nucleus)."""

    p: float
    reach: ClassVar[int] = 0

    def __call__(self, logits: Logits, context: Context) -> Logits:
        chances = softmax(logits)
        return np.where(_reaching(chances, chances, self.p), logits, -np.inf)


@dataclass(frozen=True)
class MinP(FromValue):
    """Keep symbols with at least this share of the likeliest symbol's probability (Nguyen et al. 2024)."""

    share: float
    reach: ClassVar[int] = 0

    def __call__(self, logits: Logits, context: Context) -> Logits:
        highest = np.maximum.reduce(logits, axis=1, keepdims=True)
        # The minimum keeps rounding from putting the likeliest symbol itself below the bound.
        return np.where(logits < np.minimum(highest + math.log(self.share), highest), -np.inf, logits)


@dataclass(frozen=True)
class Typical(FromValue):
    """Keep the symbols whose surprisal is nearest to the distribution's entropy: the fewest whose probabilities
    together reach the mass (Meister et al. 2022, locally typical sampling)."""

    mass: float
    reach: ClassVar[int] = 0

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
    bias: tuple[tuple[str | int, float], ...] = transform(
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
        low=1 / MAX_REPETITION_PENALTY,  # logits divided by far less would leave the finite numbers
        high=MAX_REPETITION_PENALTY,
    )
    repetition_window: int = option(
        64, "Apply the repetition penalty to the last N symbols.", low=1, high=MAX_HISTORY, group="Sampling"
    )
    presence_penalty: float = transform(
        0.0,
        PresencePenalty.build,
        f"Subtract X from the logit of each symbol that was read or written within the last {MAX_HISTORY}.",
        low=-MAX_PENALTY,
        high=MAX_PENALTY,
    )
    frequency_penalty: float = transform(
        0.0,
        FrequencyPenalty.build,
        f"Subtract X from a symbol's logit for each time that it was read or written within the last {MAX_HISTORY}.",
        low=-MAX_PENALTY,
        high=MAX_PENALTY,
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

    @classmethod
    def order(cls) -> list[str]:
        """The options whose transforms are applied, in their order."""
        return [field.name for field in dataclasses.fields(TransformConfig) if option_of(field).make]


class TransformOptions(TypedDict, total=False):
    """The fields of TransformConfig as keyword arguments: what a caller may give for each."""

    forbid: str | Sequence[str]
    forbid_word: str | Sequence[str]
    bias: Mapping[str, float] | Mapping[int, float] | Sequence[str | tuple[str | int, float]] | str
    repetition_penalty: float
    repetition_window: int
    presence_penalty: float
    frequency_penalty: float
    no_repeat: int | None
    temperature: float | Sequence[float] | str
    top_k: int | None
    top_p: float | None
    min_p: float | None
    typical: float | None
