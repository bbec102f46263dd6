"""The latest ids of texts that grow together."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.conftest import examples
from textgen.writing.rows import Histories

TEXT = some.lists(some.integers(0, 9), max_size=12)
# What may happen to texts: a text joins, one leaves, all grow by a symbol.
EVENTS = some.lists(some.one_of(TEXT, some.integers(0, 5), some.just("grow")), max_size=40)


def seen(histories):
    """The ids of each text, without what stands where a text is shorter."""
    return [[index for index in row if index >= 0] for row in histories.seen().tolist()]


@settings(max_examples=examples(200))
@given(width=some.integers(1, 6), texts=some.lists(TEXT, min_size=1, max_size=3), events=EVENTS)
def test_what_is_seen_is_the_end_of_each_text(width, texts, events):
    histories = Histories(width, [np.array(text, np.intp) for text in texts])
    for number, event in enumerate(events):
        if event == "grow" and texts:
            ids = np.array([(number + place) % 10 for place in range(len(texts))])
            texts = [[*text, index] for text, index in zip(texts, ids.tolist(), strict=True)]
            histories.append(ids)
        elif isinstance(event, list):
            histories.add(np.array(event, np.intp))
            texts = [*texts, event]
        elif isinstance(event, int):
            keep = [place for place in range(len(texts)) if place != event]
            histories.keep(keep)
            texts = [texts[place] for place in keep]
        assert seen(histories) == [text[-width:] for text in texts]
        assert histories.seen().shape[1] <= width


def test_symbols_are_taken_back():
    histories = Histories(4, [np.array([1, 2, 3])])
    histories.append(np.array([4]))
    histories.append(np.array([5]))
    assert histories.rewind(2).tolist() == [[1, 2, 3]]
    assert histories.append(np.array([6])).tolist() == [[1, 2, 3, 6]]
