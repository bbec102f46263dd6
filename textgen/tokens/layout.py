"""How documents are laid out as one row of ids, and the ids that mean the same in every vocabulary."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Ids of any integer type.
Ids: TypeAlias = NDArray[np.integer[Any]]

BOUNDARY = 0  # separates two documents; a text begins after one
UNKNOWN = 1  # every symbol outside the vocabulary
RESERVED = 2  # ids below this are not symbols of text and are never printed
IGNORED = -1  # as a target: padding, left out of the loss

# What separates two documents when they are written out again: the text that reading removed.
SEPARATORS = {"file": "\n\n", "block": "\n\n", "line": "\n", "poem": "\n\n"}


class Encoder(Protocol):
    """What a layout needs of a tokenizer."""

    def split(self, text: str) -> list[str]: ...
    def encode(self, text: str) -> NDArray[np.int32]: ...


@dataclass(frozen=True)
class Layout:
    """A text as a network reads it.

    Attributes:
        ids: shape (time + 1,), a BOUNDARY first.
        symbols: the text of each step, in reading order.
        places: shape (time,), the position in the text of each step's symbol; a permutation and its own inverse.
    """

    ids: Ids
    symbols: Sequence[str]
    places: NDArray[np.intp]


def lay_out(tokenizer: Encoder, documents: Iterable[str], backward: bool = False) -> NDArray[np.int32]:
    """All documents as one row of ids, each document after a BOUNDARY.

    Args:
        tokenizer: the Tokenizer.
        documents: the texts.
        backward: whether each line is read from its end.

    Returns:
        the ids, shape (symbols + documents,).
    """
    parts = []
    for document in documents:
        parts += [np.array([BOUNDARY], dtype=np.int32), tokenizer.encode(document)]
    ids = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    return ids[reverse_lines(ids, tokenizer)] if backward else ids


def lay_out_symbols(tokenizer: Encoder, documents: Sequence[str], separator: str, backward: bool = False) -> Layout:
    """All documents as `lay_out` returns them, with the text of each symbol.

    Args:
        tokenizer: the Tokenizer.
        documents: the texts.
        separator: what a BOUNDARY between two documents is shown as.
        backward: whether each line is read from its end.
    """
    ids = lay_out(tokenizer, documents)
    symbols: list[str] = []
    for document in documents:
        symbols += [separator, *tokenizer.split(document)]
    order = reverse_lines(ids, tokenizer) if backward else np.arange(len(ids))
    return Layout(ids[order], [symbols[index] for index in order[1:]], order[1:] - 1)


def reverse_lines(ids: Ids, tokenizer: Encoder) -> NDArray[np.intp]:
    """Where each id comes from when every line is reversed.

    A line is what lies between two line feeds or BOUNDARYs; these stay in their places.

    Args:
        ids: shape (symbols,).
        tokenizer: the Tokenizer of the ids.

    Returns:
        the indexes, shape (symbols,): a permutation and its own inverse.
    """
    places = np.arange(len(ids))
    ends = (ids == BOUNDARY) | np.isin(ids, tokenizer.encode("\n"))
    edges = np.flatnonzero(ends)
    starts = np.concatenate([[-1], edges])
    stops = np.concatenate([edges, [len(ids)]])
    line = np.cumsum(ends) - ends  # the number of each id's line; an end belongs to the line before it
    mirrored = starts[line] + stops[line] - places
    return np.where(ends, places, mirrored)
