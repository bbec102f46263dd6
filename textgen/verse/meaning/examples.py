"""What a scorer of lines learns from: real next lines, and lines that do not follow. Knows nothing of the scorer."""

from collections.abc import Mapping, Sequence

import numpy as np

from textgen.verse.meaning.association import Floats, Ids
from textgen.verse.meaning.line_pairs import Lines, Pairs, Table, Vectors, features

# At most so many real next lines are learned from.
MAX_TARGETS = 60_000
# How much each kind of false line counts: of another poem in the same place, of another poem with the same end, of the
# same poem in the wrong order, and the second line of another poem's couplet after its first.
WEIGHTS = (1.0, 1.0, 0.7, 0.3)
# Pairs whose features are computed at once.
CHUNK = 8192


def rows(lines: Sequence[Sequence[str]], ids: Mapping[str, int]) -> Ids:
    """Lines as rows of ids: at the end of the rows, so that the same places of two lines stand in one column."""
    found = np.full((len(lines), max(map(len, lines), default=0) or 1), -1, np.int64)
    for row, line in zip(found, lines, strict=True):
        if line:
            row[-len(line) :] = [ids.get(symbol, -1) for symbol in line]
    return found


def table(poems: Sequence[Sequence[Sequence[str]]], ids: Mapping[str, int], has_lengths: bool) -> Table:
    """Put poems into a table.

    Args:
        poems: for each its lines, for each line its symbols.
        ids: of the symbols; that of a symbol that is not known becomes -1.
        has_lengths: whether a line may stand for another only if it is as long, as in Chinese verse.
    """
    lines = [line for poem in poems for line in poem]
    sizes = np.array([len(poem) for poem in poems])
    places = np.concatenate([np.arange(size) for size in sizes])
    lengths = np.array([len(line) if has_lengths else 0 for line in lines])
    return Table(rows(lines, ids), lengths, np.repeat(np.arange(len(poems)), sizes), places, np.repeat(sizes, sizes))


def means_so_far(lines: Lines, place: Ids) -> Floats:
    """For each line of a Table the mean topic of the lines of its poem before it; float32, shape (lines, rank)."""
    sums = np.vstack([np.zeros((1, lines.topic.shape[1])), np.cumsum(lines.topic, 0, dtype=np.float64)])
    at = np.arange(len(place))
    found: Floats = ((sums[at] - sums[at - place]) / np.maximum(place, 1)[:, None]).astype(np.float32)
    return found


def examples(table: Table, vectors: Vectors, random: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Examples of real and false next lines.

    Args:
        table: the lines of the poems.
        vectors: of the symbols.
        random: where random numbers come from.

    Returns:
        features, float16 of shape (examples, features); whether each is real, float32 of shape (examples,): 1 or 0;
        and weights, float32 of shape (examples,). Real and false lines weigh the same.
    """
    lines = vectors.lines(table.ids)
    so_far = means_so_far(lines, table.place)
    targets = np.flatnonzero(table.place > 0)
    if len(targets) > MAX_TARGETS:
        targets = np.sort(random.choice(targets, MAX_TARGETS, replace=False))
    kinds = [(targets, Pairs(targets - 1, targets, table.place[targets]), so_far[targets], 1.0, 0.0)]
    falses = (
        (_in_same_place(table, targets, random), WEIGHTS[0]),
        (_with_same_end(table, targets, random), WEIGHTS[1]),
        (_out_of_order(table, targets, random), WEIGHTS[2]),
    )
    for others, weight in falses:
        kept = others >= 0
        own = targets[kept]
        kinds.append((own, Pairs(own - 1, others[kept], table.place[own]), so_far[own], 0.0, weight))
    kinds.append(_false_couplets(table, lines, so_far, targets, random))
    found, is_true, weights = [], [], []
    for own, pairs, mean, truth, weight in kinds:
        for start in range(0, len(own), CHUNK):
            part = slice(start, start + CHUNK)
            of_part = features(vectors, lines, Pairs(*(each[part] for each in pairs)), mean[part])
            found.append(of_part.astype(np.float16))
        is_true.append(np.full(len(own), truth, np.float32))
        weights.append(np.full(len(own), weight, np.float32))
    truths, counted = np.concatenate(is_true), np.concatenate(weights)
    counted[truths == 1] = counted[truths == 0].sum() / max(len(targets), 1)
    return np.concatenate(found), truths, (counted / max(counted.mean(), 1e-9)).astype(np.float32)


def _others(groups: Ids, table: Table, targets: Ids, random: np.random.Generator) -> Ids:
    """For each target a line of its group and of another poem; -1 where chance finds none."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    first, end = (np.searchsorted(ordered, groups[targets], side) for side in ("left", "right"))
    found = order[first + (random.random(len(targets)) * (end - first)).astype(np.int64)]
    return np.where(table.poem[found] == table.poem[targets], -1, found)


def _in_same_place(table: Table, targets: Ids, random: np.random.Generator) -> Ids:
    """Lines in the same place of other poems of the same shape."""
    return _others(_numbered(table.size, table.lengths, table.place), table, targets, random)


def _with_same_end(table: Table, targets: Ids, random: np.random.Generator) -> Ids:
    """Lines of other poems that end in the same symbol, and so rhyme alike."""
    return _others(_numbered(table.ids[:, -1], table.lengths, table.place % 2), table, targets, random)


def _out_of_order(table: Table, targets: Ids, random: np.random.Generator) -> Ids:
    """A later line of the same poem; -1 for the last line."""
    left = table.size[targets] - table.place[targets] - 1
    found = targets + 1 + (random.random(len(targets)) * left).astype(np.int64)
    return np.where(left > 0, found, -1)


def _false_couplets(
    table: Table, lines: Lines, so_far: Floats, targets: Ids, random: np.random.Generator
) -> tuple[Ids, Pairs, Floats, float, float]:
    """Second lines of couplets that follow their own first line, in another poem than theirs."""
    own = targets[(table.place[targets] % 2 == 1) & (table.place[targets] > 1)]
    others = _in_same_place(table, own, random)
    own, others = own[others >= 0], others[others >= 0]
    place = table.place[own][:, None]
    mean = so_far[own] + (lines.topic[others - 1] - lines.topic[own - 1]) / np.maximum(place, 1)
    return own, Pairs(others - 1, others, table.place[own]), mean.astype(np.float32), 0.0, WEIGHTS[3]


def _numbered(*keys: Ids) -> Ids:
    """One number for each combination of keys that occurs."""
    return np.unique(np.stack(keys, 1), axis=0, return_inverse=True)[1].reshape(-1)
