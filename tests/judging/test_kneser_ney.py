"""The n-gram model beside the formula, written down once more with dictionaries."""

import math
import random
from collections import defaultdict

import numpy as np
import pytest

from textgen.judging.kneser_ney import KneserNey

START, END = "<s>", "</l>"


def sequences(poems, order):
    """Each poem as one list, and the places of its symbols."""
    for poem in poems:
        row, places = [START] * (order - 1), []
        for line in poem:
            places += range(len(row), len(row) + len(line))
            row += [*line, END]
        yield row, places


def counted(poems, order):
    """Counts of n-grams of each length: of the longest its occurrences, of others the symbols before it."""
    longest = defaultdict(int)
    for row, places in sequences(poems, order):
        for place in places:
            longest[tuple(row[place - order + 1 : place + 1])] += 1
    found = {order: dict(longest)}
    for length in range(order - 1, 0, -1):
        shorter = defaultdict(int)
        for gram, count in found[length + 1].items():
            # Nothing stands before the beginning, so its n-grams keep their occurrences.
            shorter[gram[1:]] += count if length > 1 and gram[1] == START else 1
        found[length] = dict(shorter)
    return found


def discounts(counts):
    n = [sum(count == wanted for count in counts.values()) for wanted in (1, 2, 3, 4)]
    y = n[0] / max(n[0] + 2 * n[1], 1)
    ratios = [n[k] / n[k - 1] if n[k - 1] else 0 for k in (1, 2, 3)]
    return [min(max(k - (k + 1) * y * ratios[k - 1], 0.1), k - 0.05) for k in (1, 2, 3)]


def probability(symbol, context, counts, vocabulary):
    lower = probability(symbol, context[1:], counts, vocabulary) if context else 1 / (vocabulary + 1)
    own = counts[len(context) + 1]
    following = {gram: count for gram, count in own.items() if gram[:-1] == context}
    if not following:
        return lower
    d = discounts(own)
    total = sum(following.values())
    rest = sum(d[min(count, 3) - 1] for count in following.values())
    count = following.get((*context, symbol), 0)
    return (max(count - d[min(count, 3) - 1], 0) if count else 0) / total + rest / total * lower


def some_poems(seed, number):
    chooser = random.Random(seed)
    return [["".join(chooser.choices("abcdef", [9, 6, 4, 2, 1, 1], k=4)) for _ in range(3)] for _ in range(number)]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_it_is_the_formula(order):
    learned, asked = some_poems(1, 40), [*some_poems(2, 3), ["abzz", "fa"]]
    model = KneserNey.learn(learned, order)
    counts = counted(learned, order)
    found = model.surprisal(asked)
    assert [len(each) for each in found] == [12, 12, 12, 6]
    for (row, places), surprisal in zip(sequences(asked, order), found, strict=True):
        for place, nats in zip(places, surprisal, strict=True):
            wanted = probability(row[place], tuple(row[place - order + 1 : place]), counts, 6)
            assert nats == pytest.approx(-math.log(wanted), rel=1e-9)


def test_the_probabilities_after_a_context_sum_to_one():
    model = KneserNey.learn(some_poems(3, 30), 3)
    for context in ("ab", "fe", "zz"):
        # z stands for every symbol that was never seen.
        total = sum(np.exp(-model.surprisal([[context + symbol]])[0][-1]) for symbol in "abcdefz")
        assert total == pytest.approx(1, abs=1e-12)


def test_texts_like_those_learned_are_less_surprising():
    model = KneserNey.learn([["abcabc"] * 4] * 20, 3)
    assert model.surprisal([["abcabc"]])[0].mean() < 0.5 < model.surprisal([["cbacba"]])[0].mean()


def test_nothing_to_learn_from():
    with pytest.raises(ValueError, match="no symbols"):
        KneserNey.learn([[""]], 3)
    assert KneserNey.learn([["ab"]], 2).surprisal([]) == []
