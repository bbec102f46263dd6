"""Ids to parallel streams."""

import numpy as np
import pytest

from textgen.planning.streams import held_out_streams, training_streams
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.layout import IGNORED, lay_out


def test_a_boundary_precedes_each_document():
    tokenizer = CharTokenizer.train(["ab"])
    assert lay_out(tokenizer, ["ab", "b"]).tolist() == [0, 2, 3, 0, 3]
    assert lay_out(tokenizer, []).size == 0


def test_streams_are_contiguous_from_step_to_step():
    streams = training_streams(np.arange(100, dtype=np.int32), batch=3, length=8)
    assert (streams.span, streams.steps) == (33, 4)
    first, second = streams.step(0)[0], streams.step(1)[0]
    assert first.tolist() == [[*range(8)], [*range(33, 41)], [*range(66, 74)]]
    assert (second == first + 8).all()


@pytest.mark.parametrize("offset", [0, 1, 57, 99])
def test_a_target_is_the_next_id_even_across_the_end(offset):
    streams = training_streams(np.arange(100, dtype=np.int32), batch=3, length=8)
    for index in range(streams.steps):
        inputs, targets = streams.step(index, offset)
        assert inputs[0, 0] == (offset + 8 * index) % 100
        assert (targets == (inputs + 1) % 100).all()


def test_a_short_text_gets_fewer_streams_and_a_shorter_one_none():
    assert training_streams(np.zeros(40, np.int32), batch=8, length=9).rows == 4
    assert training_streams(np.zeros(9, np.int32), batch=8, length=9) is None
    shortest = training_streams(np.zeros(10, np.int32), batch=8, length=9)
    assert (shortest.rows, shortest.steps) == (1, 1)


@pytest.mark.parametrize(("size", "rows", "length"), [(2, 4, 8), (9, 4, 8), (300, 4, 8), (301, 3, 7), (5000, 32, 64)])
def test_each_held_out_symbol_is_predicted_once_and_padding_never_counts(size, rows, length):
    ids = np.arange(size, dtype=np.int32)
    streams = held_out_streams(ids, rows, length)
    predicted = []
    for index in range(streams.steps):
        inputs, targets = streams.step(index)
        assert inputs.shape == targets.shape == (rows, length)
        counts = targets != IGNORED
        assert (targets[counts] == inputs[counts] + 1).all()
        predicted += targets[counts].tolist()
    assert sorted(predicted) == list(range(1, size))
    assert streams.symbols == size - 1


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("offset", [0, 57])
def test_rows_that_are_dealt_out_are_those_of_the_whole(parts, offset):
    """Each part reads rows of its own; rows beyond the text are padding. The held-out streams too."""
    ids = np.arange(500, dtype=np.int32)
    whole, held_out = training_streams(ids, batch=5, length=8), held_out_streams(ids, rows=5, length=4)
    of_part = -(-5 // parts)
    for streams, steps in ((whole, whole.steps), (held_out, held_out.steps)):
        for index in range(steps):
            dealt = [streams.dealt(part * of_part, of_part).step(index, offset) for part in range(parts)]
            for place, expected in enumerate(streams.step(index, offset)):
                rows = np.concatenate([step[place] for step in dealt])
                assert (rows[:5] == expected).all()
                assert (rows[5:] == (IGNORED if place else 0)).all()
