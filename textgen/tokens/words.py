"""A tokenizer whose symbols are words, digits, marks and white space."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from textgen.errors import ModelError
from textgen.tokens.base import Rules, Tokenizer
from textgen.tokens.characters import LETTER

_WORD = re.compile(LETTER)
_SYMBOL = rf"{LETTER}+(?:['\u2019]{LETTER}+)*|\S"
# Most texts that are kept whole, and the longest, in characters.
MAX_SPECIAL, MAX_SPECIAL_LENGTH = 1000, 100


class WordTokenizer(Tokenizer):
    """One symbol per word, digit, punctuation mark or white-space character.

    A word or mark carries the single space before it (" the"), as in GPT-2's byte-pair encoder (Radford et al. 2019):
    so a text is exactly its symbols joined, and most spaces cost no time step of their own. A word may hold
    apostrophes. An ideograph or kana is a symbol of its own.

    Args:
        symbols: each symbol's text.
        special: texts that are one symbol wherever they occur, such as "<unk>"; a space before one belongs to it.
    """

    kind = "word"
    noun = "word"
    default_size = 10_000
    whole_words = True

    def __init__(self, symbols: Iterable[str], special: Iterable[str] = ()) -> None:
        super().__init__(symbols)
        self.special = tuple(special)
        # The longest first: of two that begin alike, the longer is meant.
        whole = "".join(f"{re.escape(text)}|" for text in sorted(self.special, key=len, reverse=True))
        self._symbol = re.compile(rf" ?(?:{whole}{_SYMBOL})|\s")
        self._bare_words = self.ids_where(_WORD.match)
        self._words = self.ids_where(lambda symbol: _WORD.match(symbol.lstrip()))

    def split(self, text: str) -> list[str]:
        return self._symbol.findall(text)

    def with_symbols(self, symbols: Iterable[str]) -> Self:
        return type(self)(symbols, self.special)

    @classmethod
    def empty(cls, rules: Rules) -> Self:
        return cls((), rules.special)

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | ({"special": list(self.special)} if self.special else {})

    @classmethod
    def from_json(cls, symbols: list[str], more: Mapping[str, Any]) -> Self:
        special = more.get("special", [])
        if not isinstance(special, list) or not all(isinstance(text, str) for text in special):
            raise ModelError('"special" is a list of texts')
        if len(special) > MAX_SPECIAL or any(not 0 < len(text) <= MAX_SPECIAL_LENGTH for text in special):
            raise ModelError(
                f'"special" holds at most {MAX_SPECIAL:,} texts of 1 to {MAX_SPECIAL_LENGTH} characters each'
            )
        super().from_json([], {name: value for name, value in more.items() if name != "special"})
        return cls((), special)._with_checked(symbols)

    def following(self, backward: bool = False) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        # Two words never touch: the second carries its space, or a mark is between them.
        kinds, masks = super().following(backward)
        rules: list[tuple[NDArray[np.intp], NDArray[np.intp] | list[int]]] = [
            (self._bare_words, self._words) if backward else (self._words, self._bare_words)
        ]
        if backward and len(self._bare_words):
            # What carries a space is not the first of its line.
            rules.append((self.ids_where(lambda symbol: symbol.startswith(" ") and len(symbol) > 1), self.line_ends()))
        added = np.repeat(masks[:1], len(rules), axis=0)
        for kind, (written, never) in enumerate(rules):
            kinds[written] = len(masks) + kind
            added[kind, never] = -np.inf
        return kinds, np.concatenate([masks, added])
