"""A tokenizer whose symbols are parts of words: byte-pair encoding, or a unigram language model.

A frequent word is one symbol, a rare one several. The vocabulary is learned by the `tokenizers` library (the extra
`subword`); reading and writing with it need no more than this module.

Byte-pair encoding (Sennrich et al. 2016) begins with the characters of a word and merges pairs of symbols, those first
that were merged first when the vocabulary was learned. A unigram language model (Kudo 2018) takes the division of the
word whose symbols have the highest product of probabilities.

A character that the vocabulary lacks is read as the bytes of its UTF-8 form, so any text can be encoded and decoded
without loss (`textgen.tokens.bytes`).
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textgen.errors import ModelError, UsageError
from textgen.tokens.base import Rules, Tokenizer
from textgen.tokens.bytes import BYTES, begins_character, bytes_of, bytes_to_characters, is_byte, label
from textgen.tokens.characters import LETTER, UNSPACED
from textgen.tokens.layout import RESERVED

ASCII = [chr(byte) for byte in range(128)]
# The symbols that every vocabulary begins with: they can spell any text.
FIRST = [*ASCII, *BYTES]
# Longest word that is divided as a whole, and longest symbol, in characters: the time to divide is bounded.
MAX_WORD, MAX_SYMBOL = 64, 16
# Words whose division is remembered.
MAX_REMEMBERED = 1 << 17
# Of the vocabulary, at most this share are single characters; rarer ones are read as bytes.
MAX_SHARE_OF_CHARACTERS = 0.75
# Words that the library is given at a time.
BATCH = 4096
# What separates the words that it is given; a text that holds this character loses it there, and only there.
SEPARATOR = "\ue000"
# What the library adds to the scores of characters that have none, one after another.
LIBRARY_STEP = 1e-4
# How much worse than the least likely symbol a byte is for a unigram language model (nats).
BYTE_PENALTY = 10.0

_SURROGATE = re.compile("[\ud800-\udfff]")
_WORD = re.compile(
    rf" ?(?:{LETTER}{{1,{MAX_WORD}}}(?:['\u2019]{LETTER}{{1,{MAX_WORD}}}){{0,2}}"
    rf"|[{UNSPACED}]{{1,{MAX_SYMBOL}}}|\d{{1,3}}|\S)|\s"
)


class SubwordTokenizer(Tokenizer):
    """One symbol per word or part of a word; a symbol may carry the single space before it, as in WordTokenizer.

    Args:
        symbols: each symbol's text; the first are FIRST.
        merges: for byte-pair encoding: pairs of places in `symbols`, in the order in which they are merged. The text of
            the two together is a symbol too.
        scores: for a unigram language model: the logarithm of each symbol's probability; None for byte-pair encoding.
    """

    kind = "subword"
    noun = "subword"
    default_size = 4000
    has_bytes = True
    learns_with = "tokenizers"

    def __init__(
        self,
        symbols: Iterable[str] = FIRST,
        merges: Iterable[tuple[int, int]] = (),
        scores: Iterable[float] | None = None,
    ) -> None:
        super().__init__(symbols)
        self.merges = [(int(left), int(right)) for left, right in merges]
        self.scores = None if scores is None else [float(score) for score in scores]
        # Of a pair of texts, when it is merged.
        self._ranks = {
            (self.symbols[left], self.symbols[right]): rank for rank, (left, right) in enumerate(self.merges)
        }
        self._lowest = min(self.scores or (0.0,)) - BYTE_PENALTY
        self._longest = max(map(len, self.symbols))
        self._divided = lru_cache(MAX_REMEMBERED)(self._divide)

    # ---- text to ids

    def words(self, text: str) -> Iterator[str]:
        """The stretches of a text that are divided one by one; joined, they are the text again."""
        if not text.isascii():
            text = _SURROGATE.sub("\ufffd", text)  # no text, and not to be taken for a byte
        return (found[0] for found in _WORD.finditer(text))

    def split(self, text: str) -> list[str]:
        """The symbols in order. Of a character that is read as bytes, the last byte has the text, the others none."""
        found: list[str] = []
        for word in self.words(text):
            for symbol in self._divided(word):
                if symbol in self._ids:
                    found.append(symbol)
                else:
                    found += [*[""] * (len(bytes_of(symbol)) - 1), symbol]
        return found

    def encode(self, text: str) -> NDArray[np.int32]:
        ids, found = self._ids, list[int]()
        for word in self.words(text):
            for symbol in self._divided(word):
                if symbol in ids:
                    found.append(ids[symbol])
                else:
                    found += [ids[byte] for byte in bytes_of(symbol)]
        return np.array(found, dtype=np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        return bytes_to_characters(super().decode(ids))

    def unknown(self, text: str) -> list[str]:
        """Nothing: what is no symbol is read as bytes."""
        return []

    def extended(self, texts: Iterable[str], size: int | None = None) -> Self:
        """This tokenizer: it can read any text."""
        return self

    def united(self, others: Sequence[Tokenizer]) -> Tokenizer:
        if any(other.to_json() != self.to_json() for other in others):
            raise UsageError("these runs have different vocabularies of subwords; mix runs that have the same")
        return self

    def _divide(self, word: str) -> tuple[str, ...]:
        """The symbols of a word, and the characters in it that are none."""
        return self._merged(word) if self.scores is None else self._most_likely(word, self.scores)

    def _merged(self, word: str) -> tuple[str, ...]:
        parts, ranks, never = list(word), self._ranks, len(self._ranks)
        while len(parts) > 1:
            order = [ranks.get(pair, never) for pair in pairwise(parts)]
            first = min(order)
            if first == never:
                break
            # All places of the pair, from left to right; one that overlaps the one before it is left out.
            left, right = parts[at := order.index(first)], parts[at + 1]
            joined: list[str] = []
            place = 0
            while place < len(parts):
                if place + 1 < len(parts) and parts[place] == left and parts[place + 1] == right:
                    joined.append(left + right)
                    place += 2
                else:
                    joined.append(parts[place])
                    place += 1
            parts = joined
        return tuple(parts)

    def _most_likely(self, word: str, scores: Sequence[float]) -> tuple[str, ...]:
        """The best division by dynamic programming (Viterbi)."""
        ids, size = self._ids, len(word)
        best, came_from = [0.0] + [-math.inf] * size, [0] * (size + 1)
        for start in range(size):
            for end in range(start + 1, min(start + self._longest, size) + 1):
                found = ids.get(word[start:end])
                if found is None and end > start + 1:
                    continue
                score = best[start] + (self._lowest if found is None else scores[found - RESERVED])
                if score > best[end]:
                    best[end], came_from[end] = score, start
        parts, end = list[str](), size
        while end:
            parts.append(word[came_from[end] : end])
            end = came_from[end]
        return tuple(reversed(parts))

    # ---- ids to text

    def spelled(self, text: str) -> str:
        return super().decode(self.encode(text))

    def labels(self, separator: str) -> list[str]:
        return list(map(label, self.printed(separator)))

    def following(self, backward: bool = False) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        # After the first byte of a character come only bytes that go on with one, and those come nowhere else than
        # after a byte.
        kinds, masks = super().following(backward)
        begins = self.ids_where(begins_character)
        goes_on = self.ids_where(lambda symbol: is_byte(symbol) and not begins_character(symbol))
        masks[:, goes_on] = -np.inf
        after_first, after_next = masks[:1].copy(), masks[:1].copy()
        after_first[:] = -np.inf
        after_first[:, goes_on] = after_next[:, goes_on] = 0
        kinds[begins], kinds[goes_on] = len(masks), len(masks) + 1
        return kinds, np.concatenate([masks, after_first, after_next])

    # ---- files

    def to_json(self) -> dict[str, Any]:
        if self.scores is not None:
            return super().to_json() | {"scores": self.scores}
        return super().to_json() | {"merges": [list(pair) for pair in self.merges]}

    @classmethod
    def from_json(cls, symbols: list[str], more: Mapping[str, Any]) -> Self:
        if symbols[: len(FIRST)] != FIRST:
            raise ModelError("a vocabulary of subwords begins with the 128 characters of ASCII and 128 bytes")
        if longest := next((symbol for symbol in symbols if len(symbol) > MAX_WORD), None):
            raise ModelError(f"the vocabulary holds {longest[:20]!r}..., which is longer than {MAX_WORD} characters")
        for symbol in symbols[len(FIRST) :]:
            if any("\ud800" <= character <= "\udfff" for character in symbol):
                raise ModelError(f"the vocabulary holds {symbol!r}, which is not text (a lone surrogate)")
        if set(more) == {"merges"}:
            return cls(symbols, merges=_checked_merges(symbols, more["merges"]))
        if set(more) == {"scores"}:
            return cls(symbols, scores=_checked_scores(symbols, more["scores"]))
        raise ModelError('a tokenizer of subwords has either "merges" or "scores"')

    # ---- learning a vocabulary

    @classmethod
    def train(cls, texts: Iterable[str], size: int | None = None, rules: Rules | None = None) -> Self:
        """Learn a vocabulary with the `tokenizers` library; see Tokenizer.train.

        Byte-pair encoding gives the same vocabulary each time. A unigram language model differs in rare symbols from
        one time to another, since the library sums in an order that changes.

        Raises:
            UsageError: the size is too small.
        """
        size = size or cls.default_size
        least = RESERVED + len(FIRST) + 1
        if size < least:
            raise UsageError(
                f"`vocabulary_size={size}` is too small for subwords, which can spell any text; give {least} or more"
            )
        learn = _learn_pairs if (rules or Rules()).subwords == "bpe" else _learn_unigrams
        return cls(*learn(cls()._batches(texts), size - RESERVED))

    def _batches(self, texts: Iterable[str]) -> Iterator[str]:
        """The words of some texts, some thousand at a time, in the form in which the library splits them again."""
        batch: list[str] = []
        for text in texts:
            for word in self.words(text):
                batch.append(word.replace(SEPARATOR, ""))
                if len(batch) == BATCH:
                    yield SEPARATOR.join(batch)
                    batch = []
        yield SEPARATOR.join(batch)


def _learned(trainer: Any, model: Any, batches: Iterator[str]) -> dict[str, Any]:
    """The model that the library learns, as plain values."""
    import json

    from tokenizers import Tokenizer as Library
    from tokenizers.pre_tokenizers import CharDelimiterSplit

    library = Library(model)
    library.pre_tokenizer = CharDelimiterSplit(SEPARATOR)
    library.train_from_iterator(batches, trainer)
    learned: dict[str, Any] = json.loads(library.to_str())["model"]
    return learned


def _learn_pairs(batches: Iterator[str], size: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Symbols and merges of byte-pair encoding."""
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer

    trainer = BpeTrainer(
        vocab_size=size - len(BYTES),
        initial_alphabet=ASCII,
        limit_alphabet=max(int(MAX_SHARE_OF_CHARACTERS * size), len(ASCII)),
        max_token_length=MAX_SYMBOL,
        show_progress=False,
    )
    learned = _learned(trainer, BPE(), batches)
    by_id = sorted(learned["vocab"], key=learned["vocab"].get)
    known = set(FIRST)
    symbols = [*FIRST, *(symbol for symbol in by_id if symbol not in known)]
    places = {symbol: place for place, symbol in enumerate(symbols)}
    return symbols, [(places[left], places[right]) for left, right in learned["merges"]]


def _learn_unigrams(batches: Iterator[str], size: int) -> tuple[list[str], tuple[()], list[float]]:
    """Symbols and scores of a unigram language model."""
    from tokenizers.models import Unigram
    from tokenizers.trainers import UnigramTrainer

    trainer = UnigramTrainer(
        vocab_size=size,  # too many where the text lacks some of FIRST; the least likely are left out below
        max_piece_length=MAX_SYMBOL,
        show_progress=False,
    )
    learned = _learned(trainer, Unigram(), batches)
    scores = {symbol: score for symbol, score in learned["vocab"] if symbol}
    lowest, known = min(scores.values()), set(FIRST)
    # A character without a score gets the lowest from the library, and up to so much more, in the order of a hash.
    almost = lowest + LIBRARY_STEP * sum(len(symbol) == 1 for symbol in scores)
    for symbol, score in scores.items():
        if len(symbol) == 1 and score <= almost:
            scores[symbol] = lowest
    symbols = [*FIRST, *sorted(set(scores) - known, key=lambda symbol: (-scores[symbol], symbol))][:size]
    return symbols, (), [scores.get(symbol, lowest - BYTE_PENALTY) for symbol in symbols]


def _checked_merges(symbols: list[str], merges: object) -> list[tuple[int, int]]:
    """The merges of an untrusted file. Raises ModelError where one leads to no symbol."""
    known, checked = set(symbols), list[tuple[int, int]]()
    if not isinstance(merges, list) or len(merges) > len(symbols) * 2:
        raise ModelError('"merges" is a list of pairs, not more than two for each symbol')
    for pair in merges:
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(type(at) is int and 0 <= at < len(symbols) for at in pair)
        ):
            raise ModelError(f"the merges hold {str(pair)[:40]}, which is not a pair of places in the vocabulary")
        left, right = pair
        if symbols[left] + symbols[right] not in known:
            raise ModelError(f"the merges make {symbols[left] + symbols[right]!r}, which the vocabulary lacks")
        checked.append((left, right))
    if len(set(checked)) != len(checked):
        raise ModelError("the merges hold a pair twice")
    return checked


def _checked_scores(symbols: list[str], scores: object) -> list[float]:
    """The scores of an untrusted file. Raises ModelError where they are not one logarithm for each symbol."""
    if not isinstance(scores, list) or len(scores) != len(symbols):
        raise ModelError('"scores" is a list of numbers, one for each symbol')
    for score in scores:
        if type(score) not in (int, float) or not -1e6 <= score <= 0:
            raise ModelError(f"the scores hold {str(score)[:40]}; the logarithm of a probability is -1e6 to 0")
    return [float(score) for score in scores]
