"""A tokenizer whose symbols are words, digits, marks and white space."""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from textgen.tokens.base import Tokenizer
from textgen.tokens.characters import LETTER

_WORD = re.compile(LETTER)
_SYMBOL = re.compile(rf" ?(?:{LETTER}+(?:['\u2019]{LETTER}+)*|\S)|\s")


class WordTokenizer(Tokenizer):
    """One symbol per word, digit, punctuation mark or white-space character.

    A word or mark carries the single space before it (" the"), as in GPT-2's byte-pair encoder (Radford et al. 2019):
    so a text is exactly its symbols joined, and most spaces cost no time step of their own. A word may hold
    apostrophes. An ideograph or kana is a symbol of its own.
    """

    kind = "word"
    noun = "word"
    default_size = 10_000
    whole_words = True

    def __init__(self, symbols: Iterable[str]) -> None:
        super().__init__(symbols)
        self._bare_words = self.ids_where(_WORD.match)
        self._words = self.ids_where(lambda symbol: _WORD.match(symbol.lstrip()))

    @staticmethod
    def split(text: str) -> list[str]:
        return _SYMBOL.findall(text)

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
