"""Subwords: vocabularies against the library that learns them, and any text there and back."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.conftest import examples, verse
from textgen import train
from textgen.errors import ModelError, UsageError
from textgen.system import extras
from textgen.tokens import load_tokenizer
from textgen.tokens.base import Rules
from textgen.tokens.bytes import BYTES, bytes_to_characters, label
from textgen.tokens.layout import BOUNDARY, UNKNOWN
from textgen.tokens.subwords import FIRST, MAX_WORD, SEPARATOR, SubwordTokenizer

METHODS = ["bpe", "unigram"]
EVERY = pytest.mark.parametrize("method", METHODS)
TEXT = verse() + "床前明月光，疑是地上霜。床前明月光。\nnaïve naïve café\n"
LEARNED = {method: SubwordTokenizer.train([TEXT], 420, Rules(subwords=method)) for method in METHODS}


def library(tokenizer):
    """The library's own tokenizer with the same vocabulary, for words that hold no unknown character."""
    from tokenizers import Tokenizer as Library
    from tokenizers.models import BPE, Unigram

    symbols = tokenizer.symbols
    if tokenizer.scores is not None:
        scored = [("\x00unknown", -1e9), *zip(symbols, tokenizer.scores, strict=True)]
        return Library(Unigram([(symbol, score) for symbol, score in scored if symbol not in BYTES], 0, False))
    merges = [(symbols[left], symbols[right]) for left, right in tokenizer.merges]
    return Library(BPE({symbol: place for place, symbol in enumerate(symbols) if symbol not in BYTES}, merges))


@EVERY
def test_words_are_divided_as_the_library_divides_them(method):
    tokenizer, theirs = LEARNED[method], library(LEARNED[method])
    words = set(tokenizer.words(TEXT)) | {"wood", " woodpecker", "sheepish", " seesaw", "aaaa", " aaaaa", "ananan"}
    longer = 0
    for word in words:
        ours = tokenizer.split(word)
        assert ours == theirs.encode(word).tokens, word
        longer += len(ours) > 2
    assert longer > 5  # there was something to divide


@EVERY
def test_the_vocabulary_has_its_size_and_shortens_the_text(method):
    tokenizer = LEARNED[method]
    assert tokenizer.vocabulary_size <= 420
    assert tokenizer.symbols[:256] == FIRST
    assert len(tokenizer.encode(TEXT)) < 0.85 * len(TEXT)


def test_frequent_words_are_one_symbol():
    assert LEARNED["bpe"].split(" the fox went down") == [" the", " fox", " went", " down"]


@EVERY
@given(st.text())
@example("Ω❤\U0010ffff\x00\r\n\t ''a'b 12345 -- naïve")
@example("a" * 1000)
@example(SEPARATOR * 3)
@settings(max_examples=examples(100))
def test_any_text_comes_back(method, text):
    tokenizer = LEARNED[method]
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int32
    assert (ids > UNKNOWN).all()
    assert tokenizer.decode(ids) == text
    symbols = tokenizer.split(text)
    assert len(symbols) == len(ids)
    assert "".join(symbols) == text
    assert tokenizer.unknown(text) == []


@EVERY
def test_what_is_no_text_is_read_as_the_sign_for_that(method):
    """A lone surrogate is not taken for a byte."""
    tokenizer = LEARNED[method]
    assert tokenizer.decode(tokenizer.encode("a\udce2\ud800b")) == "a\ufffd\ufffdb"


def test_a_character_outside_the_vocabulary_is_its_bytes():
    tokenizer = LEARNED["bpe"]
    ids = tokenizer.encode("❤")
    assert [label(tokenizer.symbols[index - 2]) for index in ids] == ["\\xe2", "\\x9d", "\\xa4"]
    assert tokenizer.split("❤") == ["", "", "❤"]
    assert tokenizer.labels("|")[:2] == ["|", ""]
    assert tokenizer.labels("|")[int(ids[0])] == "\\xe2"
    assert tokenizer.decode(ids[:2]) == "\ufffd"


def test_bytes_come_only_where_a_character_may_go_on():
    tokenizer = LEARNED["bpe"]
    kinds, masks = tokenizer.following()
    allowed = masks[kinds] == 0
    e2, x9d, a = (2 + tokenizer.symbols.index(symbol) for symbol in ("\udce2", "\udc9d", "a"))
    assert np.array_equal(np.flatnonzero(allowed[e2]), 2 + np.arange(128, 192))  # the bytes 0x80 to 0xbf
    assert allowed[x9d, [x9d, a, e2]].all()
    assert not allowed[a, x9d]
    assert not allowed[BOUNDARY, x9d]
    assert allowed[a, [a, e2]].all()
    assert not allowed[:, UNKNOWN].any()


def test_readable():
    assert bytes_to_characters("plain") == "plain"
    assert bytes_to_characters("\udcf0\udc9f\udc8c\udc99 \udce2\udc9d") == "\U0001f319 \ufffd"


@EVERY
def test_json_and_back(method):
    tokenizer = LEARNED[method]
    text = json.dumps(tokenizer.to_json())
    again = load_tokenizer(json.loads(text))
    assert (again.symbols, again.merges, again.scores) == (tokenizer.symbols, tokenizer.merges, tokenizer.scores)
    assert np.array_equal(again.encode(TEXT), tokenizer.encode(TEXT))


def test_equal_texts_give_equal_vocabularies():
    """In other processes too, whatever their hash seeds are."""
    script = "import json, sys; from textgen.tokens.subwords import SubwordTokenizer; "
    script += "print(json.dumps(SubwordTokenizer.train([sys.stdin.read()], 420).to_json()))"
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script], input=TEXT.encode(), capture_output=True, check=True)
        assert json.loads(done.stdout) == LEARNED["bpe"].to_json()


def test_rare_characters_are_left_to_bytes():
    many = "".join(chr(0x4E00 + place) for place in range(2000)) + "the the the" * 100
    tokenizer = SubwordTokenizer.train([many], 700)
    assert tokenizer.vocabulary_size <= 700
    assert tokenizer.decode(tokenizer.encode(many)) == many
    assert " the" in tokenizer.split("a the")


def test_a_long_word_takes_bounded_time():
    """It is divided in stretches of MAX_WORD characters."""
    assert max(map(len, LEARNED["bpe"].words("x" * 100_000))) == MAX_WORD


@pytest.mark.parametrize("size", [3, 258])
def test_a_size_without_room_for_bytes_is_refused(size):
    with pytest.raises(UsageError, match=f"`vocabulary_size={size}` is too small for subwords"):
        SubwordTokenizer.train(["a"], size)


def test_without_the_library_a_vocabulary_is_read_and_not_learned(monkeypatch, text_file, tmp_path):
    monkeypatch.setattr(extras, "is_there", lambda package: package != "tokenizers")
    with pytest.raises(UsageError, match="`tokenizer=\"subword\"` needs the extra 'subword': pip install 'tokenizers"):
        train(text_file, tmp_path / "run", tokenizer="subword", quiet=True)
    assert not (tmp_path / "run").exists()
    script = "import sys; sys.modules['tokenizers'] = None; import json; from textgen.tokens import load_tokenizer; "
    script += "tokenizer = load_tokenizer(json.load(sys.stdin)); print(tokenizer.decode(tokenizer.encode('the fox')))"
    given = json.dumps(LEARNED["bpe"].to_json())
    done = subprocess.run([sys.executable, "-c", script], input=given, capture_output=True, text=True, check=True)
    assert done.stdout == "the fox\n"


def spoilt(**changes):
    return {"kind": "subword", "symbols": [*FIRST, "th", "the"], "merges": [[116, 104], [256, 101]]} | changes


def test_the_vocabulary_that_is_spoilt_below_is_a_good_one():
    assert load_tokenizer(spoilt()).split("then") == ["the", "n"]
    scores = [-9.0] * 256 + [-2.0, -3.0]
    scored = {name: value for name, value in spoilt(scores=scores).items() if name != "merges"}
    assert load_tokenizer(scored).split("then") == ["the", "n"]


HOSTILE = [
    ({"symbols": FIRST[1:]}, "begins with the 128 characters"),
    ({"symbols": []}, "begins with the 128 characters"),
    ({"symbols": [*FIRST, FIRST[3]]}, "twice"),
    ({"symbols": [*FIRST, "th", "the", "\ud800"]}, "lone surrogate"),
    ({"symbols": [*FIRST, "th", "the", "a\udc80"]}, "lone surrogate"),
    ({"symbols": [*FIRST, "th", "the", "x" * 65]}, "longer than 64"),
    ({"merges": None}, "a list of pairs"),
    ({"merges": {}}, "a list of pairs"),
    ({"merges": [[116]]}, "not a pair"),
    ({"merges": [[116, 104, 101]]}, "not a pair"),
    ({"merges": [["t", "h"]]}, "not a pair"),
    ({"merges": [[True, 104]]}, "not a pair"),
    ({"merges": [[116.0, 104]]}, "not a pair"),
    ({"merges": [[-1, 104]]}, "not a pair"),
    ({"merges": [[116, 999]]}, "not a pair"),
    ({"merges": [[104, 104]]}, "'hh', which the vocabulary lacks"),
    ({"merges": [[116, 104], [116, 104]]}, "a pair twice"),
    ({"merges": [[116, 104]] * 1000}, "not more than two for each symbol"),
    ({"scores": [-1.0] * 258}, 'either "merges" or "scores"'),
    ({"merges": ..., "scores": [-1.0] * 257}, "one for each symbol"),
    ({"merges": ..., "scores": "-1"}, "one for each symbol"),
    ({"merges": ..., "scores": [-1.0] * 257 + [1.0]}, "-1e6 to 0"),
    ({"merges": ..., "scores": [-1.0] * 257 + [None]}, "-1e6 to 0"),
    ({"merges": ..., "scores": [-1.0] * 257 + [float("nan")]}, "-1e6 to 0"),
    ({"merges": ..., "scores": [-1.0] * 257 + [-1e9]}, "-1e6 to 0"),
    ({"merges": ...}, 'either "merges" or "scores"'),
    ({"special": []}, 'either "merges" or "scores"'),
]


@pytest.mark.parametrize(("changes", "complaint"), HOSTILE)
def test_a_hostile_vocabulary_is_refused(changes, complaint):
    values = {name: value for name, value in spoilt(**changes).items() if value is not ...}
    with pytest.raises(ModelError, match=complaint):
        load_tokenizer(values)
