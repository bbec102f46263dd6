"""The symbols of an answer beside its text, where several symbols make one character."""

import numpy as np

from tests.helpers.models import untaught
from textgen.serve.completions import _Logprobs
from textgen.tokens.subwords import SubwordTokenizer

TOKENIZER = SubwordTokenizer.train(["the fox and the hen " * 20], 280)


def test_offsets_are_those_of_the_text_though_characters_come_byte_by_byte():
    text = "the \u2764 fox\u00e9"
    found = _Logprobs(untaught(TOKENIZER, SubwordTokenizer))
    ids = TOKENIZER.encode(text).tolist()
    found.add([(index, -1.0, []) for index in ids])
    answer = found.taken(len(text), True)
    assert len(answer["tokens"]) == len(ids)
    at = dict(zip(answer["text_offset"][::-1], answer["tokens"][::-1], strict=True))  # the first symbol at each place
    assert at[text.index("\u2764")] == "\\xe2"
    assert at[text.index("\u00e9")] == "\\xc3"
    for offset, token in at.items():
        assert token.startswith("\\x") or text.startswith(token, offset)


def test_symbols_of_a_character_that_is_not_shown_yet_wait():
    found = _Logprobs(untaught(TOKENIZER, SubwordTokenizer))
    ids = TOKENIZER.encode("a\u2764").tolist()
    found.add([(index, -1.0, []) for index in ids[:2]])
    assert found.taken(1, False)["tokens"] == ["a"]
    found.add([(index, -1.0, []) for index in ids[2:]])
    assert found.taken(2, False)["tokens"] == ["\\xe2", "\\x9d", "\\xa4"]
    assert np.array_equal(ids[:1], TOKENIZER.encode("a"))
