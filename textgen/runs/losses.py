"""What a loss in nats is in other units and in words. Knows nothing of models."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from textgen.tokens.extent import Extent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# exp of more nats than this would leave the float64 numbers (709.78...).
MAX_PERPLEXITY_NATS = 700.0


@overload
def bits(nats: float) -> float: ...
@overload
def bits(nats: "NDArray[np.float64]") -> "NDArray[np.float64]": ...
def bits(nats: "float | NDArray[np.float64]") -> "float | NDArray[np.float64]":
    """Convert nats to bits: a number, or each number of an array."""
    return nats / math.log(2)


def perplexity(nats: float) -> float:
    """Return exp of a mean loss in nats: how many equally likely symbols would be as hard to predict."""
    return math.exp(min(nats, MAX_PERPLEXITY_NATS))


def word_perplexity(bits_per_word: float) -> float:
    """Return 2 to the bits a word: how many equally likely words would be as hard to predict."""
    return perplexity(bits_per_word * math.log(2))


def choices(nats: float) -> str:
    """Show among how many equally likely symbols one would be as unsure: the perplexity, in few digits."""
    number = perplexity(nats)
    return f"{number:.3g}" if number >= 1e6 else f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def uncertainty(nats: float, noun: str) -> str:
    """Say a loss in words: "as unsure as among 5.0 equally likely characters"."""
    return f"as unsure as among {choices(nats)} equally likely {noun}s"


class Prediction(ABC):
    """What Evaluation and Score have in common: figures that follow from the loss.

    Nats and perplexity are of a symbol, whatever that is for the model. To compare models whose symbols differ, the
    loss of the whole text is divided by its characters, its bytes or its words (`textgen.tokens.extent.Extent`).

    Attributes:
        extent: the length of the text.
    """

    extent: Extent

    @property
    @abstractmethod
    def mean_nats(self) -> float:
        """Mean loss a symbol, nats."""

    @property
    @abstractmethod
    def total_bits(self) -> float:
        """Loss of the whole text, bits."""

    @property
    def characters(self) -> int:
        """Unicode code points of the text."""
        return self.extent.characters

    @property
    def perplexity(self) -> float:
        """exp of the mean loss: how many equally likely symbols would be as hard to predict."""
        return perplexity(self.mean_nats)

    @property
    def bits_per_character(self) -> float:
        """Bits for the whole text divided by its characters."""
        return self.total_bits / max(self.extent.characters, 1)

    @property
    def bits_per_byte(self) -> float:
        """Bits for the whole text divided by its bytes in UTF-8."""
        return self.total_bits / max(self.extent.bytes, 1)

    @property
    def bits_per_word(self) -> float:
        """Bits for the whole text divided by its words and ends of lines."""
        return self.total_bits / max(self.extent.words, 1)

    @property
    def word_perplexity(self) -> float:
        """2 to the bits a word: how many equally likely words would be as hard to predict."""
        return word_perplexity(self.bits_per_word)


@dataclass(frozen=True)
class Evaluation(Prediction):
    """How well a network predicts a text as a whole.

    Attributes:
        nats: mean loss a symbol, nats.
        symbols: number of predictions that were counted.
        extent: the length of the text.
        unknown: share of the text's symbols that are outside the vocabulary.
        window: symbols in each independent window; None if the state was carried through the text.
    """

    nats: float
    symbols: int
    extent: Extent
    unknown: float = 0.0
    window: int | None = None

    @property
    def bits(self) -> float:
        """Mean loss a symbol, bits."""
        return bits(self.nats)

    @property
    def mean_nats(self) -> float:
        """Mean loss a symbol, nats."""
        return self.nats

    @property
    def total_bits(self) -> float:
        """Loss of the whole text, bits."""
        return self.bits * self.symbols
