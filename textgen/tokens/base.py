"""What every tokenizer does: keep a vocabulary, turn text into ids and ids into text.

Knows nothing of files or models.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from textgen.errors import ModelError
from textgen.tokens.characters import NEVER_FIRST
from textgen.tokens.layout import BOUNDARY, RESERVED, UNKNOWN, Ids

# Characters encoded at a time, so that a long text takes little memory beside itself and its ids.
PIECE = 1 << 20


@dataclass(frozen=True)
class Rules:
    """How a vocabulary is made, besides its size.

    Attributes:
        special: texts that are one symbol wherever they occur, such as "<unk>".
        subwords: how subwords are learned: "bpe" or "unigram".
    """

    special: tuple[str, ...] = ()
    subwords: str = "bpe"


class Tokenizer(ABC):
    """Symbols and their ids. A subclass says in `split` what one symbol is.

    Attributes:
        kind: the name under which it is saved and chosen.
        noun: what messages call one symbol.
        default_size: the largest number of ids where the user sets none; None for no limit.
        of_characters: whether every symbol is one character.
        whole_words: whether every word is one symbol.
        has_bytes: whether some symbols are bytes of a character (`textgen.tokens.bytes`), so that the text of several
            symbols is not always the texts of each, joined.
        learns_with: the optional package that learning a vocabulary needs; None for none.
        symbols: each symbol's text; the id of `symbols[k]` is k + RESERVED.
    """

    kind: ClassVar[str]
    noun: ClassVar[str]
    default_size: ClassVar[int | None] = None
    of_characters: ClassVar[bool] = False
    whole_words: ClassVar[bool] = False
    has_bytes: ClassVar[bool] = False
    learns_with: ClassVar[str | None] = None

    def __init__(self, symbols: Iterable[str]) -> None:
        self.symbols = list(symbols)
        self._ids = {symbol: RESERVED + index for index, symbol in enumerate(self.symbols)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.vocabulary_size:,} symbols>"

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """The text's symbols in order; joined, they are the text again."""

    def iterate(self, text: str) -> Iterable[str]:
        """The text's symbols in order, for one pass. A subclass may save the memory of a list."""
        return self.split(text)

    def with_symbols(self, symbols: Iterable[str]) -> Self:
        """A tokenizer of this kind and with these rules that has other symbols."""
        return type(self)(symbols)

    @classmethod
    def empty(cls, rules: Rules) -> Self:
        """A tokenizer without symbols that follows some rules. A subclass uses those that concern it."""
        return cls(())

    @classmethod
    def train(cls, texts: Iterable[str], size: int | None = None, rules: Rules | None = None) -> Self:
        """Make a tokenizer for some texts: the most frequent symbols, sorted by their text.

        Args:
            texts: the texts, read once.
            size: the largest number of ids, the two reserved ones included; None takes `default_size`.
            rules: how the vocabulary is made besides; None for the default rules.
        """
        blank = cls.empty(rules or Rules())
        return blank.with_symbols(blank._most_frequent(texts, size))

    def _most_frequent(self, texts: Iterable[str], size: int | None) -> list[str]:
        counts = self.counted(texts)
        size = size or self.default_size
        kept: Iterable[str] = counts
        if size is not None:
            kept = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))[: max(size - RESERVED, 0)]
        return sorted(kept)

    def counted(self, texts: Iterable[str]) -> dict[str, int]:
        """How often each symbol occurs in some texts."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(self.iterate(text))
        return counts

    def extended(self, texts: Iterable[str], size: int | None = None) -> Self:
        """A tokenizer that also knows the symbols of these texts; the known symbols keep their ids.

        Args:
            texts: the texts, read once.
            size: as in `train`; it limits what these texts alone contribute.
        """
        new = self._most_frequent(texts, size)
        return self.with_symbols([*self.symbols, *(symbol for symbol in new if symbol not in self._ids)])

    def united(self, others: Sequence["Tokenizer"]) -> "Tokenizer":
        """A tokenizer of the symbols of this one and of others of its kind.

        Raises:
            UsageError: there is none.
        """
        return self.with_symbols(sorted(set(self.symbols).union(*(other.symbols for other in others))))

    @property
    def vocabulary_size(self) -> int:
        """The number of ids, the reserved ones included."""
        return RESERVED + len(self.symbols)

    def encode(self, text: str) -> NDArray[np.int32]:
        """The ids of the text's symbols, shape (symbols,); UNKNOWN for those outside the vocabulary."""
        return self.encode_symbols(self.split(text))

    def encode_symbols(self, symbols: Iterable[str]) -> NDArray[np.int32]:
        """The ids of symbols, shape (symbols,); UNKNOWN for those outside the vocabulary."""
        ids = self._ids
        return np.array([ids.get(symbol, UNKNOWN) for symbol in symbols], dtype=np.int32)

    def decode(self, ids: Ids | Iterable[int]) -> str:
        """The text of some ids; reserved ids give no text."""
        symbols = self.symbols
        return "".join(symbols[index - RESERVED] for index in map(int, ids) if index >= RESERVED)

    def unknown(self, text: str) -> list[str]:
        """The distinct symbols of the text that are outside the vocabulary, in order of appearance."""
        return [symbol for symbol in dict.fromkeys(self.iterate(text)) if symbol not in self._ids]

    def ids_of(self, text: str) -> list[int]:
        """The ids of the symbols that a person may mean by a text: the text, or the text after one space."""
        return [self._ids[symbol] for symbol in dict.fromkeys((text, " " + text.lstrip(" "))) if symbol in self._ids]

    def printed(self, separator: str) -> list[str]:
        """The text that each id is printed as: the separator for BOUNDARY, nothing for UNKNOWN."""
        return [separator, "", *self.symbols]

    def spelled(self, text: str) -> str:
        """A text as `printed` has it where its symbols are joined."""
        return text

    def labels(self, separator: str) -> list[str]:
        """What each id is called where symbols are shown one by one: mostly the text that it is printed as."""
        return self.printed(separator)

    def following(self, backward: bool = False) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Which symbols are never written after which.

        UNKNOWN is never written. BOUNDARY is not written after BOUNDARY, since a document is never empty. Backward, a
        line does not end with a mark such as a comma, since no line of text begins with it.

        Args:
            backward: whether each line is written from its end.

        Returns:
            kinds: shape (vocabulary,), the kind of each symbol.
            masks: shape (kinds, vocabulary), minus infinity for what never follows a symbol of that kind, else 0.
        """
        kinds = np.zeros(self.vocabulary_size, np.intp)
        kinds[BOUNDARY] = 1
        masks = np.zeros((3, self.vocabulary_size))
        masks[:, UNKNOWN] = masks[1, BOUNDARY] = -np.inf
        if backward:
            kinds[self.ids_where(lambda symbol: symbol[0] in NEVER_FIRST)] = 2
            masks[2, self.line_ends()] = -np.inf
        return kinds, masks

    def ids_where(self, holds: Callable[[str], object]) -> NDArray[np.intp]:
        """The ids of the symbols for which a function is true, shape (symbols that it holds for,)."""
        return RESERVED + np.flatnonzero([bool(holds(symbol)) for symbol in self.symbols])

    def line_ends(self) -> list[int]:
        """The ids of what ends a line: BOUNDARY, and the line feed where the vocabulary has one."""
        return [BOUNDARY, *(self._ids[symbol] for symbol in ("\n",) if symbol in self._ids)]

    def to_json(self) -> dict[str, Any]:
        """The tokenizer as plain JSON values, for `textgen.tokens.load_tokenizer`."""
        return {"kind": self.kind, "symbols": self.symbols}

    @classmethod
    def from_json(cls, symbols: list[str], more: Mapping[str, Any]) -> Self:
        """Make a tokenizer of what `to_json` gave.

        Args:
            symbols: texts, none of them empty or twice there.
            more: the other entries, of an untrusted file.

        Raises:
            ModelError: they are not those of a tokenizer of this kind.
        """
        if more:
            raise ModelError(f"a tokenizer of {cls.noun}s has no entry {min(more)!r}")
        return cls(())._with_checked(symbols)

    def _with_checked(self, symbols: Iterable[str]) -> Self:
        """As `with_symbols`. Raises ModelError where one is no symbol."""
        for symbol in symbols:
            if any("\ud800" <= character <= "\udfff" for character in symbol):
                raise ModelError(f"the vocabulary holds {symbol!r}, which is not text (a lone surrogate)")
            if self.split(symbol) != [symbol]:
                raise ModelError(f"the vocabulary holds {symbol!r}, which is not one {self.noun}")
        return self.with_symbols(symbols)
