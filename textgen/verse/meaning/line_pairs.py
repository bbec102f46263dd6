"""Features of a line and the line before it, from the vectors of their symbols. Knows nothing of how they are used."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from textgen.verse.meaning.association import Floats, Ids, aligned_counts, factors, pair_counts, ppmi

# Numbers in a symbol's vector: more of them learn single poems by heart. Words are rarer than characters: with 32 the
# scorer finds the next line among ten of 250 sonnets as often as with 64, and tells more of them from shuffled ones.
RANK, RANK_OF_WORDS = 64, 32
# Symbols of a line that are looked at.
MAX_SYMBOLS = 24
# The farthest line of a poem whose symbols count as going together.
MAX_DISTANCE = 7


class Table(NamedTuple):
    """Lines of poems.

    Attributes:
        ids: int64, shape (lines, symbols): each line's ids at the end of a row that unknown symbols fill.
        lengths: int64, shape (lines,): each line's number of symbols; 0 where lines of a poem are of any length.
        poem: int64, shape (lines,): which poem the line belongs to.
        place: int64, shape (lines,): its place in the poem, from 0.
        size: int64, shape (lines,): the number of lines of its poem.
    """

    ids: Ids
    lengths: Ids
    poem: Ids
    place: Ids
    size: Ids


class Lines(NamedTuple):
    """Vectors of lines: means over their symbols.

    Attributes:
        ids: as of Table.
        topic, before, after: float32, each of shape (lines, rank).
        length: float32, shape (lines, 1): their numbers of symbols, at least 1.
    """

    ids: Ids
    topic: Floats
    before: Floats
    after: Floats
    length: Floats


class Pairs(NamedTuple):
    """Pairs of lines, by their numbers, and the place of the second in the poem; each int64 of shape (pairs,)."""

    previous: Ids
    following: Ids
    place: Ids


@dataclass(frozen=True)
class Vectors:
    """Vectors of symbols; each float32 of shape (symbols + 1, rank), the last for symbols that are not known.

    Attributes:
        topic: the product of two is large where the symbols occur in different lines of one poem.
        before, after: the product of one of each is large where a line with the first comes before one with the second.
        upper, lower: the same of symbols in the same place of the two lines of a couplet; of rank 0 for words, since
            couplets of English are not parallel word by word.
    """

    topic: Floats
    before: Floats
    after: Floats
    upper: Floats
    lower: Floats

    @property
    def unknown(self) -> int:
        """The id of a symbol that is not known."""
        return len(self.topic) - 1

    def lines(self, ids: Ids) -> Lines:
        """The vectors of lines, whose ids are those of a Table; -1 stands for a symbol that is not known."""
        ids = np.where(ids < 0, self.unknown, ids)
        count = np.maximum((ids < self.unknown).sum(1, keepdims=True), 1).astype(np.float32)
        topic, before, after = (each[ids].sum(1) / count for each in (self.topic, self.before, self.after))
        return Lines(ids, topic, before, after, count)


def vectors_of(table: Table, size: int, random: np.random.Generator, chinese: bool = True) -> Vectors:
    """Learn vectors of symbols from poems.

    Args:
        table: the poems' lines.
        size: the number of symbols.
        random: where random numbers come from.
        chinese: whether symbols are characters, and not words.
    """
    ids = np.where(table.ids < 0, size, table.ids)
    rank = min(RANK if chinese else RANK_OF_WORDS, max(size // 4, 1))
    follows = np.flatnonzero(table.poem[:-1] == table.poem[1:])
    adjacent = pair_counts(ids[follows], ids[follows + 1], size)
    topic = adjacent + adjacent.T
    for distance in range(2, MAX_DISTANCE + 1):
        first = np.flatnonzero(table.poem[:-distance] == table.poem[distance:])
        if len(first):
            found = pair_counts(ids[first], ids[first + distance], size)
            topic += found + found.T
    of_topic, _ = factors(ppmi(topic), rank, random)
    of_adjacent = factors(ppmi(adjacent), rank, random)
    if not chinese:
        return Vectors(of_topic, *of_adjacent, *np.zeros((2, size + 1, 0), np.float32))
    couplets = follows[table.place[follows] % 2 == 0]
    parallel = aligned_counts(ids[couplets], ids[couplets + 1], size)
    return Vectors(of_topic, *of_adjacent, *factors(ppmi(parallel), rank, random))


def features(vectors: Vectors, lines: Lines, pairs: Pairs, so_far: Floats) -> Floats:
    """The features of pairs of lines.

    Args:
        vectors: of the symbols.
        lines: of the lines.
        pairs: the pairs.
        so_far: float32, shape (pairs, rank): the mean topic of the lines before the second of each pair.

    Returns:
        float32, shape (pairs, features).
    """
    previous, following, place = pairs
    ids, next_ids = lines.ids[previous], lines.ids[following]
    topic, next_topic = lines.topic[previous], lines.topic[following]
    count = lines.length[following]
    both = topic * next_topic
    of_poem = so_far * next_topic
    adjacent = lines.before[previous] * lines.after[following]
    parallel = (vectors.upper[ids] * vectors.lower[next_ids]).sum(1) / count
    norm, next_norm, poem_norm = (np.sqrt((each * each).sum(1) + 1e-6) for each in (topic, next_topic, so_far))
    # The strongest association of each symbol of the second line.
    strongest = (vectors.before[ids] @ vectors.after[next_ids].transpose(0, 2, 1)).max(1)
    of_topic = (vectors.topic[ids] @ vectors.topic[next_ids].transpose(0, 2, 1)).max(1)
    is_known = ids < vectors.unknown
    shared = (is_known[:, :, None] & (ids[:, :, None] == next_ids[:, None, :])).sum((1, 2))
    same_place = (is_known & (ids == next_ids)).sum(1)
    plain = [
        *(each.sum(1) for each in (both, of_poem, adjacent, parallel)),
        both.sum(1) / (norm * next_norm),
        of_poem.sum(1) / (poem_norm * next_norm),
        *(one for each in (strongest, of_topic) for one in (each.sum(1) / count[:, 0], each.max(1))),
        shared,
        same_place,
    ]
    table = np.stack(plain, 1).astype(np.float32)
    is_second = (place % 2 == 1)[:, None]  # the second line of a couplet, which answers the first
    places = np.stack([place == 1, place == 2, place == 3, place > 3, next_norm], 1)
    return np.hstack([table, table * is_second, is_second, places, both, of_poem, adjacent, parallel], dtype=np.float32)
