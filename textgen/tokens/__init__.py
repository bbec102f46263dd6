"""Text to ids and back: characters, words, and how documents are laid out as one row of ids.

Knows nothing of files or models. A new tokenizer is a module with a subclass of `textgen.tokens.base.Tokenizer`, and
its line in TOKENIZERS. Importing this package imports no NumPy.
"""

from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING

from textgen.errors import ModelError

if TYPE_CHECKING:
    from textgen.tokens.base import Tokenizer

# Each kind of tokenizer: its module and its class.
TOKENIZERS = {
    "char": ("textgen.tokens.chars", "CharTokenizer"),
    "word": ("textgen.tokens.words", "WordTokenizer"),
}


def tokenizer_class(kind: str) -> "type[Tokenizer]":
    """The class of a kind of tokenizer, one of TOKENIZERS."""
    module, name = TOKENIZERS[kind]
    return getattr(import_module(module), name)


def load_tokenizer(values: object) -> "Tokenizer":
    """The tokenizer that `Tokenizer.to_json` wrote. Raises ModelError where the entries are not a vocabulary."""
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
    tokenizer = tokenizer_class(kind)
    for symbol in symbols:
        if any("\ud800" <= character <= "\udfff" for character in symbol):
            raise ModelError(f"the vocabulary holds {symbol!r}, which is no text (a lone surrogate)")
        if tokenizer.split(symbol) != [symbol]:
            raise ModelError(f"the vocabulary holds {symbol!r}, which is not one {tokenizer.noun}")
    return tokenizer(symbols)
