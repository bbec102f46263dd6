"""Text to ids and back: CharTokenizer and WordTokenizer, listed in TOKENIZERS.

The first ids are reserved (`textgen.tokens.symbols`): BOUNDARY between two documents, UNKNOWN for every symbol
outside the vocabulary; neither is ever printed. The vocabulary is plain JSON. This module knows nothing of files or
models. A new tokenizer is a subclass of Tokenizer with its own `split`, and an entry in TOKENIZERS.
"""

import re
from collections import Counter

import numpy as np

from textgen.errors import ModelError
from textgen.tokens.symbols import BOUNDARY, RESERVED, UNKNOWN

# Characters encoded at a time, so that a long text takes little memory beside itself and its ids.
PIECE = 1 << 20


class Tokenizer:
    """Symbols and their ids; what one symbol is, a subclass says in `split`.

    Attributes:
        symbols: each symbol's text; the id of `symbols[k]` is k + RESERVED.
    """

    kind = None  # the name under which it is saved and chosen
    noun = None  # what one symbol is called in messages
    default_size = None  # largest vocabulary where the user sets none
    whole_words = False  # whether a word is always a symbol

    def __init__(self, symbols):
        self.symbols = list(symbols)
        self._ids = {symbol: RESERVED + index for index, symbol in enumerate(self.symbols)}

    @staticmethod
    def split(text):
        """The text's symbols in order; joined, they are the text again."""
        raise NotImplementedError

    @classmethod
    def each(cls, text):
        """The text's symbols in order, to be gone through once."""
        return cls.split(text)

    @classmethod
    def train(cls, texts, size=None):
        """A tokenizer for these texts, with at most `size` ids: the commonest symbols, in the order of their text.

        Args:
            texts: an iterable of str.
            size: the largest number of ids, the two reserved ones among them; None takes `default_size`.
        """
        counts = cls.counted(texts)
        size = size or cls.default_size
        kept = counts if size is None else sorted(counts, key=lambda s: (-counts[s], s))[: max(size - RESERVED, 0)]
        return cls(sorted(kept))

    @classmethod
    def counted(cls, texts):
        """How often each symbol stands in some texts: a dict."""
        counts = Counter()
        for text in texts:
            counts.update(cls.each(text))
        return counts

    def extended(self, texts, size=None):
        """A tokenizer that knows the symbols of these texts too; those known before keep their ids.

        Args:
            texts, size: as of `train`; `size` bounds what is taken from these texts alone.
        """
        new = type(self).train(texts, size).symbols
        return type(self)([*self.symbols, *(symbol for symbol in new if symbol not in self._ids)])

    @property
    def vocabulary_size(self):
        """Number of ids, the reserved ones among them."""
        return RESERVED + len(self.symbols)

    def encode(self, text):
        """Ids of the text's symbols, int32, UNKNOWN for those outside the vocabulary. Shape (symbols,)."""
        return self.encode_symbols(self.split(text))

    def encode_symbols(self, symbols):
        """Ids of symbols that were split already, int32, UNKNOWN for those outside the vocabulary."""
        ids = self._ids
        return np.array([ids.get(symbol, UNKNOWN) for symbol in symbols], dtype=np.int32)

    def decode(self, ids):
        """The text of these ids; reserved ids give no text."""
        symbols = self.symbols
        return "".join(symbols[index - RESERVED] for index in map(int, ids) if index >= RESERVED)

    def unknown(self, text):
        """The distinct symbols of the text that are outside the vocabulary, in order of appearance."""
        return [symbol for symbol in dict.fromkeys(self.each(text)) if symbol not in self._ids]

    def ids_of(self, text):
        """The ids of the symbols that a person may mean by this text: it, or it with the space before it. A list."""
        return [self._ids[symbol] for symbol in dict.fromkeys((text, " " + text.lstrip(" "))) if symbol in self._ids]

    def printed(self, separator):
        """Each id's text, a list; BOUNDARY's is the separator, UNKNOWN's nothing."""
        return [separator, "", *self.symbols]

    def following(self):
        """What no text puts right after what: kinds, int (vocabulary,), the kind of each symbol; and masks, float64
        (kinds, vocabulary), 0 or minus infinity for what never follows a symbol of that kind.

        UNKNOWN follows nothing, since it is never written. A document that has only just begun cannot end: an empty
        one is never written.
        """
        kinds = np.zeros(self.vocabulary_size, np.intp)
        kinds[BOUNDARY] = 1
        masks = np.zeros((2, self.vocabulary_size))
        masks[:, UNKNOWN] = masks[1, BOUNDARY] = -np.inf
        return kinds, masks

    def to_json(self):
        """The tokenizer as a dict of plain JSON values."""
        return {"kind": self.kind, "symbols": self.symbols}

    @classmethod
    def from_json(cls, values):
        """The tokenizer that `to_json` wrote. Raises ModelError where the entries are not a vocabulary."""
        if not isinstance(values, dict) or set(values) != {"kind", "symbols"}:
            raise ModelError('a tokenizer has two entries, "kind" and "symbols"')
        kind, symbols = values["kind"], values["symbols"]
        if not isinstance(kind, str) or kind not in TOKENIZERS:
            raise ModelError(f"tokenizer kind {kind!r} is none of {', '.join(TOKENIZERS)}")
        if not isinstance(symbols, list) or not all(isinstance(symbol, str) and symbol for symbol in symbols):
            raise ModelError("a vocabulary is a list of texts, none empty")
        if len(set(symbols)) != len(symbols):
            twice = next(symbol for symbol, count in Counter(symbols).items() if count > 1)
            raise ModelError(f"the vocabulary holds {twice!r} twice")
        tokenizer = TOKENIZERS[kind]
        for symbol in symbols:
            if any("\ud800" <= character <= "\udfff" for character in symbol):
                raise ModelError(f"the vocabulary holds {symbol!r}, which is no text (a lone surrogate)")
            if tokenizer.split(symbol) != [symbol]:
                raise ModelError(f"the vocabulary holds {symbol!r}, which is not one {tokenizer.noun}")
        return tokenizer(symbols)


def _points(text):
    """The code points of a text, an array of the type that takes the least work."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


class CharTokenizer(Tokenizer):
    """One symbol a Unicode code point."""

    kind = "char"
    noun = "character"

    def __init__(self, symbols):
        super().__init__(symbols)
        # A table from code point to id turns encoding into one gather; text has few code points above its highest.
        points = np.array([ord(symbol) for symbol in self.symbols], dtype=np.int64)
        self._table = np.full(int(points.max(initial=0)) + 2, UNKNOWN, dtype=np.int32)
        self._table[points] = np.arange(RESERVED, self.vocabulary_size)

    @staticmethod
    def split(text):
        return list(text)

    @classmethod
    def each(cls, text):
        return text  # a list of a long text's characters would take eight times its memory

    @classmethod
    def counted(cls, texts):
        # As the base class does it, at ten times its speed.
        counts = np.zeros(0, np.int64)
        for text in texts:
            for start in range(0, len(text), PIECE):
                found = np.bincount(_points(text[start : start + PIECE]))
                if len(found) > len(counts):
                    counts, found = found, counts
                counts[: len(found)] += found
        return {chr(point): int(counts[point]) for point in np.flatnonzero(counts)}

    def encode(self, text):
        ids = np.empty(len(text), np.int32)
        for start in range(0, len(text), PIECE):
            points = _points(text[start : start + PIECE])
            # The table's last entry is UNKNOWN and answers for everything beyond it.
            self._table.take(points, out=ids[start : start + PIECE], mode="clip")
        return ids


# Scripts written without spaces, one symbol a character: kana, CJK ideographs (also those outside the basic plane).
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_WORD = re.compile(_LETTER)
_SYMBOL = re.compile(rf" ?(?:{_LETTER}+(?:['\u2019]{_LETTER}+)*|\S)|\s")


_IDEOGRAPH = re.compile(f"[{_UNSPACED}]")


def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that is written without spaces and is a word by itself."""
    return bool(_IDEOGRAPH.match(character))


def in_word(character: str) -> bool:
    """Whether a character can stand within a word."""
    return character.isalnum() or character in "'\u2019_"


class WordTokenizer(Tokenizer):
    """One symbol a word, a digit, a punctuation mark or a white-space character.

    A word or mark carries the single space before it (" the"), as in GPT-2's byte-pair encoder (Radford et al. 2019):
    every text is then exactly its symbols joined, and most spaces cost no time step of their own. A word may hold
    apostrophes. An ideograph or kana is a symbol of its own.
    """

    kind = "word"
    noun = "word"
    default_size = 10_000
    whole_words = True

    def __init__(self, symbols):
        super().__init__(symbols)
        self._bare_words = self.encode_symbols(symbol for symbol in self.symbols if _WORD.match(symbol))
        self._words = self.encode_symbols(symbol for symbol in self.symbols if _WORD.match(symbol.lstrip()))

    @staticmethod
    def split(text):
        return _SYMBOL.findall(text)

    def following(self):
        # Two words never touch: the second carries its space, or a mark stands between.
        kinds, masks = super().following()
        kinds[self._words] = 2
        bare = masks[0].copy()
        bare[self._bare_words] = -np.inf
        return kinds, np.concatenate([masks, bare[None]])


TOKENIZERS = {tokenizer.kind: tokenizer for tokenizer in (CharTokenizer, WordTokenizer)}
