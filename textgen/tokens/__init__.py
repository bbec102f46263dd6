"""Text to ids and back: characters, words, and how documents are laid out as one row of ids.

Knows nothing of files or models. Importing this package does not import NumPy.

A new tokenizer needs a module with a subclass of `textgen.tokens.base.Tokenizer` that sets `kind` and `noun` and
defines `split`, whose symbols are the text again when joined, and a line in TOKENIZERS. `textgen train --unit` then
offers it. It is saved as its kind and its list of symbols.
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
    found: type[Tokenizer] = getattr(import_module(module), name)
    return found


def load_tokenizer(values: object) -> "Tokenizer":
    """Make the tokenizer that `Tokenizer.to_json` described.

    Args:
        values: plain JSON values from an untrusted file.

    Raises:
        ModelError: they do not describe a vocabulary.
    """
    if not isinstance(values, dict) or set(values) != {"kind", "symbols"}:
        raise ModelError('a tokenizer has two entries, "kind" and "symbols"')
    kind, symbols = values["kind"], values["symbols"]
    if not isinstance(kind, str) or kind not in TOKENIZERS:
        raise ModelError(f"unknown tokenizer kind {kind!r}; the kinds are {', '.join(TOKENIZERS)}")
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) and symbol for symbol in symbols):
        raise ModelError("a vocabulary is a list of texts, none of them empty")
    if len(set(symbols)) != len(symbols):
        repeated = next(symbol for symbol, count in Counter(symbols).items() if count > 1)
        raise ModelError(f"the vocabulary holds {repeated!r} twice")
    tokenizer = tokenizer_class(kind)
    for symbol in symbols:
        if any("\ud800" <= character <= "\udfff" for character in symbol):
            raise ModelError(f"the vocabulary holds {symbol!r}, which is not text (a lone surrogate)")
        if tokenizer.split(symbol) != [symbol]:
            raise ModelError(f"the vocabulary holds {symbol!r}, which is not one {tokenizer.noun}")
    return tokenizer(symbols)
