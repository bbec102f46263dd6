"""How documents are laid out as one row of ids, and the ids that mean the same in every vocabulary."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Ids of any integer type.
Ids: TypeAlias = NDArray[np.integer[Any]]

BOUNDARY = 0  # stands between two documents; a text begins after one


UNKNOWN = 1  # stands for every symbol outside the vocabulary


RESERVED = 2  # ids below this are not symbols of text and are never printed


IGNORED = -1  # as a target: padding, left out of the loss


# What stands between two documents when they are written out again: the text that was taken away on reading.
SEPARATORS = {"file": "\n\n", "block": "\n\n", "line": "\n", "poem": "\n\n"}


def lay_out(tokenizer, documents, backward=False):
    """All documents as one row of ids, int32, each after a BOUNDARY.

    Args:
        tokenizer: the Tokenizer.
        documents: texts.
        backward: whether each line is read from its end.
    """
    parts = []
    for document in documents:
        parts += [np.array([BOUNDARY], dtype=np.int32), tokenizer.encode(document)]
    ids = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    return ids[reverse_lines(ids, tokenizer)] if backward else ids


@dataclass(frozen=True)
class Layout:
    """A text as a network reads it.

    Attributes:
        ids: int, shape (time + 1,), a BOUNDARY first.
        symbols: each step's text, in the order of reading.
        places: int, shape (time,): where each step's symbol stands in the text; a permutation, its own inverse.
    """

    ids: np.ndarray
    symbols: list[str]
    places: np.ndarray


def lay_out_symbols(tokenizer, documents, separator, backward=False):
    """All documents as `lay_out` has them, Layout: each symbol's text beside its id.

    Args:
        separator: what a BOUNDARY between two documents is shown as; other arguments as of `lay_out`.
    """
    ids, symbols = lay_out(tokenizer, documents), []
    for document in documents:
        symbols += [separator, *tokenizer.split(document)]
    order = reverse_lines(ids, tokenizer) if backward else np.arange(len(ids))
    return Layout(ids[order], [symbols[index] for index in order[1:]], order[1:] - 1)


def reverse_lines(ids, tokenizer):
    """Where each id comes from when every line is reversed: a permutation, int (symbols,), its own inverse.

    A line is what stands between two line feeds or BOUNDARYs, which stay where they are.
    """
    places = np.arange(len(ids))
    ends = (ids == BOUNDARY) | np.isin(ids, tokenizer.encode("\n"))
    edges = np.flatnonzero(ends)
    starts = np.concatenate([[-1], edges])
    stops = np.concatenate([edges, [len(ids)]])
    line = np.cumsum(ends) - ends  # which line each stands in; an end stands in the line before it
    mirrored = starts[line] + stops[line] - places
    return np.where(ends, places, mirrored)
