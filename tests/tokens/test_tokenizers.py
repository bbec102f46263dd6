"""Tokenizers: text to ids and back, vocabularies, the registry."""

import json
import subprocess
import sys

import numpy as np
import pytest

from textgen.errors import ModelError
from textgen.tokens import TOKENIZERS, load_tokenizer, tokenizer_class
from textgen.tokens.base import Rules, Tokenizer
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.layout import BOUNDARY, UNKNOWN
from textgen.tokens.words import WordTokenizer

TEXTS = [
    "The cat's pyjamas -- don't ask.\n\n  Two  spaces,\ttabs\r\n",
    "床前明月光，疑是地上霜。\n",
    "👩‍👩‍👧 family, cafe\u0301, שלום עולם, नमस्ते, naïve, ﬁ",
    "x=3.14; y_2 -> 'quoted' \u2018curly\u2019 O\u2019Neill\u00a0end\u2028line",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", [CharTokenizer, WordTokenizer])
def test_decoding_an_encoded_text_gives_it_back(kind, text):
    tokenizer = kind.train([text])
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int32
    assert tokenizer.decode(ids) == text
    assert tokenizer.unknown(text) == []
    assert "".join(tokenizer.split(text)) == text


def never_after(tokenizer, index):
    kinds, masks = tokenizer.following()
    return set(np.flatnonzero(np.isinf(masks[kinds[index]])).tolist())


def test_characters_are_code_points_in_order():
    tokenizer = CharTokenizer.train(["ba", "ca"])
    assert tokenizer.symbols == ["a", "b", "c"]
    assert tokenizer.vocabulary_size == 5
    assert tokenizer.encode("abc").tolist() == [2, 3, 4]


def test_words_carry_the_space_before_them():
    assert WordTokenizer(()).split("He said, \"don't\" twice.\n\nOK") == [
        "He", " said", ",", ' "', "don't", '"', " twice", ".", "\n", "\n", "OK",
    ]  # fmt: skip
    assert WordTokenizer(()).split("a  b\t12") == ["a", " ", " b", "\t", "1", "2"]
    assert WordTokenizer(()).split("明月 moon") == ["明", "月", " moon"]


@pytest.mark.parametrize("kind", [CharTokenizer, WordTokenizer])
def test_symbols_outside_the_vocabulary_are_unknown(kind):
    tokenizer = kind.train(["one two"])
    unknown = tokenizer.unknown("one zwei Ω\U0010ffff two zwei")
    assert unknown == ([" zwei", " Ω", "\U0010ffff"] if kind is WordTokenizer else ["z", "i", "Ω", "\U0010ffff"])
    ids = tokenizer.encode("one Ω\U0010ffff")
    assert ids[-1] == UNKNOWN
    assert tokenizer.decode([BOUNDARY, UNKNOWN]) == ""


def test_lone_surrogates_are_unknown_and_no_crash():
    assert CharTokenizer.train(["ab"]).encode("a\udc80b").tolist() == [2, UNKNOWN, 3]


def test_a_small_vocabulary_keeps_the_most_frequent_symbols():
    tokenizer = CharTokenizer.train(["aaa bbb cc d"], size=5)
    assert tokenizer.vocabulary_size == 5
    assert tokenizer.symbols == [" ", "a", "b"]
    words = WordTokenizer.train(["to be or not to be to"], size=4)
    assert words.symbols == [" be", " to"]


def test_the_default_word_vocabulary_is_bounded():
    text = " ".join(
        f"w{chr(97 + a)}{chr(97 + b)}{chr(97 + c)}" for a in range(25) for b in range(25) for c in range(25)
    )
    assert WordTokenizer.train([text]).vocabulary_size == 10_000


def test_two_words_never_touch():
    tokenizer = WordTokenizer.train(["one two\nthree, four 月"])
    ids = {symbol: index + 2 for index, symbol in enumerate(tokenizer.symbols)}
    bare = {ids["one"], ids["three"]}
    for symbol in ("one", " two", "three", " four"):
        assert never_after(tokenizer, ids[symbol]) == bare | {UNKNOWN}
    for symbol in ("\n", ",", " 月"):
        assert never_after(tokenizer, ids[symbol]) == {UNKNOWN}
    for each in (tokenizer, CharTokenizer.train(["ab"])):
        assert never_after(each, 2) >= {UNKNOWN}
        assert BOUNDARY in never_after(each, BOUNDARY)  # no document is empty
    assert never_after(CharTokenizer.train(["ab"]), 2) == {UNKNOWN}


@pytest.mark.parametrize("kind", [CharTokenizer, WordTokenizer])
def test_ids_of_what_a_person_may_mean(kind):
    tokenizer = kind([" b", "b"] if kind is WordTokenizer else ["b"])
    assert tokenizer.ids_of("b") == ([3, 2] if kind is WordTokenizer else [2])
    assert tokenizer.ids_of("c") == []
    assert tokenizer.printed("\n") == ["\n", "", *tokenizer.symbols]


@pytest.mark.parametrize("kind", [CharTokenizer, WordTokenizer])
def test_json_and_back(kind):
    tokenizer = kind.train(TEXTS)
    again = load_tokenizer(json.loads(json.dumps(tokenizer.to_json())))
    assert type(again) is kind
    assert again.symbols == tokenizer.symbols


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([], 'entries "kind" and "symbols"'),
        ({"kind": "char"}, 'entries "kind" and "symbols"'),
        ({"kind": "char", "symbols": ["a"], "merges": []}, "characters has no entry 'merges'"),
        ({"kind": "syllable", "symbols": []}, "char, word, subword"),
        ({"kind": [], "symbols": []}, "char, word, subword"),
        ({"kind": "char", "symbols": "abc"}, "list of texts"),
        ({"kind": "char", "symbols": ["a", 1]}, "list of texts"),
        ({"kind": "char", "symbols": ["a", ""]}, "list of texts"),
        ({"kind": "char", "symbols": ["a", "b", "a"]}, "'a' twice"),
        ({"kind": "char", "symbols": ["ab"]}, "not one character"),
        ({"kind": "char", "symbols": ["\ud800"]}, "lone surrogate"),
        ({"kind": "word", "symbols": ["two words"]}, "not one word"),
        ({"kind": "word", "symbols": ["<unk>"]}, "not one word"),
        ({"kind": "word", "symbols": [], "special": "<unk>"}, "list of texts"),
        ({"kind": "word", "symbols": [], "special": [1]}, "list of texts"),
        ({"kind": "word", "symbols": [], "special": [""]}, "1 to 100 characters"),
        ({"kind": "word", "symbols": [], "special": ["x" * 101]}, "1 to 100 characters"),
        ({"kind": "word", "symbols": [], "special": ["x"] * 1001}, "at most 1,000"),
        ({"kind": "word", "symbols": [], "special": [], "more": 1}, "no entry 'more'"),
    ],
)
def test_a_malformed_vocabulary_is_refused(values, complaint):
    with pytest.raises(ModelError, match=complaint):
        load_tokenizer(values)


def test_special_words_are_kept_whole():
    text = "the <unk> is n't <unk>, <unk>s\nN N<num> <unk"
    tokenizer = WordTokenizer.train([text], rules=Rules(special=("<unk>", "<un", "<num>")))
    assert tokenizer.split(text) == [
        "the", " <unk>", " is", " n't", " <unk>", ",", " <unk>", "s", "\n", "N", " N", "<num>", " <un", "k",
    ]  # fmt: skip
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert WordTokenizer.train([text]).split("<unk>") == ["<", "unk", ">"]
    # A letter more or less makes no rule of regular expressions of it.
    assert WordTokenizer.train(["a.c abc"], rules=Rules(special=("a.c",))).split("a.c abc") == ["a.c", " abc"]


def test_special_words_are_saved_and_extended():
    tokenizer = WordTokenizer.train(["a <unk>"], rules=Rules(special=("<unk>",)))
    again = load_tokenizer(json.loads(json.dumps(tokenizer.to_json())))
    assert again.split("b <unk>") == ["b", " <unk>"]
    assert tokenizer.extended(["b <unk>"]).symbols == [" <unk>", "a", "b"]
    assert "special" not in WordTokenizer.train(["a"]).to_json()  # as runs without them were always saved


TOY = '''
"""A tokenizer of pairs of characters."""

from textgen.tokens.base import Rules, Tokenizer


class PairTokenizer(Tokenizer):
    kind = "pair"
    noun = "pair"

    @staticmethod
    def split(text):
        return [text[index : index + 2] for index in range(0, len(text), 2)]
'''


@pytest.fixture
def pairs(tmp_path, monkeypatch):
    """A tokenizer of another kind, added as the registry's docstring says: a module and a line."""
    (tmp_path / "toy_pairs.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(TOKENIZERS, "pair", ("toy_pairs", "PairTokenizer"))
    yield tokenizer_class("pair")
    sys.modules.pop("toy_pairs", None)


def test_a_new_tokenizer_is_a_module_and_a_line(pairs):
    tokenizer = pairs.train(["abcdabx"])
    assert tokenizer.symbols == ["ab", "cd", "x"]
    assert tokenizer.encode("abzzcd").tolist() == [2, UNKNOWN, 3]
    assert tokenizer.decode(tokenizer.encode("cdab")) == "cdab"
    assert tokenizer.extended(["efab"]).symbols == ["ab", "cd", "x", "ef"]
    again = load_tokenizer(json.loads(json.dumps(tokenizer.to_json())))
    assert type(again) is pairs
    assert again.encode("abx").tolist() == [2, 4]
    with pytest.raises(ModelError, match="not one pair"):
        load_tokenizer({"kind": "pair", "symbols": ["abc"]})


def test_a_tokenizer_must_say_what_a_symbol_is():
    class Silent(Tokenizer):
        kind = noun = "silence"

    with pytest.raises(TypeError, match="split"):
        Silent([])


def test_the_registry_needs_no_numpy():
    code = "import sys, textgen.tokens; print('numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
