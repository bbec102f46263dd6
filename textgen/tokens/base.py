"""What every tokenizer does: a vocabulary, text to ids and back. Knows nothing of files or models."""

from collections import Counter

import numpy as np

from textgen.tokens.layout import BOUNDARY, RESERVED, UNKNOWN

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
