"""What a transform sees of the texts being written, and what makes a transform. Knows nothing of particular ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.base import Tokenizer

# Float64, shape (rows, vocabulary).
Logits: TypeAlias = NDArray[np.float64]

# The farthest back that any transform looks, in symbols.
MAX_HISTORY = 4096


@dataclass(slots=True)
class Context:
    """What a transform may know of the texts being written. It is valid during the call only.

    Attributes:
        history: int, shape (rows, up to max_history): the latest ids of each text, including its prompt's, the newest
            last; -1 where a text is shorter.
        position: how many symbols have been written after the prompt, the same in each row.
        length: how many will be written; None where that is not known.
        printed: each id's text; BOUNDARY's is the separator between documents.
        max_history: how many symbols of each text are kept for the transforms.
    """

    history: NDArray[np.intp]
    position: int = 0
    length: int | None = None
    printed: Sequence[str] = ()
    max_history: ClassVar[int] = MAX_HISTORY

    def tail(self, row: int, characters: int) -> str:
        """The end of a row's text: at least this many characters, or the whole known text where it is shorter."""
        tail, printed = "", self.printed
        for index in self.history[row, ::-1].tolist():
            if index < 0 or len(tail) >= characters:
                break
            tail = printed[index] + tail
        return tail


class Transform(Protocol):
    """A pure function from logits to logits: float64, shape (rows, vocabulary); minus infinity forbids a symbol.

    A transform may have an attribute `reach`: how many of the latest ids it looks at. Without, all that are kept.
    """

    def __call__(self, logits: Logits, context: Context, /) -> Logits:
        """New logits of the same shape; the given array stays as it is."""
        ...


@dataclass(frozen=True)
class Vocabulary:
    """The symbols that a model can write.

    Attributes:
        printed: each id's text, as in Context.
        tokenizer: the model's Tokenizer.
        backward: whether the model writes each line from its end.
    """

    printed: Sequence[str]
    tokenizer: Tokenizer
    backward: bool = False


class FromValue:
    """A transform that needs only its option's value."""

    @classmethod
    def build(cls, value: Any, config: object, vocabulary: Vocabulary) -> Self:
        """The transform for an option's value. Other transforms use the configuration or the vocabulary too."""
        return cls(value)  # type: ignore[call-arg]  # each subclass is a dataclass with one field
